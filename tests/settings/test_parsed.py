"""Hydra reads and merges the same files once: a changed file is read again, and what is kept is nobody's to change."""

from __future__ import annotations

from pathlib import Path

from omegaconf import open_dict

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
