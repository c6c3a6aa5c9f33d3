"""The loop learns what only the errors can teach it, and a run that stops anywhere ends as if it had not."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from s3exp.llm.store import Asker, Stored
from s3exp.llm.toy import ToyLLM, toy_gold
from s3exp.loop import Parts, run
from s3exp.record.errors import read_ledger
from s3exp.record.rounds import RoundRecord, lessons_of, read_rounds
from s3exp.record.run import RunStore
from s3exp.seeds import derive
from s3exp.settings.loop import StrategyConfig
from s3exp.settings.run import Config
from s3exp.settings.small_model import BagConfig
from s3exp.settings.task import GoldConfig, PromptSet, TaskConfig
from s3exp.small_model import build_small_model
from s3exp.strategies import trained_on
from s3exp.tasks.classification import Classification
from s3exp.tasks.gold import load_gold
from s3exp.tasks.roles import Gold, TestIsSealed
from s3exp.tracking.tracker import Nothing
from s3exp.types import LLM, Completion, Fitted, Lesson, LLMFault, Prompt, SmallModel, UserError
from tests.conftest import as_rows, checks_of, toy_world

Write = Callable[[str, list[dict[str, object]]], str]
STRATEGIES = {
    "s3": StrategyConfig(name="s3", shown="errors"),
    "zerogen": StrategyConfig(name="zerogen", max_rounds=0),
    "goldgen": StrategyConfig(name="goldgen", shown="all", max_rounds=1),
    "gold": StrategyConfig(name="gold", human=True),
}


def go(
    config: Config,
    folder: Path,
    strategy: str = "s3",
    llm: LLM | None = None,
    cache: Path | None = None,
    identity: Mapping[str, Any] | None = None,
    part: StrategyConfig | None = None,
    **parts: Any,
) -> dict[str, Any]:
    """Run the loop once in the toy world, with the real small model, store and record; `parts` replace some.

    `identity` is the flat config that run.json gets, by itself no more than the strategy. `part` is a strategy of the
    test's own, in place of the named one.
    """
    chosen = config.strategy if config.strategy.with_gold else STRATEGIES[strategy]
    gold = load_gold(config.task, with_train=trained_on(chosen) == "train")
    engine = llm or ToyLLM()
    small = BagConfig(epochs=8, patience=8, lr=0.05, buckets=4096, threads=1)
    store = RunStore(folder, "", identity or {"strategy": strategy})
    task = Classification(config.task, config.llm, gold, lambda text: text)
    try:
        made = Parts(
            task,
            Stored(lambda: engine, Asker("toy", 0.9, 0.95), cache),
            build_small_model(small, labels=config.task.labels, fields=config.task.fields, progress=False),
            Nothing(),
            *checks_of(config, task),
            chosen,
            config.loop,
            store,
            config.seed,
        )
        return run(replace(made, **{"strategy": part or chosen, **parts}))
    finally:
        store.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """S3 in the toy world, whose gold is written once."""
    return toy_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def toy_config(world: Config) -> Config:
    """The world's config, which a test may change."""
    return deepcopy(world)


@dataclass(frozen=True)
class Whole:
    """An unbroken run of S3 in the toy world, made once and only read."""

    folder: Path
    result: dict[str, Any]

    def copied(self, folder: Path) -> Path:
        """A copy, which a test may change."""
        return Path(shutil.copytree(self.folder, folder))


