"""A run whose LLM learns, killed while it learns and after that, ends as an unbroken one, to the last byte."""

from __future__ import annotations

import json
import signal
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3exp.commands.audit import _of_run
from s3exp.record.rounds import read_rounds
from tests.test_kill import Commands, commanded, kept, record
from tests.tiny_llm import tiny_llm

pytestmark = pytest.mark.process
WORDS = [
    # of random weights every token is about as likely: without top_k the whole vocabulary is sorted at every step
    *("task=reviews", "llm=transformers", "llm.max_tokens=40", "llm.truncated=keep", "llm.top_k=200"),
    *(
        "method=speed",
        "tutor=sft_dpo",
        "tutor.cpu_threads=1",
        "tutor.sft_epochs=2",
        "tutor.sft_lr=0.01",
        "tutor.dpo_lr=0.001",
    ),
    *("task.gold.mining_rows=60", "task.gold.select_rows=30", "task.gold.test_rows=30", "tutor.most_rows=30"),
    *("loop.budget.rows=64", "loop.rounds=1", "loop.tries=20"),  # it often writes bytes that are no character
    *("small_model.epochs=2", "small_model.buckets=1024"),
    *("small_model.threads=1", "audit=none", "tracker=none", "progress=false"),
]
# in the first and the second tuning; a file is about to be put into its place; an answer to the tuned LLM; the end
POINTS = [
    ("tune", 0.2),
    ("tune", 0.99),
    ("rename", 0.0),
    ("rename", 0.5),
    ("keep", 0.0),
    ("keep", 0.99),
    ("step", 0.9),
]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    folder = tmp_path_factory.mktemp("taught")
    llm = tiny_llm(folder / "tiny")
    with commanded(folder, None, [*WORDS, f"llm.model={llm}"]) as made:
        yield made


@pytest.mark.parametrize(("kind", "share"), POINTS)
def test_a_run_that_was_killed_ends_as_an_unbroken_one(
    commands: Commands, tmp_path: Path, kind: str, share: float
) -> None:
    events = json.loads((commands.whole / "events.json").read_text())
    folder = tmp_path / "run"
    assert commands.give(folder, kind, max(1, int(events[kind] * share))) == -signal.SIGKILL
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)
    # the store has every answer that counts; how many were asked for ahead depends on the order in which they came
    prompts = [path.read_text().splitlines() for path in (folder / "run").glob("rounds/*/prompts.jsonl")]
    assert kept(folder) >= len({line for lines in prompts for line in lines}) > 64


def test_all_of_it_was_at_work_and_no_row_that_was_learned_is_mined_or_shown(commands: Commands) -> None:
    run = commands.whole / "run"
    first, last = read_rounds(run)
    assert first.adapter is not None and last.adapter is not None and first.adapter["name"] == "sft-0"
    # this LLM writes noise, from which preferences may learn nothing
    assert last.adapter["name"] == ("dpo-1" if last.metrics["tutor/kept"] else "sft-0")
    assert first.metrics["tutor/kept"] == 1 and first.metrics["tutor/nll_fell"] > 0
    assert last.metrics["tutor/pairs"] >= 16
    assert {prompt.kind for prompt, _ in last.batch.asked} == {"extrapolate", "revise"}
    lessons = (run / "adapters/sft-0/lessons.jsonl").read_text().splitlines()
    learned = {json.loads(line)["row"] for line in lessons}
    mined = {guess.id for guess in first.predictions}
    shown = {row.parent for row in last.batch.examples}
    assert len(learned) > 25 and len(mined) == 30 and not learned & (mined | shown)
    audited = _of_run(run, Namespace(task=None, gold=None, config_dir=None, overrides=[]))
    certificate = json.loads((run / "certificate.json").read_text())
    assert audited.audit.certify(audited.rows)["roles"] == certificate["roles"]  # tuning is one of them
    costs = json.loads((run / "result.json").read_text())["cost"]
    assert costs["tuning_tokens"] > 0 and costs["tuning_flops"] > 0
    assert first.metrics["seconds/tune"] <= costs["seconds"]


def test_a_byte_of_a_recorded_adapter_that_was_changed_ends_the_run_with_one_line(
    commands: Commands, tmp_path: Path
) -> None:
    events = json.loads((commands.whole / "events.json").read_text())
    folder = tmp_path / "run"
    assert commands.give(folder, "keep", events["keep"]) == -signal.SIGKILL
    path = folder / "run/adapters/sft-0/adapter_model.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    (folder / "out.txt").unlink()
    assert commands.give(folder) == 2
    said = (folder / "out.txt").read_text().strip().splitlines()[-1]
    assert "sft-0" in said and "was changed" in said
