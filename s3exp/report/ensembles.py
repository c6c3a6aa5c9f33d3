"""Ensembles beside single small models: how right and how well calibrated they are, at the same rows or at more.

Two kinds. The members of one run (`small_model.members`) are scored in its record. The runs of one arm, which differ by
their seeds, are put together here, from their test.jsonl: no new run, but the budget of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from s3exp.record.reading import Run
from s3exp.report.arms import Arm
from s3exp.report.comparison import Comparison
from s3exp.report.export import Cell, Column, Table
from s3exp.report.frames import mean_by_arm
from s3exp.report.over_tasks import method
from s3exp.small_model.ensemble import mean_of
from s3exp.tasks.calibration import calibration
from s3exp.types import Answer, Prediction

SCORES = ("nll", "brier", "ece")
Lines = Mapping[str, tuple[Prediction, bool]]  # by id: what a run says of a test row, and whether it is right


def ensembles(comparison: Comparison) -> Table:
    """Every arm as it is, and the mean of its runs: 1 x n, K x n/K and K x n side by side."""
    read = {
        run.folder: lines
        for arm in comparison.arms
        for run in arm.runs
        if (lines := lines_of(run)) is not None
    }
    labels, rows = labels_of(list(read.values())), list[tuple[Cell, ...]]()
    spent = mean_by_arm(comparison.frames, "train_rows", "llm/tokens", "synthetic/accuracy")
    for arm in comparison.arms:
        trained, tokens, crossed = spent[arm.name]
        scores = [_mean([run.scores.get(name) for run in arm.runs]) for name in SCORES]
        doubt = _mean([_doubt(read.get(run.folder, {})) for run in arm.runs])
        count = len(arm.runs)
        rows.append(
            (method(arm), kind(arm.runs[0]), count, arm.mean, *scores, doubt, None, crossed, trained, tokens)
        )
        together = [read[run.folder] for run in arm.runs if run.folder in read]
        found = averaged(together, labels) if len(together) == count else None
        if found is not None:
            name = f"{method(arm)}: mean of its {count} runs"
            values = [found.get(one) for one in ("accuracy", *SCORES, "doubt")]
            of_all = (None if one is None else one * count for one in (trained, tokens))
            rows.append((name, f"{count} runs", 1, *values, arm.mean, None, *of_all))
    columns = (
        Column("method", "method"),
        Column("kind", "small models x rows"),
        Column("seeds", "seeds", "count"),
        Column("mean", f"test {comparison.word}, %", "score"),
        Column("nll", "NLL", "number"),
        Column("brier", "Brier", "number"),
        Column("ece", "ECE, %", "score"),
        Column("doubt", "doubt, nats", "number"),
        Column("members", "its members, %", "score"),
        Column("crossed", "members on other sets, %", "score"),
        Column("rows", "rows", "count"),
        Column("tokens", "LLM tokens", "count"),
    )
    return Table(
        "ensembles", f"{comparison.task}: ensembles on the test rows", columns, tuple(rows), _note(comparison)
    )


def kind(run: Run) -> str:
    """How many small models a run trains on which share of its n rows: `1 x n`, `5 x n/5`, `5 x n`."""
    members = run.identity.get("small_model.members", 1)
    share = (
        f"/{members}" if members > 1 and run.identity.get("small_model.member_rows", "own") == "own" else ""
    )
    return f"{members} x n{share}"


def lines_of(run: Run) -> Lines | None:
    """What a run says of the test rows; None where that is not on record, or is of another result."""
    try:
        lines = {
            str(line["id"]): (_prediction(line), bool(line["right"])) for line in run.lines("test.jsonl")
        }
    except (KeyError, TypeError, ValueError):
        return None
    if not lines or abs(fmean(right for _, right in lines.values()) - run.score) > 1e-6:
        return None
    return lines


def _prediction(line: Mapping[str, Any]) -> Prediction:
    target = line["target"]
    spans = tuple(Answer(**span) for span in target) if isinstance(target, list) else target
    return Prediction(line["id"], spans, tuple(map(float, line["scores"])), line.get("doubt"))


def labels_of(runs: Sequence[Lines]) -> dict[str, int]:
    """The gold class of test rows by id, as far as some run's right or wrong answers tell: of two classes of all."""
    labels: dict[str, int] = {}
    for lines in runs:
        for name, (guess, right) in lines.items():
            if isinstance(guess.target, int) and (right or len(guess.scores) == 2):
                labels[name] = guess.target if right else 1 - guess.target
    return labels


def averaged(runs: Sequence[Lines], labels: Mapping[str, int]) -> dict[str, float] | None:
    """The scores of the mean of several runs' predictions; None for fewer than two, or for runs on other test rows.

    `nll`, `brier` and `ece` are there where the classes of all rows are known. A text of spans is right if it was in a
    run that gave it.
    """
    if len(runs) < 2 or any(one.keys() != runs[0].keys() for one in runs):
        return None
    names = list(runs[0])
    means = [mean_of([one[name][0] for one in runs]) for name in names]
    told = {(name, _said(guess)): right for one in runs for name, (guess, right) in one.items()}
    known = [told.get((name, _said(guess))) for name, guess in zip(names, means, strict=True)]
    rights = [
        labels[name] == guess.target if name in labels else right
        for name, guess, right in zip(names, means, known, strict=True)
    ]
    scores = {"doubt": fmean(guess.doubt or 0.0 for guess in means)}
    if None not in rights:
        scores["accuracy"] = fmean(map(bool, rights))
    if all(name in labels for name in names):
        gold, chances = [labels[name] for name in names], [guess.scores for guess in means]
        scores |= calibration(gold, chances, len(chances[0]))
    return scores


def _said(guess: Prediction) -> int | str | None:
    if isinstance(guess.target, tuple):
        return guess.answers[0].text if guess.answers else ""
    return guess.target if isinstance(guess.target, int | str) else None


def _doubt(lines: Lines) -> float | None:
    doubts = [guess.doubt for guess, _ in lines.values() if guess.doubt is not None]
    return fmean(doubts) if doubts else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _note(comparison: Comparison) -> str:
    note = (
        "Means over seeds. The mean of an arm's runs takes the budget of all: rows and tokens are sums. NLL and "
        "Brier score of a mean are never above the members' (Jensen): that is no finding. Doubt: entropy of the mean "
        "less the members' mean entropy. Members on other sets: no gold, and no estimate of the test score, since one "
        "LLM wrote all sets."
    )
    made: list[Arm] = [arm for arm in comparison.arms if not arm.human]
    kinds = {kind(arm.runs[0]) for arm in made}
    if kinds - {"1 x n"} and "1 x n" not in kinds:
        note += (
            " There is no arm of one small model on all rows, so that nothing can be said for members: add the same "
            "command with small_model.members=1 small_model.member_rows=own."
        )
    return note
