"""A cell is named by its difference, and two cells that differ have two names."""

from __future__ import annotations

from s3exp.settings.cell import arm_of, cell_name, in_order


def test_strategy_first_and_bare_seed_last_keys_by_their_last_part() -> None:
    values = {"seed": 0, "loop.rounds": 1, "strategy": "s3", "loop.budget.rows": 100}
    assert cell_name(values) == "s3, rounds=1, rows=100, seed=0"
    assert arm_of(values) == "s3, rounds=1, rows=100"
    assert list(in_order(values)) == ["strategy", "loop.rounds", "loop.budget.rows", "seed"]
    assert cell_name({"seed": 3}) == "seed=3" and arm_of({"seed": 3}) == ""


def test_keys_that_end_alike_are_named_in_full() -> None:
    assert cell_name({"llm.model": "a", "audit.model": "b"}) == "llm.model=a, audit.model=b"


def test_values_are_as_on_a_command_line_and_paths_by_their_end() -> None:
    assert cell_name({"strategy.rationales": True, "llm.top_k": None}) == "rationales=true, top_k=null"
    assert cell_name({"llm.model": "/data/models/smol"}) == "model=models/smol"
    assert cell_name({"llm.model": "~/a/checkpoint"}) != cell_name({"llm.model": "~/b/checkpoint"})
    assert cell_name({"llm.model": "Qwen/Qwen2.5-7B-Instruct"}) == "model=Qwen/Qwen2.5-7B-Instruct"


def test_long_values_that_begin_alike_stay_apart() -> None:
    names = {cell_name({"llm.system": "be brief " * 20 + end}) for end in "ab"}
    assert len(names) == 2 and all(len(name) < 60 for name in names)
