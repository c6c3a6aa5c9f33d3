"""The sections of a W&B view of a group: which plots of which numbers, for a task's metric and what was swept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from s3exp.commands.swept_options import Swept
from s3exp.record.measured import ERRORS, GAIN, MAJORITY
from s3exp.record.measures import measure

ARM = "arm"  # key of a run's config: the name of its cell without the seed
TOKENS = "llm/completion_tokens"  # the summary has no sum of both kinds


@dataclass(frozen=True, slots=True)
class Part:
    """A section of panels: plots, each with the names of its numbers, and the names of W&B tables.

    `over` are swept numbers, a plot of `score` over each. `maps` are pairs of them, `score` as the colour of a point.
    `parallel` are swept options, a line a run through each and to the score.
    """

    name: str
    bars: Sequence[Sequence[str]] = ()  # of the summary, one bar an arm
    lines: Sequence[Sequence[str]] = ()  # by round, one line an arm
    live: Sequence[tuple[str, Sequence[str]]] = ()  # an axis, and the numbers over it, one line an arm
    tables: Sequence[str] = ()
    score: str = ""
    costs: Sequence[str] = ()  # of the summary, `score` over each
    over: Sequence[str] = ()
    maps: Sequence[tuple[str, str]] = ()
    parallel: Sequence[str] = ()


_DIVERSITY = ("diversity/self_bleu", "diversity/vendi")
_OF_CLASSES = (*_DIVERSITY, "shortcuts/strong", "fidelity/share")
_AUDITED = {  # by the primary metric: what is looked at in the rows of its kind of task
    "within": ("table/tstr", "table/auc", "table/distance", "table/closest"),
    "number": (*_DIVERSITY, "answers/right", "answers/checked"),
    "mrr@10": (*_DIVERSITY, "lexical/solved", "lexical/told", "negatives/false"),
}
_BESIDE = {"within": tuple(ERRORS), "mrr@10": ("ndcg@10",), "em": ("f1",)}


def parts(metric: str, swept: Swept) -> tuple[Part, ...]:
    """The sections for a task with this primary metric."""
    tokens, select, mining = measure("llm/tokens").of, [f"select/{metric}"], [f"mining/{metric}"]
    errors, rows = [["errors"], ["errors_fixed", "errors_new"]], [["train_rows"], ["new_rows", "rejected"]]
    audit = ("gap/mauve", "gap/c2st", *_AUDITED.get(metric, _OF_CLASSES))
    score, numbers = f"test/{metric}", swept.numbers
    maps = [(x, y) for place, x in enumerate(numbers) for y in numbers[place + 1 :]]
    over = Part("Over what was swept", score=score, over=numbers, maps=maps, parallel=swept.options)
    # beside the simplest answer of all, where there is one
    baseline = [score, f"test/{MAJORITY}"] if metric == "accuracy" else [score]
    beside = [[f"test/{name}"] for name in _BESIDE.get(metric, ())]
    answers, steps = "synthesis/answers", "training/steps"
    live = (
        (answers, ["synthesis/rows", "synthesis/quota"]),
        (answers, ["synthesis/tokens"]),
        (steps, ["training/loss", "training/select_loss"]),
        (steps, [f"training/select_{metric}"]),
    )
    return (
        Part(
            "Which arm, at what price",
            bars=[baseline, *beside, [GAIN], select, tokens],
            score=score,
            costs=[TOKENS],
        ),
        *([over] if swept.options else []),
        Part("Round by round", lines=[select, mining, *errors, *rows, tokens]),
        Part("While they run", live=live),
        Part("What the rows are like", lines=[[name] for name in audit]),
        Part("The rows", tables=("round/errors_shown", "round/examples", "ledger")),
    )
