"""What cannot be judged is said to be unjudged, with the reason; a number that stands for nothing is left out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from s3exp.audit.observer import Audit, Report
from s3exp.audit.unjudged import by_language
from s3exp.curation.copies import Copies
from s3exp.curation.noise import knows_gold
from s3exp.curation.vectors import Cached, Lsa
from s3exp.settings.audit import AuditConfig
from s3exp.settings.task import PromptSet, TaskConfig
from s3exp.types import Embedder, Example

PROMPTS = {"p": PromptSet(seed="Write.", extrapolate="Again.")}
TASK = TaskConfig(
    name="t", fields=["text"], generate="text", labels=["no", "yes"], prompts="p", prompt_sets=PROMPTS
)
WORDS = "the film story actor music scene plot ending joke camera city night dog house".split()
CUES = ("dull", "lovely")
SWEDISH = (
    "Filmen var alldeles för lång.",
    "En härlig kväll för hela familjen!",
    "Jag har sällan skrattat så mycket.",
)


def rows(count: int, role: str, cues: Sequence[str] = CUES, words: Sequence[str] = WORDS) -> list[Example]:
    chance = random.Random(role)
    texts = [
        " ".join([*chance.choices(words, k=8), cues[i % 2], *chance.choices(words, k=4)])
        for i in range(count)
    ]
    made = 0 if role == "made" else None
    return [Example(f"{role}-{i}", {"text": text}, i % 2, round=made) for i, text in enumerate(texts)]


class Letters:
    """An encoder that knows Latin letters."""

    name = "letters"
    gold_alone = False

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[text.count(one) for one in "abcdefgh"] for text in texts], np.float32)

    def known(self, texts: Sequence[str]) -> float:
        return sum(text.isascii() for text in texts) / len(texts)


def look(made: Sequence[Example], gold: Sequence[Example], embedder: Embedder | None = None) -> Report:
    vectors = Cached(embedder or Lsa([row.fields["text"] for row in gold]), None)
    return Audit(AuditConfig(), TASK, gold, Copies({}), vectors, 0).look(made, made)


def reasons(report: Report) -> dict[str, str]:
    return {one["what"]: one["why"] for one in report.tables.get("unjudged", ())}


def test_refusals_in_a_language_that_the_rules_do_not_know_are_unjudged() -> None:
    made = [Example(f"r{i}", {"text": SWEDISH[i % 3]}, 0, round=0) for i in range(30)]
    report = look(made, rows(40, "gold"))
    assert "the rows are in the language sv" in reasons(report)["refusals and preambles"]
    assert not {"audit/refusal", "audit/preamble"} & set(report.numbers)
    assert report.numbers["audit/label_in_text"] == 0  # known by the labels' names in any language


def test_texts_without_labels_have_none_in_them() -> None:
    """Passages, answers and numbers to predict: a column of zeros would say that it was looked for."""
    made = [replace(row, target=None) for row in rows(30, "made")]
    vectors = Cached(Lsa([row.fields["text"] for row in made]), None)
    audit = Audit(AuditConfig(shortcuts=False), replace(TASK, labels=[]), made, Copies({}), vectors, 0)
    numbers = audit._findings(made).numbers
    assert "audit/refusal" in numbers and "audit/label_in_text" not in numbers


@pytest.mark.parametrize("text", ["The film was far too long for me.", "Der Film war viel zu lang für mich."])
def test_languages_that_the_rules_know_are_judged(text: str) -> None:
    assert by_language([text] * 30) == []


def test_a_language_that_is_not_clear_is_said_to_be_so() -> None:
    (one,) = by_language(["zq xv wkpl"] * 3)
    assert one.why.startswith("the rows' language is not clear") and not one.numbers
    assert by_language(["123", "😀"]) == []


def test_vectors_of_gold_alone_do_not_say_that_rows_are_among_gold() -> None:
    report = look(rows(60, "made"), rows(60, "gold"))
    assert "any text lies among gold" in reasons(report)["precision, density and coverage"]
    for family in ("gap", "gap_of_gold"):
        assert f"{family}/recall" in report.numbers
        assert not {f"{family}/{name}" for name in ("precision", "density", "coverage")} & set(report.numbers)
    assert "gap/precision" in look(rows(60, "made"), rows(60, "gold"), Letters()).numbers


@pytest.mark.parametrize("embedder", [None, Letters()], ids=["vectors of gold", "an encoder"])
def test_vectors_that_know_no_word_of_the_rows_give_no_number(embedder: Embedder | None) -> None:
    foreign = rows(
        60, "made", ("плохо", "хорошо"), "фильм сюжет актёр музыка сцена финал шутка город".split()
    )
    report = look(foreign, rows(60, "gold"), embedder)
    assert "the vectors know 0.0% of the words of the rows" in reasons(report)["distance to gold on vectors"]
    assert not [name for name in report.numbers if name.startswith("gap") or name == "diversity/vendi"]
    assert "diversity/distinct_1" in report.numbers


def test_too_few_rows_and_labels_are_named() -> None:
    why = reasons(look(rows(6, "made"), rows(60, "gold")))
    assert why["distance to gold"] == "6 rows and 60 gold rows; each side needs 10"
    assert "fewer than two labels have 12 rows" in why["shortcuts"]
    assert why["wrong labels"] == "fewer than two labels have 5 rows or more"
    assert "no labelled gold" in reasons(look(rows(30, "made"), []))["distance to gold, diversity"]


def test_a_judge_of_labels_that_is_no_use_on_gold_declines() -> None:
    """In the made rows other words than in gold give the labels away."""
    gold = rows(120, "gold")
    other = rows(120, "made", ("zebra", "yacht"))
    why = reasons(look(other, gold, Letters()))["wrong labels"]
    assert why.startswith("a judge that learned from these rows is right on") and "gold rows" in why
    swapped = [replace(row, target=1 - row.label) for row in rows(120, "made")]
    assert "wrong labels" in reasons(look(swapped, gold))
    fair = look(rows(120, "made"), gold)
    assert "noise/share" in fair.numbers and "wrong labels" not in reasons(fair)


def test_a_judge_of_guesses_declines_by_its_own_labels() -> None:
    chance = random.Random(3)
    random_labels = [replace(row, target=chance.randint(0, 1)) for row in rows(200, "made")]
    report = look(random_labels, rows(120, "gold"))
    assert "of the labels that it did not learn" in reasons(report)["wrong labels"]
    assert report.tables["noise"] == []


def test_labels_that_gold_lacks_are_left_out_of_the_comparison() -> None:
    vectors = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    labels = [0] * 20 + [1] * 20 + [2] * 20
    assert knows_gold((vectors, labels), (vectors[:40], labels[:40])) == (True, 1.0)
    assert knows_gold((vectors, labels), (vectors[:20], labels[:20])) == (False, 0.0)
