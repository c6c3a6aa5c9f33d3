"""The tables for a paper."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from s3exp.report.paper import as_paper_latex, over_tasks, write_paper
from tests.report.fakes import S3, extraction, result, strategies, study


def test_the_best_synthesized_method_is_bold_and_every_line_has_all_columns() -> None:
    runs = [run for seed in range(3) for run in strategies(seed)]
    text = as_paper_latex(study(runs).comparisons[0])
    body = text.split("\\midrule\n")[1].split("\n\\bottomrule")[0].splitlines()
    assert all(line.count(" & ") == 4 and line.endswith(r"\\") for line in body)
    assert text.count(r"\textbf") == 1
    assert any(line.startswith(r"S3 & \textbf{82.0}") for line in body)
    assert any(line.startswith("ZeroGen & ") for line in body)
    assert body[0].split(" & ")[3].replace(",", "").isdigit()  # whole rows: 32 are not 0.0 thousand


@pytest.mark.parametrize("sign", ["_", "%", "&", "#", "$"])
def test_hostile_names_are_escaped(sign: str) -> None:
    text = as_paper_latex(study([result(f"my{sign}way", S3, 0.8)]).comparisons[0])
    assert f"my\\{sign}way" in text and f"my{sign}way" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("my")]
    assert line.count(" & ") == 4


def test_an_average_needs_every_task_and_one_metric(tmp_path: Path) -> None:
    one = study(strategies())
    assert over_tasks(one.comparisons) is None
    other = study([{**run, "task": "rte"} for run in strategies() if run["strategy"] == "s3"])
    table = over_tasks((*one.comparisons, *other.comparisons))
    assert table is not None
    rows = {row[0]: row[1:] for row in table.rows}
    first, second, mean = rows["S3"]
    assert mean == pytest.approx((first + second) / 2)
    assert rows["ZeroGen"][1:] == (None, None)
    mixed = over_tasks((*one.comparisons, *study([extraction()]).comparisons))
    assert mixed is not None and all(row[-1] is None for row in mixed.rows)
    files = write_paper((*one.comparisons, *other.comparisons), tmp_path)
    assert {path.name for path in files} == {
        *(f"{task}.{end}" for task in ("reviews", "rte") for end in ("tex", "md", "csv")),
        "over-tasks.md",
        "over-tasks.csv",
    }
    assert [row["method"] for row in csv.DictReader((tmp_path / "rte.csv").open())] == ["S3"]


def test_tasks_whose_file_names_are_alike_have_a_table_each(tmp_path: Path) -> None:
    runs = [result("s3", S3, 0.8, task=task) for task in ("a_b", "a-b")]
    files = write_paper(study(runs).comparisons, tmp_path)
    assert {"a-b.tex", "a-b-2.tex"} <= {path.name for path in files}


def test_a_name_in_brackets_is_no_option_of_the_line_before() -> None:
    text = as_paper_latex(study([result("[x]", S3, 0.8)]).comparisons[0])
    assert "{}[x] & " in text
