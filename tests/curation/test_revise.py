"""The revisor: a rewritten row is parsed and screened again, keeps its label, and its first text is on record."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.llm.toy import NEUTRAL, ToyLLM
from s3exp.record.rounds import read_rounds
from s3exp.settings.run import Config
from s3exp.types import Completion, Prompt
from tests.curation.asked import one_round, task_of, with_curation, wrong
from tests.test_loop import go


class Rewriting(ToyLLM):
    """Rewrites every row into one given text, or what `rewrite` makes of it."""

    def __init__(self, rewrite: str, ending: str = "stop", wrong: float = 0.0) -> None:
        super().__init__(wrong=wrong)
        self.rewrite, self.ending = rewrite, ending

    def _answer(self, prompt: Prompt) -> Completion:
        answer = super()._answer(prompt)
        if prompt.kind != "revise":
            return answer
        text = self.rewrite.replace("<row>", prompt.text.partition(" revise: ")[2])
        return replace(answer, text=text, finish_reason=self.ending)


def test_a_row_is_rewritten_and_knows_its_first_text(toy_config: Config, tmp_path: Path) -> None:
    config = with_curation(toy_config, revise=True)
    plain, _ = one_round(toy_config, ToyLLM(), rows=40)
    batch, _ = one_round(config, ToyLLM(), rows=40)
    assert batch.numbers["revised"] == len(batch.examples) == 40
    for before, row, change in zip(plain.examples, batch.examples, batch.changes, strict=True):
        first, text = before.fields["text"], row.fields["text"]
        assert text.startswith(f"{first} ") and text.split()[-1] in NEUTRAL
        assert (change.row, change.step, change.field) == (row.id, "revise", "text")
        assert (change.before, change.after) == (first, text)
        assert (row.target, row.prompt, row.seed) == (before.target, before.prompt, before.seed)
        assert row.tokens is not None and row.tokens > (before.tokens or 0)
    go(config, tmp_path / "run", llm=ToyLLM())
    for record in read_rounds(tmp_path / "run"):
        assert {change.step for change in record.batch.changes} == {"revise"}
        assert record.metrics["curation/revised"] == record.batch.numbers["revised"]


@pytest.mark.parametrize(
    ("rewrite", "ending", "reason"),
    [
        ("", "stop", "empty"),
        ("two words", "stop", "too_short"),
        ("I'm sorry, but I can't help with that request.", "stop", "refusal"),
        ("an end that never comes because", "length", "truncated"),
        ("", "declined", "refusal"),
        ("a text of gold", "stop", "copy_of_gold"),
    ],
)
def test_a_revision_that_is_no_row_leaves_the_first_text(
    toy_config: Config, rewrite: str, ending: str, reason: str
) -> None:
    config = with_curation(toy_config, revise=True)
    if reason == "copy_of_gold":
        rewrite = task_of(config).gold.mining[0].fields["text"].upper()
    plain, _ = one_round(toy_config, ToyLLM(), rows=20)
    batch, _ = one_round(config, Rewriting(rewrite, ending), rows=20)
    assert [row.fields for row in batch.examples] == [row.fields for row in plain.examples]
    assert batch.numbers == {f"unrevised/{reason}": 20} and not batch.changes
    assert not batch.rejected


def test_words_around_a_revision_come_off_and_an_equal_one_is_no_change(toy_config: Config) -> None:
    config = with_curation(toy_config, revise=True)
    batch, _ = one_round(config, Rewriting('Sure, here is the text:\n\n"<row> indeed"'), rows=20)
    assert all(row.fields["text"].endswith("indeed") for row in batch.examples)
    same, _ = one_round(config, Rewriting("<row>"), rows=20)
    assert same.numbers == {"unchanged": 20} and not same.changes


def test_a_revision_that_repeats_another_row_is_its_duplicate(toy_config: Config) -> None:
    """The quota stays open for it, and no text stands in the round twice."""
    config = with_curation(toy_config, revise=True)
    batch, _ = one_round(config, Rewriting("the very same words of praise"), rows=20, tries=2)
    assert len(batch.examples) == 1 and len(batch.changes) == 1
    reasons = Counter(one.reason for one in batch.rejected)
    assert reasons == {"duplicate": 39}


def test_a_rewritten_row_is_checked_afterwards(toy_config: Config) -> None:
    """Its text is on record before and after, and the label that was corrected is that of the last text."""
    config = with_curation(toy_config, revise=True, label="correct", guard_rows=0)
    batch, _ = one_round(config, ToyLLM(wrong=0.2), rows=60)
    assert list(dict.fromkeys(change.step for change in batch.changes)) == ["revise", "label"]
    assert len(batch.examples) == 60 and not wrong(batch.examples)
    checked = {prompt.text.rpartition("label=? ")[2] for prompt, _ in batch.asked if prompt.kind == "check"}
    assert {row.fields["text"] for row in batch.examples} <= checked
    assert any(row.asked_label is not None for row in batch.examples)
