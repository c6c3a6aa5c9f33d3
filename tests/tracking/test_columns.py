"""W&B's config has what tells runs apart, first, and gives the identity back."""

from __future__ import annotations

from dataclasses import asdict

from s3exp.settings.compose import compose
from s3exp.settings.run import identity
from s3exp.strategies import canonical
from s3exp.tracking.columns import columns, identity_of


def test_what_was_swept_comes_first_and_nulls_and_prompts_make_no_columns() -> None:
    plain = asdict(compose(["task=reviews", "strategy=s3", "loop.rounds=1"]))
    shown = columns(plain, {"strategy": "s3", "loop.rounds": 1, "loop.budget.rows": 1500, "seed": 0}, "s3")
    first = ["arm", "sweep/strategy", "sweep/loop.rounds", "sweep/loop.budget.rows", "sweep/seed"]
    assert list(shown)[:5] == first and shown["arm"].startswith("s3, rounds=1, rows=1500 #")
    assert shown["sweep/loop.rounds"] == 1 and shown["loop"]["rounds"] == 1  # numbers, for an axis
    assert "prompt_sets" not in shown["task"] and "tracker" not in shown and "progress" not in shown
    assert "seed_rows" not in shown["loop"]
    assert columns(plain, {}, "s3")["arm"].startswith("s3 #")


def test_an_arm_holds_the_seeds_of_one_config_alone() -> None:
    def arm(*words: str) -> str:
        return str(
            columns(asdict(compose(["strategy=s3", *words])), {"strategy": "s3", "seed": 0}, "s3")["arm"]
        )

    assert arm("seed=0") == arm("seed=1") == arm("seed=1", "progress=false")
    assert arm("loop.rounds=1") != arm("loop.rounds=2")


def test_an_identity_comes_back_from_new_and_old_configs() -> None:
    plain = asdict(compose(["task=reviews", "strategy=zerogen"]))
    assert identity_of(columns(plain, {}, "zerogen")) == canonical(identity(plain))
    assert identity_of(plain) == identity(plain)
    assert identity_of({"lr": 0.1}) == {"lr": 0.1}
