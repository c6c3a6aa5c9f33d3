"""Planted shortcuts are named first with their accuracy; where nothing is planted nothing is found."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.stats import chi2_contingency

from s3exp.audit.shortcuts import shortcuts as module
from s3exp.audit.shortcuts.marks import read
from s3exp.audit.shortcuts.shortcuts import balance, shortcuts
from s3exp.audit.shortcuts.statistic import Rows, beyond_chance, learned, z, z_beside
from s3exp.types import Example

WORDS = """river stone window garden letter summer winter bridge castle market doctor teacher farmer sailor painter
morning evening kitchen forest island village station museum library engine bottle basket mirror candle blanket
walks keeps finds sells paints builds opens crosses visits remembers follows carries repairs watches leaves""".split()
Change = Callable[[str, random.Random], str]


def rows(count: int, seed: int, labels: int = 2, role: str = "made", given: bool = False) -> list[Example]:
    """Texts (or pairs, with `given`) that have nothing to do with their labels, which take turns."""
    chance = random.Random(seed)

    def text(low: int, high: int) -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(low, high))).capitalize() + "."

    def fields() -> dict[str, str]:
        claim = {"claim": text(5, 12)}
        return {"given": text(12, 20)} | claim if given else claim

    return [Example(f"{role}-{i}", fields(), i % labels) for i in range(count)]


def change(row: Example, how: Change, chance: random.Random) -> Example:
    return replace(row, fields={**row.fields, "claim": how(row.fields["claim"], chance)})


def planted(
    made: list[Example], how: Change, share: float = 0.8, label: int = 0, seed: int = 5
) -> list[Example]:
    """`share` of the rows of `label` are changed, and 1 - `share` of the others: the rule is right for `share`."""
    chance = random.Random(seed)
    odds = {True: share, False: 1 - share}
    return [change(row, how, chance) if chance.random() < odds[row.label == label] else row for row in made]


def inserted(word: str) -> Change:
    def insert(text: str, chance: random.Random) -> str:
        words = text.split(" ")
        words.insert(chance.randrange(1, len(words)), word)
        return " ".join(words)

    return insert


PLANTS: dict[str, tuple[Change, str]] = {
    "quote": (lambda text, _: f'"{text}', "begins with '\"'"),
    "wrapper": (lambda text, _: f'"{text}"', "is wrapped in double quotes"),
    "bold": (lambda text, _: f"**{text}**", "is wrapped in '**'"),
    "prefix": (lambda text, _: f"Answer: {text}", "begins with 'Answer:'"),
    "no period": (lambda text, _: text[:-1], "ends with a letter or digit"),
    "lower case": (lambda text, _: text[0].lower() + text[1:], "is in lower case throughout"),
    "all capitals": (lambda text, _: text.upper(), "is in capitals throughout"),
    "word": (inserted("somewhat"), "contains the word 'somewhat'"),
    "loud word": (inserted("NEVER"), "contains 'NEVER' in capitals"),
    "longer": (lambda text, chance: " ".join([*chance.choices(WORDS, k=12), text]).capitalize(), "words"),
    "first word": (lambda text, _: f"Indeed, {text.lower()}", "begins with the word 'indeed'"),
    "first words": (lambda text, _: f"In fact {text.lower()}", "begins with 'in fact'"),
    "last words": (lambda text, _: f"{text[:-1]} for sure.", "ends with 'for sure'"),
    "exclamation": (lambda text, _: f"{text[:-1]}!!", "contains '!!'"),
    "curly quote": (inserted("“so”"), "(left double quotation mark)"),
    "space after": (lambda text, _: f"{text} ", "has white space after the text"),
    "two spaces": (lambda text, _: text.replace(" ", "  ", 1), "has two spaces in a row"),
    "odd space": (lambda text, _: text.replace(" ", "\u00a0", 1), "(no-break space)"),
    "line break": (lambda text, _: text.replace(" ", "\n", 1), "contains a line break"),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_shortcut_is_named_first_with_its_accuracy(name: str) -> None:
    how, said = PLANTS[name]
    made = rows(800, seed=1)
    changed = planted(made, how)
    share = np.mean([(a is not b) == (a.label == 0) for a, b in zip(made, changed, strict=True)])
    found = shortcuts(changed, rows(300, seed=2, role="gold"), "claim", 2, seed=0)
    first = found.shortcuts[0]
    assert said in first.name
    assert first.accuracy == pytest.approx(share, abs=0.02)
    assert first.gold_accuracy == pytest.approx(0.5, abs=0.04)
    assert first.majority == first.gold_majority == 0.5
    assert first.label == 0
    assert first.strong
    assert len(found.strong) == 1  # its echoes are beside it, not below it
    assert first.example in {row.fields["claim"] for row in changed if row.label == 0}


def test_an_honest_file_has_no_strong_shortcut() -> None:
    listed = 0
    for seed in range(20):
        found = shortcuts(rows(200, seed), rows(100, 100 + seed, role="gold"), "claim", 2, seed)
        assert found.tried > 50
        listed += bool(found.shortcuts)
    assert listed <= 3  # one in twenty by chance


def test_few_gold_rows_are_enough_for_a_strong_shortcut() -> None:
    how, said = PLANTS["first word"]
    found = shortcuts(planted(rows(200, 1), how), rows(20, 2, role="gold"), "claim", 2, 0)
    assert said in found.shortcuts[0].name
    assert found.shortcuts[0].strong


def test_a_word_that_means_the_label_in_gold_too_is_no_shortcut() -> None:
    how, _ = PLANTS["word"]
    made = planted(rows(1000, 1), how)
    as_often = shortcuts(made, planted(rows(600, 2), how, seed=6), "claim", 2, 0)
    assert as_often.strong == ()
    chance = random.Random(8)
    rarer = [change(r, how, chance) if r.label == 0 and chance.random() < 0.2 else r for r in rows(600, 2)]
    assert shortcuts(made, rarer, "claim", 2, 0).strong == ()  # less lift, the same lean
    turned = shortcuts(made, planted(rows(600, 2), how, label=1), "claim", 2, 0)
    assert turned.strong[0].excess == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("label", [0, 1])
def test_the_shortcut_of_a_rare_label_is_found(label: int) -> None:
    how, said = PLANTS["quote"]
    made = [row for row in rows(2000, 1) if row.label == 0 or int(row.id.split("-")[1]) % 10 == 1]
    found = shortcuts(planted(made, how, label=label), rows(200, 2, role="gold"), "claim", 2, 0)
    first = found.shortcuts[0]
    assert first.majority == pytest.approx(5 / 6)
    assert said in first.name
    assert first.strong
    assert first.accuracy == pytest.approx(0.8, abs=0.03)  # below the majority, and yet a shortcut
    assert first.recall == pytest.approx(0.8, abs=0.04)
    assert first.lift == pytest.approx(first.recall - 0.5)
    assert "mean recall 0." in first.line("claim", ["yes", "no"])


def test_every_label_with_a_first_word_of_its_own_is_a_shortcut_each() -> None:
    chance = random.Random(3)
    opening = ["Surely", "Perhaps", "Never"]

    def open_with_own(row: Example) -> Example:
        word = opening[row.label if chance.random() < 0.7 else chance.randrange(3)]
        return change(row, lambda text, _: f"{word} {text.lower()}", chance)

    made = [open_with_own(row) for row in rows(900, 1, labels=3)]
    found = shortcuts(made, rows(300, 2, labels=3, role="gold"), "claim", 3, 0).strong
    assert {(one.family, one.value, one.label) for one in found} == {
        ("first word", word.lower(), label) for label, word in enumerate(opening)
    }
    for one in found:
        assert one.recall == pytest.approx((0.8 + 0.9) / 3, abs=0.03)  # the third label is never said


def test_first_words_that_tell_only_together_are_one_shortcut() -> None:
    openings = "Honestly Frankly Basically Overall Personally Admittedly Clearly Surely".split()
    made = planted(rows(1000, 1), lambda text, chance: f"{chance.choice(openings)} {text.lower()}")
    first = shortcuts(made, rows(300, 2, role="gold"), "claim", 2, 0).strong[0]
    assert first.name.startswith("begins with the word") and first.name.endswith("other values tell too)")
    assert first.label == 0 and 0.7 < first.accuracy < 0.82  # words that tell nothing are in it too


def test_two_shortcuts_are_both_listed_the_stronger_first() -> None:
    made = planted(planted(rows(1500, 1), PLANTS["no period"][0]), PLANTS["word"][0], 0.7, label=1, seed=9)
    found = shortcuts(made, rows(300, 2, role="gold"), "claim", 2, 0)
    assert [shortcut.name for shortcut in found.strong] == [
        "ends with a letter or digit",
        "contains the word 'somewhat'",
    ]
    assert [shortcut.label for shortcut in found.strong] == [0, 1]
    assert "does not end with '.'" in found.strong[0].also


def test_a_shortcut_in_one_line() -> None:
    found = shortcuts(planted(rows(400, 1), PLANTS["quote"][0]), rows(100, 2, role="gold"), "claim", 2, 0)
    first = found.shortcuts[0]
    assert first.line("claim", ["entailment", "other"]) == (
        f"claim begins with '\"': entailment; right for {first.accuracy:.2f} of the rows (majority 0.50), "
        "on gold 0.50 (0.50)"
    )


def test_what_one_field_tells() -> None:
    made = planted(rows(600, 1, given=True), PLANTS["word"][0], 0.9)
    given, claim = shortcuts(made, rows(200, 2, given=True), "claim", 2, 0).partial_input
    assert (given.field, claim.field) == ("given", "claim")
    assert claim.accuracy > 0.8
    assert claim.gold_own == pytest.approx(0.5, abs=0.1)
    assert given.accuracy == pytest.approx(0.5, abs=0.07)
    alone = [replace(row, fields={"claim": row.fields["claim"]}) for row in made]
    assert shortcuts(alone, alone, "claim", 2, 0).partial_input == ()
    numbered = [replace(row, fields={**row.fields, "given": f"n{place}"}) for place, row in enumerate(made)]
    told = shortcuts(numbered, numbered[:200], "claim", 2, 0).partial_input[0]
    assert told.field == "given" and told.accuracy < 0.55  # no word of it stands in three rows


def test_of_many_rows_a_sample_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLE", 400)
    how, said = PLANTS["quote"]
    found = shortcuts(planted(rows(3000, 1), how), rows(500, 2), "claim", 2, 0)
    assert (found.rows, found.gold_rows) == (400, 400)
    assert said in found.shortcuts[0].name


def reproducible() -> str:
    return repr(shortcuts(planted(rows(300, 1), PLANTS["longer"][0], 0.7), rows(100, 2), "claim", 2, 4))


@pytest.mark.process
def test_same_input_and_seed_give_the_same_in_every_process() -> None:
    script = "from tests.audit.test_shortcuts import reproducible; print(reproducible(), end='')"
    env = {**os.environ, "PYTHONHASHSEED": "1"}  # sets of strings come in another order than here
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", script], env=env, cwd=root, capture_output=True, check=True)
    assert run.stdout.decode() == reproducible()
    assert "Shortcut(name='has " in reproducible()


def test_files_in_which_there_is_nothing_to_look_for() -> None:
    made = rows(100, 1)
    assert shortcuts([], made, "claim", 2, 0).shortcuts == ()
    assert shortcuts(made, [], "claim", 2, 0).shortcuts == ()
    assert shortcuts([replace(row, target=0) for row in made], made, "claim", 2, 0).tried == 0
    same = [replace(row, fields={"claim": "The same."}) for row in made]
    assert shortcuts(same, made, "claim", 2, 0).shortcuts == ()
    few = [row for row in rows(100, 1, labels=3) if row.label < 2 or row.id == "made-2"]
    found = shortcuts(few, rows(60, 2, labels=3), "claim", 3, 0)
    assert found.rows == len(few) - 1  # a label of one row says nothing of shortcuts


def test_odd_texts_are_read() -> None:
    odd = ["", " ", "\ud83d", "!", "🙂🙂", "\u200b", "a" * 9000, "漢字だけの文"]
    made = [replace(row, fields={"claim": odd[i // 2 % len(odd)]}) for i, row in enumerate(rows(400, 1))]
    assert shortcuts(made, made, "claim", 2, 0).strong == ()


def test_what_is_read_off_a_text() -> None:
    seen = read('"Well, it ISN\'T so" -- 2 of 3 say so!', ("They say well.",))
    assert {"well", "isn't", "so", "2"} < seen.keys
    assert {
        ("first character", '"'),
        ("beginning", "well it"),
        ("last character", "!"),
        ("run", "--"),
        ("capitals", "ISN"),
        ("habit", "a negation"),
        ("first case", "a capital letter"),
    } < seen.keys
    assert ("wrapper", "double quotes") not in seen.keys
    counts = seen.quantities
    assert (counts["words"], counts["sentences"], counts["digits"], counts["capital letters"]) == (9, 1, 2, 5)
    assert counts["overlap"] == round(2 / 8, 2)  # well and say, of eight different words


def test_balance_by_hand() -> None:
    def row(label: int, text: str) -> Example:
        return Example("x", {"given": "one two", "claim": text}, label)

    made = [row(0, "a b c d"), row(0, "a b"), row(0, "a b c"), row(1, "a")]
    gold = [row(0, "a b"), row(1, "a b c d")]
    numbers = balance(made, gold, 2, "claim")
    assert numbers == {
        "words": 2.5,
        "words_ratio": 3.0,
        "words/0": 3.0,
        "words/1": 1.0,
        "gold_words": 3.0,
        "gold_words_ratio": 2.0,
        "gold_words/0": 2.0,
        "gold_words/1": 4.0,
        "label_distance": 0.25,
    }
    assert balance(made, gold, 2)["words"] == 4.5
    assert balance([], [], 2) == {}


def test_z_is_the_published_one_where_a_mark_is_rare() -> None:
    sizes, with_mark = np.array([6000, 4000]), np.array([[30], [10]])
    p_hat, p0, n = 10 / 40, 4000 / 10_000, 40
    assert z(with_mark, sizes)[1, 0] == pytest.approx((p_hat - p0) / np.sqrt(p0 * (1 - p0) / n), rel=3e-3)
    often = np.array([[4000], [2000]])
    table = np.array([[4000, 2000], [2000, 2000]])
    statistic = chi2_contingency(table, correction=False).statistic
    assert z(often, sizes)[0, 0] ** 2 == pytest.approx(statistic, rel=1e-3)


def test_of_marks_by_chance_one_file_in_twenty_lists_any() -> None:
    chance = np.random.default_rng(0)
    sizes = np.array([285, 15])  # a rare label: z alone is far from normal there
    some = 0
    for _ in range(200):
        marks = chance.random((300, 200)) < chance.uniform(0.04, 0.6, 200)
        some += len(beyond_chance(np.array([marks[:285].sum(axis=0), marks[285:].sum(axis=0)]), sizes)) > 0
    assert some <= 20


def test_a_rule_is_worth_what_it_gets_right() -> None:
    chance = np.random.default_rng(0)
    labels = chance.choice(3, 200, p=[0.5, 0.3, 0.2])
    has = chance.random(200) < np.array([0.2, 0.7, 0.4])[labels]
    rows = Rows(labels, 3, csc_matrix(has.astype(int)[:, None]))
    effect = learned(rows.counts(), rows.sizes)
    assert (effect.label[0], effect.other[0]) == (1, 0)
    right = np.where(has, 1, 0) == labels
    assert effect.accuracy[0] == pytest.approx(right.mean())
    recall = [right[labels == label].mean() for label in range(3)]
    assert effect.lift[0] == pytest.approx(np.mean(recall) - 1 / 3)
    assert (rows.column(0) == has).all()


def test_what_a_mark_tells_beside_another() -> None:
    chance = np.random.default_rng(1)
    labels = chance.integers(0, 2, 4000)
    one, other = (np.where(chance.random(4000) < 0.8, labels, 1 - labels) == 1 for _ in range(2))
    echo = np.where(chance.random(4000) < 0.9, one, ~one)  # knows the label from `one` alone
    nothing = np.zeros(4000, bool)

    def kept(has: NDArray[np.bool_]) -> float:
        return (z_beside(one, has, labels == 1) / z_beside(nothing, has, labels == 1)) ** 2

    assert kept(one) == 0
    assert kept(echo) < 0.02
    assert kept(other) > 0.6
