"""Packed rows: the same numbers come back, every text is encoded once, and little memory is taken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from s3exp.small_model.batches import Batches, by_length
from s3exp.small_model.rows import CHUNK, Key, Row, RowCache

Numbers = st.lists(st.integers(-(2**31), 2**31 - 1), max_size=9)


def row(numbers: Sequence[int], more: Sequence[int] = ()) -> Row:
    return torch.tensor(numbers, dtype=torch.int32), torch.tensor([*more, len(numbers)])


@given(st.lists(st.lists(st.tuples(Numbers, Numbers), max_size=5), max_size=4))
def test_what_is_packed_comes_back(rounds: list[list[tuple[list[int], list[int]]]]) -> None:
    cache, given_rows = RowCache(), {}
    for number, found in enumerate(rounds):
        new: dict[Key, Row] = {(f"{number}", f"{place}"): row(*pair) for place, pair in enumerate(found)}
        given_rows |= new
        keys = [*reversed(given_rows), *given_rows]
        rows = cache.rows(keys, lambda asked, new=new: [new[key] for key in asked])  # type: ignore[misc]
        assert len(rows) == len(keys) and rows.lengths == [len(given_rows[key][0]) for key in keys]
        for key, (first, second) in zip(keys, rows, strict=True):
            assert first.dtype == torch.int32 and second.dtype == torch.int64
            assert torch.equal(first, given_rows[key][0]) and torch.equal(second, given_rows[key][1])


def test_rows_of_an_early_round_outlive_the_later_ones() -> None:
    cache = RowCache()
    early = cache.rows([("a",), ("b",)], lambda keys: [row([1, 2]), row([3])])
    cache.rows([("c",)], lambda keys: [row([70_000])])
    assert [part.tolist() for part in early[0]] == [[1, 2], [2]]
    assert [numbers.tolist() for numbers, _ in early[::-1]] == [[3], [1, 2]]


def test_every_text_is_encoded_once_and_some_at_a_time() -> None:
    asked: list[Key] = []

    def encode(keys: Sequence[Key]) -> list[Row]:
        assert len(keys) <= CHUNK
        asked.extend(keys)
        return [row([int(key[0])]) for key in keys]

    cache = RowCache()
    keys = [(str(number),) for number in range(2 * CHUNK + 1)]
    cache.rows([*keys, *keys], encode)
    assert [int(numbers) for numbers, _ in cache.rows([*keys[::-1], ("-1",)], encode)][-2:] == [0, -1]
    assert asked == [*keys, ("-1",)]


def test_what_was_encoded_before_a_failure_is_kept() -> None:
    def fails(keys: Sequence[Key]) -> list[Row]:
        if ("bad",) in keys:
            raise KeyError("bad")
        return [row([7])] * len(keys)

    cache = RowCache()
    good = [(f"{number}",) for number in range(CHUNK)]
    with pytest.raises(KeyError):
        cache.rows([*good, ("bad",)], fails)
    assert cache.rows(good[-1:], fails)[0][0].tolist() == [7]
    assert len(cache.rows([*good, ("new",)], lambda keys: [row([8, 8])])) == CHUNK + 1


def test_a_token_takes_two_bytes() -> None:
    cache = RowCache()
    keys = [(f"{number}",) for number in range(2000)]
    cache.rows(keys, lambda asked: [(torch.arange(30), torch.zeros(30).int()) for _ in asked])
    assert cache.size <= 2000 * (30 + 30 + 2 * 8) + 100  # both parts fit a byte here; the ends take eight
    cache.rows([("x",)], lambda asked: [(torch.tensor([30_521]), torch.tensor([1]))])
    assert cache.size <= 2001 * (2 * 30 + 30 + 2 * 8) + 100


def test_batches_go_by_the_lengths_of_packed_rows() -> None:
    cache = RowCache()
    sizes = [5, 1, 4, 2, 3]
    rows = cache.rows([(f"{n}",) for n in sizes], lambda keys: [row([n] * n) for n in sizes])
    assert by_length(rows) == by_length(list(rows)) == [1, 3, 4, 2, 0]

    def passes(given: Sequence[Row]) -> list[list[int]]:
        order = torch.Generator().manual_seed(3)
        batches = Batches(
            given, [0] * 5, lambda some: {"size": torch.tensor([len(r[0]) for r in some])}, 2, order
        )
        return [inputs["size"].tolist() for _ in range(2) for inputs, _, _ in batches]

    assert passes(rows) == passes(list(rows))
