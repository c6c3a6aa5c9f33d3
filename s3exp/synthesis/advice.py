"""What is said of a round, and what to do about rejected answers: for each reason the option that changes it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from s3exp.synthesis.order import Order
from s3exp.tasks.templates import KIND
from s3exp.types import Batch, Rejected

log = logging.getLogger(__name__)

MOSTLY = 0.9  # share of the answers that are rejected, from which on a round is warned of
FEW = 10  # answers of which no share is taken
_SHOWN = 90  # characters of an answer in a message
_FORM = "show it more rows (task.shots), set llm.temperature lower, or choose another llm.model"
ADVICE = {
    "only_reasoning": "set llm.max_tokens higher, so that the answer follows the reasoning, or switch the reasoning off"
    " (of a server llm.chat_template_kwargs={enable_thinking:false})",
    "empty": "the LLM wrote nothing: is llm.model a chat model, and does its server use its chat template?",
    "prompt_too_long": "set llm.max_exemplar_tokens lower, or give the LLM a longer context",
    "truncated": "set llm.max_tokens higher, or llm.truncated=trim to keep the whole sentences",
    "too_short": "set task.min_words lower, or ask for longer texts in the prompts (task.prompts)",
    "refusal": "change the prompts (task.prompts) or llm.model; curation.refusals=false keeps such rows",
    "repeats_prompt": "the LLM repeats its prompt: choose an instruction-tuned llm.model, or simpler task.prompts",
    "other_label": "the LLM says another label than it was asked for: choose another llm.model or other task.prompts",
    "other_script": "the LLM writes in another script than gold: say the language in the prompts (task.prompts)",
    "template_tokens": "tokens of a chat template are in the answers: does the LLM's chat template fit the model?",
    "only_preamble": "the LLM announces a row and writes none: set llm.max_tokens higher, or choose another llm.model",
    "not_plain": "the answers are JSON without a text of the row, or have bytes that are no character: ask for the "
    "text alone in the prompts (task.prompts)",
    "not_json": "the LLM's server does not hold its answers to a schema (response_format): set llm.structured=false",
    "other_keys": "the LLM's server does not hold its answers to a schema (response_format): set llm.structured=false",
    "duplicate": "the LLM repeats itself: set llm.temperature higher, or a smaller loop.budget.rows",
    "copy_of_gold": "the LLM copies its exemplar: choose another llm.model or set llm.temperature higher",
    "near_copy_of_gold": "the LLM copies its exemplar: choose another llm.model or set llm.temperature higher",
    "quotes_gold": "the LLM quotes its exemplar: choose another llm.model or set llm.temperature higher",
    "no_row": f"the LLM writes no row of the form that is asked for: {_FORM}",
    "missing_column": f"the LLM leaves out what a row must have: {_FORM}",
    "no_answer": f"the LLM leaves out the answer: {_FORM}",
    "no_label": f"the LLM leaves out the label: {_FORM}",
    "no_number": "a text stands where a number must: ask for numbers in the prompts (task.prompts), or choose another "
    "llm.model",
    "other_unit": "a number has another unit than its column: name it in the prompts (task.prompts), or choose "
    "another llm.model",
    "out_of_bounds": "a number is outside of those of the gold mining rows: set min and max of its column in "
    "task.table.columns",
    "unknown_category": "a value is none of the gold mining rows': name all in values of its column in "
    "task.table.columns",
    "unknown_label": "the LLM writes labels that task.labels lacks: name them in the prompts (task.prompts)",
    "other_start": "the LLM changes the cell that its row begins with: set task.table.start=none",
    "same_text": "the LLM writes one text for two: choose another llm.model or other task.prompts",
    "passage_in_negative": "the LLM's hard negatives hold the passage, and so answer too: choose another llm.model or "
    "other task.prompts",
    "query_in_passage": "the LLM repeats the query in its passage: choose another llm.model or other task.prompts",
    "negative_of_gold": "the hard negative is a gold passage: choose other task.prompts",
    "answer_not_in_text": "the answers do not stand in the gold texts: check the task's answers column",
    "unlike_gold": "set curation.likeness higher, or null",
    "left_out_by_chance": "set curation.likeness higher, or null",
    "label_disagrees": "the LLM does not stand by the labels that it was asked for: choose another llm.model or other "
    "task.prompts; curation.label=report keeps such rows",
    "content_filter": "the server's filter keeps its answers back: choose another llm.model or other task.prompts",
    "server_failed": "the server has no answer to these prompts: its words are in rejected.jsonl; where it is slow set "
    "llm.timeout higher or llm.concurrency lower",
    "refused_by_server": "the server refuses these prompts: its words are in rejected.jsonl",
    "malformed_answer": "the server's answers are no chat completions: its words are in rejected.jsonl",
    "tool_call": "the LLM calls tools that nobody offered: choose another llm.model",
    "not_checked": "no tokens were left to check these rows: raise loop.budget.tokens",
    "no_list": "change the prompts that ask for lists (task.prompts), or set strategy.seeds=plain",
}

_FEW_TO_DRAW = (
    "there is little to draw from, and most of it is there already: set a smaller loop.budget.rows, or give it more "
    "columns, or templates and slots"
)
OF_FILLED = dict.fromkeys(("duplicate", "copy_of_gold", "near_copy_of_gold", "quotes_gold"), _FEW_TO_DRAW)


def rejected_by_reason(rejected: Sequence[Rejected]) -> str:
    """The counts of reasons: "only_reasoning 58, empty 2"."""
    counts = Counter(one.reason for one in rejected)
    return ", ".join(f"{reason} {number}" for reason, number in counts.most_common())


def repaired_by_rule(batch: Batch) -> str:
    """The counts of repairs of accepted rows: "reasoning 12, quotes 3"."""
    rules = (rule for change in batch.changes if change.step == "repair" for rule in change.why.split(", "))
    return ", ".join(f"{rule} {number}" for rule, number in Counter(rules).most_common())


def advice(batch: Batch) -> str:
    """What to do about the most frequent reason; empty for a reason of a curator."""
    ((reason, _),) = Counter(one.reason for one in batch.rejected).most_common(1)
    filled = bool(batch.asked) and all(prompt.kind == KIND for prompt, _ in batch.asked)  # no LLM wrote them
    return (ADVICE | OF_FILLED if filled else ADVICE).get(reason, "")


def warning(batch: Batch) -> str | None:
    """The round's warning where nearly all answers were rejected; None: they were not."""
    asked, rejected = batch.answers, len(batch.rejected)
    rows = rejected + len(batch.examples)
    of, what = (rows, "rows") if rows > asked else (asked, "answers")  # an answer may have several rows
    if of < FEW or rejected < MOSTLY * of:
        return None
    counts = rejected_by_reason(batch.rejected)
    return f"{rejected} of {of} {what} were rejected ({counts}): {advice(batch)}".rstrip(": ")


