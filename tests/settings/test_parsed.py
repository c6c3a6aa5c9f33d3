"""Hydra reads and merges the same files once: a changed file is read again, and what is kept is nobody's to change."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from omegaconf import open_dict

from s3exp.settings import parsed
from s3exp.settings.compose import compose, composed_of, plain


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    own = tmp_path / "loop" / "mine.yaml"
    own.parent.mkdir()
    for rows in (111, 222):  # as long as before
        own.write_text(f"defaults: [default, _self_]\nbudget:\n  rows: {rows}\n")
        assert compose(["loop=mine"], tmp_path).loop.budget.rows == rows
    own.with_name("default.yaml").write_text("rounds: 7\n")  # conf/ has this one, too, and goes first
    assert compose(["loop=mine"], tmp_path).loop.rounds == 2


def test_what_was_composed_is_changed_without_a_trace() -> None:
    words = ["method=speed", "loop.rounds=1"]
    before, config = plain(composed_of(words)), compose(words)
    changed = composed_of(words)
    with open_dict(changed):
        changed.loop.budget.rows, changed.loop.mine = 7, {"seed": "mine"}
    compose(words).loop.budget.rows = 7
    compose(words).task.labels.append("mine")
    composed_of(["method=s3", "seed=3"])
    assert plain(composed_of(words)) == before and compose(words) == config


_PLACES = ("_parent", "_content", "_flags_cache")


def parts(node: Any) -> list[Any]:
    """All that a config is made of, in order, save the addresses of its nodes."""
    facts = {name: value for name, value in vars(node).items() if name not in _PLACES}
    content = vars(node).get("_content")
    under = [*content.values()] if isinstance(content, dict) else content if isinstance(content, list) else []
    assert all(one._parent is node for one in under)
    return [type(node), facts, content if not under else None, *(parts(one) for one in under)]


@pytest.mark.parametrize("words", [["sweeps=demo"], ["method=s3", "task=adqa", "small_model=minilm"]])
def test_a_copy_is_that_of_omegaconf_and_shares_no_node_with_its_original(words: list[str]) -> None:
    config = composed_of(words)
    before, copied = parts(config), parsed._copied(config)
    assert parts(copied) == parts(deepcopy(config)) == before
    with open_dict(copied):
        copied.task.gold.overlap, copied.llm.mine = "mine", 1
        copied.task.labels.append("mine")
    assert parts(config) == before


def test_an_interpolation_in_a_list_of_defaults_is_read(tmp_path: Path) -> None:
    """What Hydra reads it from is made where there is one."""
    for name, text in {
        "loop/mine.yaml": "defaults:\n  - default\n  - /extra@_here_: of_${audit}\n  - _self_\n",
        "extra/of_none.yaml": "budget:\n  rows: 77\n",
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    assert compose(["loop=mine", "audit=none"], tmp_path).loop.budget.rows == 77
