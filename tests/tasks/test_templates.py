"""Rows from templates: no LLM, no tokens, rows that depend on their own seeds, and shortcuts that the audit names."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.llm.store import Asker, Stored
from s3exp.llm.toy import EASY, NEUTRAL, ToyLLM
from s3exp.settings.compose import compose
from s3exp.settings.loop import StrategyConfig
from s3exp.settings.run import Config
from s3exp.settings.task import PromptSet
from s3exp.small_model import build_small_model
from s3exp.synthesis.order import Order
from s3exp.synthesis.synthesize import synthesize
from s3exp.tasks import build_task
from s3exp.tasks.gold import load_gold
from s3exp.tasks.templates import cloze, most_rows
from s3exp.types import LLM, Answer, Batch, Lesson
from tests.commands.test_dry_run import planned
from tests.conftest import TOY_PROMPTS, curation_of
from tests.extraction import as_rows, toy_answers, toy_task
from tests.test_loop import STRATEGIES, go, rows

FILLED = replace(
    TOY_PROMPTS,
    templates=[
        "the {thing} and its {other} were {mood} for {time} years",
        "{mood} {thing} , {mood} {other} , {time} times",
    ],
    slots={
        "mood": {"bad": list(EASY[0]), "good": list(EASY[1])},
        "thing": list(NEUTRAL[:5]),
        "other": list(NEUTRAL[5:]),
        "time": [str(number) for number in range(20)],
    },
)
ORDER = Order(0, 60, seed=2, seeds="templates")


def nobody() -> LLM:
    raise AssertionError("no LLM is started for templates")


def world(config: Config, prompts: PromptSet = FILLED) -> Config:
    return replace(config, task=replace(config.task, prompt_sets={"toy": prompts}))


def make(config: Config, order: Order = ORDER) -> Batch:
    gold = load_gold(config.task, with_train=False)
    task = build_task(config.task, config.llm, gold, str)
    llm = Stored(nobody, Asker("toy", 0.9, 0.95), None)
    return synthesize(task, llm, order, [], curation_of(config, task))


@pytest.fixture
def arms(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, of in (("templates", "zerogen"), ("s3-templates", "s3")):
        monkeypatch.setitem(STRATEGIES, name, replace(STRATEGIES[of], name=name, seeds="templates"))


def test_a_row_is_its_own_prompt_and_depends_on_its_seed_alone(toy_config: Config) -> None:
    few, many = make(world(toy_config)), make(world(toy_config), replace(ORDER, quota=90, tokens=0))
    assert few.examples == many.examples[:60]
    assert Counter(row.label for row in few.examples) == {0: 30, 1: 30}
    for prompt, answer in few.asked:
        assert (prompt.kind, prompt.max_tokens, answer.text, answer.tokens) == ("template", 0, prompt.text, 0)
    for row in few.examples:
        words = row.fields["text"].split()
        assert not set(words) & set(EASY[1 - row.label]) and row.tokens == 0
    seconds = [row.fields["text"].split() for row in many.examples if row.fields["text"][:3] != "the"]
    assert len(seconds) > 20 and all(words[0] == words[3] for words in seconds)  # one field, one text


def test_a_run_of_templates_asks_nobody_and_s3_begins_with_its_first_error(
    toy_config: Config, tmp_path: Path, arms: None
) -> None:
    config = world(toy_config)
    config.loop.budget.rows = 150
    alone = go(config, tmp_path / "alone", "templates", Refusing())
    assert alone["llm"] == {
        "calls": 0,
        "store_hits": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "seconds": 0,
    }
    assert alone["test"]["accuracy"] > 0.6 and alone["rounds"][0]["new_rows"] == 150
    llm = ToyLLM()
    mixed = go(config, tmp_path / "mixed", "s3-templates", llm)
    first, *others = mixed["rounds"]
    assert first["metrics"]["llm/calls"] == 0 and first["new_rows"] == 100
    assert llm.asked == mixed["llm"]["calls"] == sum(one["metrics"]["llm/calls"] for one in others) > 0
    assert mixed["test"]["accuracy"] > alone["test"]["accuracy"]
    go(config, tmp_path / "again", "templates", Refusing())
    assert rows(tmp_path / "again") == rows(tmp_path / "alone")
    plan, *more = planned(config, "s3-templates")
    assert (plan.calls, plan.most_tokens, plan.rows) == (0, 0, first["train_rows"]) and more[0].calls > 0
    assert [prompt.kind for prompt in plan.first] == ["template"] * 2


class Refusing(ToyLLM):
    def generate(self, prompts: object) -> object:  # type: ignore[override]
        raise AssertionError("no LLM is asked for templates")


def test_too_few_templates_are_told_before_the_start_and_by_the_round(
    toy_config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    from s3exp.tasks.templates import check_rows

    small = replace(FILLED, templates=["{mood} film of the year"], slots={"mood": FILLED.slots["mood"]})
    config = world(toy_config, small)
    assert most_rows(config.task, 0) == 8 and most_rows(world(toy_config).task, 0) == 2 * 2 * 4 * 25 * 20
    check_rows(config.task, 60, 0)
    assert "make 8 different rows at most, and 60 are asked for" in caplog.text
    batch = make(config)
    assert len(batch.examples) <= 8 and "of 60 rows after all tries of filling the templates" in caplog.text
    assert {one.reason for one in batch.rejected} == {"duplicate"} and len(batch.asked) == 180
    caplog.clear()
    check_rows(config.task, 8, 0)
    assert not caplog.text


def test_the_audit_names_what_tells_the_labels_of_the_templates(
    toy_config: Config, tmp_path: Path, arms: None
) -> None:
    tell = {"bad": ["mostly"], "good": ["rather"]}
    planted = replace(
        FILLED,
        templates=[
            "the {thing} and the {other} were seen {time} times {tell}",
            "{tell} the {other} , the {thing} , {time}",
        ],
        slots={**{name: FILLED.slots[name] for name in ("thing", "other", "time")}, "tell": tell},
    )
    go(world(toy_config, planted), tmp_path / "run", "templates")
    found = [
        json.loads(line) for line in (tmp_path / "run/rounds/0/shortcuts.jsonl").read_text().splitlines()
    ]
    named = {word for one in found if one["strong"] for word in ("mostly", "rather") if word in one["line"]}
    assert named
    assert max(one["accuracy"] for one in found) > 0.95


def test_a_question_from_a_sentence_has_a_gap_where_the_answer_was(tmp_path: Path) -> None:
    roles = {role: str(tmp_path / f"{role}.jsonl") for role in ("validation", "test")}
    for seed, (_, path) in enumerate(roles.items()):
        Path(path).write_text("".join(json.dumps(row) + "\n" for row in as_rows(toy_answers(40, seed))))
    task = toy_task(roles["validation"], roles["test"])
    prompts = replace(
        task.prompt_sets["toy"], templates=["{cloze}?", "say: {cloze}?"], slots={"blank": ["who", "what"]}
    )
    config = Config(task=replace(task, prompt_sets={"toy": prompts}))
    config.llm.model = "toy"
    batch = make(config, replace(ORDER, quota=30))
    assert len(batch.examples) == 30
    for row in batch.examples:
        (answer,) = row.answers
        assert row.fields["context"].startswith(answer.text, answer.start)
        said = row.fields["question"].removeprefix("say: ").removesuffix("?")
        context = row.fields["context"]
        before, after = context[: answer.start], context[answer.start + len(answer.text) :]
        assert said in (f"{before}who{after}", f"{before}what{after}")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("Rome", "It began in what"),
        ("1820", "It ended in what, they say"),
        ("end of it. It ended", "Near the what in 1820, they say"),
    ],
)
def test_the_gap_is_in_the_answers_own_sentence(toy_config: Config, answer: str, says: str) -> None:
    text = "It began in Rome. Near the end of it. It ended in 1820, they say."
    assert cloze(toy_config.task, text, Answer(answer, text.index(answer)), 0) == says


def test_sst2_from_templates_is_above_the_majority(shared: Path, tmp_path: Path) -> None:
    files = [
        f"task.gold.{role}={shared / 'data' / 'sst2' / role}.jsonl"
        for role in ("train", "validation", "test")
    ]
    config = compose(["task=sst2", "method=templates", "llm.model=none", "loop.budget.rows=600", *files])
    batch = make(config, replace(ORDER, quota=600))
    assert len(batch.examples) == 600 and len(batch.rejected) < 60
    assert most_rows(config.task, 0) > 10_000
    gold = load_gold(config.task, with_train=False)
    task = build_task(config.task, config.llm, gold, str)
    small = build_small_model(
        config.small_model, labels=config.task.labels, fields=config.task.fields, progress=False
    )
    fitted, _ = small.fit(Lesson(batch.examples), gold.select, 0)
    scores = task.score(gold.mining, fitted.predict(gold.mining)).metrics
    assert scores["accuracy_low"] > scores["majority"], scores


@pytest.mark.parametrize("name", ["sst2", "reviews"])
def test_the_templates_that_ship_read_well(name: str) -> None:
    config = compose([f"task={name}", "method=templates", "llm.model=any"])
    prompts = config.task.prompt_sets["paper"]
    assert 15 <= len(prompts.templates) <= 25
    names = {slot for slot, texts in prompts.slots.items() if isinstance(texts, dict)}
    lists = [texts for slot in names for texts in prompts.slots[slot].values()]
    lists += [texts for slot, texts in prompts.slots.items() if slot not in names]
    assert all(5 <= len(set(texts)) == len(texts) <= 30 for texts in lists)
    gold = load_gold(config.task, with_train=False) if name == "reviews" else None
    for seed in range(200) if gold else ():
        assert gold is not None
        task = build_task(config.task, config.llm, gold, str)
        text = task.template_prompt(seed % 2, seed, {}).text
        assert "{" not in text and not any(f" a {vowel}" in text for vowel in "aeiou")


def test_the_strategy_of_a_run_says_what_seeds_are_asked_with() -> None:
    assert StrategyConfig(rationales=True).seeded == "rationales" and StrategyConfig().seeded == "plain"
    assert StrategyConfig(rationales=True, seeds="templates").seeded == "templates"
