"""The numbers of a round and of a run: counts, scores, tokens, seconds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from statistics import fmean
from typing import Any

from s3exp.llm.store import Stored
from s3exp.record.costs import totals
from s3exp.record.errors import ledger_numbers
from s3exp.record.measured import MAJORITY, MOST_SAID
from s3exp.record.measures import CURATION, in_all, one_class, under
from s3exp.record.rounds import RoundRecord
from s3exp.record.versions import versions
from s3exp.settings.loop import StrategyConfig
from s3exp.tasks.task import Score, Task
from s3exp.terminal.texts import percent, plural
from s3exp.types import NO_ANSWER, Batch, Completion, Example, Listed, Prediction

FEWEST = 20  # mining rows: of fewer, all may be said to be of one class by chance
MOST_LABELS = 8  # in a line


class Meter:
    """Measures one round: wall-clock seconds by stage and of the LLM, CPU seconds, GPU seconds."""

    def __init__(self, llm: Stored, gpus: int) -> None:
        """`gpus` counts the GPUs that the run holds."""
        self._llm, self._gpus = llm, gpus
        self._before, self._cpu_before = replace(llm.usage), time.process_time()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside to the stage `name`."""
        began = time.perf_counter()
        yield
        self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - began

    def took(self, name: str, seconds: float, cpu_seconds: float = 0.0) -> None:
        """Add the seconds of a stage that was measured elsewhere, and CPU seconds of another process."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds
        self._cpu_before -= cpu_seconds

    def numbers(self) -> dict[str, float]:
        """Seconds by stage (`seconds/generate` and `seconds/llm_start` are the LLM's), and the audit's share of them.

        `cost/seconds`, `cost/cpu_seconds` (all threads of this process) and `cost/gpu_seconds` (of held GPUs, busy or
        not) leave out the LLM's start: the first round of a process pays it for all others.
        """
        seconds, usage, before = dict(self._seconds), self._llm.usage, self._before
        total = sum(seconds.values())
        seconds["generate"] = usage.seconds - before.seconds
        seconds["llm_start"] = usage.start_seconds - before.start_seconds
        numbers = {f"seconds/{name}": value for name, value in seconds.items()}
        paid = max(0.0, total - seconds["llm_start"])
        cpu = time.process_time() - self._cpu_before - (usage.start_cpu_seconds - before.start_cpu_seconds)
        numbers |= {"cost/seconds": paid, "cost/cpu_seconds": max(0.0, cpu)}
        if self._gpus:
            numbers["cost/gpu_seconds"] = paid * self._gpus
        numbers = {name: round(value, 3) for name, value in numbers.items()}
        return numbers | {"audit/seconds_share": round(self._seconds.get("audit", 0.0) / max(total, 1e-9), 4)}


def of_round(
    task: Task,
    batch: Batch,
    now: Sequence[Prediction],
    before: Sequence[Prediction],
    rows_before: int,
    fit: dict[str, float],
) -> dict[str, float]:
    """The counts and scores of a round; `before` are the predictions of the round before, empty in the first."""
    mining = task.gold.mining
    missed = {row.id for row in task.wrong(mining, now)}
    missed_before = {row.id for row in task.wrong(mining, before)} if before else missed
    score = task.score(mining, now)
    asked = [completion for prompt, completion in batch.asked if prompt.kind != "template"]
    numbers: dict[str, float] = {
        "train_rows": rows_before + len(batch.examples),
        "new_rows": len(batch.examples),
        "rejected": len(batch.rejected),
        "errors": len(missed),
    } | of_answers(asked)
    numbers |= {"llm/reasoned": batch.reasoned} if batch.reasoned else {}
    numbers |= {"llm/ahead": batch.ahead} if batch.ahead else {}
    numbers |= _of_lists(batch.listed)
    numbers |= ledger_numbers(missed_before, missed, batch)
    repairs = Counter(why for c in batch.changes if c.step == "repair" for why in c.why.split(", "))
    numbers |= {f"repaired/{rule}": n for rule, n in repairs.items()}
    numbers |= {f"rejected/{why}": n for why, n in Counter(r.reason for r in batch.rejected).items()}
    targets = Counter(example.target for example in batch.examples)
    numbers |= {f"new_rows/{name}": targets[index] for index, name in enumerate(task.config.labels)}
    if any(row.asked_label is not None for row in batch.examples):
        first = Counter(row.target if row.asked_label is None else row.asked_label for row in batch.examples)
        numbers |= {f"asked_rows/{name}": first[index] for index, name in enumerate(task.config.labels)}
    numbers |= {f"{CURATION}{name}": value for name, value in batch.numbers.items()}
    scores = {f"mining/{name}": value for name, value in score.metrics.items()}
    doubts = [guess.doubt for guess in now if guess.doubt is not None]
    numbers |= {"ensemble/doubt": fmean(doubts)} if doubts else {}
    return numbers | scores | _of_fit(fit)


def and_of_tutor(numbers: Mapping[str, float], tutor: Mapping[str, float]) -> dict[str, float]:
    """A round's numbers and those of what its LLM learned before; both may have asked it something."""
    both = {name: numbers[name] + tutor[name] for name in numbers.keys() & tutor.keys()}
    return {**numbers, **tutor, **both}


def of_answers(answers: Sequence[Completion]) -> dict[str, float]:
    """Calls and tokens of some answers. Tokens that an LLM does not count are unknown: left out, and not 0."""
    stored = sum(completion.stored for completion in answers)
    known = [one for one in answers if one.tokens is not None or one.finish_reason not in NO_ANSWER]
    counts = {
        "llm/prompt_tokens": [one.prompt_tokens for one in known],
        "llm/completion_tokens": [one.completion_tokens for one in known],
    }
    numbers: dict[str, float] = {"llm/calls": len(answers) - stored, "llm/store_hits": stored}
    numbers |= {
        name: sum(n for n in found if n is not None) for name, found in counts.items() if None not in found
    }
    if any(one.reasoning or one.reasoning_tokens for one in answers):
        numbers["llm/reasoning_tokens"] = sum(one.reasoning_tokens or 0 for one in answers)
    return numbers


def _of_lists(listed: Sequence[Listed]) -> dict[str, float]:
    """The texts that seeds were asked with, and those left out, by reason."""
    if not listed:
        return {}
    used = Counter(one.kind for one in listed if not one.left_out)
    out = Counter(one.left_out for one in listed if one.left_out)
    counts = {"domains": used["domain"], "instances": used["instance"]}
    counts |= {"repeats": out.pop("repeat", 0), "copies": out.pop("copy_of_gold", 0), **out}
    return {f"givens/{name}": number for name, number in counts.items()}


def _of_fit(fit: dict[str, float]) -> dict[str, float]:
    """A training's metrics by the names of the record: `select/...` for its scores, `fit/...` for the rest.

    One that has a family already, as `ensemble/...`, keeps its name.
    """
    left_out = ("train_rows", "seconds")  # the round records its own

    def named(name: str) -> str:
        return name.replace("select_", "select/") if name.startswith("select_") else f"fit/{name}"

    return {name if "/" in name else named(name): fit[name] for name in fit if name not in left_out}


def tokens(record: RoundRecord) -> int:
    """LLM tokens of a round, prompts and completions, store hits included."""
    return int(sum(record.metrics.get(f"llm/{name}_tokens", 0) for name in ("prompt", "completion")))


def of_select(task: Task, predictions: Sequence[Prediction], fit: Mapping[str, float]) -> dict[str, float]:
    """The scores of a round's small model on select, beside that of its best epoch in the metrics of its training.

    The latter is computed, too, where the training does not give it.
    """
    if not predictions:
        return {}
    score, given = task.score(task.gold.select, predictions), f"select_{task.metric}" in fit
    return {
        f"select/{name}": value
        for name, value in score.metrics.items()
        if not (given and name.startswith(task.metric))
    }


def collapsed(task: Task, record: RoundRecord) -> str | None:
    """A warning where the small model says (nearly) one class for all mining rows."""
    majority, said = (record.metrics.get(f"mining/{name}") for name in (MAJORITY, MOST_SAID))
    rows = len(record.predictions)
    if said is None or majority is None or rows < FEWEST or not one_class(said, majority):
        return None
    target, count = Counter(guess.target for guess in record.predictions).most_common(1)[0]
    made = record.metrics["new_rows"] > 0
    rows_of = "more rows (loop.budget.rows)" if made else "more gold rows"
    trained = ", more small_model.epochs or another small_model.lr" if "fit/steps" in record.metrics else ""
    balance = ", and strategy.balance=true shows exemplars of every label alike" if made else ""
    return (
        f"the small model says {task.says(target)} for {count} of {rows} mining rows, so that its errors are of the "
        f"other labels: {rows_of}{trained} may help{balance}"
    )


def line(record: RoundRecord, errors: Sequence[Example], metric: str) -> str:
    """A finished round in one line, with the primary metric, and what it is to be seen beside."""
    numbers = record.metrics
    labels = under("new_rows/", numbers)
    new = ", ".join(f"{name} {count:.0f}" for name, count in list(labels.items())[:MOST_LABELS])
    rest = list(labels.values())[MOST_LABELS:]
    new += f", {len(rest)} others {sum(rest):.0f}" if rest else ""

    def beside(role: str) -> str:
        named = (("macro F1", "macro_f1"), ("largest class", MAJORITY))
        known = [f"{title} {numbers[f'{role}/{n}']:.3f}" for title, n in named if f"{role}/{n}" in numbers]
        return ", ".join(known)

    inside = ", ".join(filter(None, [plural(len(errors), "error"), beside("mining")]))
    select = beside("select")
    return (
        f"{numbers['new_rows']:.0f} new rows{f' ({new})' if new else ''}, {numbers['train_rows']:.0f} to train on; "
        f"{metric} {numbers[f'mining/{metric}']:.3f} on mining ({inside}), "
        f"{numbers[f'select/{metric}']:.3f} on select{f' ({select})' if select else ''}{_fidelity(numbers)}"
    )


def _fidelity(numbers: Mapping[str, float]) -> str:
    """Label fidelity as the end of a line, where a judge could tell."""
    if "fidelity/share" not in numbers:
        return ""
    share, low, high, judge = (
        percent(numbers[f"fidelity/{name}"]) for name in ("share", "low", "high", "judge")
    )
    return f"; label fidelity {share}% ({low} to {high}, by a judge right on {judge}% of gold)"


def result(
    task: Task, strategy: StrategyConfig, seed: int, records: Sequence[RoundRecord], test: Score
) -> dict[str, Any]:
    """The content of result.json. The LLM's tokens include store hits, so that two runs compare."""
    rounds = [record.metrics for record in records]

    def total(name: str) -> float:
        return in_all(name, rounds) or 0

    llm: dict[str, float | None] = {name: total(f"llm/{name}") for name in ("calls", "store_hits")}
    llm |= {name: in_all(f"llm/{name}", rounds) for name in ("prompt_tokens", "completion_tokens")}
    stages = sorted({name for numbers in rounds for name in numbers if name.startswith("seconds/")})
    names = dict.fromkeys(name for numbers in rounds for name in numbers if name.startswith(CURATION))
    curated = {name: value for name in names if (value := in_all(name, rounds)) is not None}
    return {
        "status": "done",
        "task": task.config.name,
        "strategy": strategy.name,
        "seed": seed,
        "metric": task.metric,
        "test": test.metrics,
        "test_digest": task.gold.test.digest(),
        "test_groups": test.groups,
        "select": under("select/", rounds[-1]),
        "rounds": [_round(record) for record in records],
        "llm": llm | {"seconds": round(total("seconds/generate"), 3)},
        "seconds": {name.removeprefix("seconds/"): round(total(name), 3) for name in stages},
        "cost": totals(rounds),
        "gold": {role: len(getattr(task.gold, role)) for role in ("train", "mining", "select", "test")}
        | ({"learned": len(task.gold.learned)} if task.gold.learned else {}),
        **({"curation": under(CURATION, curated)} if curated else {}),
        "versions": versions(),
    }


def _round(record: RoundRecord) -> dict[str, Any]:
    names = ("train_rows", "new_rows", "rejected", "errors")
    return {
        "round": record.round,
        **{name: int(record.metrics[name]) for name in names},
        "quota": record.batch.quota,
        "rejected_by_reason": {k: int(v) for k, v in under("rejected/", record.metrics).items()},
        "metrics": {k: v for k, v in record.metrics.items() if k not in names},
    }
