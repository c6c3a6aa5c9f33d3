"""The table of all numbers of a round: a new number is one line here, and the function that computes it.

`measures.py` looks them up. Tables, curves, W&B's panels and the totals of a run read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["up", "down", ""]
AddsUp = Literal["sum", "last", "none"]

GAIN = "gain"  # of a run
MAJORITY, MOST_SAID = "majority", "most_said"  # of gold rows, of predictions
# other scores of answers, of ranks and of numbers, as columns beside the primary one: shares, and errors in their units
SHARES = {"f1": "F1", "ndcg@10": "nDCG@10"}
ERRORS = {"r2": "R2", "mae": "MAE", "rmse": "RMSE"}


WORDS = {
    **{"em": "EM", "f1": "F1", "mrr@10": "MRR@10", "ndcg@10": "nDCG@10"},
    **{"within": "within the tolerance", "number": "right numbers"},
}  # of metrics, in titles; others have their own name there


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a round, or a family of numbers: `<...>` in its name stands for any word.

    `direction` is the good one. A run's number is the `sum` over its rounds, that of the `last` round, or absent
    (`none`). `total` is the run's name for it in result.json (`cost`). `of` names the parts of a sum that no round
    records. `says` is the meaning of its values.
    """

    name: str
    title: str
    unit: str = ""
    direction: Direction = ""
    adds_up: AddsUp = "last"
    total: str = ""
    of: tuple[str, ...] = ()
    says: str = ""
    whole: bool = False  # unknown for a run where one round lacks it


