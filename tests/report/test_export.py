"""Tables as CSV, Markdown, LaTeX and data frames: what is in them, and what each format escapes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from s3exp.record.reading import find_runs
from s3exp.report.arms import arms_of
from s3exp.report.breakdowns import beside_paper, certificates, rejected, rounds, shortcuts
from s3exp.report.comparison import compare
from s3exp.report.export import Column, Table, as_csv, as_frame, as_latex, as_markdown, write_tables
from s3exp.report.tables import mcnemar_by_seed, pairs, results
from tests.report.records import config, result, write_all, write_run

NASTY = Table(
    "nasty",
    "50% of a_b & more",
    (Column("name", "na|me"), Column("score", "score, %", "score"), Column("gain", "95%", "change")),
    ((r"a\b_{c}^~$#<b>|*", 0.1234, (-0.01, 0.02)), ("=1+1", None, None), ("line\nbreak\x07", 1.0, None)),
    "see 100% & so on",
)


def test_csv_has_full_numbers_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(NASTY))))
    assert rows[0] == ["name", "score", "gain_low", "gain_high"]
    assert rows[1] == [r"a\b_{c}^~$#<b>|*", "0.1234", "-0.01", "0.02"]
    assert rows[2] == ["'=1+1", "", "", ""]
    assert rows[3] == ["line\nbreak\u2407", "1.0", "", ""]


def test_a_frame_has_full_numbers_and_texts_as_they_stand() -> None:
    frame = as_frame(NASTY)
    assert list(frame.columns) == ["name", "score", "gain_low", "gain_high"]
    assert list(frame["name"]) == [row[0] for row in NASTY.rows]
    assert frame.loc[0, ["score", "gain_low", "gain_high"]].tolist() == [0.1234, -0.01, 0.02]
    assert frame.loc[1].isna().tolist() == [False, True, True, True]


def test_markdown_escapes_what_would_be_markup() -> None:
    lines = as_markdown(NASTY).splitlines()
    assert lines[0] == r"**50% of a\_b & more**"
    assert lines[2] == r"| na\|me | score, % | 95% |"
    assert lines[3] == "| --- | ---: | ---: |"
    assert lines[4] == r"| a\\b\_\{c\}^\~$\#\<b\>\|\* | 12.3 | -1.0 to +2.0 |"
    assert lines[6] == "| line break\u2407 | 100.0 |  |"


def test_latex_escapes_what_tex_would_read() -> None:
    text = as_latex(NASTY)
    assert r"\caption{50\% of a\_b \& more. see 100\% \& so on}" in text
    first = r"a\textbackslash{}b\_\{c\}\textasciicircum{}\textasciitilde{}\$\#"
    first += r"\textless{}b\textgreater{}\textbar{}* & 12.3 & -1.0 to +2.0 \\"
    assert first in text
    assert r"\begin{tabular}{lrr}" in text
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert len(body) == 3 and all(line.endswith(r"\\") for line in body)


def test_results_in_every_format(tmp_path: Path) -> None:
    comparison = compare("reviews", arms_of(find_runs([write_all(tmp_path / "runs")]).runs), "zerogen")
    write_tables([results(comparison), pairs(comparison)], tmp_path / "tables", "reviews")
    rows = list(csv.DictReader((tmp_path / "tables" / "reviews-results.csv").open()))
    assert [row["strategy"] for row in rows] == ["s3", "goldgen", "zerogen", "gold"]
    first = rows[0]
    assert (first["seeds"], first["test"], first["rows"], first["llm_calls"]) == (
        "5",
        "0.72",
        "300.0",
        "310.0",
    )
    assert (first["llm_tokens"], first["seconds"], first["certainty"]) == ("2400.0", "13.0", "clear")
    assert round(float(first["gain"]), 9) == 0.1 and 0.082 < float(first["gain_low"]) < 0.083
    assert rows[2]["gain"] == "" and rows[3]["llm_tokens"] == ""
    text = (tmp_path / "tables" / "reviews-results.md").read_text()
    assert "| s3 | 5 | 72.0 | 70.0 to 74.0 | +10.0 | +8.2 to +11.8 | clear | 300 | 310 | 2,400 | 13 |" in text
    tex = (tmp_path / "tables" / "reviews-results.tex").read_text()
    assert r"s3 & 5 & 72.0 & 70.0 to 74.0 & +10.0 & +8.2 to +11.8 & clear & 300 & 310 & 2,400 & 13 \\" in tex
    assert len(list(csv.DictReader((tmp_path / "tables" / "reviews-pairs.csv").open()))) == 6


def test_tables_of_details(tmp_path: Path) -> None:
    comparison = compare("reviews", arms_of(find_runs([write_all(tmp_path)]).runs), "zerogen")
    by_round = [row for row in rounds(comparison).rows if row[0] == "s3"]
    assert [row[1:3] for row in by_round] == [(0, 200), (1, 250), (2, 300)]
    assert [row[6:9] for row in by_round] == [(0, 12, 0), (5, 8, 1), (4, 4, 2)]  # fixed, still, broken
    assert [row[-1] for row in by_round] == [1000, 1700, 2400]
    reasons = {row[0]: row[1:] for row in rejected(comparison).rows}
    assert reasons == {"copy_of_gold": (9, 6, 3, 3), "too_short": (3, 2, 1, 1)}  # s3 has three rounds
    assert ("s3", "s3 tells by a comma", "strong") in shortcuts(comparison).rows
    assert certificates(comparison)[0] == "Clean: in none of 20 runs does a synthesized row copy a gold row."
    assert len(mcnemar_by_seed(comparison).rows) == 6 * 5
    assert beside_paper(comparison) is None


def test_a_run_that_copies_gold_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "s3", {**result("s3", 4, 70), "clean": False}, config("s3", 4))
    counts = {"any": 7, "exact": 5, "near": 2, "quote": 0}
    (run / "certificate.json").write_text(json.dumps({"clean": False, "rows_that_copy": counts}))
    write_run(
        tmp_path / "old", {k: v for k, v in result("s3", 3, 70).items() if k != "clean"}, config("s3", 3)
    )
    line, table = certificates(compare("reviews", arms_of(find_runs([tmp_path]).runs), "zerogen"))
    assert line == "NOT clean: 1 of 1 certificate; 1 run without one."
    assert table.rows == (("s3", 4, 7, 5, 2, 0),)


def test_the_papers_numbers_stand_beside(tmp_path: Path) -> None:
    for strategy, right in (("s3", 70), ("zerogen", 62), ("own", 50)):
        write_run(tmp_path / strategy, result(strategy, 0, right, task="rte"))
    table = beside_paper(compare("rte", arms_of(find_runs([tmp_path]).runs), "zerogen"))
    assert (
        table is not None and "Wang" in table.note and "DistilBERT" in table.note and "GPT-3.5" in table.note
    )
    rows = {row[0]: row[1:] for row in table.rows}
    paper_rows, score, over, _, own, _, gain = rows["s3"]
    assert (paper_rows, round(score, 4), round(over, 4), own, round(gain, 4)) == (
        33_600,
        0.7329,
        0.1336,
        0.7,
        0.08,
    )
    assert rows["zerogen"][2] is None and rows["own"][:3] == (None, None, None)
