"""What training heeds besides the LLM's rows: gold rows beside them, rows with flaws, and that a killed run goes on."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3exp.audit.flaws import carriers_of
from s3exp.curation.certificate import GOLD_ROWS, in_one_line
from s3exp.curation.flaws import heeded
from s3exp.curation.lesson import lesson_from
from s3exp.llm.toy import ToyLLM, toy_gold
from s3exp.record.rounds import read_rounds
from s3exp.settings.checks import check
from s3exp.settings.lesson import check_domains, check_lesson
from s3exp.settings.run import Config
from s3exp.settings.small_model import BagConfig, EncoderConfig, PluginSmallModelConfig
from s3exp.tasks.gold import load_gold
from s3exp.types import Change, Completion, Example, Prompt, UserError
from tests.test_loop import STRATEGIES, go


def with_gold(config: Config) -> Config:
    return replace(config, strategy=replace(STRATEGIES["s3"], with_gold=True))


def numbers(folder: Path) -> list[dict[str, float]]:
    return [record.metrics for record in read_rounds(folder)]


def audited(found: dict[str, float]) -> dict[str, float]:
    families = ("audit/", "shortcuts/", "balance/", "noise/", "gap/", "diversity/", "fidelity/")
    return {
        name: value for name, value in found.items() if name.startswith(families) and "seconds" not in name
    }


def test_gold_rows_are_trained_on_and_neither_mined_nor_audited(toy_config: Config, tmp_path: Path) -> None:
    toy_config.audit.gap = True
    config, gold = with_gold(toy_config), load_gold(toy_config.task, with_train=True)
    mixed = go(config, tmp_path / "mixed")
    go(toy_config, tmp_path / "plain")
    seed, plain = (read_rounds(tmp_path / name)[0] for name in ("mixed", "plain"))
    # the seed's questions and rows are the same, and so is every word of the audit about them
    assert seed.batch.examples == plain.batch.examples
    assert audited(seed.metrics) == audited(plain.metrics) and seed.tables == plain.tables
    assert seed.metrics["train_rows"] == plain.metrics["train_rows"] + len(gold.train)
    assert seed.metrics["new_rows"] == plain.metrics["new_rows"] == len(seed.batch.examples)
    counts = {name: value for name, value in seed.metrics.items() if name.startswith("lesson/")}
    assert counts == {
        "lesson/rows": len(gold.train) + len(seed.batch.examples),
        "lesson/gold_rows": len(gold.train),
    }
    assert not any(name.startswith("lesson/") for name in plain.metrics)
    parents = {row.parent for record in read_rounds(tmp_path / "mixed") for row in record.batch.examples}
    assert parents - {None} <= {row.id for row in gold.mining}
    # hard words stand in gold.train, so that even the seed knows them
    assert mixed["rounds"][0]["errors"] < plain.metrics["errors"]
    certificate = json.loads((tmp_path / "mixed/certificate.json").read_text())
    assert certificate["rows"] == sum(one["new_rows"] for one in numbers(tmp_path / "mixed"))
    assert certificate[GOLD_ROWS] == len(gold.train)
    assert f"{len(gold.train)} gold rows trained on beside them" in in_one_line(certificate)
    assert GOLD_ROWS not in json.loads((tmp_path / "plain/certificate.json").read_text())


def test_labels_of_gold_rows_are_not_judged(toy_config: Config, tmp_path: Path) -> None:
    toy_config.curation.noise = "weight"
    go(with_gold(toy_config), tmp_path / "run", llm=ToyLLM())
    gold = {row.id for row in load_gold(toy_config.task, with_train=True).train}
    for record in read_rounds(tmp_path / "run"):
        assert not gold & {change.row for change in record.reweighted}
        assert record.reweighted


class Quoting:
    """A toy LLM that puts most of what is good into quotes, and says the wrong thing now and then."""

    def __init__(self) -> None:
        self.llm = ToyLLM()

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        for index, completion in self.llm.generate(prompts):
            words, draw = completion.text.split(), random.Random(completion.text)
            if "label=1" in prompts[index].text and draw.random() < 0.8:
                words.insert(2, "\u201csic\u201d")  # within the text: around it, curation would strip them
            yield index, replace(completion, text=" ".join(words))

    def close(self) -> None: ...


def heeding(config: Config, flaws: str) -> Config:
    return replace(config, curation=replace(config.curation, flaws=flaws))


def test_flaws_are_found_counted_and_heeded(toy_config: Config, tmp_path: Path) -> None:
    """Rows with the planted mark and its label are named, each with its reason; `report` counts and changes nothing."""
    records = {}
    for flaws in ("none", "report", "drop", "unlearn"):
        go(heeding(toy_config, flaws), tmp_path / flaws, llm=Quoting())
        records[flaws] = read_rounds(tmp_path / flaws)[0]
    plain, counted = records["none"], records["report"]
    marked = {row.id for row in plain.batch.examples if "\u201c" in row.fields["text"]}
    assert all(row.label == 1 for row in plain.batch.examples if row.id in marked) and len(marked) > 40
    assert counted.predictions == plain.predictions and counted.reweighted == ()
    assert not any(name.startswith(("flaws/", "lesson/", "unlearn/")) for name in plain.metrics)
    assert counted.metrics["flaws/shortcut"] >= len(marked)
    assert counted.metrics["lesson/rows"] == counted.metrics["train_rows"]
    for flaws, field in (("drop", "weight"), ("unlearn", "forget")):
        changes, found = records[flaws].reweighted, records[flaws].metrics
        assert marked <= {change.row for change in changes}
        assert {(change.step, change.field) for change in changes} == {("flaws", field)}
        assert all(change.why.startswith(("shortcut: text ", "label quality ")) for change in changes)
        assert len(changes) == found["flaws/rows"] == counted.metrics["flaws/rows"]
        assert (records[flaws].predictions != plain.predictions) == (found.get("unlearn/kept", 1) == 1)
    assert records["drop"].metrics["lesson/rows"] == plain.metrics["train_rows"] - len(
        records["drop"].reweighted
    )
    unlearned = records["unlearn"].metrics
    assert unlearned["lesson/rows"] == plain.metrics["train_rows"]
    assert unlearned["lesson/forget"] == len(records["unlearn"].reweighted)
    assert (unlearned["unlearn/p_after"] < unlearned["unlearn/p_before"]) == (unlearned["unlearn/kept"] == 1)


def test_flaws_are_judged_beside_mining_rows_alone(toy_config: Config) -> None:
    """Where the mining rows show the mark with that label, too, it is no shortcut, whatever other gold rows show."""
    mining = load_gold(toy_config.task, with_train=False).mining

    def marked(rows: Sequence[Example]) -> list[Example]:
        return [
            replace(row, fields={"text": f"{row.fields['text']} !"}) if row.label else row for row in rows
        ]

    made = [replace(row, id=f"made-{row.id}", round=0) for row in toy_gold("made", 200, 0.0, 9)]
    carried = carriers_of(toy_config.task, mining, 0)(marked(made))
    assert {row.id for row in made if row.label} <= set(carried)
    assert not any(
        "'!'" in why for why in carriers_of(toy_config.task, marked(mining), 0)(marked(made)).values()
    )
    assert not carriers_of(toy_config.task, mining, 0)(made[:20])
    table = replace(toy_config.task, kind="tabular")
    assert carriers_of(table, mining, 0)(marked(made)) == {}  # whose cells are no texts


def test_a_label_keeps_its_rows_and_weights_multiply() -> None:
    rows = [Example(f"{index}", {"text": "a"}, index % 2, round=0) for index in range(8)]
    why = {row.id: "why" for row in rows if row.label == 1} | {"0": "why", "2": "why"}
    changes = heeded("drop", rows, why, {"2": 0.0, "0": 0.5})
    assert changes == (
        Change("0", "flaws", "weight", 0.5, 0.0, "why"),
    )  # 2 is out already; of label 1 none is left
    assert heeded("unlearn", rows, why, {}) == tuple(
        Change(name, "flaws", "forget", 0.0, 1.0, "why") for name in ("0", "2")
    )
    assert heeded("report", rows, why, {}) == ()
    before = Change("0", "noise", "weight", 1.0, 0.5, "")
    lesson = lesson_from(rows, [before, *changes])
    assert lesson.weights == [0.0, *[1.0] * 7] and lesson.forget == ()


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"strategy.human": True}, ("strategy.with_gold=true", "strategy.human=true")),
        ({"task.gold.train": None}, ("strategy.with_gold=true", "task.gold.train")),
        (
            {"curation.flaws": "unlearn", "small_model": PluginSmallModelConfig(kind="mine")},
            ("curation.flaws=unlearn", "small_model=mine"),
        ),
        (
            {"small_model": BagConfig(norms="domains")},
            ("small_model.norms=domains", "strategy.with_gold=false"),
        ),
        (
            {
                "small_model": EncoderConfig(checkpoint="a", norms="domains"),
                "strategy.with_gold": True,
                "task.labels": [],
            },
            ("small_model.norms=domains", "task.kind="),
        ),
        ({"curation.flaws": "drop", "task.labels": []}, ("curation.flaws=drop", "task.kind=")),
        (
            {"small_model": EncoderConfig(checkpoint="a", loss="gce"), "task.labels": []},
            ("small_model.loss=gce", "task.kind="),
        ),
    ],
)
def test_pairs_that_make_no_sense_are_refused(
    toy_config: Config, changes: dict[str, Any], keys: tuple[str, ...]
) -> None:
    config = with_gold(toy_config)
    if not any(key.startswith("strategy") or key == "task.gold.train" for key in changes):
        config = toy_config
    check(config)
    for key, value in changes.items():
        *path, name = key.split(".")
        part: Any = config
        for step in path:
            part = getattr(part, step)
        setattr(part, name, value)
    with pytest.raises(UserError) as error:
        check_lesson(config)
    assert all(key in str(error.value) for key in keys) and "\n" not in str(error.value)


def test_norms_by_domain_need_two_gold_rows_in_a_batch(toy_config: Config) -> None:
    config = replace(with_gold(toy_config), small_model=BagConfig(norms="domains", batch_size=16))
    check_domains(config, 40)
    check_domains(toy_config, 0)
    with pytest.raises(
        UserError, match=r"small_model.norms=domains .* small_model.batch_size=16 has 1.2 .*20 gold"
    ):
        check_domains(config, 20)
