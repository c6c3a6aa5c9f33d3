"""The table of ensembles: its numbers are those of a script of its own over the runs' test.jsonl."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from s3exp.commands.report import command
from s3exp.report.ensembles import averaged, ensembles, labels_of, lines_of
from s3exp.report.export import as_frame
from s3exp.report.study import collect
from tests.report.records import config, result, write_run

ROWS = 100


def answers(seed: int, classes: int) -> list[dict[str, Any]]:
    """A run's answers: probabilities that lean to the gold class, which is the row's number by the classes."""
    chance, lines = random.Random(seed), []
    for row in range(ROWS):
        weights = [chance.expovariate(1) + 0.6 * (label == row % classes) for label in range(classes)]
        scores = [weight / sum(weights) for weight in weights]
        target = scores.index(max(scores))
        lines.append(
            {"id": f"test-{row}", "target": target, "scores": scores, "right": target == row % classes}
        )
    return lines


def write(folder: Path, seed: int, lines: list[dict[str, Any]], **changes: Any) -> None:
    told = result("zerogen", seed, sum(line["right"] for line in lines))
    told["test"] |= {"nll": 0.5 + seed / 10, "brier": 0.4, "ece": 0.1}
    write_run(folder, told, config("zerogen", seed, **changes), {"test.jsonl": lines})


def by_script(runs: list[list[dict[str, Any]]], classes: int) -> dict[str, float]:
    """Mean, accuracy, NLL, Brier, ECE and doubt, in plain Python."""
    nll = brier = doubt = 0.0
    ranked = []
    for row in range(ROWS):
        gold = row % classes
        mean = [sum(run[row]["scores"][label] for run in runs) / len(runs) for label in range(classes)]
        nll -= math.log(mean[gold]) / ROWS
        brier += sum((p - (label == gold)) ** 2 for label, p in enumerate(mean)) / ROWS
        own = [-sum(p * math.log(p) for p in run[row]["scores"]) for run in runs]
        doubt += (-sum(p * math.log(p) for p in mean) - sum(own) / len(own)) / ROWS
        ranked.append((max(mean), mean.index(max(mean)) == gold))
    ranked.sort()
    ece, begin = 0.0, 0
    for number in range(15):
        part = ranked[begin : begin + ROWS // 15 + (number < ROWS % 15)]
        begin += len(part)
        ece += abs(sum(right for _, right in part) - sum(p for p, _ in part)) / ROWS
    accuracy = sum(right for _, right in ranked) / ROWS
    return {"accuracy": accuracy, "nll": nll, "brier": brier, "ece": ece, "doubt": doubt}


@pytest.mark.parametrize("classes", [2, 3])
def test_the_mean_of_runs_has_the_scores_of_a_script(tmp_path: Path, classes: int) -> None:
    runs = [answers(seed, classes) for seed in range(5)]
    if classes == 3:  # some run is right on every row: otherwise its label is on no record
        for row in range(ROWS):
            runs[row % 5][row] |= {
                "target": row % 3,
                "right": True,
                "scores": [0.8 if i == row % 3 else 0.1 for i in range(3)],
            }
    for seed, lines in enumerate(runs):
        write(tmp_path / str(seed), seed, lines)
    one = collect([tmp_path]).comparisons[0]
    found = as_frame(ensembles(one)).to_dict("records")
    single, mean = found
    assert single["kind"] == "1 x n" and mean["kind"] == "5 runs"
    assert single["nll"] == pytest.approx(0.7) and math.isnan(single["doubt"] or math.nan)
    for name, value in by_script(runs, classes).items():
        assert mean["mean" if name == "accuracy" else name] == pytest.approx(value, abs=1e-9), name
    assert mean["members"] == pytest.approx(single["mean"])
    assert mean["rows"] == 5 * single["rows"] and mean["tokens"] == 5 * single["tokens"]


def test_copies_of_one_run_give_its_scores(tmp_path: Path) -> None:
    lines = answers(0, 2)
    for seed in (0, 1):
        write(tmp_path / str(seed), seed, lines)
    runs = [
        one for run in collect([tmp_path]).comparisons[0].arms[0].runs if (one := lines_of(run)) is not None
    ]
    found = averaged(runs, labels_of(runs))
    assert (
        found == pytest.approx(by_script([lines], 2), abs=1e-9)
        and found is not None
        and found["doubt"] < 1e-12
    )


def test_labels_that_no_record_tells_leave_their_scores_out(tmp_path: Path) -> None:
    lines = answers(0, 3)
    for seed in (0, 1):
        write(tmp_path / str(seed), seed, lines)
    runs = [
        one for run in collect([tmp_path]).comparisons[0].arms[0].runs if (one := lines_of(run)) is not None
    ]
    found = averaged(runs, labels_of(runs))
    assert found is not None and "nll" not in found
    assert found["accuracy"] == pytest.approx(sum(line["right"] for line in lines) / ROWS)


def test_runs_on_other_test_rows_have_no_mean(tmp_path: Path) -> None:
    lines = answers(0, 2)
    write(tmp_path / "0", 0, lines)
    write(tmp_path / "1", 1, [*lines[:-1], {**lines[-1], "id": "test-other"}])
    assert len(ensembles(collect([tmp_path]).comparisons[0]).rows) == 1


def test_three_arms_stand_side_by_side_and_a_missing_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options: dict[str, dict[str, Any]] = {
        "own": {"small_model__members": 5, "loop__sets": 5},
        "all": {"small_model__members": 5, "small_model__member_rows": "all"},
        "one": {},
    }
    for place, (name, changes) in enumerate(options.items()):
        if name == "one":
            assert command([str(tmp_path), "--markdown", "ensembles"]) == 0
            said = capsys.readouterr().out
            assert "There is no arm of one small model on all rows" in said and "5 runs" not in said
        lines = [{**line, **({} if name == "one" else {"doubt": 0.25})} for line in answers(place, 2)]
        write(tmp_path / name, 0, lines, **changes)
    table = ensembles(collect([tmp_path]).comparisons[0])
    kinds = {row[1]: row for row in table.rows}
    assert set(kinds) == {"1 x n", "5 x n/5", "5 x n"} and "There is no arm" not in table.note
    assert kinds["5 x n"][7] == kinds["5 x n/5"][7] == 0.25 and kinds["1 x n"][7] is None


def test_spans_are_voted_for(tmp_path: Path) -> None:
    def line(text: str, chance: float, right: bool) -> dict[str, Any]:
        return {"id": "test-0", "target": [{"text": text, "start": 0}], "scores": [chance], "right": right}

    runs = [[line("Rome", 0.5, True)], [line("Paris", 0.8, False)], [line("Rome", 0.6, True)]]
    for seed, lines in enumerate(runs):
        write(tmp_path / str(seed), seed, json.loads(json.dumps(lines)))
        told = json.loads((tmp_path / str(seed) / "result.json").read_text())
        told["test"]["accuracy"] = float(lines[0]["right"])
        (tmp_path / str(seed) / "result.json").write_text(json.dumps(told))
    found = [
        one for run in collect([tmp_path]).comparisons[0].arms[0].runs if (one := lines_of(run)) is not None
    ]
    scores = averaged(found, labels_of(found))
    assert scores is not None and scores["accuracy"] == 1 and "nll" not in scores
