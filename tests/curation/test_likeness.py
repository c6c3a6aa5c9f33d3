"""Rows unlike gold are rejected and the others kept; where there is nothing to tell, all are kept."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.commands.plans import plan_rounds
from s3exp.curation.likeness import (
    FOLDS,
    Likeness,
    area_under_curve,
    check_mining,
    kept,
    odds_of_gold,
)
from s3exp.curation.vectors import Cached, Lsa
from s3exp.embedded import locate
from s3exp.llm.store import Asker, Stored
from s3exp.llm.toy import ToyLLM, toy_gold
from s3exp.record.rounds import read_rounds
from s3exp.settings.compose import compose
from s3exp.settings.run import Config, identity
from s3exp.settings.task import TaskConfig
from s3exp.tasks.classification import Classification
from s3exp.tasks.gold import load_gold
from s3exp.types import Completion, Example, Prompt, UserError
from tests.test_loop import go, rows, same

ROOT = Path(__file__).parents[2]
TASK = TaskConfig(name="films", fields=["text"], generate="text", labels=["bad", "good"])
THINGS = ("river", "capital", "planet", "treaty", "enzyme", "battle", "island", "empire", "bridge", "metal")
ASKED = (
    "Which",
    "What",
    "Name the",
    "In which year was the",
    "How far from Paris is the",
    "Who discovered the",
)
ENDS = (
    "of Bolivia",
    "in 1848",
    "near the Rhine",
    "with the highest density",
    "north of Oslo",
    "under Peter I",
)


def films() -> list[tuple[str, int]]:
    """Hand-written sentences of film reviews with their labels."""
    folder = Path(locate("embedded/reviews"))
    lines = [line for role in ("train", "validation") for line in (folder / f"{role}.jsonl").open()]
    return [(row["text"], int(row["label"])) for row in map(json.loads, lines)]


FILMS = films()


def quizzes(count: int, chance: random.Random) -> list[str]:
    """Questions of a quiz."""
    parts = [[chance.choice(part) for part in (ASKED, THINGS, ENDS)] for _ in range(count)]
    return [f"{' '.join(words)} {chance.randrange(100)}?" for words in parts]


def made(texts: Sequence[tuple[str, int]], parents: Sequence[str | None] | None = None) -> list[Example]:
    """Candidates of a wave."""
    given = parents or [None] * len(texts)
    return [
        Example(str(i), {"text": text}, label, 0, given[i], f"p{i}", seed=i)
        for i, (text, label) in enumerate(texts)
    ]


def likeness(gold: Sequence[Example], seed: int = 0, by: str = "ratio", share: float = 0.5) -> Likeness:
    vectors = Cached(Lsa([row.fields["text"] for row in gold]), None)
    return Likeness(share, by, gold, vectors, TASK, seed)


def drawn(seed: int) -> tuple[list[Example], list[tuple[str, int]]]:
    """Gold rows, and as many others from the same place."""
    chance = random.Random(seed)
    some = chance.sample(FILMS, 440)
    gold = [Example(f"g{i}", {"text": text}, label) for i, (text, label) in enumerate(some[:220])]
    return gold, some[220:]


@pytest.mark.parametrize("seed", range(3))
def test_of_a_stream_half_of_films_and_half_of_quizzes_the_quizzes_are_rejected(seed: int) -> None:
    gold, real = drawn(seed)
    chance = random.Random(f"quiz/{seed}")
    strangers = [(text, place % 2) for place, text in enumerate(quizzes(len(real), chance))]
    stream = made(chance.sample([*real, *strangers], 2 * len(real)))
    judge = likeness(gold, seed)
    passed = [one.row is not None for one in judge(stream)]
    odd = [row.fields["text"].endswith("?") and row.fields["text"] in dict(strangers) for row in stream]
    rejected = 1 - np.mean([ok for ok, strange in zip(passed, odd, strict=True) if strange])
    assert rejected >= 0.8
    assert abs(np.mean(passed) - 0.5) < 0.06  # the share
    before, after = (
        np.mean([row.label for row, ok in zip(stream, kept_, strict=True) if ok])
        for kept_ in ([True] * len(stream), passed)
    )
    assert abs(before - after) < 0.05  # the balance of labels
    numbers = judge.end_round()
    assert numbers["unlike_gold"] == len(passed) - sum(passed)
    assert numbers["abstained"] == 0 and 0.1 < numbers["ess"] <= 1
    assert numbers["c2st_after"] < numbers["c2st"] - 0.1
    assert judge.end_round() == {}  # the next round begins with none
    assert all(one.row for one in judge(stream[:15])) and not all(one.row for one in judge(stream[15:]))
    assert judge.end_round()["abstained"] == 0  # since a later wave had enough rows to judge


def clauses() -> list[str]:
    """Clauses of the license: a text that never changes, unlike the documentation."""
    text = " ".join((ROOT / "LICENSE").read_text().split())
    return sorted({one for one in re.split(r"(?<=[.:;,])\s+", text) if 40 < len(one) < 200})


@pytest.mark.parametrize("seed", range(3))
def test_strangers_are_rejected_with_less_than_a_hundred_gold_rows_too(seed: int) -> None:
    gold, real = drawn(seed)
    strangers = clauses()
    random.Random(seed).shuffle(strangers)
    few = len(strangers)
    stream = made([*real[:few], *((text, place % 2) for place, text in enumerate(strangers))])
    verdicts = likeness(gold[:few], seed)(stream)
    assert np.mean([verdict.row is None for verdict in verdicts[few:]]) > 0.8
    alike = likeness(gold[:110], seed)
    assert all(verdict.row for verdict in alike(made(real))) and alike.end_round()["abstained"] == 1


def test_a_random_share_is_of_the_same_size_and_rejects_no_more_strangers() -> None:
    gold, real = drawn(0)
    strangers = [(text, place % 2) for place, text in enumerate(quizzes(len(real), random.Random(1)))]
    judge = likeness(gold, by="random")
    verdicts = judge(made([*real, *strangers]))
    passed = np.asarray([one.row is not None for one in verdicts])
    assert abs(passed.mean() - 0.5) < 0.06 and abs(passed[len(real) :].mean() - 0.5) < 0.08
    assert {one.why for one in verdicts if one.row is None} == {"left_out_by_chance"}
    numbers = judge.end_round()
    assert "abstained" not in numbers and abs(numbers["c2st"] - numbers["c2st_after"]) < 0.1


def test_real_against_real_is_left_alone() -> None:
    abstained = 0
    for seed in range(20):
        gold, real = drawn(seed)
        judge = likeness(gold, seed)
        passed = [one.row is not None for one in judge(made(real))]
        numbers = judge.end_round()
        abstained += bool(numbers["abstained"]) and all(passed)
    assert abstained >= 18


def test_a_copy_of_the_exemplar_is_not_rewarded() -> None:
    """Rows that copy their exemplars look like gold only to who has seen these: then the odds would be far above 1."""
    gold, _ = drawn(3)
    copies = made([(row.fields["text"], row.label) for row in gold], [row.id for row in gold])
    strangers = made([(row.fields["text"], row.label) for row in gold])
    folds = [likeness(gold)._fold(row.id) for row in gold]
    points = np.random.default_rng(0).normal(size=(len(gold), 40)).astype(np.float32)
    _, own = odds_of_gold((points, points), (np.asarray(folds), np.asarray(folds)))
    judge = likeness(gold)
    others = np.asarray([judge._fold(row.parent or f"{row.seed}") for row in strangers])
    _, free = odds_of_gold((points, points), (np.asarray(folds), others))
    # a copy is learned as a made row only with its exemplar, as gold: the classifier cannot tell which
    assert np.allclose(own, 1, atol=1e-6) and not np.allclose(free, 1, atol=1e-2)
    assert [judge._fold(row.parent or "") for row in copies] == folds


def test_a_verdict_does_not_depend_on_the_order_of_rows() -> None:
    gold, real = drawn(4)
    strangers = [(text, place % 2) for place, text in enumerate(quizzes(len(real), random.Random(2)))]
    wave = made([*real, *strangers])
    turned = list(reversed(wave))
    straight = {row.prompt: one.row is None for row, one in zip(wave, likeness(gold)(wave), strict=True)}
    reverse = {row.prompt: one.row is None for row, one in zip(turned, likeness(gold)(turned), strict=True)}
    assert sum(straight[name] != reverse[name] for name in straight) <= 2  # sums in another order
    by_chance = likeness(gold, by="random")
    alone = [by_chance([row])[0].row is None for row in wave[:50]]
    beside = likeness(gold, by="random")(wave)
    assert alone == [one.row is None for one in beside[:50]]


def test_few_rows_of_a_label_are_compared_together_and_few_rows_at_all_are_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gold, real = drawn(5)
    rare = [row for row in gold if row.label == 0][:20] + [row for row in gold if row.label == 1]
    with caplog.at_level("INFO"):
        judge = likeness(rare)
    assert "fewer than 30 mining rows" in caplog.text
    assert len(judge(made(real))) == len(real)
    assert all(one.row is not None for one in likeness(gold)(made(real[:10])))
    assert likeness(gold)([]) == [] and likeness(gold).end_round() == {}


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_the_mean_chance_is_the_share_and_grows_with_the_odds(odds: list[float], share: float) -> None:
    values = np.asarray(odds)
    chances = kept(values, share)
    assert abs(chances.mean() - share) < 1e-6
    assert (chances[np.argsort(values)] == np.sort(chances)).all() and (chances > 0).all()


def test_the_area_is_the_share_of_pairs() -> None:
    chance = np.random.default_rng(0)
    real, other = chance.normal(0.5, 1, 80), chance.normal(0, 1, 120)
    area, error = area_under_curve(real, other)
    assert area == pytest.approx((real[:, None] > other[None, :]).mean()) and 0.02 < error < 0.1
    assert FOLDS == 5


class Strange:
    """The toy LLM; every other answer to a seed prompt is of another world."""

    def __init__(self) -> None:
        self.inner, self.asked = ToyLLM(), 0

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        for index, completion in self.inner.generate(prompts):
            self.asked += 1
            words = random.Random(prompts[index].seed)
            odd = f"what {' '.join(words.choice(THINGS) for _ in range(6))} {words.randrange(1000)}"
            yield index, replace(completion, text=odd) if prompts[index].seed % 2 else completion

    def close(self) -> None: ...


def with_share(config: Config, **options: object) -> Config:
    return replace(config, curation=replace(config.curation, likeness=0.5, **options))  # type: ignore[arg-type]


def test_a_run_asks_for_more_and_fills_its_quota_in_nearly_one_wave(
    toy_config: Config, tmp_path: Path
) -> None:
    config = with_share(toy_config)
    result = go(config, tmp_path / "run", llm=Strange())
    (first, *later) = read_rounds(tmp_path / "run")
    texts = [row.fields["text"] for row in first.batch.examples]
    assert np.mean([text.startswith("what") for text in texts]) < 0.25  # of half
    assert [len(record.batch.examples) for record in (first, *later)] == [161, 40, 39]
    asked = len(first.batch.asked)
    assert 2 * 161 <= asked <= 2 * 161 + 40
    numbers = result["rounds"][0]["metrics"]
    assert numbers["rejected/unlike_gold"] == numbers["curation/unlike_gold"] > 100
    assert {"curation/c2st", "curation/c2st_after", "curation/ess"} <= set(numbers)


def test_a_run_that_stops_anywhere_ends_as_an_unbroken_one(toy_config: Config, tmp_path: Path) -> None:
    config = with_share(toy_config)
    whole = same(go(config, tmp_path / "whole", llm=Strange(), cache=tmp_path / "store"))

    class Stops(Strange):
        def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
            for answer in super().generate(prompts):
                yield answer
                if self.asked >= 130:
                    raise KeyboardInterrupt

    stops = 0
    while True:
        try:
            ended = same(go(config, tmp_path / "run", llm=Stops(), cache=tmp_path / "other"))
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops >= 3 and ended == whole and rows(tmp_path / "run") == rows(tmp_path / "whole")


def test_given_rows_are_judged_as_well() -> None:
    from s3exp.synthesis.curating import Curation
    from s3exp.synthesis.given import Given
    from s3exp.synthesis.order import Order
    from s3exp.synthesis.replay import taken
    from s3exp.synthesis.round import unwatched
    from s3exp.synthesis.rows import Candidate

    gold, real = drawn(6)
    strangers = [(text, place % 2) for place, text in enumerate(quizzes(len(real), random.Random(3)))]
    given_ = [
        Example(str(i), {"text": text}, label, origin=f"row {i}")
        for i, (text, label) in enumerate([*real, *strangers])
    ]
    one_row = type("T", (), {"rows_per_answer": 1})()
    screen = type("S", (), {"problem": lambda self, fields: None})()
    curation = Curation(screen, {"likeness": likeness(gold)}, 0.5)
    rows_ = Given("rows", tuple(Candidate(row, row.fields["text"], None) for row in given_), ())
    batch = taken(rows_)(one_row, None, Order(0, 200, 0), [], curation, unwatched)  # type: ignore[arg-type]
    assert len(batch.examples) == pytest.approx(200, abs=15)
    assert np.mean([row.fields["text"].endswith("?") for row in batch.examples]) < 0.25
    assert batch.numbers["unlike_gold"] == sum(one.reason == "unlike_gold" for one in batch.rejected) > 100


def test_the_dry_run_asks_for_the_share_and_its_bounds_hold(toy_config: Config, tmp_path: Path) -> None:
    def nobody() -> ToyLLM:
        raise AssertionError("a dry run starts no LLM")

    config = with_share(toy_config)
    task = Classification(
        config.task, config.llm, load_gold(config.task, with_train=False), lambda text: text
    )
    with Stored(nobody, Asker("toy", 0.9, 0.95), None) as llm:
        before = plan_rounds(task, llm, config, lambda text: len(text.split()))
        plain = plan_rounds(task, llm, toy_config, lambda text: len(text.split()))
    result = go(config, tmp_path / "run")
    assert [one.calls for one in before] == [2 * one.calls for one in plain]
    assert [one.most_calls for one in before] == [one.most_calls for one in plain]
    for plan, done in zip(before, result["rounds"], strict=True):
        assert done["metrics"]["llm/calls"] <= plan.most_calls


def test_options_without_a_meaning_are_refused() -> None:
    for words, says in (
        (["curation.likeness=1"], "curation.likeness=1.0: must be between 0 and 1"),
        (["curation.likeness_by=random"], "curation.likeness is not set"),
        (["curation.likeness=0.3"], "set loop.tries=4 or more"),
        (["curation.likeness=0.5", "strategy=gold"], "strategy=gold trains on gold alone"),
        (["curation.likeness=0.5", "loop.rows_from=runs/other"], "set strategy=rows"),
    ):
        with pytest.raises(UserError) as error:
            compose(["task=reviews", *words])
        assert says in str(error.value) and "\n" not in str(error.value)
    compose(["task=reviews", "curation.likeness=0.3", "loop.tries=4"])
    compose(["task=reviews", "curation.likeness=0.1", "strategy=rows", "loop.rows_from=rows.jsonl"])
    with pytest.raises(UserError, match="it needs 30"):
        check_mining(compose(["task=reviews", "curation.likeness=0.5"]), toy_gold("mining", 29, 0.5, 1))


def test_a_run_without_it_keeps_its_name() -> None:
    from dataclasses import asdict

    plain = identity(asdict(compose(["task=reviews"])))
    assert not any("likeness" in key for key in plain)
    assert identity(asdict(compose(["task=reviews", "curation.likeness=0.5"]))) == {
        **plain,
        "curation.likeness": 0.5,
    }
