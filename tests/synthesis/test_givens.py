"""What seeds are asked with: texts that the LLM listed before, or attributes; no prompt holds a gold text."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import chisquare

from s3exp.curation.copies import copier
from s3exp.llm.store import Asker, Stored
from s3exp.llm.toy import ToyLLM
from s3exp.settings.loop import StrategyConfig
from s3exp.settings.run import Config
from s3exp.settings.task import AttributeConfig, GoldConfig, PromptSet, TaskConfig
from s3exp.synthesis.givens import LISTS
from s3exp.synthesis.order import Order, question
from s3exp.synthesis.synthesize import synthesize
from s3exp.tasks import build_task
from s3exp.tasks.classification import Classification
from s3exp.tasks.gold import load_gold
from s3exp.types import Batch, Completion, Prompt, UserError
from tests.commands.test_dry_run import planned
from tests.conftest import TOY_PROMPTS, curation_of, write_rows_in
from tests.extraction import PROMPTS as PAIRS
from tests.extraction import as_rows, toy_answers, toy_task
from tests.test_loop import STRATEGIES, go, rows

PROMPTS = replace(
    TOY_PROMPTS,
    domains="kinds: list={count}",
    instances="of {domain}: list={count}",
    seed_with_instance="about {instance}: label={label}",
)
WRITTEN = Order(0, 40, seed=3, seeds="written")


def written_world(config: Config, **more: object) -> Config:
    """The toy world, whose prompt set has lists for seeds."""
    return replace(config, task=replace(config.task, prompt_sets={"toy": PROMPTS}, **more))


def task_of(config: Config) -> Classification:
    gold = load_gold(config.task, with_train=False)
    return Classification(config.task, config.llm, gold, lambda text: text)


def make(config: Config, llm: ToyLLM, order: Order) -> Batch:
    task = task_of(config)
    curation = replace(curation_of(config, task), copied=copier(task.gold, config.task.fields, 0.8))
    return synthesize(task, Stored(lambda: llm, Asker("toy", 0.9, 0.95), None), order, [], curation)


def of_kind(batch: Batch, kind: str) -> list[Prompt]:
    return [prompt for prompt, _ in batch.asked if prompt.kind == kind]


def kept(batch: Batch, kind: str) -> list[str]:
    return [one.text for one in batch.listed if one.kind == kind and not one.left_out]


def test_seeds_are_about_texts_that_were_listed_in_two_stages(toy_config: Config) -> None:
    config = written_world(toy_config, domains=45, instances=3)
    batch = make(config, ToyLLM(), WRITTEN)
    assert [prompt.text for prompt in of_kind(batch, "domain")] == [f"kinds: list={n}" for n in (20, 20, 5)]
    domains = kept(batch, "domain")
    asked = [prompt.text for prompt in of_kind(batch, "instance")]
    assert asked == [f"of {domain}: list=3" for domain in domains] and 20 < len(domains) <= 45
    assert [prompt.kind for prompt, _ in batch.asked] == sorted(
        (prompt.kind for prompt, _ in batch.asked), key=[*LISTS, "seed"].index
    )
    about = [prompt.text.removeprefix("about ").partition(":")[0] for prompt in of_kind(batch, "seed")]
    assert set(about) <= set(kept(batch, "instance")) and len(set(about)) > 20
    assert len(batch.examples) == 40 and Counter(row.label for row in batch.examples) == {0: 20, 1: 20}
    assert batch.listed[-1].of in domains
    repeated = [one for one in batch.listed if one.left_out == "repeat"]
    assert len(set(kept(batch, "instance"))) == len(kept(batch, "instance")) and repeated


def test_a_row_draws_its_text_by_itself(toy_config: Config) -> None:
    config = written_world(toy_config)
    few, many = (make(config, ToyLLM(), replace(WRITTEN, quota=quota)) for quota in (10, 60))
    assert few.examples == many.examples[:10] and few.listed == many.listed
    assert of_kind(few, "seed") == of_kind(many, "seed")[:10]


def test_a_list_that_cannot_be_read_is_asked_for_again_as_often_as_loop_tries_says(
    toy_config: Config,
) -> None:
    config = written_world(toy_config, domains=60)
    batch = make(config, ToyLLM(flaws=0.5), replace(WRITTEN, tries=9))
    lost = [one for one in batch.rejected if one.reason == "no_list"]
    asked = [*of_kind(batch, "domain"), *of_kind(batch, "instance")]
    again = Counter(prompt.text for prompt in of_kind(batch, "instance"))
    assert len(asked) == 3 + len(again) + len(lost) and all(one.target is None for one in lost)
    assert {one.of for one in batch.listed if one.kind == "instance"} == set(kept(batch, "domain"))
    assert max(again.values()) > 3 and len({prompt.seed for prompt in asked}) == len(asked)


class Terse(ToyLLM):
    """Lists few of the texts that it is asked for."""

    def _list(self, prompt: Prompt, chance: random.Random, count: int) -> Completion:
        return super()._list(prompt, chance, min(count, 4))


def test_lists_that_are_too_short_add_up_and_few_texts_are_warned_of(
    toy_config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    config = written_world(toy_config, domains=20)
    with caplog.at_level(logging.INFO):
        batch = make(config, Terse(), WRITTEN)
    assert len(of_kind(batch, "domain")) == 3 and 4 < len(kept(batch, "domain")) <= 12
    assert not [one for one in batch.rejected if one.reason == "no_list"]
    (few,) = [one for one in caplog.records if one.message.startswith("seeds are about")]
    assert "(asked for: 40 of 20)" in few.message and few.levelno == logging.INFO
    caplog.clear()
    make(config, Terse(), replace(WRITTEN, tries=1, quota=5))
    assert [one.levelname for one in caplog.records if one.message.startswith("seeds are about")] == [
        "WARNING"
    ]


class Tongue(ToyLLM):
    """Writes lists of domains, or of both kinds, that cannot be read."""

    def __init__(self, unreadable: str) -> None:
        super().__init__()
        self.unreadable = unreadable

    def _answer(self, prompt: Prompt) -> Completion:
        if prompt.kind in self.unreadable:
            return Completion("I would rather not.", 3, 4, "stop")
        return super()._answer(prompt)


@pytest.mark.parametrize(("unreadable", "what"), [("domain", "domains"), ("instance", "instances")])
def test_a_run_whose_llm_lists_nothing_ends_in_one_line_and_leaves_no_round(
    toy_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unreadable: str, what: str
) -> None:
    monkeypatch.setitem(STRATEGIES, "written", StrategyConfig(name="w", max_rounds=0, seeds="written"))
    config = written_world(toy_config, domains=20)
    with pytest.raises(UserError) as error:
        go(config, tmp_path / "run", "written", Tongue(unreadable))
    said = str(error.value)
    assert said.startswith(f"strategy.seeds=written: the LLM wrote no {what} for seeds (no_list ")
    assert f"task.prompt_sets.toy.{what}" in said and "\n" not in said
    assert not list((tmp_path / "run").glob("rounds/*")) and not list((tmp_path / "run").rglob("*.part"))


class Reciter(ToyLLM):
    """Lists gold texts of some roles beside its own."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__()
        self.texts = list(texts)

    def _list(self, prompt: Prompt, *rest: object) -> Completion:
        said = super()._list(prompt, *rest)  # type: ignore[arg-type]
        some = [self.texts[(prompt.seed + at) % len(self.texts)] for at in range(2)]
        return replace(
            said, text="\n".join([said.text, *(f"{n}. {text.upper()}" for n, text in enumerate(some, 90))])
        )


