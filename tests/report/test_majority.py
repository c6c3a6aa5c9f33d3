"""A score beside that of always saying the largest class: a verdict that does not beat it says so first."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3exp.record.reading import find_runs
from s3exp.report.arms import arms_of, without_repeats
from s3exp.report.comparison import Comparison, compare
from s3exp.report.tables import results
from s3exp.report.verdict import verdict
from tests.report.records import SCORES, answers, config, result, write_run


def skewed(folder: Path, strategies: tuple[str, ...], majority: float, most_said: float = 0.6) -> Comparison:
    """Runs on test rows of which a share is of one class."""
    for strategy in strategies:
        for seed in range(5):
            right = SCORES[strategy][seed]
            told = result(strategy, seed, right)
            told["test"] |= {"majority": majority, "most_said": most_said, "macro_f1": 0.4}
            write_run(
                folder / f"{strategy}-{seed}", told, config(strategy, seed), {"test.jsonl": answers(right)}
            )
    runs, _ = without_repeats(find_runs([folder]).runs)
    return compare("reviews", arms_of(runs), "zerogen")


@pytest.mark.parametrize("majority", [0.72, 0.87])
def test_a_lead_that_does_not_beat_the_largest_class(tmp_path: Path, majority: float) -> None:
    """However sure the lead over the base is: s3 has 72.0% with an interval that holds the 72%."""
    told = verdict(skewed(tmp_path, ("s3", "zerogen"), majority))
    floor = f"{100 * majority:.1f}%"
    assert told.line.startswith(
        f"Always saying the largest class scores {floor}, and no strategy clearly beats that. s3"
    )
    assert told.certainty.level == "clear" and "+10.0 points over zerogen" in told.first


def test_one_strategy_alone(tmp_path: Path) -> None:
    told = verdict(skewed(tmp_path, ("s3",), 0.87))
    assert told.first.startswith(
        "Always saying the largest class scores 87.0%, and s3 does not clearly beat that. s3 reaches"
    )


def test_a_score_above_it_is_shown_beside_it(tmp_path: Path) -> None:
    comparison = skewed(tmp_path, ("s3", "zerogen"), 0.5)
    told = verdict(comparison)
    assert (
        told.first.startswith("s3 is highest")
        and told.detail[-1] == "Always saying the largest class scores 50.0%."
    )
    table = results(comparison)
    titles = [column.title for column in table.columns]
    assert titles[4:6] == ["macro F1, %", "largest class, %"] and table.rows[0][4:6] == (0.4, 0.5)


def test_a_model_of_one_class_is_a_warning(tmp_path: Path) -> None:
    told = verdict(skewed(tmp_path, ("s3",), 0.5, most_said=0.99))
    assert any(
        "5 runs says one class" in line or "one class for nearly every test row" in line
        for line in told.warnings
    )
    fair = verdict(skewed(tmp_path / "fair", ("s3",), 0.97, most_said=0.98))
    assert not any("one class" in line for line in fair.warnings)  # nearly all rows are of one class


def test_a_record_without_it_says_nothing(tmp_path: Path) -> None:
    write_run(tmp_path / "s3-0", result("s3", 0, 71), config("s3", 0), {"test.jsonl": answers(71)})
    runs, _ = without_repeats(find_runs([tmp_path]).runs)
    told = verdict(compare("reviews", arms_of(runs), "zerogen"))
    assert "largest class" not in told.line and not any("one class" in line for line in told.warnings)
