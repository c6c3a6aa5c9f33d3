"""A method gets no verdict without the arm that has to stand beside it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3exp.record.reading import Found, Run, run_of
from s3exp.report.arms import arms_of
from s3exp.report.controls import missing
from s3exp.report.markdown import as_text
from s3exp.report.provenance import commands
from s3exp.report.study import Study, study_of
from s3exp.report.tables import results
from s3exp.report.verdict import verdict
from s3exp.settings.compose import composed_of, from_hydra, plain
from s3exp.settings.run import identity
from s3exp.strategies import canonical, check_plan

from .fakes import ZEROGEN, result

BASE: dict[str, Any] = {
    "strategy.name": "zerogen",
    "strategy.shown": "nothing",
    "task.name": "reviews",
    "task.prompts": "paper",
    "curation.noise": "none",
}
LIKENESS = {**BASE, "curation.likeness": 0.5}
MEMBERS = {**BASE, "loop.sets": 5, "small_model.members": 5, "task.prompts": ["paper", "plain"]}
LABEL = {
    "curation.label": "correct",
    "curation.guard": 0.7,
    "task.prompt_sets.paper.check": "{labels}: {text}",
}
TUTOR = {**BASE, "tutor.kind": "sft", "tutor.sft_epochs": 3, "tutor.share": 0.5}
FORGET = {**BASE, "curation.flaws": "unlearn", "small_model.unlearning.epochs": 5}


def study(*arms: tuple[dict[str, Any], float, int]) -> Study:
    """A study of arms: the flat options of each, its mean score and its number of seeds."""
    runs: list[Run] = []
    for number, (facts, score, seeds) in enumerate(arms):
        for seed in range(seeds):
            one = result("zerogen", ZEROGEN, score + 0.003 * ((seed * 7 + number) % 3), seed)
            run = run_of(Path(f"runs/{number}-{seed}").resolve(), one, facts)
            assert isinstance(run, Run)
            runs.append(replace(run, overrides=("strategy=zerogen", "curation.likeness=0.5", f"seed={seed}")))
    return study_of(Found(tuple(runs), ()), "runs")


@pytest.mark.parametrize(
    ("method", "control"),
    [
        (LIKENESS, {**LIKENESS, "curation.likeness_by": "random"}),
        (MEMBERS, {**BASE, "task.prompts": "paper"}),
        (FORGET, {**BASE, "curation.flaws": "drop"}),
        ({**BASE, **LABEL}, BASE),
        (TUTOR, {**TUTOR, "tutor.sft_epochs": 0}),
    ],
)
def test_the_control_beside_a_method_lifts_the_warning(
    method: dict[str, Any], control: dict[str, Any]
) -> None:
    base = {**BASE, "curation.noise": "drop"}  # another arm, which is no control
    alone = study((method, 0.8, 3), (base, 0.7, 3)).comparisons[0]
    lacking = missing(alone.arms)
    assert [set(one.seeds) for one in lacking] == [{0, 1, 2}]
    told = verdict(alone)
    assert told.certainty.level == "unclear"
    assert "No verdict" in told.line
    assert any("control" in line and "s3exp -m" in line for line in told.warnings)
    both = study((method, 0.8, 3), (base, 0.7, 3), (control, 0.72, 3)).comparisons[0]
    assert missing(both.arms) == []
    assert "No verdict" not in verdict(both).line


def test_nowhere_is_a_method_without_its_control_said_to_gain_or_to_lose() -> None:
    noise = {**BASE, "curation.noise": "drop"}
    for score in (0.8, 0.6):  # it leads, or is the next one
        alone = study((LIKENESS, score, 3), (BASE, 0.7, 3), (noise, 0.5, 3)).comparisons[0]
        (name,) = (one.arm.name for one in missing(alone.arms))
        table = results(alone)
        column = [one.name for one in table.columns].index("certainty")
        sure = {row[0]: row[column] for row in table.rows}
        others = {sure[arm.name] for arm in alone.arms if arm.name != name}
        assert sure[name] in ("no verdict", None) and "no verdict" not in others
        assert re.search(r"the next, is [^:]*: no verdict without the control\.", verdict(alone).line)
        assert "clear" not in verdict(alone).line
        said = f"No verdict on {name}: as many rows rejected at random did not run beside it."
        assert said in as_text([alone], ["methods"])


def test_what_a_method_gains_over_its_control_stands_beside_the_difference_that_can_be_found() -> None:
    """ZeroGen is the base of the gains, and another arm the next one: neither is the control."""
    control = {**LIKENESS, "curation.likeness_by": "random"}
    arms = (
        (LIKENESS, 0.8, 3),
        ({**BASE, "curation.noise": "drop"}, 0.79, 3),
        (control, 0.7, 3),
        (BASE, 0.6, 3),
    )
    told = verdict(study(*arms).comparisons[0])
    (line,) = (line for line in told.notes if "over its control" in line)
    assert "curation.likeness=0.5 is +10.0 points (+8.7 to +11.3) over its control" in line
    assert "as many rows rejected at random: clear over seeds only." in line
    assert "With 3 seeds such a study finds a true difference of 1.6 points four times in five." in line
    fewer = study((LIKENESS, 0.8, 3), (control, 0.7, 2), (BASE, 0.6, 3))
    assert not any("over its control" in line for line in verdict(fewer.comparisons[0]).notes)


def test_gold_rows_alone_need_a_control_where_there_is_nothing_else() -> None:
    gold = {**BASE, "strategy.name": "gold", "strategy.human": True, "small_model.members": 5}
    assert missing(study((BASE, 0.7, 3), (gold, 0.8, 3)).comparisons[0].arms) == []
    assert [one.control.what for one in missing(study((gold, 0.8, 3)).comparisons[0].arms)] == [
        "one small model on all rows"
    ]


def recorded(words: Sequence[str]) -> Run:
    """A run of a command that composes and passes every check."""
    composed = composed_of(words)
    config = from_hydra(composed)
    check_plan(config.strategy, config.loop)
    facts = canonical(identity(plain(composed)))
    run = run_of(Path(f"runs/{' '.join(words)}"), result(config.strategy.name, ZEROGEN, 0.7, 0), facts)
    assert isinstance(run, Run)
    return replace(run, overrides=tuple(words))


GOLD, ERRORS = "the same gold rows alone", "as many rows shown at random"
CHECKED, ONE = "labels as they were asked for", "one small model on all rows"
NEEDED = {
    "task=sst2 method=s3_all strategy.with_gold=true small_model.norms=domains task.domains=10": {
        *(GOLD, CHECKED, ONE, "as many rows rejected at random", "one norm for all rows"),
        "seeds that are about no listed texts",
    },
    "task=sst2 method=unlearn small_model.unlearning.epochs=5": {"the same rows left out"},
    "task=sst2 method=dge small_model.loss=gce small_model.loss_q=0.5": {ONE, "cross-entropy as the loss"},
    "task=sst2 strategy.pick.by=loss strategy.pick.top=9 strategy.pick.spread=kmeans": {
        "exemplars that are not picked"
    },
    "task=sst2 strategy.shown=helpful": {"gold rows shown instead"},
    "task=sst2 method=private strategy.privacy.candidates=9 tracker=none": {
        ONE,
        "the errors shown themselves",
    },
    "task=iris method=pred_llm": {CHECKED, "rows that begin anywhere"},
    "task=word_problems small_model=smollm2 method=llm2llm": {GOLD, ERRORS},
    "task=sst2 method=speed tutor=sft_dpo tutor.pairs=fixed": {
        *("the same rows set aside, and not learned", "rows as they were written first"),
        "the same pairs, either answer preferred at random",
    },
}


@pytest.mark.parametrize("words", NEEDED)
def test_each_command_that_is_printed_makes_the_control_that_is_missing(words: str) -> None:
    run = recorded(words.split())
    lacking = missing(arms_of([run]))
    assert {one.control.what for one in lacking} == NEEDED[words]
    for one in lacking:
        start, multirun, *made, seed = shlex.split(one.command)
        assert [start, multirun, seed] == ["s3exp", "-m", "seed=0"]
        found = missing(arms_of([run, recorded(made)]))
        still = {other.control.what for other in found if other.arm.runs[0] is run}
        assert still == NEEDED[words] - {one.control.what}
        assert not any(other.arm.human for other in found)


def test_runs_without_a_tutor_are_told_from_those_with_one_and_these_from_each_other() -> None:
    arms = (
        study((BASE, 0.7, 3), (TUTOR, 0.8, 3), ({**TUTOR, "tutor.sft_epochs": 0}, 0.75, 3))
        .comparisons[0]
        .arms
    )
    assert sorted(len(arm.runs) for arm in arms) == [3, 3, 3]


def test_a_control_on_fewer_seeds_is_asked_for_on_the_others() -> None:
    control = {**LIKENESS, "curation.likeness_by": "random"}
    (one,) = missing(study((LIKENESS, 0.8, 3), (control, 0.7, 2)).comparisons[0].arms)
    assert one.seeds == (2,)
    assert one.command == (
        "s3exp -m strategy=zerogen curation.likeness=0.5 curation.likeness_by=random seed=2"
    )


def test_the_control_of_a_programs_run_is_a_call_of_the_program() -> None:
    """No command line can name its parts."""
    words = ("task=given", "llm=python", "curation.likeness=0.5", "seed=0")
    runs = [replace(run, overrides=words) for run in study((LIKENESS, 0.8, 3)).comparisons[0].arms[0].runs]
    (one,) = missing(arms_of(runs))
    call = "s3exp.run(['curation.likeness=0.5', 'curation.likeness_by=random'], task=..., llm=...)"
    assert one.command == f"{call} with seed=0,1,2"
    assert commands(arms_of(runs)) == ["s3exp.run(['curation.likeness=0.5'], task=..., llm=...) with seed=0"]


def test_a_control_needs_no_control_and_a_plain_run_neither() -> None:
    control = {**LIKENESS, "curation.likeness_by": "random"}
    assert missing(study((control, 0.8, 3), (BASE, 0.7, 3)).comparisons[0].arms) == []


def test_the_verdict_names_the_least_difference_that_its_seeds_find() -> None:
    few = study((LIKENESS, 0.8, 2), (BASE, 0.7, 2)).verdicts[0]
    assert "four times in five" not in few.line
    many = study(({**BASE, "curation.noise": "drop"}, 0.8, 5), (BASE, 0.7, 5)).verdicts[0]
    assert "With 5 seeds such a study finds a true difference of " in many.line
    assert many.line.count("points four times in five.") == 1


def test_a_check_that_only_counts_needs_no_control() -> None:
    (one,) = study(({**BASE, **LABEL, "curation.label": "report"}, 0.7, 2)).comparisons
    assert missing(one.arms) == []
