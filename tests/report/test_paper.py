"""What --paper writes: tables, and plots as PDF."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from s3exp.report.export import as_markdown
from s3exp.report.paper import as_paper_latex, paper_table, write_paper
from s3exp.report.tables import results
from tests.report.fakes import S3, extraction, regression, result, strategies, study


def test_the_best_synthesized_method_is_bold_and_every_line_has_all_columns() -> None:
    runs = [run for seed in range(3) for run in strategies(seed)]
    text = as_paper_latex(study(runs).comparisons[0])
    body = text.split("\\midrule\n")[1].split("\n\\bottomrule")[0].splitlines()
    assert all(line.count(" & ") == 4 and line.endswith(r"\\") for line in body)
    assert text.count(r"\textbf") == 1
    assert any(line.startswith(r"S3 & \textbf{82.0}") for line in body)
    assert any(line.startswith("ZeroGen & ") for line in body)
    assert body[0].split(" & ")[3].replace(",", "").isdigit()  # whole rows: 32 are not 0.0 thousand


def test_what_is_predicted_as_a_number_has_its_errors_beside_the_share_of_right_rows() -> None:
    """In units of the target, however small or large; names of metrics are words of the reader."""
    runs = [
        regression(one, 0.42, seed, unit)
        for one in ("s3", "zerogen")
        for seed, unit in ((0, 2e-4), (1, 2e-4))
    ]
    comparison = study(runs).comparisons[0]
    text = as_paper_latex(comparison)
    assert r"Method & within the tolerance (\%) & " in text and r" & R2 & MAE & RMSE \\" in text
    assert text.count(r" & $-$0.25 & 0.0003 & 0.0004 \\") == 2
    assert [column.title for column in results(comparison).columns][2:7] == [
        "test within the tolerance, %", "95% interval", "R2", "MAE", "RMSE",
    ]  # fmt: skip
    large = paper_table(study([regression(unit=1e6)]).comparisons[0])
    assert "| -0.25 | 1,500,000 | 2,000,000 |" in as_markdown(large)
    answers = as_paper_latex(study([extraction()]).comparisons[0])
    assert r"EM (\%)" in answers and r"Tokens (k) & F1 (\%) \\" in answers and r" & 40.0 \\" in answers


@pytest.mark.parametrize("sign", ["_", "%", "&", "#", "$"])
def test_hostile_names_are_escaped(sign: str) -> None:
    text = as_paper_latex(study([result(f"my{sign}way", S3, 0.8)]).comparisons[0])
    assert f"my\\{sign}way" in text and f"my{sign}way" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("my")]
    assert line.count(" & ") == 4


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What --paper writes about two tasks, one of which has S3 alone; by name."""
    other = [{**run, "task": "rte"} for run in strategies() if run["strategy"] == "s3"]
    both = (*study(strategies()).comparisons, *study(other).comparisons)
    return {path.name: path for path in write_paper(both, tmp_path_factory.mktemp("paper"))}


def test_every_table_is_written_in_every_format(written: dict[str, Path]) -> None:
    tables = {name for name, path in written.items() if path.suffix != ".pdf"}
    stems = ("reviews", "rte", "over-tasks")
    assert tables == {"figures.tex", *(f"{stem}.{end}" for stem in stems for end in ("tex", "md", "csv"))}
    assert [row["method"] for row in csv.DictReader(written["rte.csv"].open())] == ["S3"]
    text = written["over-tasks.tex"].read_text()
    assert text.count(r"\textbf{81.0}") == 3 and "seeds: 1." in text  # both tasks and their average


def test_every_plot_is_a_pdf_that_figures_tex_places(written: dict[str, Path]) -> None:
    plots = {name for name, path in written.items() if path.suffix == ".pdf"}
    text = written["figures.tex"].read_text()
    assert plots == set(re.findall(r"\\includegraphics\[width=\\columnwidth\]\{(.*?)\}", text))
    assert {"reviews-test.pdf", "reviews-gains.pdf", "reviews-select-by-round.pdf", "rte-test.pdf"} <= plots
    assert (
        r"\caption{reviews: Test accuracy. \%; line: mean, dot: a seed, bar: 95\% interval over test rows.}"
        in text
    )
    for name in plots:
        raw = written[name].read_bytes()
        assert b"/FontFile2" in raw and b"/Type3" not in raw, name  # embedded, as TrueType
        assert b"Date" not in raw and str(Path.home()).encode() not in raw, name


@pytest.mark.process
def test_the_same_plots_are_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from s3exp.report.paper import write_paper;"
        "from tests.report.fakes import study, strategies;"
        "write_paper(study(strategies()[:1]).comparisons, Path(sys.argv[1]))"
    )
    for seed in "12":
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", script, str(tmp_path / seed)], check=True, env=environment)
    files = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert len(files) > 5
    assert all((tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes() for name in files)


def test_tasks_whose_file_names_are_alike_have_a_table_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3exp.report.paper.plots_of", lambda _: ())  # drawing takes 50 times as long
    runs = [result("s3", S3, 0.8, task=task) for task in ("a_b", "a-b")]
    files = write_paper(study(runs).comparisons, tmp_path)
    assert {"a-b.tex", "a-b-2.tex"} <= {path.name for path in files}


def test_a_name_in_brackets_is_no_option_of_the_line_before() -> None:
    text = as_paper_latex(study([result("[x]", S3, 0.8)]).comparisons[0])
    assert "{}[x] & " in text