_OF_ANSWERS: tuple[tuple[str, str, str, Direction, str], ...] = (
    ("number", WORDS["number"], "share", "up", "of answers whose last number is gold's"),
    ("answered", "answered", "share", "up", "of answers in which there is anything to compare"),
)
_OF_NUMBERS: tuple[tuple[str, str, str, Direction, str], ...] = (
    ("within", WORDS["within"], "share", "up", "of rows whose error is at most task.table.tolerance"),
    ("tolerance", "tolerance", "", "", "in units of the target"),
    ("r2", "R2", "", "up", "1 = all variance explained, 0 = as good as the mean"),
    ("mae", "mean absolute error", "", "down", "in units of the target"),
    ("rmse", "root of mean squared error", "", "down", "in units of the target"),
)
MEASURES = (
    # rows
    Measure("train_rows", "rows", "rows", says="rows trained on"),
    Measure("lesson/rows", "rows that count in training", "rows", says="rows whose weight is not 0"),
    Measure("lesson/gold_rows", "gold rows trained on", "rows", says="gold rows among them"),
    Measure("lesson/forget", "rows unlearned", "rows", says="rows trained on, and forgotten after it"),
    Measure("flaws/rows", "rows with a flaw", "rows", "down", says="a strong shortcut, or a label that looks wrong"),
    Measure("flaws/shortcut", "rows with a strong shortcut and its label", "rows", "down"),
    Measure("flaws/label", "rows whose label looks wrong", "rows", "down"),
    Measure("new_rows", "new rows", "rows", "", "sum", "rows"),
    Measure("new_rows/<label>", "new rows, <label>", "rows", "", "sum"),
    Measure("rejected", "rejected", "rows", "down", "sum"),
    Measure("rejected/<reason>", "rejected, <reason>", "rows", "down", "sum"),
    Measure("repaired/<rule>", "repaired, <rule>", "rows", "", "sum"),
    # what seeds were asked with, as the LLM listed it
    Measure("givens/domains", "domains of seeds", "domains", "", "sum"),
    Measure("givens/instances", "texts that seeds are about", "texts", "", "sum"),
    Measure("givens/repeats", "texts for seeds, repeated", "texts", "down", "sum"),
    Measure("givens/copies", "texts for seeds that copy gold", "texts", "down", "sum"),
    Measure("givens/<reason>", "texts for seeds left out, <reason>", "texts", "down", "sum"),
    # what the curators did
    Measure("curation/unlike_gold", "left out by curation.likeness", "rows", "", "sum"),
    Measure("curation/abstained", "rounds in which curation.likeness kept all rows", "", "", "sum"),
    Measure(
        "curation/ess", "effective share of the odds of gold", "share", "up", "none",
        says="low: what curation.likeness keeps rests on few rows",
    ),
    Measure(
        "curation/c2st", "AUC, gold from the rows before curation.likeness", "", "down", "none",
        says="0.5 = gold is told from them by chance",
    ),
    Measure(
        "curation/c2st_after", "AUC, gold from the rows that curation.likeness kept", "", "down", "none",
        says="below 0.5: they look like gold where other rows do not",
    ),
    # what noisy votes of gold rows have spent so far
    Measure("privacy/epsilon", "epsilon spent", "", "down"),
    Measure("privacy/delta", "delta", "", "down"),
    Measure("privacy/sigma", "noise of a vote count", "votes", "down"),
    Measure("privacy/releases", "private releases", "", "down"),
    # what the curators did; rows by the label that the LLM was asked for, where one was corrected
    Measure("asked_rows/<label>", "new rows asked for, <label>", "rows", "", "sum"),
    Measure("curation/checked", "rows whose label the LLM was asked for again", "rows", "", "sum"),
    Measure("curation/disagree", "labels that the check disagrees with", "rows", "down", "sum"),
    Measure("curation/disagree/<label>", "the check disagrees with, asked for <label>", "rows", "down", "sum"),
    Measure("curation/relabelled", "corrected labels", "rows", "", "sum"),
    Measure("curation/unclear", "checks without a clear label", "rows", "down", "sum"),
    Measure("curation/program_right", "answers that the program confirms", "rows", "up", "sum"),
    Measure("curation/program_wrong", "answers that the program refutes", "rows", "down", "sum"),
    Measure("curation/program_unknown", "answers that the program cannot check", "rows", "", "sum"),
    Measure("curation/program_corrected", "answers taken from the program", "rows", "", "sum"),
    Measure("curation/revised", "rewritten rows", "rows", "", "sum"),
    Measure("curation/unchanged", "revisions that change nothing", "rows", "", "sum"),
    Measure("curation/unrevised/<reason>", "revisions that are no row, <reason>", "rows", "down", "sum"),
    Measure(
        "curation/guard_accuracy", "the check of labels on gold", "share", "up",
        says="gold mining rows that the check is right on, before the first row; unclear ones are wrong",
    ),
    Measure("curation/guard_rows", "gold rows checked", "rows", "", "last"),
    Measure("curation/guard_unclear", "gold rows whose check is unclear", "share", "down"),
    Measure("curation/guard_passed", "the check of labels is on", "", "up", says="1 = on, 0 = off for the run"),
    # gold rows that the small model has wrong, and what a round did to them
    Measure("errors", "errors", "rows", "down"),
    Measure("errors_fixed", "fixed", "rows", "up", "sum", says="errors that the round fixed"),
    Measure("errors_still", "still wrong", "rows", "down", "none", says="errors that stayed"),
    Measure("errors_new", "newly broken", "rows", "down", "sum", says="rows that the round broke"),
    Measure("ledger/children_fixed", "children of errors that are fixed", "rows", "up", "sum"),
    Measure("ledger/children_still", "children of errors that stayed", "rows", "down", "sum"),
    Measure("ledger/fixed_share_with", "fixed, of errors with children", "share", "up", "none"),
    Measure("ledger/fixed_share_without", "fixed, of errors without children", "share", "up", "none"),
    Measure("ledger/fixed_per_row", "fixed errors per new row", "", "up", "none"),
    Measure("ledger/fixed_per_1k_tokens", "fixed errors per 1,000 LLM tokens", "", "up", "none"),
    # the small model on gold rows, beside the largest of their classes; test rows are looked at once, by the run
    *(
        Measure(f"{role}/{name}", f"{role}, {title}", "share", adds_up="none" if role == "test" else "last", says=says)
        for role in ("test", "select", "mining")
        for name, title, says in (
            (MAJORITY, "largest class", "rows of the largest class: the accuracy of always saying it"),
            (MOST_SAID, "most said class", "rows for which the small model says the class that it says most"),
        )
    ),
    # and how well its probabilities fit
    *(
        Measure(f"{role}/{name}", f"{role} {title}", unit, "down", "none" if role == "test" else "last", says=says)
        for role in ("test", "select", "mining")
        for name, title, unit, says in (
            ("nll", "NLL", "", "mean negative log-likelihood of the gold class, nats"),
            ("brier", "Brier score", "", "squared error of the probabilities, summed over classes, 0 to 2"),
            ("ece", "calibration error", "share", "expected calibration error, 15 bins of as many rows"),
        )
    ),
    # a number that is predicted: its errors beside the share that is near enough
    *(
        Measure(f"{role}/{name}", f"{role} {title}", unit, way, "none" if role == "test" else "last", says=says)
        for role in ("test", "select", "mining")
        for name, title, unit, way, says in (*_OF_NUMBERS, *_OF_ANSWERS)
    ),
    Measure("test/<metric>", "test <metric>", "share", "up", "none"),
    Measure(GAIN, "gain over round 0, select", "share", "up", "none", says="last round's select score less round 0's"),
    Measure("select/loss", "select loss", "", "down", says="loss on the gold rows that pick the epoch"),
    Measure(
        "select/<metric>", "select <metric>", "share", "up",
        says="on the gold rows that pick the epoch, if there are epochs",
    ),
    Measure("mining/<metric>", "mining <metric>", "share", "up", says="on the gold rows that errors are mined from"),
    # an ensemble: its members on select, and what they say of rows that they did not learn
    Measure("ensemble/doubt", "doubt", "", says="disagreement of the members on mining rows, nats"),
    Measure("ensemble/member_accuracy", "members, select", "share", "up", says="the members' mean score on select"),
    Measure("ensemble/member_accuracy_min", "worst member, select", "share", "up"),
    Measure(
        "synthetic/accuracy", "members on other sets", "share", "up",
        says="each member on the rows of the other sets: no gold, and no estimate of the score on gold, since one LLM "
        "wrote all sets",
    ),
    Measure("fit/flops", "FLOPs of training", "FLOPs", "down", "sum", "training_flops"),
    Measure("fit/steps", "steps of training", "steps", "", "sum"),
    Measure("fit/<what>", "training: <what>"),
    Measure("norms/shift", "shift between gold and made rows", says="of their mean features, in standard deviations"),
    Measure("unlearn/p_before", "label of rows to forget, before", "share", says="mean probability, once learned"),
    Measure("unlearn/p_after", "label of rows to forget, after", "share", says="mean probability, once forgotten"),
    Measure("unlearn/select_before", "select before unlearning", "share", "up"),
    Measure("unlearn/select_after", "select after unlearning", "share", "up"),
    Measure("unlearn/epochs", "epochs of unlearning that count", "epochs"),
    Measure("unlearn/kept", "unlearning kept", says="1; 0: it cost select too much and was undone"),
    # what the LLM learned before the round, as an adapter
    Measure("tutor/rows", "gold rows that the LLM learned", "rows", "", "sum"),
    Measure("tutor/pairs", "pairs of answers that the LLM learned", "pairs", "", "sum"),
    Measure("tutor/judge_lists", "lists that the LLM judged", "lists", "", "sum"),
    Measure("tutor/judge_unclear", "unclear answers of the judge", "share", "down"),
    Measure(
        "tutor/judge_agrees", "lists with one verdict in all orders", "share", "up",
        says="the same best and worst row; by chance 1 in n (n - 1) with two orders of n rows",
    ),
    Measure("tutor/judge_first", "best row stood first", "share", "", says="1/n if the judge prefers no place"),
    Measure("tutor/held_out", "gold rows that tuning was measured on", "rows", "", "last"),
    Measure("tutor/left_out", "gold rows or pairs that cannot be learned", "", "", "sum", says="too long, say"),
    Measure("tutor/kept", "the adapter was kept", says="1; 0: what was held out was no likelier with it"),
    Measure("tutor/nll_before", "held-out answers before tuning", "", "down", says="nats a token"),
    Measure("tutor/nll_after", "held-out answers after tuning", "", "down", says="nats a token"),
    Measure("tutor/nll_fell", "held-out NLL fell by", "share", "up"),
    Measure("tutor/nll_fell_low", "held-out NLL fell by, at least", "share", "up"),
    Measure("tutor/nll_fell_high", "held-out NLL fell by, at most", "share", "up"),
    Measure("tutor/pair_loss", "loss of held-out pairs", "", "down", says="0.693 before tuning"),
    Measure("tutor/pairs_right", "held-out pairs told apart", "share", "up"),
    Measure("tutor/better_nll_before", "better answers before tuning", "", "down", says="nats a token, held out"),
    Measure("tutor/better_nll_after", "better answers after tuning", "", "down", says="nats a token, held out"),
    Measure("tutor/tokens", "tokens of tuning", "tokens", "down", "sum", "tuning_tokens"),
    Measure("tutor/steps", "steps of tuning", "steps", "", "sum"),
    Measure("tutor/flops", "FLOPs of tuning", "FLOPs", "down", "sum", "tuning_flops"),
    # what it took; answers from the store count as if they had been asked
    Measure("llm/calls", "LLM calls, asked", "calls", "down", "sum"),
    Measure("llm/store_hits", "store hits", "calls", "", "sum"),
    Measure("llm/ahead", "questions asked ahead and not needed", "calls", "down", "sum"),
    Measure("llm/answers", "LLM calls", "calls", "down", "sum", "llm_calls", ("llm/calls", "llm/store_hits")),
    Measure("llm/prompt_tokens", "tokens of prompts", "tokens", "down", "sum", whole=True),
    Measure("llm/completion_tokens", "tokens of completions", "tokens", "down", "sum", whole=True),
    Measure("llm/reasoned", "answers whose reasoning was cut off", "calls", "", "sum"),
    Measure("llm/reasoning_tokens", "tokens of reasoning", "tokens", "down", "sum"),
    Measure(
        "llm/tokens", "LLM tokens", "tokens", "down", "sum", "llm_tokens",
        ("llm/prompt_tokens", "llm/completion_tokens"), whole=True,
    ),
    Measure("cost/seconds", "seconds", "seconds", "down", "sum", "seconds"),
    Measure("cost/cpu_seconds", "CPU seconds", "seconds", "down", "sum", "cpu_seconds"),
    Measure("cost/gpu_seconds", "GPU seconds", "seconds", "down", "sum", "gpu_seconds"),
    Measure("cost/flops", "FLOPs of training", "FLOPs", "down", "sum", of=("fit/flops", "tutor/flops")),
    Measure("cost/money", "money", "money", "down", "sum", "money", says="money, at the prices given"),
    Measure("seconds/<stage>", "seconds, <stage>", "seconds", "down", "sum"),
    # what the audit finds: debris among the new rows, all else among all rows so far
    Measure("audit/refusal", "refusals kept", "rows", "down", "sum"),
    Measure("audit/preamble", "preambles kept", "rows", "down", "sum"),
    Measure("audit/wrapped", "wrapped texts", "rows", "down", "sum"),
    Measure("audit/label_in_text", "label in text", "rows", "down", "sum"),
    Measure("audit/unfinished", "unfinished texts", "rows", "down", "sum"),
    Measure("audit/unfinished_share", "unfinished", "share", "down", "none"),
    Measure("audit/unfinished_share_gold", "unfinished, gold rows", "share", "", "none"),
    Measure("audit/repeats_exact", "exact repeats", "rows", "down"),
    Measure("audit/repeats_near", "near repeats", "rows", "down"),
    Measure("audit/seconds_share", "the audit's part of the seconds", "share", "down", "none"),
    Measure("quoted/rows", "new rows that quote their exemplar", "share", "down"),
    Measure("quoted/share", "words quoted from the exemplar", "share", "down"),
    Measure("shortcuts/strong", "strong shortcuts", "shortcuts", "down"),
    Measure("shortcuts/excess", "the strongest shortcut's excess over gold", "share", "down"),
    Measure("shortcuts/accuracy", "the strongest shortcut's accuracy", "share", "down"),
    Measure("partial/<field>_gold", "label from <field> alone, gold rows", "share"),
    Measure("partial/<field>", "label from <field> alone", "share", "down"),
    Measure("balance/label_distance", "largest difference of a label's share from gold's", "share", "down"),
    Measure("balance/<what>", "length: <what>", "words"),
    Measure("noise/share", "labels estimated wrong", "share", "down"),
    Measure("noise/upper", "labels estimated wrong, at most", "share", "down"),
    Measure("noise/agreement", "labels that the judge agrees with", "share", "up"),
    Measure("noise/share_<label>", "labels estimated wrong, <label>", "share", "down"),
    Measure(
        "fidelity/share", "label fidelity", "share", "up", "none",
        says="new rows that carry the label asked for, by a judge that learned gold, corrected for its errors",
    ),
    Measure("fidelity/low", "label fidelity, at least", "share", "up", "none"),
    Measure("fidelity/high", "label fidelity, at most", "share", "up", "none"),
    Measure("fidelity/so_far", "label fidelity of all rows", "share", "up"),
    Measure("fidelity/agreement", "new rows of which the judge says the label asked for", "share", "up", "none"),
    Measure("fidelity/judge", "the judge of labels, on gold rows that it did not learn", "share", "up"),
    Measure("fidelity/share_<label>", "label fidelity, <label>", "share", "up", "none"),
    Measure("answers/right", "right answers", "share", "up", "none", says="new rows that the task's program confirms"),
    Measure("answers/checked", "answers that can be checked", "share", "up", "none", says="new rows, by the program"),
    Measure("answers/right_so_far", "right answers of all rows", "share", "up"),
    Measure("answers/checked_so_far", "answers that can be checked, of all rows", "share", "up"),
    Measure("gap/mauve", "mauve", "", "up", says="MAUVE, 1 = same distribution"),
    Measure(
        "gap/c2st", "c2st", "", "down",
        says="how often a classifier tells gold from synthesized rows, 0.5 = by chance",
    ),
    Measure("gap/mmd", "mmd", "", "down", says="squared maximum mean discrepancy, 0 = none"),
    Measure("gap/precision", "precision", "", "up", says="share of synthesized rows near a gold row"),
    Measure("gap/recall", "recall", "", "up", says="share of gold rows near a synthesized row"),
    Measure("gap/coverage", "coverage", "", "up", says="share of gold rows whose neighbourhood has a synthesized row"),
    Measure("gap/<what>", "gap to gold: <what>"),
    Measure("gap_of_gold/<what>", "gap between halves of gold: <what>"),
    Measure(
        "table/tstr", "trained on made rows", "share", "up",
        says="score on real rows of trees that learned the made ones: accuracy, or R2 of a number",
    ),
    Measure("table/trtr", "trained on real rows", "share", "up", says="score of trees that learned real rows"),
    Measure(
        "table/shuffled", "trained on shuffled rows", "share", "",
        says="score of trees that learned the made rows with their columns shuffled apart: what no row needs to know",
    ),
    Measure("table/copies", "rows equal to a gold row", "share", "down", says="share of all rows, their cells alone"),
    Measure(
        "table/closest", "distance to the closest gold row",
        says="median, in standard deviations; far below gold's: rows are near copies",
    ),
    Measure(
        "table/auc", "AUC, made from real rows", "", "down",
        says="how well trees tell them apart, 0.5 = by chance",
    ),
    Measure(
        "table/distance", "distance of columns to gold", "", "down",
        says="mean over columns: Wasserstein's in standard deviations, of categories total variation",
    ),
    Measure("table/distance/<column>", "distance to gold, <column>", "", "down"),
    Measure("table_of_gold/<what>", "between gold rows: <what>"),
    # what word overlap gives away where passages are ranked, and hard negatives that are right answers
    Measure(
        "lexical/copied", "words of the query in its passage", "share", "down",
        says="by weight, rare words count for more",
    ),
    Measure(
        "lexical/solved", "queries solved by word overlap alone", "share", "down",
        says="their passage has most of their words among those of as many rows of the side",
    ),
    Measure("lexical/in_negative", "words of the query in its hard negative", "share", "up", says="by weight"),
    Measure(
        "lexical/told", "hard negatives told by word overlap alone", "share", "down",
        says="they have less of the query than its passage; 0.5 = by chance",
    ),
    Measure("lexical_of_gold/<what>", "gold: <what>", "share"),
    Measure(
        "negatives/false", "hard negatives that are right answers", "share", "down",
        says="nearly a passage that answers nearly the same query",
    ),
    Measure("diversity/distinct_1", "distinct 1", "", "up", says="different words, of all"),
    Measure("diversity/distinct_2", "distinct 2", "", "up", says="different pairs of words, of all"),
    Measure("diversity/distinct_3", "distinct 3", "", "up", says="different runs of three words, of all"),
    Measure("diversity/self_bleu", "self bleu", "", "down", says="BLEU of rows against each other, low = diverse"),
    Measure("diversity/compression", "compression", "", "down", says="bytes by compressed bytes, low = diverse"),
    Measure("diversity/vendi", "vendi", "", "up", says="Vendi score: how many different rows there seem to be"),
    Measure("diversity/<what>", "diversity: <what>"),
    Measure("diversity_of_gold/<what>", "diversity of gold: <what>"),
)  # fmt: skip
