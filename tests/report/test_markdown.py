"""The tables for a document, from records whose numbers can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3exp.commands.report import command
from s3exp.report.markdown import methods, rounds
from s3exp.report.study import collect
from tests.report.records import config, result, write_all, write_run


def lines(text: str) -> list[list[str]]:
    """The cells of the lines of Markdown tables."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line
    ]


def test_methods_have_mean_spread_intervals_and_costs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = write_all(tmp_path / "runs")
    assert command([str(runs), "--out", str(tmp_path / "out"), "--markdown", "methods"]) == 0
    printed = {cells[0]: cells[1:] for cells in lines(capsys.readouterr().out)}
    # 71, 70, 73, 74, 72: mean 72, deviation 1.58; gains over 60 to 64: 11, 9, 11, 11, 8
    assert printed["S3"][:5] == ["5", "72.0", "1.6", "70.0 to 74.0", "+10.0"]
    assert printed["S3"][6:] == ["300", "2,400"]
    assert printed["ZeroGen"][4:6] == ["", ""] and printed["Human"][7] == ""
    assert not (tmp_path / "out").exists()


def test_rounds_have_yield_reasons_fidelity_gap_and_fates(tmp_path: Path) -> None:
    for seed, share in ((0, 0.8), (1, 0.9)):
        told = result("s3", seed, 70)
        for one in told["rounds"]:
            one["metrics"] |= {"fidelity/share": share, "fidelity/judge": 0.75}
            one["metrics"] |= {"ledger/fixed_share_with": 0.5, "ledger/fixed_share_without": 0.25}
        write_run(tmp_path / f"s3-{seed}", told, config("s3", seed))
    write_run(tmp_path / "gold", result("gold", 0, 80), config("gold", 0))
    table = rounds(collect([tmp_path]).comparisons[0])
    names = [column.title for column in table.columns]
    first, second, _ = (dict(zip(names, row, strict=True)) for row in table.rows)
    assert first["method"] == "S3" and (first["round"], first["new rows"]) == (0, 200)
    assert first["yield, %"] == pytest.approx(200 / 204)  # four are rejected in every round
    assert second["rejected, of the answers"] == "copy_of_gold 5.6%, too_short 1.9%"
    assert first["label fidelity, %"] == pytest.approx(0.85) and first["its judge, on gold, %"] == 0.75
    assert (second["MAUVE"], second["MAUVE of gold"]) == (pytest.approx(0.2), 0.95)
    assert (second["fixed with children, %"], second["fixed without, %"]) == (0.5, 0.25)
    assert first["fixed"] is first["newly broken"] is None and second["fixed"] is not None
    assert "c2st" not in names  # on no record


def test_records_without_a_judge_have_no_such_column(tmp_path: Path) -> None:
    one = collect([write_all(tmp_path, ("s3", "zerogen"), (0,))]).comparisons[0]
    assert not any("fidelity" in column.title for column in rounds(one).columns)
    assert methods(one).rows[0][3] is None  # one seed has no spread


def test_another_name_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command([str(tmp_path), "--markdown", "all"]) == 2
    assert (
        capsys.readouterr().err.strip().endswith("--markdown all: choose one of methods, rounds, ensembles")
    )