@pytest.fixture(scope="module")
def whole(world: Config, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole") / "run"
    return Whole(folder, go(deepcopy(world), folder))


def same(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what may differ between equal runs: the clock, who answered, and what was not needed."""
    kept = {k: v for k, v in result.items() if k not in ("seconds", "llm", "cost")}
    kept["rounds"] = [
        {
            **r,
            "metrics": {
                k: v
                for k, v in r["metrics"].items()
                if "seconds" not in k and k not in ("llm/calls", "llm/store_hits", "llm/ahead")
            },
        }
        for r in result["rounds"]
    ]
    return kept


def rows(folder: Path) -> dict[str, str]:
    """Every file of rows and predictions of a run."""
    names = ("examples.jsonl", "rejected.jsonl", "predictions.jsonl", "prompts.jsonl")
    return {str(p.relative_to(folder)): p.read_text() for name in names for p in sorted(folder.rglob(name))}


def test_errors_teach_what_the_seed_cannot(toy_config: Config, tmp_path: Path, whole: Whole) -> None:
    others = {name: go(toy_config, tmp_path / name, name) for name in STRATEGIES if name != "s3"}
    results = {"s3": whole.result, **others}
    accuracy = {name: result["test"]["accuracy"] for name, result in results.items()}
    # half of the gold rows have words that a seed never has: ZeroGen cannot be far from 0.75
    assert accuracy["zerogen"] < 0.85
    assert accuracy["s3"] > accuracy["zerogen"] + 0.1
    assert [r["round"] for r in results["s3"]["rounds"]] == [0, 1, 2]
    assert results["s3"]["rounds"][-1]["train_rows"] == results["zerogen"]["rounds"][-1]["train_rows"] == 240
    assert results["goldgen"]["rounds"][-1]["train_rows"] == 240
    assert results["s3"]["rounds"][-1]["errors"] < results["s3"]["rounds"][0]["errors"]
    assert results["gold"]["llm"]["calls"] == 0
    assert results["gold"]["rounds"][0]["train_rows"] > 50


def test_every_extrapolated_row_descends_from_an_error(
    toy_config: Config, tmp_path: Path, whole: Whole
) -> None:
    store = RunStore(whole.copied(tmp_path / "run"), "", {"strategy": "s3"})
    records = [store.read_round(number) for number in range(3)]
    store.close()
    gold = {row.id: row for row in load_gold(toy_config.task, with_train=False).mining}
    for before, after in itertools.pairwise(records):
        assert before is not None and after is not None
        missed = {p.id for p in before.predictions if gold[p.id].label != p.label}
        assert {e.parent for e in after.batch.examples} <= missed


class Watching(Nothing):
    """Keeps the points of every stage."""

    def __init__(self) -> None:
        self.points: dict[tuple[str, int], list[Mapping[str, float]]] = {}

    def log_live(self, stage: str, number: int, numbers: Mapping[str, float], always: bool = False) -> None:
        self.points.setdefault((stage, number), []).append(numbers)


def test_a_tracker_sees_the_stages_go_on_and_the_record_is_the_same(
    toy_config: Config, tmp_path: Path, whole: Whole
) -> None:
    tracker = Watching()
    watched = go(toy_config, tmp_path / "watched", tracker=tracker)
    assert same(watched) == same(whole.result)
    assert rows(tmp_path / "watched") == rows(whole.folder)
    assert set(tracker.points) == {(stage, n) for stage in ("synthesis", "training") for n in range(3)}
    for one in watched["rounds"]:
        metrics, asked = one["metrics"], tracker.points["synthesis", one["round"]]
        assert [point["answers"] for point in asked[:-1]] == list(range(1, len(asked)))
        tokens = metrics["llm/prompt_tokens"] + metrics["llm/completion_tokens"]
        ended = {"rows": one["new_rows"], "quota": one["quota"], "answers": len(asked) - 1, "tokens": tokens}
        assert asked[-1] == ended and len(asked) - 1 == metrics["llm/calls"] + metrics["llm/store_hits"]
        assert [point["rows"] for point in asked] == sorted(point["rows"] for point in asked)
        points = tracker.points["training", one["round"]]
        epochs = [point for point in points if "select_loss" in point]
        assert [point["epoch"] for point in epochs] == list(range(1, 1 + int(metrics["fit/epochs"])))
        best = epochs[int(metrics["fit/best_epoch"]) - 1]
        assert best["select_accuracy"] == metrics["select/accuracy"]
        # on a slow machine the loss of an epoch's last step may have been told before its end
        losses = [point["loss"] for point in points if "loss" in point]
        assert len(losses) > 1 and losses[-1] < losses[0]


class Dying:
    """A toy LLM that fails for good after some answers."""

    def __init__(self, answers: int) -> None:
        self.llm, self.left = ToyLLM(), answers

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        for answer in self.llm.generate(prompts):
            if self.left == 0:
                raise LLMFault("the engine died")
            self.left -= 1
            yield answer

    def close(self) -> None:
        self.llm.close()


def test_a_run_that_stopped_goes_on_to_the_same_end(toy_config: Config, tmp_path: Path, whole: Whole) -> None:
    asked = whole.result["llm"]["calls"] + whole.result["llm"]["store_hits"]
    for answers, rounds in ((0, 0), (100, 0), (165, 1), (239, 2)):
        folder, cache = tmp_path / f"stopped-{answers}", tmp_path / f"{answers}.sqlite"
        with pytest.raises(LLMFault):
            go(toy_config, folder, llm=Dying(answers), cache=cache)
        assert len(list(folder.glob("rounds/[0-9]"))) == rounds
        llm = ToyLLM()
        assert same(go(toy_config, folder, llm=llm, cache=cache)) == same(whole.result)
        assert rows(folder) == rows(whole.folder)
        assert llm.asked == asked - answers  # what was answered before is not asked again


def test_finished_rounds_are_read_not_computed(toy_config: Config, tmp_path: Path, whole: Whole) -> None:
    folder = whole.copied(tmp_path / "run")
    (folder / "result.json").unlink()
    llm = ToyLLM()
    again = go(toy_config, folder, llm=llm)
    assert llm.asked == 0
    assert again == whole.result


def test_a_lost_last_round_is_made_again(toy_config: Config, tmp_path: Path, whole: Whole) -> None:
    folder = whole.copied(tmp_path / "run")
    (folder / "result.json").unlink()
    shutil.rmtree(folder / "rounds" / "2")
    assert same(go(toy_config, folder)) == same(whole.result)
    assert rows(folder) == rows(whole.folder)


def test_seeds_differ_and_repeat(toy_config: Config, tmp_path: Path, whole: Whole) -> None:
    assert same(go(toy_config, tmp_path / "b")) == same(whole.result)
    assert rows(tmp_path / "b") == rows(whole.folder)
    go(replace(toy_config, seed=1), tmp_path / "c")
    assert rows(tmp_path / "c") != rows(whole.folder)


def test_a_longer_run_asks_only_for_what_is_new(toy_config: Config, tmp_path: Path) -> None:
    cache = tmp_path / "completions.sqlite"
    short = replace(toy_config, loop=replace(toy_config.loop, rounds=1))
    first = go(short, tmp_path / "short", cache=cache)
    longer = go(toy_config, tmp_path / "long", cache=cache)
    assert longer["llm"]["store_hits"] >= first["rounds"][0]["new_rows"]


def test_a_pair_of_texts_with_three_classes(tmp_path: Path, write_rows: Write) -> None:
    """The LLM writes one field; the other comes from gold contexts, and every class has its errors."""
    words = ["oak", "elm", "ash"]

    def gold(role: str, count: int) -> str:
        rows: list[dict[str, object]] = [
            {
                "premise": f"{role} walk {i}",
                "hypothesis": f"{words[i % 3]}{i % 7} tree {i} stands",
                "label": "abc"[i % 3],
            }
            for i in range(count)
        ]
        return write_rows(f"{role}.jsonl", rows)

    prompts = PromptSet(
        seed="{premise} label={label}", extrapolate="{premise} label={label} like: {hypothesis}"
    )
    prompts.labels = ["0", "1", "1"]  # the toy LLM knows two classes: the third comes from errors alone
    task = TaskConfig(
        name="pair",
        gold=GoldConfig(validation=gold("validation", 120), test=gold("test", 90)),
        fields=["premise", "hypothesis"],
        generate="hypothesis",
        labels=["a", "b", "c"],
        prompts="p",
        prompt_sets={"p": prompts},
    )
    config = Config(task=task, progress=False)
    config.loop.budget.rows = 180
    config.llm.model = "toy"
    result = go(config, tmp_path / "run")
    assert result["test"]["accuracy"] > 0.6
    contexts = {row.fields["premise"] for row in load_gold(task, with_train=False).mining}
    first = tmp_path / "run" / "rounds" / "0" / "examples.jsonl"
    seeds = [json.loads(line) for line in first.read_text().splitlines()]
    assert {row["fields"]["premise"] for row in seeds} <= contexts
    assert {row["target"] for row in seeds} == {0, 1, 2}


def test_three_classes_from_end_to_end(toy_config: Config, tmp_path: Path, write_rows: Write) -> None:
    gold = {
        role: write_rows(f"{role}3.jsonl", as_rows(toy_gold(role, 180, 0.5, seed, labels=3)))
        for seed, role in enumerate(("train", "validation", "test"))
    }
    sets = {
        "toy": PromptSet(
            seed="label={label}", extrapolate="label={label} like: {text}", labels=["0", "1", "2"]
        )
    }
    task = replace(
        toy_config.task, gold=GoldConfig(**gold, overlap="drop"), labels=["a", "b", "c"], prompt_sets=sets
    )
    result = go(replace(toy_config, task=task), tmp_path / "run")
    first, last = result["rounds"][0], result["rounds"][-1]
    made = [first["metrics"][f"new_rows/{name}"] for name in ("a", "b", "c")]
    assert max(made) - min(made) <= 4 and sum(made) == first["new_rows"]
    predictions = [
        json.loads(line) for line in (tmp_path / "run/rounds/0/predictions.jsonl").read_text().splitlines()
    ]
    mining = {row.id: row.label for row in load_gold(task, with_train=False).mining}
    assert {p["target"] for p in predictions} == {0, 1, 2} and len(predictions[0]["scores"]) == 3
    assert first["errors"] == sum(mining[p["id"]] != p["target"] for p in predictions)
    assert last["errors"] < first["errors"] and result["test"]["accuracy"] > 0.8
    assert result["test"]["macro_f1"] == pytest.approx(result["test"]["accuracy"], abs=0.1)


class Peeking:
    """A small model that looks at gold test rows while it is trained."""

    def __init__(self, inner: SmallModel, gold: Gold) -> None:
        self.inner, self.gold = inner, gold

    def check(self, rows: Any = ()) -> None:
        self.inner.check(rows)

    def fit(self, lesson: Lesson, select: Any, seed: int) -> Any:
        return self.inner.fit(Lesson([*lesson.rows, *self.gold.test]), select, seed)

    def load(self, folder: Path) -> Any:
        return self.inner.load(folder)


def test_whoever_reads_test_rows_before_the_end_stops_the_run(toy_config: Config, tmp_path: Path) -> None:
    gold = load_gold(toy_config.task, with_train=False)
    small = build_small_model(BagConfig(), labels=["bad", "good"], fields=["text"], progress=False)
    with pytest.raises(TestIsSealed, match="before the loop had ended"):
        go(toy_config, tmp_path / "run", small_model=Peeking(small, gold))
    assert not (tmp_path / "run" / "result.json").exists() and not (tmp_path / "run" / "test.jsonl").exists()


def test_a_run_leaves_its_certificate_its_ledger_and_every_test_row(whole: Whole) -> None:
    result = whole.result
    certificate = json.loads((whole.folder / "certificate.json").read_text())
    assert certificate["clean"] and result["clean"] and certificate["rows"] == 240
    sizes = {role: counts["gold_rows"] for role, counts in certificate["roles"].items()}
    assert sizes["train"] > 50 and {role: sizes[role] for role in ("mining", "select", "test")} == {
        role: result["gold"][role] for role in ("mining", "select", "test")
    }
    tested = [json.loads(line) for line in (whole.folder / "test.jsonl").read_text().splitlines()]
    assert sum(row["right"] for row in tested) / len(tested) == pytest.approx(result["test"]["accuracy"])
    entries = read_ledger(whole.folder)
    assert len(entries) >= result["rounds"][0]["errors"]
    made = {row["id"]: row for n in range(3) for row in examples(whole.folder, n)}
    for history in entries:
        for one in history.rounds:
            for child in one.children:
                row = made[child.id]
                assert (row["parent"], row["round"]) == (history.error, one.round)
                assert (row["prompt"], row["seed"], row["tokens"]) == (child.prompt, child.seed, child.tokens)
                assert row["tokens"] > 0
    for number, record in enumerate(result["rounds"]):
        right = sum(history.rounds[number].right for history in entries)
        assert len(entries) - right == record["errors"]
    last = result["rounds"][2]["metrics"]
    assert last["errors_still"] + last["errors_new"] == result["rounds"][2]["errors"]
    assert last["errors_still"] + last["errors_fixed"] == result["rounds"][1]["errors"]


def examples(folder: Path, number: int) -> list[dict[str, Any]]:
    lines = (folder / "rounds" / str(number) / "examples.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


class Parrot(ToyLLM):
    """Repeats what it is shown, one time in two in quotation marks, and declines now and then."""

    def _answer(self, prompt: Prompt) -> Completion:
        shown = prompt.text.partition(" like: ")[2]
        if not shown:
            return super()._answer(prompt)
        if prompt.seed % 5 == 0:
            return Completion("I'm sorry, but I can't write that for you.", 5, 9, "stop")
        return Completion(f'"{shown}"' if prompt.seed % 2 else shown, 5, 5, "stop")


def test_copies_and_refusals_are_rejected_or_flagged(toy_config: Config, tmp_path: Path) -> None:
    rejecting = go(toy_config, tmp_path / "reject", llm=Parrot())
    assert rejecting["clean"] and rejecting["rounds"][1]["new_rows"] == 0
    reasons = rejecting["rounds"][1]["rejected_by_reason"]
    assert reasons["copy_of_gold"] > 20 and reasons["refusal"] > 5
    flagging = replace(toy_config, curation=replace(toy_config.curation, copies="flag"))
    flagged = go(flagging, tmp_path / "flag", llm=Parrot())
    certificate = json.loads((tmp_path / "flag" / "certificate.json").read_text())
    copied = sum(record["new_rows"] for record in flagged["rounds"][1:])
    assert not flagged["clean"] and certificate["exemplar"]["exact"] == copied > 20
    assert certificate["roles"]["mining"]["exact"] == 0  # but for those that the LLM was shown
    assert flagged["rounds"][1]["rejected_by_reason"]["refusal"] > 5
    assert flagged["rounds"][1]["metrics"]["repaired/quotes"] > 5
    assert not any('"' in row["fields"]["text"] for row in examples(tmp_path / "flag", 1))


class Liar(ToyLLM):
    """Writes a row of the other label one time in six."""

    def _answer(self, prompt: Prompt) -> Completion:
        if prompt.seed % 6:
            return super()._answer(prompt)
        head, rest = prompt.text.split("label=", 1)
        return super()._answer(replace(prompt, text=f"{head}label={1 - int(rest[0])}{rest[1:]}"))


def test_rows_that_training_leaves_out_stay_on_record(toy_config: Config, tmp_path: Path) -> None:
    dropping = replace(toy_config, curation=replace(toy_config.curation, noise="drop"))
    dropped = go(dropping, tmp_path / "drop", llm=Liar())
    plain = go(toy_config, tmp_path / "plain", llm=Liar())
    assert dropped["rounds"][-1]["train_rows"] == plain["rounds"][-1]["train_rows"] == 240
    assert dropped["rounds"][0]["metrics"]["noise/share"] > 0.02
    ours, theirs = rows(tmp_path / "drop"), rows(tmp_path / "plain")
    assert ours["rounds/0/examples.jsonl"] == theirs["rounds/0/examples.jsonl"]
    assert ours["rounds/0/predictions.jsonl"] != theirs["rounds/0/predictions.jsonl"]


@pytest.mark.parametrize(
    ("noise", "flaws"),
    [("drop", "none"), ("weight", "none"), ("none", "none"), ("weight", "unlearn"), ("none", "drop")],
)
def test_the_record_gives_back_what_was_trained_on(
    toy_config: Config, tmp_path: Path, noise: str, flaws: str
) -> None:
    """Fitting again from the record alone makes the same weights, bit for bit, in every round."""
    config = replace(toy_config, curation=replace(toy_config.curation, noise=noise, flaws=flaws))
    kept: list[dict[str, bytes]] = []

    class Keeping(RunStore):
        def write_round(self, record: RoundRecord, fitted: Fitted) -> None:
            super().write_round(record, fitted)
            kept.append({path.name: path.read_bytes() for path in self.weights.iterdir()})

    store = Keeping(tmp_path / "run", "", {})
    go(config, tmp_path / "other", llm=Liar(), store=store)
    store.close()
    small = BagConfig(epochs=8, patience=8, lr=0.05, buckets=4096, threads=1)
    model = build_small_model(small, labels=config.task.labels, fields=config.task.fields, progress=False)
    gold = load_gold(config.task, with_train=False)
    records = read_rounds(tmp_path / "run")
    weighted = 0
    for number, lesson in enumerate(lessons_of(records, gold.train)):
        assert len(lesson.rows) == records[number].metrics["train_rows"]
        weighted += lesson.weights is not None
        fitted, _ = model.fit(lesson, gold.select, derive(config.seed, "small_model"))
        fitted.save(tmp_path / f"again-{number}")
        again = {path.name: path.read_bytes() for path in (tmp_path / f"again-{number}").iterdir()}
        assert again == kept[number]
    assert weighted == (0 if noise == flaws == "none" else len(records))
    forgotten = [change for record in records for change in record.reweighted if change.field == "forget"]
    assert bool(forgotten) == (flaws == "unlearn")


def test_a_record_of_another_schema_is_refused_in_one_line(
    toy_config: Config, tmp_path: Path, whole: Whole
) -> None:
    whole.copied(tmp_path / "run")
    begun = json.loads((tmp_path / "run/run.json").read_text())
    assert begun["versions"]["torch"] and begun["versions"]["s3exp"]
    (tmp_path / "run/run.json").write_text(json.dumps(begun | {"schema": 1}))
    for read in (lambda: go(toy_config, tmp_path / "run"), lambda: read_rounds(tmp_path / "run")):
        with pytest.raises(UserError, match="has schema 1, this s3exp writes and reads 2") as error:
            read()
        assert "\n" not in str(error.value)


def test_a_run_that_goes_on_with_other_versions_says_so(
    toy_config: Config, tmp_path: Path, whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    whole.copied(tmp_path / "run")
    begun = json.loads((tmp_path / "run/run.json").read_text())
    begun["versions"]["torch"] = "1.0"
    (tmp_path / "run/run.json").write_text(json.dumps(begun))
    go(toy_config, tmp_path / "run")
    assert "began with torch 1.0 and goes on with" in caplog.text
