"""Four strategies, five seeds: gains, pairs, curves at equal cost and headlines against numbers worked out by hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from s3exp.record.reading import find_runs
from s3exp.report.arms import Arm, arms_of, differing, interval_of, mean_of, without_repeats
from s3exp.report.comparison import Comparison, budget, compare
from s3exp.report.curves import (
    ROWS,
    SECONDS,
    TOKENS,
    at_equal_cost,
    by_round,
    compare_at_cost,
    cost_panels,
)
from s3exp.report.doubts import mining_beside_test, notes, warnings
from s3exp.report.verdict import verdict
from s3exp.settings.compose import compose
from s3exp.settings.run import identity
from tests.report.fakes import S3, extraction, strategies, study
from tests.report.fakes import result as fake
from tests.report.records import SCORES, answers, config, result, write_all, write_run

T4, T1 = 2.776445, 12.706205  # Student's t with 4 and 1 degrees of freedom, 0.975


def read(folder: Path, base: str = "zerogen") -> Comparison:
    runs, _ = without_repeats(find_runs([folder]).runs)
    return compare("reviews", arms_of(runs), base)


@pytest.fixture
def whole(tmp_path: Path) -> Comparison:
    return read(write_all(tmp_path))


def arm(comparison: Comparison, name: str) -> Arm:
    return comparison.arm(name)


def test_arms_come_best_first_and_the_reference_last(whole: Comparison) -> None:
    assert [(one.name, len(one.runs)) for one in whole.arms] == [
        ("s3", 5),
        ("goldgen", 5),
        ("zerogen", 5),
        ("gold", 5),
    ]
    assert [one.name for one in whole.synthesized] == ["s3", "goldgen", "zerogen"]


def test_means_and_intervals(whole: Comparison) -> None:
    found = mean_of(arm(whole, "zerogen"))  # 60 61 62 63 64: variance 2.5
    half = T4 * 2.5**0.5 / 5**0.5
    assert found.mean == pytest.approx(0.62)
    assert (found.low, found.high) == (pytest.approx(0.62 - half / 100), pytest.approx(0.62 + half / 100))


def test_gains_are_paired_by_seed(whole: Comparison) -> None:
    gain = whole.gain(arm(whole, "s3"))  # 11 9 11 11 8: mean 10, variance 2
    assert gain is not None and gain.low is not None and gain.high is not None
    half = T4 * 2**0.5 / 5**0.5
    assert gain.mean == pytest.approx(0.10)
    assert (gain.low, gain.high) == (pytest.approx(0.10 - half / 100), pytest.approx(0.10 + half / 100))
    goldgen = whole.gain(arm(whole, "goldgen"))  # 4 5 4 5 2
    assert goldgen is not None and goldgen.mean == pytest.approx(0.04)
    assert whole.gain(arm(whole, "zerogen")) is None


def test_every_pair_on_the_same_rows(whole: Comparison) -> None:
    assert len(whole.pairs) == 6 and whole.test_rows == 100 and not whole.untested
    pair = whole.pair("s3", "goldgen")  # 7 4 7 6 6
    assert pair is not None and pair.over_rows is not None and pair.p is not None
    assert pair.over_seeds.mean == pytest.approx(0.06) == pytest.approx(pair.over_rows.mean)
    # the rows of the lower run are among those of the higher: seven, four ... rows differ, all on one side
    assert {seed: (one.only_first, one.only_second) for seed, one in pair.by_seed.items()} == {
        0: (7, 0), 1: (4, 0), 2: (7, 0), 3: (6, 0), 4: (6, 0)
    }  # fmt: skip
    assert pair.by_seed[1].p == pytest.approx(2 / 2**4)
    turned = whole.pair("goldgen", "s3")
    assert turned is not None and turned.over_rows is not None
    assert turned.over_seeds.mean == pytest.approx(-0.06)
    assert (turned.over_rows.low, turned.over_rows.high) == (-pair.over_rows.high, -pair.over_rows.low)
    assert (turned.by_seed[0].only_first, turned.by_seed[0].only_second) == (0, 7)
    assert pair.p >= pair.over_rows.p


def test_the_median_run_is_a_real_one(whole: Comparison) -> None:
    assert arm(whole, "s3").median().score == 0.72
    assert arm(whole, "goldgen").median().seed == 2  # 64 66 66 66 68, of equals by seed


def test_curves_at_equal_cost(whole: Comparison) -> None:
    tokens = at_equal_cost(arm(whole, "s3"), TOKENS, "select/accuracy")
    assert tokens is not None
    assert tokens.x == (1000, 1700, 2400)
    assert tokens.mean == pytest.approx((0.59, 0.67, 0.72))  # 57, 65, 70 and the mean seed
    seconds = by_round(arm(whole, "s3"), "select/accuracy", SECONDS)
    assert seconds is not None and seconds.x == pytest.approx((7, 10, 13))  # without the LLM's start
    rows = by_round(arm(whole, "goldgen"), "mining/accuracy", ROWS)
    assert rows is not None and (rows.x, rows.mean) == ((200, 300), pytest.approx((0.7, 0.75)))
    assert at_equal_cost(arm(whole, "gold"), TOKENS, "select/accuracy") is None


def test_a_step_is_taken_when_a_round_is_paid(tmp_path: Path) -> None:
    for seed, last in ((0, 400), (1, 100)):
        told = result("s3", seed, 70)
        told["rounds"][2]["metrics"]["llm/prompt_tokens"] = last
        write_run(tmp_path / str(seed), told, config("s3", seed))
    curve = at_equal_cost(read(tmp_path).arms[0], TOKENS, "select/accuracy")
    # seed 0 is done at 2300, seed 1 at 2000, with 70 and 71
    assert curve is not None and curve.x == (1000, 1700, 2000, 2300)
    assert curve.mean == pytest.approx((0.575, 0.655, 0.68, 0.705))
    assert (curve.low[2], curve.high[2]) == (pytest.approx(0.65), pytest.approx(0.71))


def test_arms_at_the_cost_of_the_cheapest(whole: Comparison) -> None:
    found = {
        (one.cost.name, one.arm): one
        for one in compare_at_cost(whole.synthesized, whole.bases, "select/accuracy")
    }
    scores = {key: round(one.score.mean, 6) for key, one in found.items() if one.score}
    assert scores == {
        ("rows", "zerogen"): 0.62, ("rows", "goldgen"): 0.68, ("rows", "s3"): 0.72,
        ("tokens", "zerogen"): 0.62, ("tokens", "goldgen"): 0.60, ("tokens", "s3"): 0.59,
        ("seconds", "zerogen"): 0.62, ("seconds", "goldgen"): 0.60, ("seconds", "s3"): 0.67,
    }  # fmt: skip
    at = found["tokens", "s3"]
    assert (at.budget, at.rounds) == (1500, 1.0)
    assert at.gain is not None and at.gain.mean == pytest.approx(-0.03)
    assert found["tokens", "zerogen"].gain is None


def test_the_headline(whole: Comparison) -> None:
    told = verdict(whole)
    assert told.first == "s3 is highest with 72.0% accuracy on test, +10.0 points over zerogen."
    assert "Over 5 seeds its 95% interval is +8.2 to +11.8, which excludes 0" in told.certainty.words
    assert told.certainty.level == "clear"
    assert told.detail[0].startswith("The lead of s3 over goldgen, the next, is +6.0 points")
    assert told.detail[1] == "For scale: gold reaches 80.0% with 120 human-written rows."
    assert told.warnings == ()
    assert told.notes == (
        "Tokens differ: from 1,500 (zerogen) to 2,400 (s3). The plots at equal tokens compare them.",
    )


def test_seeds_that_show_nothing_are_called_that(tmp_path: Path) -> None:
    for seed, (own, other) in enumerate([(70, 60), (60, 70), (66, 60)]):
        write_run(tmp_path / f"s3-{seed}", result("s3", seed, own), config("s3", seed))
        write_run(tmp_path / f"zerogen-{seed}", result("zerogen", seed, other), config("zerogen", seed))
    told = verdict(read(tmp_path))
    assert told.certainty.level == "unclear"
    assert told.certainty.words.endswith("which holds 0.")
    assert told.first.startswith(
        "No clear winner: s3 has 65.3%, and zerogen 63.3% accuracy on test; the difference is +2.0 points ("
    )


def test_seeds_alone_are_not_enough(tmp_path: Path) -> None:
    # over seeds the gain is 3 each time; on test rows it is ten rows against seven
    for seed in range(3):
        for strategy, right, shift in (("s3", 53, 0), ("zerogen", 50, 10)):
            lines = {"test.jsonl": answers(right, shift)}
            write_run(
                tmp_path / f"{strategy}-{seed}", result(strategy, seed, right), config(strategy, seed), lines
            )
    told = verdict(read(tmp_path))
    assert told.certainty.level == "partly"
    assert "which excludes 0" in told.certainty.words and "100 test rows are too few" in told.certainty.words


def test_one_seed_has_mcnemar(tmp_path: Path) -> None:
    comparison = read(write_all(tmp_path, ("s3", "zerogen"), [0]))
    (pair,) = comparison.pairs
    assert pair.p == pytest.approx(2 / 2**11)  # eleven rows, all on one side
    told = verdict(comparison)
    assert told.certainty.level == "partly" and "McNemar's p < 0.001" in told.certainty.words
    assert told.certainty.label == "over test rows only" and "others may differ" in told.certainty.words
    assert told.warnings == ("Few seeds: 1 seed each.",)


def test_without_zerogen_gains_are_over_the_lowest(tmp_path: Path) -> None:
    comparison = read(write_all(tmp_path, ("s3", "goldgen")))
    assert comparison.bases == {"s3": "goldgen"}
    assert notes(comparison)[-1] == "zerogen was not run: gains are over the lowest of what was."


def test_the_base_may_be_highest(tmp_path: Path) -> None:
    told = verdict(read(write_all(tmp_path, ("s3", "goldgen")), base="s3"))
    assert told.first == "s3, the baseline, is highest with 72.0% accuracy on test."
    assert told.detail[0].startswith("The lead of s3 over goldgen, the next, is +6.0 points")


def test_a_run_alone_is_no_comparison(tmp_path: Path) -> None:
    told = verdict(read(write_all(tmp_path, ("s3",), [0])))
    assert told.certainty.level == "alone"
    assert told.first == "s3 reaches 71.0% accuracy on test (95% interval 61.0 to 81.0, 1 seed)."


def test_a_sweep_is_arms_named_after_what_differs(tmp_path: Path) -> None:
    for rounds in (1, 2):
        for seed in (0, 1, 2):
            told = result("s3", seed, 70 + rounds)
            write_run(tmp_path / f"{rounds}-{seed}", told, config("s3", seed, loop__rounds=rounds))
    comparison = read(tmp_path)
    assert [(one.name, len(one.runs)) for one in comparison.arms] == [
        ("s3, rounds=2", 3),
        ("s3, rounds=1", 3),
    ]
    assert warnings(comparison) == [
        "Runs of s3 differ by more than the seed, in loop.rounds: each way is an arm of its own."
    ]
    # "over s3" would not say which of the two
    assert comparison.bases == {"s3, rounds=2": "s3, rounds=1"} and comparison.over == "s3, rounds=1"


def test_of_very_many_arms_the_sentences_stay_short(tmp_path: Path) -> None:
    """Of each kind of sentence a few arms are named, and runs by arm and seed."""
    for rounds in range(1, 13):
        for seed in range(1 + rounds % 2):
            told = result("s3", seed, 70 - rounds)
            told["test"] |= {"most_said": 0.99, "majority": 0.5}
            for entry in told["rounds"]:
                entry["metrics"] |= {"quoted/rows": 0.5, "quoted/share": 0.2}
            name = tmp_path / f"{rounds}-{seed}"
            write_run(
                name, told, config("s3", seed, loop__rounds=rounds), {"test.jsonl": answers(70 - rounds)}
            )
    comparison = read(tmp_path)
    said = warnings(comparison)
    assert "Few seeds: of 12 arms 6 have 1 and 6 have 2." in said
    (one_class,) = [line for line in said if "one class" in line]
    assert (
        "18 runs says" in one_class and "s3, rounds=1 (seeds 0 and 1); s3, rounds=2 (seed 0); " in one_class
    )
    assert one_class.endswith("; 6 more arms.")
    (mining,) = mining_beside_test(comparison)
    assert mining.endswith("; and so on for 8 more arms.") and mining.count("s3, rounds=") == 4


def test_the_digest_of_an_llm_names_no_arm(tmp_path: Path) -> None:
    for model in ("a/one", "b/two"):
        identity = config("s3", 0, llm__model=model, llm=json.dumps({"backend": "server", "model": model}))
        words = ["strategy=s3", "llm=server", f"llm.model={model}"]
        write_run(tmp_path / model[:1], result("s3", 0, 70), identity, overrides=words)
    assert {one.name for one in read(tmp_path).arms} == {"s3, model=a/one", "s3, model=b/two"}


def test_where_many_options_differ_a_name_has_those_that_its_own_command_set(tmp_path: Path) -> None:
    for place, key in enumerate(("loop.rounds", "loop.budget.rows", "loop.tries", "small_model.epochs", "")):
        defaults = {"loop__tries": 3, "small_model__epochs": 4}
        changed = {**defaults, key.replace(".", "__"): 1} if key else defaults
        words = ["strategy=s3", *([f"{key}=1"] if key else [])]
        write_run(
            tmp_path / str(place), result("s3", 0, 70 - place), config("s3", 0, **changed), overrides=words
        )
    arms = read(tmp_path).arms
    assert [arm.name for arm in arms] == ["s3, rounds=1", "s3, rows=1", "s3, tries=1", "s3, epochs=1", "s3"]
    assert arms[-1].options == {
        "loop.rounds": 2,
        "loop.budget.rows": 300,
        "loop.tries": 3,
        "small_model.epochs": 4,
    }
    # an option that no command set tells two of them apart: both are named by it
    more = {"loop__tries": 3, "small_model__epochs": 4, "small_model__kind": "other"}
    write_run(tmp_path / "5", result("s3", 0, 60), config("s3", 0, **more), overrides=["strategy=s3"])
    assert [arm.name for arm in read(tmp_path).arms[-2:]] == ["s3, kind=bag", "s3, kind=other"]


def test_a_sweep_over_budgets_is_one_curve_of_test_scores(tmp_path: Path) -> None:
    for rows, right in ((300, 60), (600, 66)):
        told = result("s3", 0, right)
        told["rounds"][-1]["train_rows"] = rows
        write_run(tmp_path / f"s3-{rows}", told, config("s3", 0, loop__budget__rows=rows))
    (panel,) = [one for one in cost_panels(read(tmp_path)) if one.name == "test-by-rows"]
    assert [(one.arm, one.x, one.mean) for one in panel.curves] == [("s3", (300, 600), (0.60, 0.66))]


def test_the_base_of_a_sweep_is_the_one_with_the_same_options(tmp_path: Path) -> None:
    for rows in (300, 600):
        for strategy, right in (("s3", 70), ("zerogen", 60 + rows // 300)):
            identity = config(strategy, 0, loop__budget__rows=rows)
            write_run(tmp_path / f"{strategy}-{rows}", result(strategy, 0, right), identity)
    swept = [said for said in warnings(read(tmp_path)) if said.startswith("Arms differ by more")]
    write_run(tmp_path / "s3-70", result("s3", 0, 80), config("s3", 0, loop__budget__rows=70))
    comparison = read(tmp_path)
    assert comparison.bases == {"s3, rows=300": "zerogen, rows=300", "s3, rows=600": "zerogen, rows=600"}
    beside = [said for said in warnings(comparison) if said.startswith("Arms differ by more")]
    assert (swept, len(beside)) == ([], 1) and "loop.budget.rows" in beside[0]  # s3, rows=70 has no base
    assert comparison.over == "zerogen"


def test_seeds_that_come_twice_without_a_config_stay_alone(tmp_path: Path) -> None:
    for number, right in enumerate((60, 70)):
        write_run(tmp_path / str(number), result("s3", 0, right))
    comparison = read(tmp_path)
    assert [one.name for one in comparison.arms] == ["s3 (2)", "s3 (1)"]
    assert any("not on record" in line for line in warnings(comparison))


def test_a_copy_of_a_record_is_not_another_seed(tmp_path: Path) -> None:
    for place in ("one", "copy"):
        write_run(tmp_path / place, result("s3", 0, 70), config("s3", 0))
    kept, left_out = without_repeats(find_runs([tmp_path]).runs)
    assert len(kept) == 1 and left_out[0].why.endswith(f"the same config and seed as {kept[0].folder}")
    write_run(tmp_path / "changed", result("s3", 0, 60), config("s3", 0))
    why = [one.why for one in without_repeats(find_runs([tmp_path]).runs)[1]]
    assert any(one.endswith(", with 70.0% in place of 60.0% on test") for one in why)


def test_what_weakens_a_comparison_is_said(tmp_path: Path) -> None:
    for seed in range(3):
        told = result("s3", seed, 70)
        told["gold"]["mining"] = 999
        told["clean"] = seed != 1
        told["rounds"][-1]["train_rows"] = 900
        write_run(tmp_path / f"s3-{seed}", told, config("s3", seed, llm__model="another/llm"))
        write_run(tmp_path / f"zerogen-{seed}", result("zerogen", seed, 60), config("zerogen", seed))
    said = " ".join(warnings(read(tmp_path)))
    assert "1 run trained on copies of gold rows (certificate not clean): s3 (seed 1)." in said
    assert "Gold rows differ in number: mining (40 / 999)." in said
    assert "Rows differ: from 300 (zerogen) to 900 (s3)." in said
    assert "Arms differ by more than the strategy: llm.model" in said and "another/llm" in said


def test_runs_on_other_test_rows_are_not_tested_against_each_other(tmp_path: Path) -> None:
    write_all(tmp_path, ("s3", "zerogen"), [0, 1])
    other = config("zerogen", 1, task__gold__test="gold/other.jsonl", gold="another")
    write_run(tmp_path / "zerogen-1", result("zerogen", 1, 61), other)
    stale = write_run(tmp_path / "s3-2", result("s3", 2, 72), config("s3", 2), {"test.jsonl": answers(10)})
    comparison = read(tmp_path)
    assert {run.folder.name for run in comparison.untested} == {"zerogen-1", stale.name}
    assert comparison.test_rows == 100


OTHER_ROWS: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {  # config, result, rows on record of 100
    "another file": ({"task__gold__test": "gold/other.jsonl", "gold": "another"}, {}, 100),
    "another split of one file": ({"task__gold__split_seed": 1, "gold": "another"}, {}, 100),
    "fewer rows": ({}, {}, 50),
    "the same file after an edit": ({"gold": "another"}, {"test_digest": "b"}, 100),
}


@pytest.mark.parametrize("case", OTHER_ROWS)
def test_arms_tested_on_other_rows_have_no_gain(tmp_path: Path, case: str) -> None:
    options, of_result, kept = OTHER_ROWS[case]
    write_all(tmp_path, ("zerogen", "goldgen"), range(3))
    for one in tmp_path.glob("*/result.json"):
        one.write_text(json.dumps(json.loads(one.read_text()) | {"test_digest": "a"}))
    for seed in range(3):
        told = result("s3", seed, 90) | {"test_digest": "a" if kept == 100 else None} | of_result
        if not of_result and kept == 100:
            del told["test_digest"]  # a record of before
        lines = [line | {"right": row < kept * 0.9} for row, line in enumerate(answers(90)[:kept])]
        write_run(tmp_path / f"s3-{seed}", told, config("s3", seed, **options), {"test.jsonl": lines})
    comparison = read(tmp_path)
    assert comparison.pair("s3", "zerogen") is None and comparison.gain(arm(comparison, "s3")) is None
    assert comparison.gain(arm(comparison, "goldgen")) is not None
    assert comparison.same_rows("goldgen", "zerogen") and not comparison.same_rows("s3", "zerogen")
    groups = "about these: goldgen; zerogen. On other rows: s3."
    said = warnings(comparison)
    assert any(line.endswith(groups) for line in said) and not any(
        "Not in the tests" in line for line in said
    )
    assert (
        "goldgen is highest with 65.3%" in verdict(comparison).line and "s3" not in verdict(comparison).line
    )


def test_the_same_rows_in_another_file_are_the_same(tmp_path: Path) -> None:
    write_all(tmp_path, ("s3",), [0, 1])
    for seed in (0, 1):
        moved = config("zerogen", seed, task__gold__test="moved/test.jsonl")
        write_run(tmp_path / str(seed), result("zerogen", seed, 60), moved, {"test.jsonl": answers(60)})
    comparison = read(tmp_path)
    assert comparison.gain(arm(comparison, "s3")) is not None and comparison.test_rows == 100


def test_an_arm_that_trains_on_gold_has_a_base_among_several(tmp_path: Path) -> None:
    for kind in ("bag", "ngrams"):
        for name, options in {
            "zerogen": {},
            "s3": {"strategy__with_gold": True, "gold": "with train"},
            "gold": {"strategy__human": True, "gold": "with train"},
        }.items():
            facts = config(name, 0, small_model__kind=kind, **options)
            write_run(tmp_path / f"{name}-{kind}", result(name, 0, 70), facts)
    bases = read(tmp_path).bases
    assert bases == {
        f"{name}, kind={kind}": f"zerogen, kind={kind}"
        for name in ("s3", "gold")
        for kind in ("bag", "ngrams")
    }


def test_an_arm_that_fits_two_bases_is_said_to_have_no_gain(tmp_path: Path) -> None:
    for rows in (100, 300):
        facts = config("zerogen", 0, loop__budget__rows=rows)
        write_run(tmp_path / str(rows), result("zerogen", 0, 60), facts)
    write_run(tmp_path / "gold", result("gold", 0, 80), config("gold", 0))
    (line,) = (one for one in notes(read(tmp_path)) if "No gain" in one)
    assert "by the strategy alone: gold. Bases: zerogen, rows=100; zerogen, rows=300." in line


def test_scores_are_those_of_the_record() -> None:
    assert {name: sum(values) / 5 for name, values in SCORES.items()} == {
        "zerogen": 62,
        "goldgen": 66,
        "s3": 72,
        "gold": 80,
    }


def test_what_one_choice_has_alone_tells_the_runs_of_another_apart() -> None:
    words = [["small_model=bag"], ["small_model=minilm"], ["small_model=distilbert"]]
    differ = differing([identity(asdict(compose(word))) for word in words])
    checkpoints = differ["small_model.checkpoint"]
    assert checkpoints[0] is None and len(set(checkpoints)) == 3
    assert differ["small_model.dim"] == [16, None, None] and "llm.url" not in differ
    assert differing([{"small_model.kind": "bag"}, {"small_model.kind": "bag", "small_model.dim": 3}]) == {}


def test_one_run_has_the_interval_of_its_test_rows() -> None:
    (arm,) = study(strategies()[:1]).comparison().arms
    rows, errors = by_round(arm, "select/accuracy", ROWS), by_round(arm, "errors")
    assert rows is not None and rows.x == (1005, 1253, 1500)
    assert errors is not None and errors.mean == (155, 119, 103)
    assert (arm.mean, interval_of(arm)) == (0.81, pytest.approx((0.78, 0.83)))


def test_seeds_become_mean_and_interval() -> None:
    arms = study([run for seed in range(3) for run in strategies(seed)]).comparison().arms
    assert [(arm.name, len(arm.runs)) for arm in arms] == [("s3", 3), ("goldgen", 3), ("zerogen", 3)]
    half = 4.302653 * 0.01 / 3**0.5  # 81, 82 and 83: Student's t with 2 degrees of freedom
    assert (arms[0].mean, interval_of(arms[0])) == (0.82, pytest.approx((0.82 - half, 0.82 + half)))


def test_the_same_seed_twice_is_not_averaged() -> None:
    comparison = study([fake("zerogen", S3, 0.6), fake("s3", S3, 0.7), fake("s3", S3, 0.5)]).comparison()
    gains = {arm.name: gain.mean for arm in comparison.arms if (gain := comparison.gain(arm)) is not None}
    assert gains == {"s3 (1)": pytest.approx(0.1), "s3 (2)": pytest.approx(-0.1)}


def test_gains_are_on_the_seeds_of_both_and_of_one_task() -> None:
    scores = {"zerogen": [0.60, 0.70, 0.80], "s3": [0.63, 0.72, 0.84]}
    runs = [fake(name, S3, one, seed) for name, own in scores.items() for seed, one in enumerate(own)]
    found = study([*runs, fake("s3", S3, 0.99, 9), fake("zerogen", S3, 0.1, task="other")])
    comparison = found.comparison("reviews")
    gain = comparison.gain(comparison.arm("s3"))
    assert gain is not None and (gain.mean, gain.seeds) == (pytest.approx(0.03), 3)
    assert gain.low is not None and gain.low > 0.0


def test_one_seed_has_no_interval_over_seeds() -> None:
    comparison = study([fake("zerogen", S3, 0.6), fake("s3", S3, 0.7)]).comparison()
    gain = comparison.gain(comparison.arm("s3"))
    assert gain is not None and gain.low is None


def test_nothing_to_compare_with() -> None:
    assert study([fake("s3", S3, 0.7)]).comparison().bases == {}
    two = study([fake("zerogen", S3, 0.6), fake("zerogen", S3, 0.5), fake("s3", S3, 0.7)]).comparison()
    assert two.bases == {}


def test_a_number_that_a_round_lacks_makes_no_curve() -> None:
    run = fake("s3", S3, 0.8)
    for entry in run["rounds"]:
        del entry["metrics"]["select/accuracy"]
    (arm,) = study([run]).comparison().arms
    assert by_round(arm, "select/accuracy") is None
    mining = by_round(arm, "mining/accuracy")
    assert mining is not None and len(mining.x) == 3


def test_a_run_is_read_by_its_own_metric() -> None:
    comparison = study([extraction("s3", 0.21), extraction("zerogen", 0.16)]).comparison()
    assert (comparison.metric, comparison.word) == ("em", "EM")
    arm = comparison.arm("s3")
    assert (arm.mean, interval_of(arm)) == (0.21, pytest.approx((0.18, 0.23)))
    gain = comparison.gain(arm)
    assert gain is not None and gain.mean == pytest.approx(0.05)
    curves = [by_round(arm, f"{role}/em") for role in ("mining", "select")]
    assert [curve.mean for curve in curves if curve] == [(0.1, 0.2), (0.15, 0.25)]
    assert study(strategies()).comparison().word == "accuracy"  # as in records that do not name it


def test_the_same_budget_is_said_only_where_it_was_the_same(tmp_path: Path) -> None:
    write_all(tmp_path, ("zerogen", "s3"), [0, 1])
    assert budget(read(tmp_path)) == "at the same budget"
    write_all(tmp_path, ("gold",), [0, 1])
    assert budget(read(tmp_path)) == "at the same budget (but gold: human-written rows)"
    told = result("s3", 1, 70)
    told["rounds"][-1]["train_rows"] = 298
    write_run(tmp_path / "s3-1", told, config("s3", 1))
    assert budget(read(tmp_path)) == "(rows differ: s3 299, zerogen 300)"
    for seed in (0, 1):
        less = result("goldgen", seed, 70)
        less["rounds"][-1]["train_rows"] = 250
        write_run(tmp_path / f"goldgen-{seed}", less, config("goldgen", seed))
    assert budget(read(tmp_path)) == "(rows differ: 250 to 300)"
    del told["rounds"][-1]["train_rows"], told["rounds"][0]["train_rows"], told["rounds"][1]["train_rows"]
    write_run(tmp_path / "s3-1", told, config("s3", 1))
    assert budget(read(tmp_path)) == "(rows are not on record)"


def test_a_budget_of_tokens_is_compared_in_tokens(tmp_path: Path) -> None:
    """S3 takes 2,400 of them and ZeroGen 1,500, tests/report/records.py says; a budget of tokens is not all used up."""
    for strategy in ("zerogen", "s3"):
        write_run(
            tmp_path / strategy, result(strategy, 0, 60), config(strategy, 0, loop__budget__tokens=2400)
        )
    assert budget(read(tmp_path)) == "(tokens differ: s3 2,400, zerogen 1,500)"
    told = result("zerogen", 0, 60)
    told["rounds"][0]["metrics"]["llm/prompt_tokens"] += 870  # 2,370
    write_run(tmp_path / "zerogen", told, config("zerogen", 0, loop__budget__tokens=2400))
    assert budget(read(tmp_path)) == "at the same budget"


def test_mining_beside_test_is_explained_where_rows_quote_what_the_llm_was_shown(tmp_path: Path) -> None:
    for strategy in ("s3", "zerogen"):
        told = result(strategy, 0, 60)
        if strategy == "s3":
            told["rounds"][-1]["metrics"] |= {
                "quoted/rows": 0.5,
                "quoted/share": 0.21,
                "mining/accuracy": 0.92,
            }
        write_run(tmp_path / strategy, told, config(strategy, 0))
    comparison = read(tmp_path)
    assert mining_beside_test(comparison) == [
        "The score on mining is no estimate of that on test, since the LLM was shown mining rows and wrote rows from "
        "them: s3 (92.0% on mining, 60.0% on test): 50.0% of the rows quote their mining row, and "
        "21.0% of all words are quoted."
    ]
    assert notes(comparison)[-1] == mining_beside_test(comparison)[0]


def test_of_many_arms_those_are_named_that_differ_from_most(tmp_path: Path) -> None:
    for place, name in enumerate(("s3", "zerogen", "goldgen", "targen", "dge")):
        more = {"llm__model": "another/llm"} if name in ("dge", "targen") else {}
        write_run(tmp_path / name, result(name, 0, 60 + place), config(name, 0, **more))
    said = " ".join(warnings(read(tmp_path)))
    differ = said.partition("Arms differ by more than the strategy: ")[2]
    assert differ.startswith("llm.model (another/llm: ") and "the others: " in differ
    assert {"dge", "targen"} == set(differ.partition(": ")[2].partition(";")[0].split(" and "))


@pytest.mark.parametrize(("seeds", "said"), [("marginals", False), ("plain", True)])
def test_an_option_that_an_arm_does_not_read_is_no_difference(tmp_path: Path, seeds: str, said: bool) -> None:
    """Marginals ask no LLM: they have no shots, whatever task.shots is for all runs of the sweep."""
    own = {"strategy__shown": "nothing", "strategy__seeds": seeds, "strategy__max_rounds": 0}
    shots = {"task__shots": 3, "small_model__kind": "boosting"}
    write_run(tmp_path / "zerogen", result("zerogen", 0, 60), config("zerogen", 0, **shots))
    other = {**shots, **own, "task__shots": 3 if seeds == "marginals" else 0}
    write_run(tmp_path / "marginals", result("marginals", 0, 50), config("marginals", 0, **other))
    assert any("task.shots (" in one for one in warnings(read(tmp_path))) == said
