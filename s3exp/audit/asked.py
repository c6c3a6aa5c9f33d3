"""Which share of synthesized rows carries the label that was asked for: numbers and tables for the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from s3exp.audit.fidelity import Fidelity, Skill, fidelity, skill_of
from s3exp.audit.judge import Judge
from s3exp.audit.unjudged import LEAST_KNOWN, Unjudged
from s3exp.seeds import derive
from s3exp.settings.task import TaskConfig
from s3exp.terminal.texts import percent
from s3exp.types import Example

Numbers = dict[str, float]
Tables = dict[str, Sequence[Mapping[str, Any]]]
Sample = Callable[[Sequence[Example]], Sequence[Example]]
WHAT = "label fidelity"
MOST_LISTED = 1000
MOST_NAMED = 5
SPANS = "the answer is a span of the text: only a reader could say whether the question asks for it"


def labels_asked_for(
    judge: Judge, rows: Sequence[Example], new: Sequence[Example], task: TaskConfig, seed: int, sample: Sample
) -> tuple[Numbers, Tables, list[Unjudged]]:
    """Judge synthesized rows: numbers of the `new` ones and of all `rows`, a line a round, and rows of other labels.

    `sample` takes some of many rows. The judge's accuracy on gold is always given, an estimate only where it can tell.
    """
    numbers: Numbers = {"fidelity/judge": judge.trial.accuracy}
    tables: Tables = {"judge": [_facts(judge)]}
    known = judge.known(sample(rows))
    if known < LEAST_KNOWN * judge.knows:
        why = f"the judge knows {percent(known)}% of the words of the rows, and {percent(judge.knows)}% of gold's"
        return numbers, tables, [Unjudged(WHAT, why)]
    skill = skill_of(judge.trial, len(task.labels), derive(seed, "fidelity", "gold"))
    whole = _estimate(judge, sample(rows), skill, seed)
    if whole.share is not None:
        numbers["fidelity/so_far"] = whole.share
    by_round: dict[int, list[Example]] = defaultdict(list)
    for row in new:
        by_round[row.round or 0].append(row)
    lines = {number: _estimate(judge, sample(some), skill, seed) for number, some in by_round.items()}
    if new:
        own = next(iter(lines.values())) if len(lines) == 1 else _estimate(judge, sample(new), skill, seed)
        numbers |= _numbers(own, task)
        tables["fidelity"] = [_line(number, one, judge) for number, one in sorted(lines.items())]
        tables["other_label"] = _others(judge, sample(new), task)
    return numbers, tables, _unjudged(whole, judge, task)


def _estimate(judge: Judge, rows: Sequence[Example], skill: Skill, seed: int) -> Fidelity:
    return fidelity([row.label for row in rows], judge.read(rows)[0], skill, derive(seed, "fidelity", "rows"))


def _facts(judge: Judge) -> Mapping[str, Any]:
    accuracy = round(judge.trial.accuracy, 4)
    return {"judge": judge.name, "learned": judge.learned, "tried": judge.tried, "accuracy": accuracy}


def _numbers(one: Fidelity, task: TaskConfig) -> Numbers:
    """The numbers of the new rows; none where the judge cannot tell."""
    if one.share is None or one.low is None or one.high is None:
        return {}
    numbers = {"share": one.share, "low": one.low, "high": one.high, "agreement": one.agreement}
    numbers |= {f"share_{task.labels[label]}": share for label, share in one.by_label.items()}
    return {f"fidelity/{name}": value for name, value in numbers.items()}


def _line(number: int, one: Fidelity, judge: Judge) -> Mapping[str, Any]:
    ends = {"share": one.share, "low": one.low, "high": one.high, "agreement": one.agreement}
    shares = {name: None if value is None else round(value, 4) for name, value in ends.items()}
    return {"round": number, "rows": one.rows, **shares, "judge": round(judge.trial.accuracy, 4)}


def _others(judge: Judge, rows: Sequence[Example], task: TaskConfig) -> list[dict[str, Any]]:
    """The rows of which the judge says another label, those first of which it is surest."""
    said, chances = judge.read(rows)
    doubted = [
        {
            "row": row.id,
            "label": task.labels[row.label],
            "suggested": task.labels[int(label)],
            "chance": round(float(chance), 4),
            "text": task.text_of(row.fields)[:300],
        }
        for row, label, chance in zip(rows, said, chances, strict=True)
        if row.label != label
    ]
    return sorted(doubted, key=lambda one: (-one["chance"], one["row"]))[:MOST_LISTED]


def _unjudged(whole: Fidelity, judge: Judge, task: TaskConfig) -> list[Unjudged]:
    """The labels of which the judge cannot tell, by reason."""
    if whole.share is None and len(set(whole.unknown.values())) == 1:
        return [Unjudged(WHAT, next(iter(whole.unknown.values())))]
    names = [task.labels[label] for label in sorted(whole.unknown)]
    if len(names) > MOST_NAMED:
        some = f"{WHAT} of {len(names)} of {len(task.labels)} labels, such as {names[0]}"
        return [Unjudged(some, whole.unknown[min(whole.unknown)])]
    return [Unjudged(f"{WHAT}, {name}", whole.unknown[task.labels.index(name)]) for name in names]
