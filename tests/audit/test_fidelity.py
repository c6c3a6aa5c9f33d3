"""Label fidelity, where the truth is planted: the estimate, the judge, and what a judge must not have learned."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s3exp.audit import build_audit
from s3exp.audit.fidelity import Trial, fidelity, skill_of
from s3exp.audit.judge import Judge, judge_of
from s3exp.audit.observer import Audit, Report
from s3exp.curation.vectors import Cached, Lsa
from s3exp.record.rounds import read_round
from s3exp.settings.audit import AuditConfig
from s3exp.settings.compose import compose, composed_of, plain
from s3exp.settings.run import Config, identity
from s3exp.settings.task import PromptSet, TaskConfig
from s3exp.types import Example
from tests.test_loop import go

Write = Callable[[str, list[dict[str, object]]], str]
PROMPTS = {"p": PromptSet(seed="{label}", extrapolate="{label} {text}")}
TASK = TaskConfig(
    name="t", fields=["text"], generate="text", labels=["a", "b"], prompts="p", prompt_sets=PROMPTS
)
PAIR = replace(TASK, fields=["premise", "text"])
WORDS = [f"{stem}{ending}" for stem in ("ba", "co", "du", "fe", "gi") for ending in ("l", "m", "n", "r", "s")]
VECTORS = Cached(Lsa(["some words", "other words"]), None)


def texts(prefix: str, count: int, clear: float, seed: int = 0) -> list[Example]:
    """Rows whose text says its label in a share `clear`, and says nothing of it in the others."""
    draw = random.Random(f"{prefix}{seed}")
    rows = []
    for place in range(count):
        words = draw.choices(WORDS, k=8)
        if draw.random() < clear:
            words[3] = ("awful", "lovely")[place % 2]
        rows.append(Example(f"{prefix}-{place}", {"text": " ".join(words)}, place % 2))
    return rows


def made(count: int, clear: float, wrong: float, seed: int = 0) -> list[Example]:
    """Synthesized rows, of which exactly a share `wrong` has the other label."""
    rows = [replace(row, id=f"r0-{row.id}", round=0) for row in texts("made", count, clear, seed)]
    flipped = set(random.Random(seed).sample(range(count), round(wrong * count)))
    return [replace(row, target=1 - row.label) if i in flipped else row for i, row in enumerate(rows)]


def audit(gold: Sequence[Example], train: Sequence[Example] = (), task: TaskConfig = TASK) -> Audit:
    config = Config(task=task, audit=AuditConfig(shortcuts=False, gap=False, cache=None))
    return build_audit(config, gold, {}, None, train)


def why(report: Report) -> dict[str, str]:
    return {one["what"]: one["why"] for one in report.tables.get("unjudged", ())}


@pytest.mark.parametrize("learns", ["train", "gold"])
def test_flipped_labels_are_estimated_though_the_judge_errs(learns: str) -> None:
    """The judge guesses where a text says nothing, so it agrees with far fewer rows than are right."""
    gold, train = texts("gold", 400, 0.6), texts("train", 600, 0.6) if learns == "train" else []
    one, inside = audit(gold, train), 0
    for seed in range(6):
        rows = made(400, 0.6, 0.3, seed)
        numbers = one.look(rows, rows).numbers
        inside += numbers["fidelity/low"] <= 0.7 <= numbers["fidelity/high"]
        assert numbers["fidelity/share"] == pytest.approx(0.7, abs=0.12)
        assert numbers["fidelity/agreement"] < 0.65 and 0.7 < numbers["fidelity/judge"] < 0.9
        assert numbers["fidelity/high"] - numbers["fidelity/low"] < 0.4
    assert inside >= 5
    right = made(400, 0.6, 0.0)
    numbers = one.look(right, right).numbers
    assert numbers["fidelity/share"] > 0.93 and numbers["fidelity/high"] == 1 > numbers["fidelity/agreement"]
    (judge,) = one.look(right, right).tables["judge"]
    assert ("600 rows of gold.train" if train else "cross-fitted in 5 folds") in judge["learned"]


def test_rounds_are_told_apart_and_rows_of_another_label_named() -> None:
    one = audit(texts("gold", 400, 0.95))
    good = made(200, 0.95, 0.0)
    bad = [replace(row, id=f"r1-{row.id}", round=1) for row in made(200, 0.95, 0.5, 1)]
    report = one.look([*good, *bad], [*good, *bad])
    first, second = report.tables["fidelity"]
    assert (first["round"], second["round"]) == (0, 1)
    assert first["share"] > 0.9 and second["share"] == pytest.approx(0.5, abs=0.12)
    named = {line["row"] for line in report.tables["other_label"]}
    flipped = {row.id for row in bad if "awful" in row.fields["text"] and row.label == 1} | {
        row.id for row in bad if "lovely" in row.fields["text"] and row.label == 0
    }
    assert flipped <= named
    later = one.look([*good, *bad], bad).numbers
    assert later["fidelity/share"] == pytest.approx(second["share"], abs=1e-4)
    assert later["fidelity/share"] < later["fidelity/so_far"] < first["share"]


@pytest.mark.parametrize("matrix", [((90, 10), (35, 65)), ((40, 6, 4), (5, 40, 5), (10, 10, 30))])
def test_the_interval_covers_the_truth(matrix: tuple[tuple[int, ...], ...]) -> None:
    """The judge's errors on gold and on the rows are drawn from one table of chances, which favours one label."""
    chances = np.array(matrix) / np.array(matrix).sum(1, keepdims=True)
    classes, rng, inside = len(chances), np.random.default_rng(5), 0
    for times in range(100):
        labels = np.repeat(np.arange(classes), 60)
        asked = np.repeat(np.arange(classes), 100)
        moved = rng.integers(1, classes, len(asked)) * (rng.random(len(asked)) > 0.7)
        truth = (asked + moved) % classes
        said, answers = ((rng.random((len(of), 1)) > chances[of].cumsum(1)).sum(1) for of in (labels, truth))
        one = fidelity(asked, answers, skill_of(Trial(labels, said), classes, times), times)
        assert one.low is not None and one.high is not None
        inside += one.low <= (truth == asked).mean() <= one.high
    assert inside >= 92