def test_a_text_that_copies_gold_of_any_role_is_left_out_and_counted(
    toy_config: Config, tmp_path: Path
) -> None:
    config = written_world(toy_config, instances=4)
    texts = {
        role: [
            json.loads(line)["text"]
            for line in Path(getattr(config.task.gold, role)).read_text().splitlines()
        ]
        for role in ("train", "validation", "test")
    }
    for role, some in texts.items():
        batch = make(config, Reciter(some), WRITTEN)
        copies = [one for one in batch.listed if one.left_out == "copy_of_gold"]
        assert len(copies) > 20, role
        everything = "\n".join(prompt.text for prompt, _ in batch.asked).casefold()
        assert not [text for gold in texts.values() for text in gold if text.casefold() in everything], role


def test_lists_are_paid_from_the_tokens_of_the_budget(toy_config: Config) -> None:
    config = written_world(toy_config, domains=20, instances=2)
    config.llm.rationale_tokens = config.llm.max_tokens = 40
    for tokens in (1500, 4000):
        batch = make(config, ToyLLM(), replace(WRITTEN, tokens=tokens))
        assert sum(c.prompt_tokens + c.completion_tokens for _, c in batch.asked) <= tokens
    assert batch.examples
    with pytest.raises(UserError, match="loop.budget.tokens higher"):
        make(config, ToyLLM(), replace(WRITTEN, tokens=10))


