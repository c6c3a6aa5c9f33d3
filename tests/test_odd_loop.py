"""Odd answers through the real loop: the rows are those of a plain LLM, and a run without rows names the cause."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.llm.toy import ToyLLM
from s3exp.record.rounds import read_rounds
from s3exp.types import Completion, Prompt
from tests import warm
from tests.toy_world import ToyServer, write_task

pytestmark = pytest.mark.process

FORMS = (
    "{}",
    "<think>\nThe label is one of two.\n</think>\n\n{}",
    "I should write it. </think> {}",
    '```json\n{{"text": "{}", "label": "{label}"}}\n```',
    "1. {}\n2. another row of some words",
    "<answer>{}</answer>",
    "\ufeff{}\u200b<|im_end|>",
    "{}\nUser: Another one.\nAssistant: another row of some words",
    "<|channel|>analysis<|message|>a row<|end|><|start|>assistant<|channel|>final<|message|>{}<|return|>",
    "label={label}\n{}",
)


class OddLLM(ToyLLM):
    """The toy LLM's rows, each in another odd form."""

    def _answer(self, prompt: Prompt) -> Completion:
        plain = super()._answer(prompt)
        label = prompt.text.removeprefix("label=")[0]
        return replace(plain, text=FORMS[prompt.seed % len(FORMS)].format(plain.text, label=label))


class Thinker(ToyLLM):
    """Reasons to the limit of its tokens."""

    def _answer(self, prompt: Prompt) -> Completion:
        return Completion("<think>\nThe user wants a row of a label. I could", 9, prompt.max_tokens, "length")


def s3exp(folder: Path, words: list[str], llm: ToyLLM) -> subprocess.CompletedProcess[str]:
    with ToyServer(llm) as server:
        words = ["-m", "s3exp", *words, f"llm.url={server.url}", "run_dir=run"]
        return warm.run(words, cwd=folder, plots=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    done = s3exp(folder, write_task(folder), OddLLM())
    assert done.returncode == 0, done.stderr
    return folder / "run"


def test_the_rows_are_those_of_a_plain_llm(run: Path, tmp_path: Path) -> None:
    plain = s3exp(tmp_path, write_task(tmp_path), ToyLLM())
    assert plain.returncode == 0, plain.stderr
    (seed, *_), (own, *_) = (
        read_rounds(tmp_path / "run"),
        read_rounds(run),
    )  # the errors of round 1 are others
    assert [row.fields for row in own.batch.examples] == [row.fields for row in seed.batch.examples]
    assert not own.batch.rejected


def test_what_was_taken_off_is_counted_and_on_record(run: Path) -> None:
    (seed, *_) = read_rounds(run)
    repairs = {rule for change in seed.batch.changes for rule in change.why.split(", ")}
    assert {"reasoning", "json", "several", "characters", "tokens", "turns", "echo"} <= repairs
    assert seed.metrics["repaired/reasoning"] >= 3
    assert "repaired: " in (run / "log.txt").read_text()


def test_a_run_without_a_row_names_the_cause_and_the_option(tmp_path: Path) -> None:
    done = s3exp(tmp_path, write_task(tmp_path), Thinker())
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert "there is no row to train on" in last and "only_reasoning" in last and "llm.max_tokens" in last
    assert "The user wants a row" in last and "Traceback" not in done.stderr
    assert not (tmp_path / "run" / "rounds").exists()
