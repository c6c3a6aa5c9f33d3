"""Rows that the LLM learns: none of them is mined, no text of theirs is given, and labels keep their shares."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from s3exp.settings.task import TaskConfig
from s3exp.settings.tutor import DpoConfig, SftConfig, TutorConfig
from s3exp.tasks.roles import Gold, Sealed
from s3exp.tutor.split import divided, set_aside
from s3exp.types import Example, UserError

SINGLE = TaskConfig(name="one", fields=["text"], generate="text", labels=["a", "b"])
PAIR = TaskConfig(name="two", fields=["premise", "text"], generate="text", labels=["a", "b"])


def gold(rows: int = 100, pair: bool = False, per_text: int = 3) -> Gold:
    """One row in four is of label 1; of pairs, `per_text` rows are about one premise."""

    def row(role: str, i: int) -> Example:
        given = {"premise": f"premise {i // per_text}"} if pair else {}
        return Example(f"{role}-{i}", {**given, "text": f"{role} text {i}"}, int(i % 4 == 0))

    mining = tuple(row("mining", i) for i in range(rows))
    contexts = tuple({"premise": f"premise {i}"} for i in range(rows // per_text + 1)) if pair else ()
    train = tuple(row("train", i) for i in range(50))
    return Gold(train, mining, (row("select", 0),), Sealed([row("test", 0)]), contexts)


@pytest.mark.parametrize("tutor", [TutorConfig(), DpoConfig()])
def test_a_tutor_that_learns_no_row_sets_none_aside(tutor: TutorConfig) -> None:
    whole = gold()
    assert set_aside(tutor, SINGLE, whole, 0) is whole


@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_rows_are_in_one_role_and_labels_keep_their_shares(share: float) -> None:
    whole = gold(400)
    split = set_aside(SftConfig(share=share), SINGLE, whole, 0)
    learned, mined = ({row.id for row in rows} for rows in (split.learned, split.mining))
    assert learned | mined == {row.id for row in whole.mining} and not learned & mined
    assert Counter(row.target for row in split.learned) == {0: round(300 * share), 1: round(100 * share)}
    assert split.digest() == whole.digest() and split.select == whole.select


@pytest.mark.parametrize("most", [21, 25, 26, 33])
def test_most_rows_is_the_most(most: int) -> None:
    rows = tuple(Example(f"m{i}", {"text": f"text {i}"}, i % 2) for i in range(100))
    split = set_aside(SftConfig(most_rows=most), SINGLE, replace(gold(), mining=rows), 0)
    assert most - 1 <= len(split.learned) <= most


def test_no_label_loses_its_last_mining_row() -> None:
    rows = tuple(Example(f"m{i}", {"text": f"text {i}"}, int(i == 0)) for i in range(60))
    for seed in range(5):
        split = set_aside(SftConfig(share=0.9), SINGLE, replace(gold(), mining=rows), seed)
        assert {row.target for row in split.mining} == {0, 1} and len(split.learned) > 50


def test_another_seed_sets_others_aside_and_the_same_one_the_same() -> None:
    splits = [set_aside(SftConfig(), SINGLE, gold(), seed).learned for seed in (1, 1, 2)]
    assert splits[0] == splits[1] != splits[2]


def test_rows_about_one_text_stay_together_and_seeds_are_not_about_it() -> None:
    split = set_aside(SftConfig(), PAIR, gold(90, pair=True), 0)
    learned, mined = ({row.fields["premise"] for row in rows} for rows in (split.learned, split.mining))
    assert not learned & mined
    assert {one["premise"] for one in split.contexts} >= mined
    assert not {one["premise"] for one in split.contexts} & learned
    assert abs(len(split.learned) - 45) <= 6


def test_rows_of_train_leave_mining_whole() -> None:
    whole = gold()
    split = set_aside(SftConfig(on="train", most_rows=30), SINGLE, whole, 0)
    assert split.mining == whole.mining and split.train == whole.train and len(split.learned) == 30
    assert {row.id for row in split.learned} <= {row.id for row in whole.train}


def test_most_rows_bound_the_share() -> None:
    assert len(set_aside(SftConfig(most_rows=40), SINGLE, gold(400), 0).learned) == 40


def test_too_few_rows_are_refused_with_their_number() -> None:
    with pytest.raises(UserError, match=r"tutor=sft learns from 15 gold rows.*tutor\.share"):
        set_aside(SftConfig(), SINGLE, gold(30), 0)
    texts = replace(gold(90, pair=True), contexts=({"premise": "premise 0"},) * 1)
    with pytest.raises(UserError, match="name more texts"):
        set_aside(SftConfig(share=0.99), replace(PAIR, contexts="pool.jsonl"), texts, 0)


def test_held_out_rows_are_not_learned() -> None:
    rows = list(gold().mining)
    learn, held = divided(rows, 0.1, 3)
    assert len(held) == 10 and sorted(row.id for row in (*learn, *held)) == sorted(row.id for row in rows)
    assert [len(part) for part in divided(rows[:2], 0.9, 3)] == [1, 1]