@pytest.fixture
def arms(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 and ZeroGen with written seeds, as strategies of the toy world."""
    for name, of in (("s3-written", "s3"), ("zerogen-written", "zerogen")):
        monkeypatch.setitem(STRATEGIES, name, replace(STRATEGIES[of], name=name, seeds="written"))


def test_runs_of_one_seed_share_the_lists_and_the_record_has_them(
    toy_config: Config, tmp_path: Path, arms: None
) -> None:
    config, store = written_world(toy_config, domains=30, instances=2), tmp_path / "store.sqlite"
    first = go(config, tmp_path / "one", "zerogen-written", cache=store)
    second = go(config, tmp_path / "two", "s3-written", cache=store)
    assert second["rounds"][0]["metrics"]["llm/calls"] == 0
    read = {
        name: [
            json.loads(line) for line in (tmp_path / name / "rounds/0/givens.jsonl").read_text().splitlines()
        ]
        for name in ("one", "two")
    }
    assert read["one"] == read["two"] and set(read["one"][0]) == {"kind", "text", "of", "left_out"}
    numbers = first["rounds"][0]["metrics"]
    for kind in ("domain", "instance"):
        used = [one for one in read["one"] if one["kind"] == kind and not one["left_out"]]
        assert numbers[f"givens/{kind}s"] == len(used) > 0
    out = Counter(one["left_out"] for one in read["one"])
    assert numbers["givens/repeats"] == out["repeat"] and numbers["givens/copies"] == 0
    assert not (tmp_path / "two/rounds/1/givens.jsonl").exists()
    whole = rows(tmp_path / "two")
    go(config, tmp_path / "three", "s3-written", cache=store)
    assert rows(tmp_path / "three") == whole


def test_the_dry_run_bounds_the_lists(toy_config: Config, tmp_path: Path, arms: None) -> None:
    config, store = written_world(toy_config, domains=45, instances=2), tmp_path / "store.sqlite"
    (plan,) = planned(config, "zerogen-written")
    (bare,) = planned(config, "zerogen")
    assert plan.calls == bare.calls + 3 + 45 and plan.stored == 0
    assert [prompt.kind for prompt in plan.first] == ["domain", "instance", "seed", "seed"]
    assert "<domain 1>" in plan.first[1].text and "<instance " in plan.first[2].text + plan.first[3].text
    (done,) = go(config, tmp_path / "run", "zerogen-written", cache=store)["rounds"]
    asked = done["metrics"]["llm/calls"]
    tokens = done["metrics"]["llm/prompt_tokens"] + done["metrics"]["llm/completion_tokens"]
    assert asked <= plan.most_calls and tokens <= plan.most_tokens
    (after,) = planned(config, "zerogen-written", store)
    assert after.stored == after.calls and "<" not in after.first[-1].text


def test_attributes_are_drawn_evenly_and_by_label(toy_config: Config) -> None:
    attributes = {
        "length": AttributeConfig(["short", "long", "endless"]),
        "place": AttributeConfig(by_label={"bad": ["cellar", "attic"], "good": ["garden"]}),
    }
    prompts = replace(TOY_PROMPTS, seed="{length} in the {place} label={label}")
    task = replace(toy_config.task, prompt_sets={"toy": prompts}, attributes=attributes)
    ask = question(task_of(replace(toy_config, task=task)), Order(0, 1, seed=5), {})
    texts = [ask(row).text.split() for row in range(600)]
    lengths = Counter((text[0], text[-1]) for text in texts)
    assert len(lengths) == 6 and chisquare(list(lengths.values())).pvalue > 0.01
    places = Counter((text[-1], text[3]) for text in texts)
    assert set(places) == {("label=0", "cellar"), ("label=0", "attic"), ("label=1", "garden")}
    assert chisquare([places["label=0", "cellar"], places["label=0", "attic"]]).pvalue > 0.01
    bare = replace(prompts, seed="{length} label={label}")
    alone = replace(task, attributes={"length": attributes["length"]}, prompt_sets={"toy": bare})
    again = question(task_of(replace(toy_config, task=alone)), Order(0, 1, seed=5), {})
    assert [again(row).text.split()[0] for row in range(600)] == [text[0] for text in texts]


def test_prompts_without_attributes_have_their_old_keys(toy_config: Config) -> None:
    asker = Asker("toy", 0.9, 0.95)
    with_lists = task_of(written_world(toy_config, attributes={}))
    for order in (Order(0, 9, seed=5), Order(1, 9, seed=5, shown=with_lists.gold.mining)):
        keys = [
            [asker.key(question(task, order, {})(row)) for row in range(50)]
            for task in (task_of(toy_config), with_lists)
        ]
        assert keys[0] == keys[1]


class Narrator(ToyLLM):
    """Writes contexts that have a name and a number, contexts that have neither, and a question about any of them."""

    def _answer(self, prompt: Prompt) -> Completion:
        chance = random.Random(prompt.seed)
        if prompt.kind == "domain":
            text = "\n".join(f"{n}. the town number {chance.randrange(999)}" for n in range(1, 9))
        elif prompt.kind == "instance":
            text = f"1. {self.context(chance)}\n2. it is as it is so it is\n3. {self.context(chance)}"
        else:
            text = f"which one was it of all {chance.randrange(9999)}"
        return Completion(text, 9, 9, "stop")

    @staticmethod
    def context(chance: random.Random) -> str:
        return f"In the year {chance.randrange(1000, 2000)} we met Anna Bell, who said {chance.randrange(99)} words."


def test_in_extraction_a_listed_text_is_the_context_and_has_an_answer(tmp_path: Path) -> None:
    files = [
        write_rows_in(tmp_path, f"{role}.jsonl", as_rows(toy_answers(30, seed)))
        for seed, role in enumerate(("validation", "test"))
    ]
    task = toy_task(*files)
    lists = {"domains": "list {count}", "instances": "{count} of {domain}"}
    config = Config(task=replace(task, prompt_sets={"toy": replace(PAIRS, **lists)}, domains=8, instances=3))
    config.llm.model = "toy"
    gold = load_gold(config.task, with_train=False)
    built = build_task(config.task, config.llm, gold, str)
    llm = Stored(Narrator, Asker("toy", 0.9, 0.95), None)
    batch = synthesize(built, llm, replace(WRITTEN, quota=20), [], curation_of(config, built))
    unusable = [one.text for one in batch.listed if one.left_out == "unusable"]
    assert set(unusable) == {"it is as it is so it is"}
    written, known = set(kept(batch, "instance")), {row.fields["context"] for row in gold.mining}
    assert len(batch.examples) == 20 and all(text.endswith("words.") for text in written)
    for row in batch.examples:
        (answer,) = row.answers
        assert row.fields["context"] in written - known
        assert row.fields["context"].startswith(answer.text, answer.start)


def test_in_a_pair_a_listed_text_is_the_context_and_gold_ones_are_in_no_prompt(tmp_path: Path) -> None:
    found = {
        role: [
            {"premise": f"the {role} premise number {i} of many", "claim": f"a claim {i} of {role}", "label": i % 2}
            for i in range(40)
        ]
        for role in ("validation", "test")
    }  # fmt: skip
    files = {role: write_rows_in(tmp_path, f"{role}.jsonl", some) for role, some in found.items()}
    prompts = PromptSet(
        seed="on {premise}: label={label}",
        extrapolate="label={label} like: {claim} {premise}",
        domains="kinds: list={count}",
        instances="of {domain}: list={count}",
        labels=["0", "1"],
    )
    task = TaskConfig(
        name="pairs", gold=GoldConfig(**files), fields=["premise", "claim"], generate="claim", labels=["no", "yes"],
        prompts="p", prompt_sets={"p": prompts}, instances=3,
    )  # fmt: skip
    premises = [str(row["premise"]) for some in found.values() for row in some]
    for llm in (ToyLLM(), Reciter(premises)):
        batch = make(Config(task=task), llm, WRITTEN)
        assert len(batch.examples) == 40
        assert {row.fields["premise"] for row in batch.examples} <= set(kept(batch, "instance"))
        copies = [one for one in batch.listed if one.left_out == "copy_of_gold"]
        assert bool(copies) == isinstance(llm, Reciter)
        everything = "\n".join(prompt.text for prompt, _ in batch.asked).casefold()
        assert not [text for text in premises if text in everything]
