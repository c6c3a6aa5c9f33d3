"""The benchmarks' machinery: sections are rewritten by their own command, cases take turns, a small one runs."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from s3exp.types import Completion, Prompt
from tests import warm
from tests.extraction import tiny_bert

ROOT = Path(__file__).parents[1]


def as_script(path: Path) -> list[str]:
    """Words for a warm process that runs a script, whose folder it imports from."""
    place = str(path.parent)
    code = f"import runpy, sys; sys.path[0] = {place!r}; runpy.run_path({str(path)!r}, run_name='__main__')"
    return ["-c", code]


def started_afresh(folder: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A benchmark as its command starts it, in a Python of its own."""
    return subprocess.run(
        [sys.executable, ROOT / "benchmarks" / name, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the modules of benchmarks/ importable, as they are for a script there."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


@pytest.mark.usefixtures("benchmarks")
def test_a_section_is_rewritten_and_the_others_stay(tmp_path: Path) -> None:
    from common import Table, write_section

    path = tmp_path / "RESULTS.md"
    write_section("one", "first", path)
    write_section("two", "second", path)
    table = Table("speed", ["", "rows/s"], [["ours", "9"]], ["a note"])
    write_section("one", table.markdown(), path)
    write_section("two", "second", path)
    text = path.read_text()
    assert "first" not in text and text.count("second") == 1 and text.count("<!-- ") == 4
    assert "| ours | 9 |" in text and "a note" in text
    assert text.index("ours") < text.index("second") and text.startswith("# ")


@pytest.mark.usefixtures("benchmarks")
def test_a_store_is_made_and_read_as_large_as_it_is_asked_for(tmp_path: Path) -> None:
    from large import ASKED, read_store

    found = read_store(ASKED + 500, tmp_path)
    assert set(found) > {"GB", "open, ms", "hit, from memory, µs", "miss, from the disk, µs", "write, µs"}
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    ((count,),) = connection.execute("SELECT count(*) FROM completions")
    connection.close()
    assert count == 2 * ASKED + 500  # what was asked in vain is written last


@pytest.mark.usefixtures("benchmarks")
def test_cases_take_turns_and_ratios_are_of_one_turn() -> None:
    from common import in_turn, ratio

    said: list[str] = []

    def case(name: str, speed: int) -> float:
        said.append(name)
        return speed / len(said)

    found = in_turn({"a": lambda: case("a", 60), "b": lambda: case("b", 30)}, 3)
    assert said == ["a", "b"] * 3
    assert found["a"] == [60, 20, 12]
    assert ratio([4, 100, 6], [2, 1, 2]) == 3


@pytest.mark.usefixtures("benchmarks")
@pytest.mark.parametrize("name", ["imdb", "rte", "adqa"])
def test_drawn_rows_have_the_lengths_they_should(name: str) -> None:
    from shapes import DECILES, shape

    found = shape(name, None, 200, 20)
    assert len(found.train) == 200 and len(found.mining) == 20
    for field, deciles in DECILES[name].items():
        sizes = sorted(len(row.fields[field].split()) for row in found.train)
        assert sizes[100] == pytest.approx(deciles[5], rel=0.25)
        assert deciles[0] <= sizes[0] and sizes[-1] <= deciles[-1]
    assert (
        all(row.answers for row in found.train)
        if name == "adqa"
        else {r.label for r in found.train} == {0, 1}
    )


@pytest.mark.process
def test_the_training_benchmark_runs_through(tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    environment = {key: value for key, value in os.environ.items() if key != "S3EXP_SHARED"}
    environment |= {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
    words = [
        *("--device", "cpu", "--shapes", "rte,adqa", "--encoder", str(tiny_bert(tmp_path / "bert"))),
        *("--rows", "8", "--mining", "8", "--batch", "4", "--padded-rows", "4", "--repeats", "2"),
        *("--peak-tflops", "1"),
    ]
    script = as_script(ROOT / "benchmarks" / "training.py")
    ended = warm.run([*script, *words], env=environment, cwd=tmp_path, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("rte: ") == ended.stdout.count("adqa: ") == 2
    assert len(re.findall(r"^ +s3exp +[\d.,]+ \(", ended.stdout, re.MULTILINE)) == 4
    assert len(re.findall(r"TFLOP/s, [\d.]+% of a", ended.stdout)) == 2


@pytest.mark.usefixtures("benchmarks")
@pytest.mark.parametrize("exact", [True, False])
def test_rows_that_depend_on_their_neighbours_are_seen(exact: bool) -> None:
    from settings import among_others

    class Engine:
        """Writes the prompt; unless `exact`, with the number of prompts beside it."""

        _llm = SimpleNamespace(reset_prefix_cache=lambda: None)

        def generate(self, prompts: list[Prompt]) -> Iterator[tuple[int, Completion]]:
            for place, prompt in reversed(list(enumerate(prompts))):
                yield place, Completion(prompt.text + ("" if exact else str(len(prompts))), 1, 1, "stop")

    prompts = [Prompt(f"say {row} ", "seed", row, 9, 0) for row in range(7)]
    alone = {place: f"say {place} " for place in range(7)}
    assert (among_others(Engine(), prompts) == alone) == exact  # type: ignore[arg-type]


@pytest.mark.process
@pytest.mark.engine
def test_the_engines_benchmark_runs_through(
    benchmarks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its cases are processes with vLLM imported already."""
    import engine

    started: list[str] = []

    def run(command: Sequence[str], env: Mapping[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        python, script, facts = command
        assert python == sys.executable and env["OMP_NUM_THREADS"] == "1"
        started.append(script)
        return warm.run([*as_script(Path(script)), facts], env=env, cwd=tmp_path, vllm=True)

    small = ["--rows", "8", "--repeats", "1", "--threads", "1", "--at-once", "4"]
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(engine, "subprocess", SimpleNamespace(run=run))
    monkeypatch.setattr(sys, "argv", ["engine.py", "--model", "embedded/reviews-lm", *small])
    engine.main()
    lines = re.findall(
        r"(float32|bfloat16), 1 thread, 4 rows at once +([\d,]+) \(.*?\) .*?\) +(\d+) ",
        capsys.readouterr().out,
    )
    assert [line[0] for line in lines] == ["float32", "bfloat16"] and lines[0][2] == "0"
    assert started == [str(ROOT / "benchmarks" / "settings.py")] * 2
    missing = started_afresh(tmp_path, "engine.py")
    assert missing.returncode == 1 and "run `make models`" in missing.stderr


@pytest.mark.usefixtures("benchmarks")
def test_the_rules_know_most_labelled_refusals_and_no_tricky_row(monkeypatch: pytest.MonkeyPatch) -> None:
    from detectors import refusals

    monkeypatch.delenv("S3EXP_SHARED", raising=False)
    called = {row[0]: (int(row[1]), int(row[2])) for row in refusals([]).rows}
    assert called["held out"][1] >= 45 and called["held out"][0] == 60
    assert [called[kind][1] for kind in ("tricky", "tweets", "recipes", "gold of reviews")] == [0, 0, 0, 0]


@pytest.mark.usefixtures("benchmarks")
def test_a_planted_shortcut_of_shipped_reviews_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from detectors import planted, strong

    monkeypatch.delenv("S3EXP_SHARED", raising=False)
    files = dict(planted("reviews"))
    assert strong(files["prefix", 0.8, 600])[0]


@pytest.mark.usefixtures("benchmarks")
def test_planted_quotes_and_flips_are_measured_on_shipped_reviews(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes that are learnt are relied on, and are not where the quoted rows are left out; flips cost accuracy."""
    from detectors import rows
    from planted import World, flips, quotes

    from s3exp.settings.small_model import BagConfig

    monkeypatch.delenv("S3EXP_SHARED", raising=False)
    train, test = rows("sst2", "train"), rows("sst2", "test")
    small = BagConfig(epochs=3, lr=0.02, dim=8, buckets=4096, threads=1)
    world = World(small, train, rows("sst2", "validation"), test, 300)
    found = {name: cells for name, *cells in quotes(world, 2, few=True).rows}
    assert list(found) == ["plain", "unlearn", "drop"] and found["plain"][1] == ""
    assert float(found["plain"][2]) > 10 > abs(float(found["drop"][2]))
    assert 0 <= float(found["unlearn"][4]) <= 100 and found["drop"][3] == ""
    wrong = {name: float(accuracy) for name, accuracy, _ in flips(world, 2).rows}
    assert list(wrong) == ["20% wrong, ce", "20% wrong, gce", "0% wrong, ce", "0% wrong, gce"]
    assert wrong["20% wrong, ce"] < wrong["0% wrong, ce"]


@pytest.mark.usefixtures("benchmarks")
def test_no_shipped_review_is_called_a_quotation_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    from copies import human

    monkeypatch.delenv("S3EXP_SHARED", raising=False)
    ((task, rows, whole, half, *shares),) = human().rows
    assert (task, rows, whole, half) == ("reviews", "500", "0.0%", "0.2%") and set(shares) == {"0.0%"}


@pytest.mark.engine
def test_the_benchmark_of_synthesis_runs_through_on_an_llm_of_random_weights(
    benchmarks: None, tmp_path: Path
) -> None:
    from shapes import llm

    made = llm("tiny", tmp_path / "llm")
    words = [
        *(
            "--model",
            str(made),
            "--rows",
            "6",
            "--repeats",
            "1",
            "--beside",
            "bare",
            "--tables",
            "rates,stages",
        ),
        *("task=reviews", "llm.max_tokens=8", "llm.truncated=keep", "loop.tries=1"),
    ]
    ended = started_afresh(tmp_path, "synthesis.py", *words)
    assert ended.returncode == 0, ended.stderr
    rates = re.findall(
        r"^ +(vLLM, bare engine|s3exp, offline engine) +([\d,]+) +[\d.]+", ended.stdout, re.MULTILINE
    )
    assert [name for name, _ in rates[:2]] == ["vLLM, bare engine", "s3exp, offline engine"]
    assert "decode (the engine's steps)" in ended.stdout and "best of the others" not in ended.stdout


@pytest.mark.process
def test_the_gpu_script_says_in_one_line_that_there_is_no_gpu(tmp_path: Path) -> None:
    ended = subprocess.run(
        ["sh", ROOT / "benchmarks" / "gpu.sh"],
        env={**os.environ, "PYTHON": sys.executable, "CUDA_VISIBLE_DEVICES": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 2 and ended.stderr.startswith("gpu.sh: needs an NVIDIA GPU")
    assert ended.stderr.count("\n") == 1