def no_rows(batch: Batch, tokens: int | None = None) -> str:
    """Why there is no row to train on, in one line: the cause that is known upstream, an example, and what to do.

    `tokens` are those that the round had to spend; None: as many as it takes.
    """
    budget = (
        f": {tokens} LLM tokens are too few for one: raise loop.budget.tokens" if tokens is not None else ""
    )
    if not batch.rejected:
        return f"there is no row to train on: no row was asked for{budget}"
    worst = Counter(one.reason for one in batch.rejected).most_common(1)[0][0]
    raw = next(" ".join(one.raw.split()) for one in batch.rejected if one.reason == worst)
    shown = "".join(c if c.isprintable() else "?" for c in raw[:_SHOWN]) + (
        "..." if len(raw) > _SHOWN else ""
    )
    example = f", for example {shown!r}" if shown else ""
    counts = f"all {batch.answers} completions were rejected: {rejected_by_reason(batch.rejected)}"
    return f"there is no row to train on: {counts}{example}; {advice(batch)}".rstrip("; ")


def tell(order: Order, batch: Batch, shortage: str) -> None:
    """Log a round: its rows, what was rejected, repaired and curated, and what it lacks (`shortage` says why)."""
    number, rows, rejected = order.round, len(batch.examples), batch.rejected
    log.info(
        "round %d: %d rows%s", number, rows, f", rejected: {rejected_by_reason(rejected)}" if rejected else ""
    )
    if batch.reasoned:
        log.info(
            "round %d: the reasoning of %d of %d answers was cut off",
            number,
            batch.reasoned,
            len(batch.asked),
        )
    if repairs := repaired_by_rule(batch):
        log.info("round %d: repaired: %s (rounds/%d/changes.jsonl)", number, repairs, number)
    if batch.numbers:
        log.info("round %d: curators: %s", number, _named(batch.numbers))
    if number > 0 and not order.shown:
        log.warning("round %d: nothing to extrapolate from, no row was asked for", number)
    elif rows < order.wanted:
        log.warning(
            "round %d: %d of %d rows %s; the run goes on with them", number, rows, order.wanted, shortage
        )
    if many := warning(batch):
        log.warning("round %d: %s", number, many)


def _named(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