def test_a_weak_judge_gives_its_accuracy_and_no_estimate() -> None:
    rows = made(200, 0.6, 0.3)
    report = audit(texts("gold", 300, 0.1)).look(rows, rows)
    assert report.numbers["fidelity/judge"] < 0.65
    assert not {"fidelity/share", "fidelity/so_far", "fidelity/agreement"} & report.numbers.keys()
    assert any("too weak" in reason for what, reason in why(report).items() if "label fidelity" in what)


def memorized(count: int, prefix: str = "gold") -> list[Example]:
    """Rows with a word of their own each and a label by chance: only who has read a row knows it."""
    draw = random.Random(prefix)
    return [
        Example(f"{prefix}-{place}", {"text": f"word{place} " * 5}, draw.randrange(2))
        for place in range(count)
    ]


def test_a_judge_learned_no_gold_row_that_it_is_tried_on_nor_a_rows_exemplar() -> None:
    gold = memorized(300)
    judge = judge_of([], gold, TASK, VECTORS)
    assert isinstance(judge, Judge) and len(judge.trial.labels) == 300
    assert judge.trial.accuracy < 0.6
    children = [replace(row, id=f"r1-{row.id}", round=1, parent=row.id) for row in gold]
    said, _ = judge.read(children)
    assert np.mean([row.label for row in gold] == said) < 0.6
    orphans = [replace(row, parent=None, fields={"text": f"{row.fields['text']} x"}) for row in children]
    assert (
        np.mean([row.label for row in gold] == judge.read(orphans)[0]) > 0.8
    )  # of other folds they are known


@pytest.mark.parametrize("learns", ["train", "gold"])
def test_no_context_is_learned_and_judged(learns: str) -> None:
    """Rows of one premise have one label, which nothing else says."""
    draw = random.Random(3)
    labels = [draw.randrange(2) for _ in range(60)]

    def of_premises(prefix: str, times: int) -> list[Example]:
        return [
            Example(
                f"{prefix}-{place}-{again}",
                {"premise": f"premise{place} " * 4, "text": " ".join(draw.choices(WORDS, k=5))},
                labels[place],
            )
            for place in range(60)
            for again in range(times)
        ]

    other = [
        replace(row, id=f"o{row.id}", fields={**row.fields, "premise": f"other{place} " * 4})
        for place, row in enumerate(of_premises("x", 2))
    ]
    gold, train = of_premises("gold", 4), [*of_premises("train", 4), *other] if learns == "train" else []
    judge = judge_of(train, gold, PAIR, VECTORS)
    assert isinstance(judge, Judge) and judge.trial.accuracy < 0.65
    assert ("120 rows of gold.train" in judge.learned) == bool(train)
    seeds = [replace(row, id=f"r0-{row.id}", round=0) for row in of_premises("new", 1)]
    assert np.mean([row.label for row in seeds] == judge.read(seeds)[0]) < 0.7


def test_rows_in_words_that_the_judge_does_not_know_are_not_judged() -> None:
    rows = [
        replace(row, fields={"text": row.fields["text"].translate({97: "ж", 101: "ш", 111: "щ", 117: "ы"})})
        for row in made(100, 1.0, 0.0)
    ]
    report = audit(texts("gold", 300, 0.9)).look(rows, rows)
    assert "fidelity/share" not in report.numbers
    assert "of the words of the rows" in why(report)["label fidelity"]


def test_spans_have_no_judge_and_the_record_says_so() -> None:
    task = replace(TASK, kind="extraction", labels=[])
    rows = made(20, 1.0, 0.0)
    report = audit([], task=task).look(rows, rows)
    assert "span" in why(report)["label fidelity"]
    assert not any(name.startswith("fidelity/") for name in report.numbers)


def test_runs_of_before_keep_their_identity(tmp_path: Path) -> None:
    for words in ([], ["audit=none"]):
        facts = identity(plain(composed_of(words, tmp_path)))
        assert "audit.noise" in facts and "audit.fidelity" not in facts
    assert "audit.fidelity" in identity(plain(composed_of(["audit.fidelity=false"], tmp_path)))
    rows = made(60, 1.0, 0.0)
    gold = texts("gold", 100, 1.0)
    for noise, fidel, wanted in ((False, None, False), (False, True, True), (True, False, False)):
        one = audit(gold)
        one = replace(one, config=replace(one.config, noise=noise, fidelity=fidel))
        assert ("fidelity/share" in one.look(rows, rows).numbers) == wanted
    assert compose(["audit=none"], None).audit.fidelity is None


def test_a_run_has_it_on_record_and_in_its_line(
    toy_config: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    result = go(toy_config, tmp_path / "run")
    for one in result["rounds"]:
        assert one["metrics"]["fidelity/share"] > 0.85  # the toy LLM writes what it is asked for
    record = read_round(tmp_path / "run" / "rounds" / "1")
    (line,) = record.tables["fidelity"]
    assert line["round"] == 1 and line["share"] == round(record.metrics["fidelity/share"], 4)
    assert record.tables["judge"][0]["learned"] == "100 rows of gold.train"
    assert sum("label fidelity" in message for message in caplog.messages) == len(result["rounds"])
