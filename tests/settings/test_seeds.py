"""What seeds are asked with is checked before anything starts; runs that do not use it keep their names."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hydra import compose as by_hydra
from hydra import initialize_config_dir

from s3exp.settings.compose import compose, conf, find_sweeps, plain, register_schemas
from s3exp.settings.run import OF_SEEDS, identity
from s3exp.strategies import asks, canonical, idle
from s3exp.types import UserError

ANY = ["llm.model=any", "tracker=none"]
SPANS = ["task=adqa", "small_model=minilm"]
TEMPLATES = "task.prompt_sets.paper.templates"
SLOTS = "task.prompt_sets.paper.slots"


def facts_of(*words: str) -> dict[str, Any]:
    register_schemas()
    find_sweeps()
    with initialize_config_dir(str(conf()), version_base="1.3"):
        return canonical(identity(plain(by_hydra("config", [*ANY, *words]))))


def refused(*words: str) -> str:
    with pytest.raises(UserError) as error:
        compose([*ANY, *words])
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_names_of_plain_runs_are_those_of_before() -> None:
    """The hash is that of the commit before the templates came into the prompt sets that ship."""
    known = hashlib.sha256()
    for task in ("sst2", "reviews", "rte", "qnli"):
        for strategy in ("s3", "gold"):
            facts = facts_of(f"task={task}", f"strategy={strategy}")
            assert not [key for key in facts if key.rpartition(".")[2] in OF_SEEDS or ".slots." in key]
            known.update(json.dumps(facts, sort_keys=True).encode())
    assert known.hexdigest()[:16] == "09b08464a61bc205"


@pytest.mark.parametrize("name", ["sst2", "reviews", "rte"])
def test_templates_count_where_they_are_read_and_nowhere_else(name: str) -> None:
    plain_, written, filled = (
        facts_of(f"task={name}", *more) for more in ([], ["method=targen"], ["method=templates"])
    )
    for field, use in OF_SEEDS.items():
        key = f"task.prompt_sets.paper.{field}"
        for facts, seeds in ((plain_, None), (written, "written"), (filled, "templates")):
            there = [one for one in facts if one == key or one.startswith(f"{key}.")]
            assert bool(there) == (use == seeds and (field != "seed_with_instance" or name != "rte")), (
                key,
                seeds,
            )
            assert not [one for one in facts if ".small." in one and one.rpartition(".")[2] in OF_SEEDS]


def test_options_that_the_seeds_do_not_read_are_idle() -> None:
    filled = facts_of("task=sst2", "method=templates")
    assert not [key for key in filled if key.startswith("llm.")]
    assert filled == facts_of(
        "task=sst2", "method=templates", "llm.temperature=0.1", "task.domains=9", "loop.rounds=5"
    )
    assert [key for key in facts_of("task=sst2", "strategy.seeds=templates") if key.startswith("llm.")]
    assert facts_of("task=sst2") == facts_of("task=sst2", "task.domains=9", "task.instances=1")
    assert facts_of("task=sst2", "method=targen") != facts_of("task=sst2", "method=targen", "task.domains=9")
    one, other = (
        facts_of("task=sst2", "strategy.seeds=written", f"strategy.rationales={x}") for x in ("true", "false")
    )
    assert one == other
    gold = facts_of("task=sst2", "strategy=gold")
    assert gold == facts_of("task=sst2", "strategy=gold", "strategy.seeds=written")
    assert "task.domains" not in idle({"strategy.seeds": "written"})


def test_an_llm_is_asked_for_by_templates_only_where_rounds_follow() -> None:
    for words, asked in (
        (["method=templates"], False),
        (["strategy.seeds=templates"], True),
        (["strategy.seeds=templates", "loop.rounds=0"], False),
        (["method=targen"], True),
    ):
        config = compose(["task=sst2", *ANY, *words])
        assert asks(config.strategy, config.loop, config.curation) == asked


def test_a_run_knows_no_templates_of_other_seeds() -> None:
    for words, there in (
        ([], ()),
        (["method=targen"], ("domains", "instances")),
        (["method=templates"], ("templates",)),
    ):
        prompts = compose(["task=reviews", *ANY, *words]).task.prompt_sets["paper"]
        assert all(
            bool(getattr(prompts, name)) == (name in there) for name in ("domains", "instances", "templates")
        )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["task=sst2", "task.prompts=plain", "method=targen"],
            "task.prompt_sets.plain of task sst2 lacks domains and",
        ),
        (
            ["task=qnli", "method=templates"],
            "strategy.seeds=templates: task.prompt_sets.paper of task qnli has no temp",
        ),
        (
            ["task=qnli", "strategy.seeds=rationales"],
            "strategy.seeds=rationales: task.prompt_sets.paper of task qnli",
        ),
        (
            ["task=rte", "method=targen", "task.contexts=c.txt"],
            "task.contexts=c.txt would not be read: with strategy.se",
        ),
        (
            ["task=sst2", "strategy.seeds=wrote"],
            "strategy.seeds=wrote: choose one of plain, rationales, written, temp",
        ),
        (
            ["task=rte", "method=targen", "task.prompt_sets.paper.seed_with_instance='{label} {instance}'"],
            "seed_with_instance is not read: in task rte an instance is the column sentence1",
        ),
        (["task=sst2", "method=targen", "task.prompt_sets.paper.domains=list"], "domains has no {count}"),
        (
            ["task=sst2", "method=targen", "task.prompt_sets.paper.instances='{count}'"],
            "instances has no {domain}",
        ),
        (
            ["task=sst2", "method=targen", "task.prompt_sets.paper.seed_with_instance='{label} {instances}'"],
            "did you mean {instance}?",
        ),
        (["task=sst2", "method=templates", f"{TEMPLATES}=[]"], "of task sst2 has no templates"),
        (["task=sst2", "method=templates", f"{TEMPLATES}=['a {{moood}} film']"], "did you mean {mood}?"),
        (
            ["task=sst2", "method=templates", f"{TEMPLATES}=['a {{genre}}']"],
            "templates[0] has no slot with texts by label",
        ),
        (
            ["task=sst2", "method=templates", f"{TEMPLATES}=['a {{mood}} film']"],
            "no template has the field {tone}",
        ),
        (
            ["task=sst2", "method=templates", f"+{SLOTS}.odd={{negative: [a]}}"],
            "odd has lists for negative; needed is",
        ),
        (
            ["task=sst2", "method=templates", f"{SLOTS}.genre=[]"],
            f"{SLOTS}.genre=[]: must be a list of texts",
        ),
        (["task=sst2", "method=templates", f"{SLOTS}.genre=[1]"], f"{SLOTS}.genre has 1: must be a text"),
        (
            ["task=sst2", "method=templates", f"{SLOTS}.mood.negative=[]"],
            "mood.negative=[]: must be a list of texts",
        ),
        (["task=sst2", "method=templates", f"+{SLOTS}.label=[a]"], f"{SLOTS}.label: choose another name"),
        ([*SPANS, "method=templates", f"{TEMPLATES}=['why?']"], "has neither {answer} nor {cloze}"),
        (
            ["task=sst2", "strategy.seeds=templates", "llm.structured=true", "task.rows_per_answer=2"],
            "task.rows_per_answer=2: a template of strategy.seeds=templates is one row",
        ),
    ],
)
def test_seeds_that_cannot_be_asked_for_are_refused(words: list[str], says: str) -> None:
    assert says in refused(*words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["'task.attributes={size: {values: [short]}}'"],
            "seed_with_rationales, by which this run asks for seeds, has no",
        ),
        (
            ["strategy=zerogen", "'task.attributes={size: {values: []}}'"],
            "task.attributes.size needs either values or",
        ),
        (
            ["strategy=zerogen", "'task.attributes={size: {values: [a], by_label: {negative: [b]}}}'"],
            "needs either",
        ),
        (
            ["strategy=zerogen", "'task.attributes={size: {by_label: {negative: [b]}}}'"],
            "needed is one for each of",
        ),
        (
            ["strategy=zerogen", "'task.attributes={size: {values: [very positive]}}'"],
            "which says the label positive",
        ),
        (["strategy=zerogen", "'task.attributes={size: {values: [short, 1]}}'"], "has 1: must be a text"),
        (
            ["strategy=zerogen", "'task.attributes={size: {values: [short]}}'", "task.shots=2"],
            "write task.prompt_sets",
        ),
        (
            ["strategy=zerogen", "'task.attributes={label: {values: [short]}}'"],
            "its fields are {label}, {label}",
        ),
        (["method=templates", "'task.attributes={size: {values: [short]}}'"], "give the templates a slot"),
        (["strategy=zerogen"], "names {size}; its fields are {label}"),
        (["strategy=zerogen", "'task.attributes={size: {value: [short]}}'"], "task.attributes.size.value"),
    ],
)
def test_attributes_that_cannot_be_drawn_are_refused(words: list[str], says: str) -> None:
    seed = "task.prompt_sets.paper.seed='A {size} text, {label}'"
    assert says in refused("task=sst2", seed, *(word.strip("'") for word in words))


def test_attributes_are_part_of_a_name_where_they_are_set() -> None:
    words = ["task=sst2", "strategy=zerogen", "task.prompt_sets.paper.seed='A {size} text, {label}'"]
    one, other = (
        facts_of(*words, f"task.attributes={{size: {{values: [{x}]}}}}") for x in ("short", "short, long")
    )
    assert one["task.attributes.size.values"] == ["short"] and one != other
    assert not [key for key in facts_of("task=sst2") if key.startswith("task.attributes")]
