"""The dry run says what the run then does."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from s3exp.checkpoints.memory import Memory, memory_of
from s3exp.commands.dry_run import print_plan
from s3exp.commands.needs import needs
from s3exp.commands.plans import RoundPlan, plan_rounds
from s3exp.llm.store import Asker, Stored
from s3exp.llm.toy import ToyLLM
from s3exp.settings.llm import ServerConfig, VllmConfig
from s3exp.settings.loop import StrategyConfig
from s3exp.settings.run import Config
from s3exp.tasks.classification import Classification
from s3exp.tasks.gold import load_gold
from s3exp.terminal.page import Page
from s3exp.types import LLM
from tests.conftest import TOY_PROMPTS
from tests.curation.asked import with_curation
from tests.test_loop import STRATEGIES, go


def nobody() -> LLM:
    raise AssertionError("a dry run starts no LLM")


def toy_task(config: Config) -> Classification:
    gold = load_gold(config.task, with_train=config.strategy.human)
    return Classification(config.task, config.llm, gold, lambda text: text)


def planned(config: Config, strategy: str, store: Path | None = None) -> list[RoundPlan]:
    reasons = StrategyConfig(name="zerogen", max_rounds=0, rationales=True)
    config = replace(config, strategy=reasons if strategy == "reasons" else STRATEGIES[strategy])
    task = toy_task(config)
    with Stored(nobody, Asker("toy", 0.9, 0.95), store) as llm:
        return plan_rounds(task, llm, config, lambda text: len(text.split()))


@pytest.mark.parametrize("strategy", ["s3", "zerogen", "goldgen", "gold"])
def test_bounds_hold_and_the_prompts_are_those_that_are_sent(
    toy_config: Config, tmp_path: Path, strategy: str
) -> None:
    before = planned(toy_config, strategy)
    result = go(toy_config, tmp_path / "run", strategy, cache=tmp_path / "store.sqlite")
    assert len(before) == len(result["rounds"])
    for plan, done in zip(before, result["rounds"], strict=True):
        asked = done["metrics"]["llm/calls"] + done["metrics"]["llm/store_hits"]
        tokens = done["metrics"]["llm/prompt_tokens"] + done["metrics"]["llm/completion_tokens"]
        assert done["train_rows"] <= plan.rows and asked <= plan.most_calls and tokens <= plan.most_tokens
        assert done["metrics"]["fit/steps"] <= -(-plan.rows // 32) * 8
        assert plan.steps == -(-plan.rows // 32) * toy_config.small_model.epochs
        sent = (tmp_path / "run" / "rounds" / str(plan.round) / "prompts.jsonl").read_text()
        if plan.stored is not None:
            assert plan.stored == 0
            assert all(
                prompt.text in {json.loads(s)["text"] for s in sent.splitlines()} for prompt in plan.first
            )
    after = planned(toy_config, strategy, tmp_path / "store.sqlite")
    assert all(plan.stored in (None, plan.calls) for plan in after)
    assert [plan.stored is None for plan in after] == [strategy == "s3" and n > 0 for n in range(len(after))]


def test_lists_of_reasons_are_asked_for_first_and_their_rows_are_shown_with_stand_ins(
    toy_config: Config,
) -> None:
    asks = replace(TOY_PROMPTS, rationale="why {label}?", seed_with_rationales="{rationales} label={label}")
    with_lists = replace(
        toy_config, task=replace(toy_config.task, prompt_sets={"toy": asks}, rationales_per_seed=2)
    )
    plain, seed = planned(toy_config, "zerogen")[0], planned(with_lists, "reasons")[0]
    assert seed.calls == plain.calls + len(toy_config.task.labels)
    assert seed.most_tokens > plain.most_tokens and seed.stored == 0
    labels = len(toy_config.task.labels)
    assert [one.kind for one in seed.first] == [*["rationale"] * labels, *["seed"] * labels]
    assert [one.target for one in seed.first[:labels]] == sorted(one.target for one in seed.first[labels:])
    reasons, row = seed.first[0], seed.first[labels]
    assert reasons.text.startswith("why ") and row.text.startswith("<reason ") and "; <reason " in row.text


def test_the_table_has_every_round_and_their_sum(toy_config: Config) -> None:
    file = io.StringIO()
    page = Page(Console(file=file, width=120))
    print_plan(planned(toy_config, "s3"), toy_task(toy_config), toy_config, Path("runs/x"), page)
    text = file.getvalue()
    assert "label={" not in text and "First prompt of kind seed" in text and "kind extrapolate" in text
    (total,) = [line.split() for line in text.split("\n") if line.strip().startswith("all")]
    assert total[1:3] == ["240", "720"]
    assert "runs/x  (would be)" in text
    rounds = planned(toy_config, "s3")
    assert total[3:5] == [
        f"{sum(getattr(one, name) for one in rounds):,}" for name in ("tokens", "most_tokens")
    ]
    assert all(0 < one.tokens < one.most_tokens for one in rounds)
    assert (
        "Gold rows, by role and class" in text and f"{toy_config.llm.backend}, {toy_config.llm.model}" in text
    )
    (test,) = [line.split() for line in text.split("\n") if line.startswith("test ")]
    assert test[2:] == ["sealed", "sealed"]
    assert "cost" not in text


def test_the_table_says_what_it_costs_at_most(toy_config: Config) -> None:
    toy_config.loop.budget.prices.completion_tokens = 1e6
    file = io.StringIO()
    rounds = planned(toy_config, "s3")
    page = Page(Console(file=file, width=120))
    print_plan(rounds, toy_task(toy_config), toy_config, Path("runs/x"), page)
    (total,) = [line.split() for line in file.getvalue().split("\n") if line.strip().startswith("all")]
    assert total[-1] == f"{720 * toy_config.llm.max_tokens:,.2f}"  # one for a token of an answer
    assert total[-2] == f"{sum(one.written for one in rounds):,.2f}"


def test_what_the_llm_needs_is_computed_from_its_files(toy_config: Config, tmp_path: Path) -> None:
    rounds = planned(toy_config, "s3")
    heads = {
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "hidden_size": 3584,
    }
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2", "vocab_size": 50, **heads}))
    tensors = {"a.weight": {"dtype": "BF16", "shape": [3000, 1000], "data_offsets": [0, 6_000_000]}}
    header = json.dumps(tensors).encode()
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 6_000_000)
    assert memory_of(tmp_path) == Memory(6_000_000, 3_000_000, 2 * 28 * 4 * 128 * 2)
    time, memory = needs(VllmConfig(model=str(tmp_path)), str(tmp_path), rounds)
    assert f"the {sum(one.written for one in rounds):,} to {720 * 256:,} tokens" in time and "assumed" in time
    assert "time of the LLM: 1 s, at most 3 min, if" in time  # 720 * 256 tokens, 1,000 a second
    hours = needs(VllmConfig(model="org/name"), "org/name", [replace(rounds[0], written=9_000_000)])[0]
    assert "time of the LLM: 2.5 h, at most " in hours
    assert "0.006 GB for weights of 0.003 billion parameters" in memory and "0.117 GB in the cache" in memory
    assert f"a GPU from {(0.006 + 0.11744 + 2) / 0.85:.3g} GB on" in memory
    unknown = needs(VllmConfig(model="org/name"), "org/name", rounds)[1]
    assert unknown == "memory: not known, the files of llm.model=org/name are not on this machine"
    assert len(needs(ServerConfig(model="m"), "m", rounds)) == 1


@pytest.mark.parametrize("strategy", ["s3", "zerogen"])
def test_bounds_take_in_the_questions_of_curators(toy_config: Config, tmp_path: Path, strategy: str) -> None:
    options = {"label": "reject", "votes": 3, "guard_rows": 20, "revise": True}
    config = with_curation(toy_config, **options)
    plain, before = planned(toy_config, strategy), planned(config, strategy)
    llm = ToyLLM(wrong=0.3, flaws=0.1)
    result = go(config, tmp_path / "run", strategy, llm=llm)
    rows = 0
    for without, plan, done in zip(plain, before, result["rounds"], strict=True):
        new, rows = plan.rows - rows, plan.rows
        assert plan.calls == without.calls + new * (1 + 3) + (60 if plan.round == 0 else 0)
        asked = done["metrics"]["llm/calls"] + done["metrics"]["llm/store_hits"]
        tokens = done["metrics"]["llm/prompt_tokens"] + done["metrics"]["llm/completion_tokens"]
        assert plan.calls < asked <= plan.most_calls and tokens <= plan.most_tokens
        assert without.tokens < plan.tokens < plan.most_tokens
        assert {"check", "revise"} < {prompt.kind for prompt in plan.first}
    file = io.StringIO()
    print_plan(before, toy_task(config), config, Path("runs/x"), Page(Console(file=file, width=120)))
    assert "First prompt of kind check" in file.getvalue() and "kind revise" in file.getvalue()
