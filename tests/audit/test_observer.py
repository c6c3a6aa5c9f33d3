"""The audit of a round, in the toy world: what is counted, what is listed, what training is told to heed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from s3exp.audit.observer import Audit
from s3exp.curation.curate import build_curation
from s3exp.curation.lesson import Lessons
from s3exp.curation.screen import Screen
from s3exp.llm.toy import toy_gold
from s3exp.settings.curation import CurationConfig
from s3exp.settings.run import Config
from s3exp.settings.task import TaskConfig
from s3exp.tasks.classification import Classification
from s3exp.tasks.gold import load_gold
from s3exp.tasks.roles import TestIsSealed
from s3exp.types import Completion, Example, Prompt
from tests.conftest import audit_of


@pytest.fixture
def audit(toy_config: Config) -> Audit:
    gold = load_gold(toy_config.task, with_train=False)
    toy_config.audit.gap = True
    return audit_of(toy_config, Classification(toy_config.task, toy_config.llm, gold, str))


def made(rows: int, seed: int = 9) -> list[Example]:
    """Synthesized rows like the toy world's gold ones, none of them a copy."""
    return [
        replace(row, id=f"r0-{i}", round=0, fields={"text": f"{row.fields['text']} number {seed}{i}"})
        for i, row in enumerate(toy_gold("made", rows, 0.5, seed))
    ]


def test_it_never_looks_at_test_rows(toy_config: Config, audit: Audit) -> None:
    """The gold that it was given has a seal on test; looking, certifying and screening leave it whole."""
    sealed = load_gold(toy_config.task, with_train=False).test
    audit.look(made(60), made(60))
    with pytest.raises(TestIsSealed):
        list(sealed)
    test_texts = {row.fields["text"] for row in sealed.open([0], 1)}
    assert not test_texts & {row.fields["text"] for row in audit.gold}
    copy = replace(made(1)[0], fields={"text": sorted(test_texts)[0]})
    assert audit.certify([copy])["roles"]["test"]["exact"] == 1
    screen = build_curation(toy_config, audit.copies).screen
    assert screen.problem(copy.fields) == "copy_of_gold"


def test_debris_is_of_the_new_rows_and_the_rest_of_all(audit: Audit) -> None:
    refusal = replace(made(1)[0], id="bad", fields={"text": "I'm sorry, but I cannot write this text."})
    report = audit.look([*made(80), refusal], [refusal])
    assert report.numbers["audit/refusal"] == 1
    assert [(one["row"], one["finding"]) for one in report.tables["findings"]] == [("bad", "refusal")]
    earlier = audit.look([refusal, *made(80)], made(80))
    assert earlier.numbers["audit/refusal"] == 0
    repeated = audit.look([*made(80), *made(10)], made(10))
    assert repeated.numbers["audit/repeats_exact"] == 10
    for name in (
        "gap/mauve",
        "gap/c2st",
        "gap_of_gold/c2st",
        "diversity/vendi",
        "diversity_of_gold/distinct_2",
    ):
        assert np.isfinite(report.numbers[name])


def test_the_same_rows_give_the_same_report(audit: Audit) -> None:
    assert audit.look(made(80), made(80)) == audit.look(made(80), made(80))


def test_what_is_switched_off_is_not_there(audit: Audit) -> None:
    off = replace(audit, config=replace(audit.config, shortcuts=False, gap=False, noise=False))
    report = off.look(made(80), made(80))
    assert {name.partition("/")[0] for name in report.numbers} == {"audit"}
    assert set(report.tables) == {"findings"}


def test_no_rows_are_no_fault(audit: Audit) -> None:
    report = audit.look([], [])
    assert report.numbers["audit/refusal"] == 0
    assert audit.certify([])["clean"] is None


@pytest.mark.parametrize("how", ["drop", "weight"])
def test_wrong_labels_are_heeded_where_that_is_asked_for(audit: Audit, how: str) -> None:
    rows = [row for row in made(400) if row.fields["text"]]
    flipped = {row.id for row in rows[::10]}
    noisy = [replace(row, target=1 - row.label) if row.id in flipped else row for row in rows]
    lessons = Lessons(CurationConfig(noise=how), audit.task, audit.vectors, 0)
    lesson, changes, judged, _ = lessons.of(noisy)
    report = audit.look(noisy, noisy, judged)
    weights = lesson.weights
    assert lesson.rows == noisy and weights is not None and len(weights) == len(noisy)
    assert {change.row: change.after for change in changes} == {
        row.id: weight for row, weight in zip(noisy, weights, strict=True) if weight != 1
    }
    wrong = np.mean([weight for row, weight in zip(noisy, weights, strict=True) if row.id in flipped])
    right = np.mean([weight for row, weight in zip(noisy, weights, strict=True) if row.id not in flipped])
    assert wrong < 0.7 * right
    assert 0.03 < report.numbers["noise/share"] < 0.3
    assert {one["row"] for one in report.tables["noise"]} & flipped


TASK = TaskConfig(name="t", fields=["text"], generate="text", labels=["a", "b"])


def test_a_screen_repairs_and_refuses_as_it_is_told() -> None:
    written = 'Sure! Here is a positive film review:\n\n"A quiet film that stays with you for days."'
    on, off = Screen(CurationConfig(), TASK, None), Screen(CurationConfig(False, False, False), TASK, None)
    prompt, answer = Prompt("?", "seed", 1, 20, 0), Completion(written, 1, 1, "stop")
    assert on.repair(prompt, answer).text == "A quiet film that stays with you for days."
    assert set(on.repair(prompt, answer).rules) == {"preamble", "quotes"}
    assert off.repair(prompt, answer).text == written and off.repair(prompt, answer).rules == ()
    refusal = {"text": "I'm sorry, but as an AI language model I cannot write reviews."}
    assert on.problem(refusal) == "refusal" and off.problem(refusal) is None
    assert on.problem({"text": "I cannot recommend this film."}) is None
