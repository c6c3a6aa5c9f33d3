"""One gold file for all roles: whole units, the labels of the file in every role, the same in any order of its rows."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from s3exp.settings.task import GoldConfig, TaskConfig
from s3exp.tasks.columns import say_once, warn_once
from s3exp.tasks.gold import load_gold
from s3exp.tasks.roles import Gold
from s3exp.types import Example, UserError

Write = Callable[[str, list[dict[str, Any]]], str]
Roles = dict[str, list[Example]]


@pytest.fixture(autouse=True)
def said_anew() -> None:
    say_once.cache_clear()
    warn_once.cache_clear()


def task_of(file: str, fields: str = "text", **options: Any) -> TaskConfig:
    own = {name: options.pop(name) for name in ("kind", "labels", "group") if name in options}
    names = fields.split()
    gold = GoldConfig(file=file, **options)
    return TaskConfig(
        **{"name": "t", "gold": gold, "fields": names, "generate": names[-1], "labels": ["no", "yes"], **own}
    )


def roles_of(gold: Gold) -> Roles:
    return {
        "train": list(gold.train),
        "mining": list(gold.mining),
        "select": list(gold.select),
        "test": list(gold.test.open([0], 1)),
    }


def texts(rows: list[Example]) -> set[str]:
    return {row.fields["text"] for row in rows}


def table(count: int, every: int = 4) -> list[dict[str, Any]]:
    return [{"text": f"text {i}", "label": int(i % every == 0), "author": f"a{i % 17}"} for i in range(count)]


def test_every_role_gets_its_share_of_each_label(write_rows: Write, caplog: pytest.LogCaptureFixture) -> None:
    file = write_rows("all.jsonl", table(400))
    with caplog.at_level(logging.INFO):
        roles = roles_of(load_gold(task_of(file, train_fraction=0.3), with_train=True))
    sizes = {"train": 120, "mining": 150, "select": 50, "test": 80}
    assert {name: len(rows) for name, rows in roles.items()} == pytest.approx(sizes, abs=1)
    for name, rows in roles.items():
        assert Counter(row.label for row in rows)[1] == pytest.approx(len(rows) / 4, abs=1), name
    assert f"test: 80 of 400 rows of {file}, no 60, yes 20" in caplog.text
    assert len(set().union(*map(texts, roles.values()))) == 400


def test_the_split_follows_neither_the_order_of_rows_nor_what_is_beside_the_text(write_rows: Write) -> None:
    rows = table(200)
    first = load_gold(task_of(write_rows("a.jsonl", rows)), with_train=False)
    random.Random(0).shuffle(rows)
    again = load_gold(task_of(write_rows("b.jsonl", rows)), with_train=False)
    other = load_gold(task_of(write_rows("b.jsonl", rows), split_seed=1), with_train=False)
    assert first.digest() == again.digest() != other.digest()
    shared = texts(roles_of(first)["test"]) & texts(roles_of(other)["test"])
    assert 0 < len(shared) < 20


def test_a_text_that_stands_twice_has_one_role(write_rows: Write, caplog: pytest.LogCaptureFixture) -> None:
    twice = [{**row, "text": f"  {row['text'].upper()} "} for row in table(200)]
    roles = roles_of(load_gold(task_of(write_rows("all.jsonl", [*table(200), *twice])), with_train=False))
    assert sum(map(len, roles.values())) == 200
    assert len({text.casefold() for rows in roles.values() for text in texts(rows)}) == 200
    assert "200 repeated rows left out" in caplog.text


def test_rows_of_one_value_stay_together(write_rows: Write) -> None:
    rows = table(340)
    author = {row["text"]: row["author"] for row in rows}
    roles = roles_of(load_gold(task_of(write_rows("all.jsonl", rows), together="Author"), with_train=False))
    held = {name: {author[text] for text in texts(some)} for name, some in roles.items()}
    assert sum(map(len, held.values())) == 17
    assert all(held[name] for name in ("mining", "select", "test"))
    loose = roles_of(load_gold(task_of(write_rows("all.jsonl", rows)), with_train=False))
    assert {author[text] for text in texts(loose["test"])} & {author[text] for text in texts(loose["mining"])}


def test_a_row_without_a_value_stands_for_itself(write_rows: Write) -> None:
    rows = [{**row, "author": None} for row in table(60)]
    roles = roles_of(load_gold(task_of(write_rows("all.jsonl", rows), together="author"), with_train=False))
    assert {name: len(some) for name, some in roles.items()} == {
        "train": 0,
        "mining": 36,
        "select": 12,
        "test": 12,
    }


def test_a_passage_and_its_value_are_joined(write_rows: Write) -> None:
    """Passages in spans stay whole, and passages of one source stay together with them."""
    rows = [
        {
            "context": f"passage {i // 3} has the word w{i}",
            "question": f"which {i}?",
            "answers": {"text": [f"w{i}"], "answer_start": [len(f"passage {i // 3} has the word ")]},
            "book": f"b{i // 9}",
        }
        for i in range(270)
    ]
    for row, same in zip(rows[1::3], rows[::3], strict=True):
        row["context"] = f"{row['context']}"
        same["book"] = row["book"]
    task = task_of(
        write_rows("all.jsonl", rows), "context question", kind="extraction", labels=[], together="book"
    )
    roles = roles_of(load_gold(task, with_train=False))
    books = {f"which {i}?": row["book"] for i, row in enumerate(rows)}
    held = [{books[row.fields["question"]] for row in some} for some in roles.values() if some]
    assert len(held) == 3
    assert sum(map(len, held)) == 30


def test_passages_stay_whole(write_rows: Write) -> None:
    rows = [
        {
            "context": f"passage {i // 5} has a word",
            "question": f"which {i}?",
            "answers": {"text": ["word"], "answer_start": [len(f"passage {i // 5} has a ")]},
        }
        for i in range(200)
    ]
    task = task_of(write_rows("all.jsonl", rows), "context question", kind="extraction", labels=[])
    roles = roles_of(load_gold(task, with_train=False))
    assert {name: len(some) for name, some in roles.items()} == {
        "train": 0,
        "mining": 120,
        "select": 40,
        "test": 40,
    }
    held = [{row.fields["context"] for row in some} for some in roles.values()]
    assert sum(map(len, held)) == len(set().union(*held)) == 40


def test_many_small_groups_do_not_move_the_shares(write_rows: Write) -> None:
    rows = [{**row, "kind": f"k{i // 2}"} for i, row in enumerate(table(400))]
    roles = roles_of(load_gold(task_of(write_rows("all.jsonl", rows), group="kind"), with_train=False))
    assert {name: len(some) for name, some in roles.items()} == {
        "train": 0,
        "mining": 240,
        "select": 80,
        "test": 80,
    }


def test_a_rare_label_is_mined_and_tested_and_what_it_lacks_is_said(
    write_rows: Write, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [*table(100, every=1000)[1:], {"text": "rare one", "label": 1}, {"text": "rare two", "label": 1}]
    roles = roles_of(load_gold(task_of(write_rows("all.jsonl", rows)), with_train=False))
    assert {name: Counter(row.label for row in some)[1] for name, some in roles.items()} == {
        "train": 0,
        "mining": 1,
        "select": 0,
        "test": 1,
    }
    assert "no row of select is yes" in caplog.text


def test_too_few_rows_are_refused(write_rows: Write) -> None:
    with pytest.raises(UserError, match="no rows are left for select"):
        load_gold(task_of(write_rows("a.jsonl", [*table(1), {"text": "b", "label": 1}])), with_train=False)
    with pytest.raises(UserError, match="no rows are left for"):
        load_gold(task_of(write_rows("a.jsonl", table(50)), together="label"), with_train=False)
    with pytest.raises(UserError, match=r"task.gold.file: .*no column source"):
        load_gold(task_of(write_rows("a.jsonl", table(50)), together="source"), with_train=False)
    with pytest.raises(UserError, match=r"task.gold.file: .*: all 40 rows are no"):
        load_gold(task_of(write_rows("a.jsonl", table(51, 99)[1:])), with_train=False)


def test_train_may_be_a_file_of_its_own(write_rows: Write) -> None:
    file = write_rows("all.jsonl", table(100))
    apart = [{"text": f"other {i}", "label": i % 2} for i in range(30)]
    gold = load_gold(task_of(file, train=write_rows("train.jsonl", apart)), with_train=True)
    assert (len(gold.train), len(gold.test)) == (30, 20)
    both = write_rows("both.jsonl", [*apart, *table(1)])
    with pytest.raises(
        UserError, match=r"task.gold.train and task.gold.\w+ share 1 rows.*both.jsonl:31 and .*all.jsonl:1,"
    ):
        load_gold(task_of(file, train=both), with_train=True)
    assert len(load_gold(task_of(file, train=both, overlap="drop"), with_train=True).train) == 30
