"""Roles of gold rows: disjoint by content, even in labels, the same for every seed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.settings.run import Config
from s3exp.settings.task import GoldConfig, TaskConfig
from s3exp.tasks.fingerprints import content, fingerprint
from s3exp.tasks.gold import load_gold
from s3exp.tasks.roles import TestIsSealed
from s3exp.types import Example, UserError

Write = Callable[[str, list[dict[str, object]]], str]


def task_of(validation: str, test: str, **options: object) -> TaskConfig:
    gold = GoldConfig(validation=validation, test=test, **options)  # type: ignore[arg-type]
    return TaskConfig(name="t", gold=gold, fields=["text"], generate="text", labels=["no", "yes"], group=None)


def rows(prefix: str, count: int) -> list[dict[str, object]]:
    return [{"text": f"{prefix} {i}", "label": int(i % 4 == 0)} for i in range(count)]


def test_validation_is_divided_evenly_and_wholly(write_rows: Write) -> None:
    v, t = write_rows("v.jsonl", rows("v", 200)), write_rows("t.jsonl", rows("t", 40))
    gold = load_gold(task_of(v, t), with_train=False)
    assert (len(gold.mining), len(gold.select), len(gold.test), len(gold.train)) == (150, 50, 40, 0)
    assert not {r.id for r in gold.mining} & {r.id for r in gold.select}
    for role in (gold.mining, gold.select, gold.mining[:40]):
        share = Counter(r.label for r in role)[1] / len(role)
        assert share == pytest.approx(0.25, abs=0.03)


def test_a_smaller_mine_is_a_part_of_a_larger_one(write_rows: Write) -> None:
    v, t = write_rows("v.jsonl", rows("v", 200)), write_rows("t.jsonl", rows("t", 40))
    small = load_gold(task_of(v, t, mining_rows=20), with_train=False)
    large = load_gold(task_of(v, t, mining_rows=80), with_train=False)
    assert {r.id for r in small.mining} < {r.id for r in large.mining}
    assert small.select == large.select


def test_shared_rows_are_refused_with_their_number(write_rows: Write) -> None:
    v = write_rows("v.jsonl", rows("v", 20))
    t = write_rows("t.jsonl", [*rows("t", 20), {"text": "V  3", "label": 1}, {"text": "v 5", "label": 0}])
    with pytest.raises(UserError, match=r"task.gold.validation and task.gold.test share 2 rows"):
        load_gold(task_of(v, t), with_train=False)
    dropped = load_gold(task_of(v, t, overlap="drop"), with_train=False)
    held = {content(r.fields.values()) for r in dropped.test.open([0], 1)}
    assert not held & {content(r.fields.values()) for r in (*dropped.mining, *dropped.select)}
    assert len(dropped.mining) + len(dropped.select) == 18
    assert len(dropped.test) == 22


def test_nothing_left_is_refused(write_rows: Write) -> None:
    v = write_rows("v.jsonl", rows("v", 20))
    with pytest.raises(UserError, match="every row stands in"):
        load_gold(task_of(v, v, overlap="drop"), with_train=False)


def test_roles_without_rows_are_refused(write_rows: Write) -> None:
    one, none = write_rows("one.jsonl", rows("one", 1)), write_rows("none.jsonl", [])
    many, test = write_rows("many.jsonl", rows("many", 9)), write_rows("test.jsonl", rows("test", 5))
    with pytest.raises(UserError, match="1 row: both mining and select need some"):
        load_gold(task_of(one, test), with_train=False)
    with pytest.raises(UserError, match=r"none\.jsonl"):
        load_gold(task_of(many, test, train=none), with_train=True)
    with pytest.raises(UserError, match="no rows are left for train"):
        load_gold(task_of(many, test, train=test, overlap="drop", train_rows=0), with_train=True)


def test_repeated_rows_of_validation_count_once(write_rows: Write, caplog: pytest.LogCaptureFixture) -> None:
    v = write_rows("v.jsonl", [*rows("v", 20), *rows("v", 5)])
    with caplog.at_level(logging.WARNING):
        gold = load_gold(task_of(v, write_rows("t.jsonl", rows("t", 5))), with_train=False)
    assert len(gold.mining) + len(gold.select) == 20
    assert "5 repeated rows" in caplog.text


def test_train_is_for_those_who_train_on_it(toy_config: Config) -> None:
    compared = load_gold(toy_config.task, with_train=False)
    trained = load_gold(toy_config.task, with_train=True)
    assert compared.train == () == trained.aside
    assert len(compared.aside) >= len(trained.train) > 0


def test_test_rows_are_sealed_until_every_round_is_on_record(write_rows: Write) -> None:
    v, t = write_rows("v.jsonl", rows("v", 20)), write_rows("t.jsonl", rows("t", 20))
    sealed = load_gold(task_of(v, t), with_train=False).test
    assert len(sealed) == 20 and repr(sealed) == "<20 sealed test rows>"
    reads: list[Callable[[], object]] = [
        lambda: list(sealed),
        lambda: sealed[0],
        lambda: sealed[:3],
        lambda: Example("t-0", {"text": "t 0"}, 1) in sealed,  # type: ignore[operator]
        lambda: sealed.open([], 0),
        lambda: sealed.open([0, 1], 3),
        lambda: sealed.open([0, 2], 2),
    ]
    for read in reads:
        with pytest.raises(TestIsSealed):
            read()
    assert {row.fields["text"] for row in sealed.open([0, 1, 2], 3)} == {f"t {i}" for i in range(20)}
    with pytest.raises(TestIsSealed):  # opened for one, not for all
        list(sealed)


def test_fingerprints_of_sealed_rows_tell_copies_and_no_text(write_rows: Write) -> None:
    v, t = write_rows("v.jsonl", rows("v", 20)), write_rows("t.jsonl", rows("tango bravo", 20))
    gold = load_gold(task_of(v, t), with_train=False)
    prints = gold.test.fingerprints(("text",))
    assert "tango" not in repr(prints)
    assert fingerprint("", {"text": "Tango, bravo 3!"}, ("text",)).text in {one.text for one in prints}
    same = load_gold(task_of(v, t), with_train=False)
    other = load_gold(task_of(v, write_rows("t2.jsonl", rows("tango", 20))), with_train=False)
    assert gold.digest() == same.digest() != other.digest()


def test_the_digest_follows_content(write_rows: Write) -> None:
    v, t = write_rows("v.jsonl", rows("v", 20)), write_rows("t.jsonl", rows("t", 20))
    task = task_of(v, t)
    one = load_gold(task, with_train=False)
    assert one.digest() == load_gold(task, with_train=False).digest()
    changed = replace(one, mining=(replace(one.mining[0], target=1 - one.mining[0].label), *one.mining[1:]))
    assert changed.digest() != one.digest()


def test_contexts_are_those_of_the_mining_rows_or_of_a_pool(write_rows: Write, tmp_path: Path) -> None:
    def pairs(prefix: str) -> list[dict[str, object]]:
        return [{"q": f"{prefix} {i}", "c": f"{prefix} text {i // 2}", "label": i % 2} for i in range(20)]

    task = task_of(write_rows("v.jsonl", pairs("v")), write_rows("t.jsonl", pairs("t")))
    task.fields, task.generate = ["q", "c"], "q"
    gold = load_gold(task, with_train=False)
    assert {c["c"] for c in gold.contexts} == {row.fields["c"] for row in gold.mining}
    assert len(gold.contexts) == len({row.fields["c"] for row in gold.mining}) and gold.contexts[
        0
    ].keys() == {"c"}
    (tmp_path / "pool.txt").write_text("one\ntwo\nOne\n")
    task.contexts = str(tmp_path / "pool.txt")
    pooled = load_gold(task, with_train=False)
    assert [c["c"] for c in pooled.contexts] == ["One", "two"]
    assert pooled.mining == gold.mining and pooled.digest() != gold.digest()
    task.fields, task.generate = ["q"], "q"
    with pytest.raises(UserError, match="there is no context"):
        load_gold(task, with_train=False)


def test_rows_of_one_class_alone_are_refused_where_they_are_learnt_from(
    write_rows: Write, caplog: pytest.LogCaptureFixture
) -> None:
    one = write_rows("one.jsonl", [{"text": f"one {i}", "label": 1} for i in range(20)])
    both = write_rows("both.jsonl", rows("both", 20))
    with pytest.raises(
        UserError, match="task.gold.validation: .*all 20 rows are yes: rows of no are needed too"
    ):
        load_gold(task_of(one, both), with_train=False)
    with pytest.raises(UserError, match="task.gold.train: .*all 20 rows are yes"):
        load_gold(task_of(both, write_rows("t.jsonl", rows("t", 20)), train=one), with_train=True)
    load_gold(task_of(both, one), with_train=False)
    assert "test: " in caplog.text and "no row is no" in caplog.text


def test_a_train_split_of_the_hub_stays_behind_when_the_other_roles_are_files(
    write_rows: Write, caplog: pytest.LogCaptureFixture
) -> None:
    v, t = write_rows("v.jsonl", rows("v", 20)), write_rows("t.jsonl", rows("t", 20))
    gold = load_gold(task_of(v, t, train="org/name:train"), with_train=False)
    assert gold.aside == () and "task.gold.train=org/name:train is not read" in caplog.text
    with pytest.raises(UserError, match="task.gold.train"):
        load_gold(task_of(v, t, train="org/name"), with_train=True)


def test_a_missing_file_is_named_with_its_role(write_rows: Write, tmp_path: Path) -> None:
    v = write_rows("v.jsonl", rows("v", 20))
    with pytest.raises(UserError, match=r"task.gold.test: .*w\.jsonl: no such file \(is it .*v\.jsonl\?\)"):
        load_gold(task_of(v, str(tmp_path / "w.jsonl")), with_train=False)
    with pytest.raises(UserError, match="task.gold.test is not set"):
        load_gold(task_of(v, ""), with_train=False)
    with pytest.raises(UserError, match="task.gold.train is not set: this strategy trains on it"):
        load_gold(task_of(v, write_rows("t.jsonl", rows("t", 20))), with_train=True)


def test_a_few_contradictions_are_left_out_and_counted(
    write_rows: Write, caplog: pytest.LogCaptureFixture
) -> None:
    v = write_rows("v.jsonl", [*rows("v", 100), {"text": "V 3", "label": 1}])
    gold = load_gold(task_of(v, write_rows("t.jsonl", rows("t", 20))), with_train=False)
    assert len(gold.mining) + len(gold.select) == 99
    assert "2 of 101 rows have a text that stands there with another label too" in caplog.text


def test_shared_rows_and_contradictions_are_named_by_file_and_line(tmp_path: Path) -> None:
    csv, lines = tmp_path / "v.csv", tmp_path / "t.jsonl"
    csv.write_text('text,label\n"two\nlines",0\n\none,1\nthree,0\nfour,1\n', encoding="utf-8")
    lines.write_text('{"text": "new", "label": 0}\n\n{"text": "ONE", "label": 1}\n', encoding="utf-8")
    with pytest.raises(UserError) as refused:
        load_gold(task_of(str(csv), str(lines)), with_train=False)
    assert f"share 1 rows, for example {csv}:5 and {lines}:3, 'one'" in str(refused.value)
    csv.write_text("text,label\none,yes\ntwo,no\nthree,yes\ntwo,yes\n", encoding="utf-8")
    with pytest.raises(UserError) as refused:
        load_gold(task_of(str(csv), str(lines)), with_train=False)
    assert f"(the first: 'no' at {csv}:3 and 'yes' at {csv}:5, 'two')" in str(refused.value)


@pytest.mark.parametrize("cells", [("yes", "Yes"), ("yes", "yes "), ("1", "yes")])
def test_spellings_of_a_label_are_counted_or_refused(
    cells: tuple[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "v.csv"
    body = "".join(f"text {i},{cells[i % 3 == 0]}\nother {i},no\n" for i in range(9))
    file.write_text(f"text,label\n{body}", encoding="utf-8")
    test = tmp_path / "t.csv"
    test.write_text("text,label\nt,no\nu,yes\n", encoding="utf-8")
    load_gold(task_of(str(file), str(test)), with_train=False)
    assert f"spells a label in several ways: {cells[0]!r} (6), {cells[1]!r} (3)" in caplog.text
    with pytest.raises(UserError, match=r"several ways.*task\.gold\.spellings=fold"):
        load_gold(task_of(str(file), str(test), spellings="refuse"), with_train=False)
