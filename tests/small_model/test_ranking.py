"""Small models that rank passages: what they learn, their loss beside the library's, ranks beside brute force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from torch import Tensor

from s3exp.settings.small_model import BagConfig, PairsConfig, SmallModelConfig
from s3exp.small_model import build_small_model
from s3exp.small_model.bag_ranking import RankingBag
from s3exp.small_model.fitted import TrainableSmallModel
from s3exp.tasks.ranks import reciprocal
from s3exp.types import Example, Lesson, UserError
from tests.small_model.conftest import WORDS
from tests.toy_search import pairs, passage_of

FIELDS = ["query", "passage"]
BAG = BagConfig(epochs=6, patience=6, lr=0.02, dim=64, buckets=4096, threads=1, batch_size=16)


def rows_of(count: int, seed: int, negatives: bool = False) -> list[Example]:
    chance = Random(seed)
    return [
        Example(f"r-{at}", row, passage_of(1, 2, chance) if negatives and at % 3 else None)
        for at, row in enumerate(pairs(count, seed))
    ]


def model(config: SmallModelConfig, corpus: Sequence[str] = ()) -> TrainableSmallModel:
    built = build_small_model(config, labels=[], fields=FIELDS, progress=False, corpus=corpus)
    assert isinstance(built, TrainableSmallModel)
    return built


def mrr(guesses: Sequence[object]) -> float:
    return sum(reciprocal(guess.rank) for guess in guesses) / len(guesses)  # type: ignore[attr-defined]


def test_a_bag_learns_which_words_of_a_query_ask_for_which_of_a_passage() -> None:
    small, test = model(replace(BAG, epochs=14, patience=14)), rows_of(100, 3)
    before = mrr(small.fit(Lesson(rows_of(2, 9)), (), 0)[0].predict(test))
    fitted, numbers = small.fit(Lesson(rows_of(200, 4)), rows_of(40, 5), 0)
    assert before < 0.1 and mrr(fitted.predict(test)) > before + 0.3
    assert numbers["select_mrr@10"] == pytest.approx(mrr(fitted.predict(rows_of(40, 5))))
    assert numbers["flops"] > 0


def test_rare_words_count_for_more_and_the_folder_keeps_that(tmp_path: Path) -> None:
    """Before any step that matters: shared rare words are worth more than shared common ones."""
    rows = [
        Example(f"r-{at}", {"query": f"the one of it {at}", "passage": f"the one of it is here {at}"}, None)
        for at in range(40)
    ]
    small = model(replace(BAG, epochs=1, lr=1e-9, ngrams=1, dim=256))
    fitted, _ = small.fit(Lesson(rows), (), 0)
    test = [
        Example("t0", {"query": "the one of it zebra", "passage": "some zebra over there"}, None),
        Example("t1", {"query": "what is a horse", "passage": "the one of it is here"}, None),
    ]
    assert fitted.predict(test)[0].rank == 1
    fitted.save(tmp_path / "bag")
    assert model(BAG).load(tmp_path / "bag").predict(test) == fitted.predict(test)


def test_hard_negatives_teach_what_random_ones_do_not() -> None:
    """In a pool of passages of one topic, the other topic of each tells them apart."""
    rows = [
        Example(f"r-{at}", {"query": f"zor{'ab'[at % 2]} and zorx", "passage": f"a vel{'ab'[at % 2]} with velx {at}"},
                f"a vel{'ba'[at % 2]} with velx {at}")
        for at in range(40)
    ]  # fmt: skip
    small = model(BAG)
    fitted, _ = small.fit(Lesson(rows), (), 0)
    test = [
        Example("t0", {"query": "zora and zorx", "passage": "the vela with velx now"}, None),
        Example("t1", {"query": "zorb and zorx", "passage": "the velb with velx now"}, None),
    ]
    assert [guess.rank for guess in fitted.predict(test)] == [1, 1]


def test_ranks_are_those_of_brute_force_over_rows_and_corpus() -> None:
    corpus = [row["passage"] for row in pairs(30, 8)]
    small, rows = model(BAG, corpus), rows_of(50, 3)
    fitted, _ = small.fit(Lesson(rows_of(100, 4)), (), 0)
    architecture = small.architecture
    assert isinstance(architecture, RankingBag)

    def vectors(texts: Sequence[str]) -> Tensor:
        with torch.inference_mode():
            found = architecture.embedded(fitted.network, architecture.padded(architecture.encoded(texts)))
            return torch.nn.functional.normalize(found, dim=-1)

    pool = list(dict.fromkeys([*(row.fields["passage"] for row in rows), *corpus]))
    found = vectors([row.fields["query"] for row in rows]) @ vectors(pool).T
    for row, guess, similar in zip(rows, fitted.predict(rows), found, strict=True):
        own = similar[pool.index(row.fields["passage"])]
        assert guess.rank == 1 + int((similar > own + 1e-6).sum())
        assert guess.target == pool[int(similar.argmax())]
        assert guess.score == pytest.approx(float((20 * similar.double()).softmax(0).max()), rel=1e-3)


def test_another_right_passage_of_a_query_is_no_error_and_a_tie_is_one() -> None:
    small = model(BAG)
    fitted, _ = small.fit(Lesson(rows_of(20, 4)), (), 0)
    same = {"query": "one two three", "passage": "one two three four"}
    both = [Example("a", same, None), Example("b", {**same, "passage": "one two three"}, None)]
    assert [guess.rank for guess in fitted.predict(both)] == [1, 1]
    # equal up to case: one vector, two passages
    tied = [Example("a", same, None), Example("b", {"query": "five", "passage": "ONE two three four"}, None)]
    assert fitted.predict(tied)[0].rank == 2


def test_the_same_seed_makes_the_same_bits_and_a_folder_gives_them_back(tmp_path: Path) -> None:
    train, select, test = rows_of(60, 4, negatives=True), rows_of(20, 5), rows_of(20, 3)
    one, other = (model(BAG).fit(Lesson(train), select, 1)[0] for _ in range(2))
    assert one.predict(test) == other.predict(test)
    one.save(tmp_path / "bag")
    assert model(BAG).load(tmp_path / "bag").predict(test) == one.predict(test)
    changed = build_small_model(BAG, labels=[], fields=["q", "passage"], progress=False, corpus=())
    with pytest.raises(UserError, match="was trained with fields"):
        changed.load(tmp_path / "bag")


def test_one_row_or_one_text_alone_can_be_learned_and_ranked() -> None:
    (row,) = rows_of(1, 3)
    fitted, _ = model(BAG).fit(Lesson([row]), [row], 0)
    assert [guess.rank for guess in fitted.predict([row])] == [1]
    assert fitted.predict([]) == []
    empty = Example("e", {"query": "", "passage": ""}, None)
    assert {guess.rank for guess in fitted.predict([row, empty])} <= {1, 2}


def spoken(count: int, seed: int, negatives: bool = False) -> list[Example]:
    """Rows of the words that the tiny encoder knows."""
    chance = Random(seed)
    texts = [[" ".join(chance.sample(WORDS, 5)) for _ in range(3)] for _ in range(count)]
    return [
        Example(
            f"{seed}-{at}", dict(zip(FIELDS, some, strict=False)), some[2] if negatives and at % 3 else None
        )
        for at, some in enumerate(texts)
    ]


class TestPairs:
    """The encoder of sentence-transformers."""

    @pytest.fixture
    def config(self, tiny_bert: Path) -> PairsConfig:
        pytest.importorskip("sentence_transformers")
        return PairsConfig(
            checkpoint=str(tiny_bert), epochs=2, batch_size=8, max_length=32, lr=1e-3, threads=1
        )

    def test_the_librarys_loss_is_ours_whatever_repeats_in_a_batch(self, config: PairsConfig) -> None:
        from s3exp.small_model.pairs import Pairs
        from s3exp.small_model.ranking import RankHead

        rows = spoken(6, 3, negatives=True)
        shared = Example(
            "s", {"query": "the people there", "passage": rows[0].fields["passage"]}, rows[1].target
        )
        second = Example("t", {"query": rows[0].fields["query"], "passage": "their long story"}, None)
        architecture = Pairs(config, FIELDS, ())
        network = architecture.draw(0).eval()
        for some in (rows, [*rows, shared, second], [*rows, rows[2]], rows[:1]):
            batch = architecture.collate(architecture.encode(some))
            targets = torch.tensor(architecture.targets(some))
            vectors = architecture.logits(network, batch).detach()
            own = RankHead.loss(architecture, vectors, batch, targets, "mean")
            library = architecture.loss(vectors, batch, targets, "mean")
            assert float(library) == pytest.approx(float(own), abs=1e-5)
            assert float(architecture.loss(vectors, batch, targets, "sum")) == pytest.approx(
                len(some) * float(own), abs=1e-4
            )

    def test_it_learns_and_its_folder_is_one_of_the_library(
        self, config: PairsConfig, tmp_path: Path
    ) -> None:
        from sentence_transformers import SentenceTransformer

        small, test = model(config, ["some music about the town"]), spoken(12, 3)
        small.check(test)
        fitted, numbers = small.fit(Lesson(spoken(24, 4, negatives=True)), spoken(8, 5), 0)
        again, _ = small.fit(Lesson(spoken(24, 4, negatives=True)), spoken(8, 5), 0)
        assert fitted.predict(test) == again.predict(test)
        assert numbers["select_mrr@10"] > 0 and numbers["flops"] > 0
        fitted.save(tmp_path / "pairs")
        loaded = model(config, ["some music about the town"]).load(tmp_path / "pairs")
        assert [guess.rank for guess in loaded.predict(test)] == [
            guess.rank for guess in fitted.predict(test)
        ]
        library = SentenceTransformer(str(tmp_path / "pairs"), device="cpu")
        texts = [row.fields["passage"] for row in test]
        architecture = loaded.architecture
        with torch.inference_mode():
            batch = architecture.padded(architecture.encoded(texts))  # type: ignore[attr-defined]
            own = architecture.embedded(loaded.network, batch)  # type: ignore[attr-defined]
        assert torch.allclose(torch.from_numpy(library.encode(texts)), own, atol=1e-5)

    def test_without_the_package_it_is_refused_in_one_line(
        self, config: PairsConfig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("s3exp.small_model.find_spec", lambda name: None)
        with pytest.raises(UserError, match=r"pip install 's3exp\[retrieval\]'"):
            model(config)
