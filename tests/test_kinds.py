"""A kind of task that the package does not know: two written fields, three rows a completion, a target that is a text.

It is added by a line in the two places where kinds are listed, and goes through the whole loop: prompts, parsing,
curation, training, errors, record, audit and certificate.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from s3exp.llm.store import Asker, Stored
from s3exp.loop import Parts, run
from s3exp.record.rounds import read_rounds
from s3exp.record.run import RunStore
from s3exp.seeds import stream
from s3exp.settings import kinds as rules
from s3exp.settings.checks import check
from s3exp.settings.llm import LLMConfig
from s3exp.settings.loop import StrategyConfig
from s3exp.settings.run import Config
from s3exp.settings.task import GoldConfig, PromptSet, TaskConfig
from s3exp.synthesis.curating import Curation, Verdict
from s3exp.tasks import build_task, kinds
from s3exp.tasks.fingerprints import content
from s3exp.tasks.gold import load_gold
from s3exp.tasks.roles import Gold
from s3exp.tasks.task import Score, Written, share
from s3exp.tracking.tracker import Nothing
from s3exp.types import Completion, Example, Lesson, Prediction, Prompt, Target
from tests.conftest import checks_of, write_rows_in

CAPITALS = {
    "France": "Paris",
    "Italy": "Rome",
    "Spain": "Madrid",
    "Norway": "Oslo",
    "Peru": "Lima",
    "Cuba": "Havana",
}


@dataclass(frozen=True)
class Riddles:
    """A question and a hint are written; the target is the answer, a text. One completion holds three of them."""

    config: TaskConfig
    llm: LLMConfig
    gold: Gold
    cut: Callable[[str], str]
    metric: ClassVar[str] = "accuracy"
    rows_per_answer: ClassVar[int] = 3
    rationales: ClassVar[None] = None

    def drawn_target(self, seed: int, round_: int, row: int) -> str:
        return stream(seed, "capital", round_, row).choice(sorted(CAPITALS.values()))

    def says(self, target: Target) -> str:
        return str(target)

    def seed_prompt(
        self, target: Target, seed: int, context: Mapping[str, str], reasons: Sequence[str] = ()
    ) -> Prompt:
        return Prompt(f"three riddles for {target}", "seed", seed, 60, target)

    def extrapolate_prompt(self, shown: Example, target: Target, seed: int) -> Prompt:
        text = f"three riddles for {target} like {shown.fields['question']}"
        return Prompt(text, "extrapolate", seed, 60, target, shown.id)

    def parse(self, prompt: Prompt, completion: Completion) -> list[Written] | str:
        rows = [json.loads(line) for line in completion.text.splitlines()]
        return [Written({"question": r["q"], "hint": r["h"]}, r["a"]) for r in rows] or "empty"

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        return [row for row, guess in zip(examples, predictions, strict=True) if row.target != guess.target]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        right = [row.target == guess.target for row, guess in zip(examples, predictions, strict=True)]
        return Score(share(self.metric, right), {})


class RiddleLLM:
    """Writes three riddles an answer; of a country that it is not shown it knows no more than its first letter."""

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        for index, prompt in enumerate(prompts):
            chance = stream(prompt.seed, "riddle")
            answer = str(prompt.target)
            country = next(name for name, capital in CAPITALS.items() if capital == answer)
            shown = country if " like " in prompt.text else country[0]
            rows = [
                {
                    "q": f"which capital has {shown} {chance.random():.6f}",
                    "h": f"no {chance.random():.6f}",
                    "a": answer,
                }
                for _ in range(3)
            ]
            if chance.random() < 0.2:
                rows[1] = rows[0]  # a repeated row is one row less
            yield index, Completion("\n".join(map(json.dumps, rows)), 5, 9, "stop")

    def close(self) -> None: ...


class Nearest:
    """A small model of texts: it says the target of the row of the lesson that shares most words. Saved as JSON."""

    def __init__(self, rows: Sequence[tuple[str, str]] = ()) -> None:
        self.rows = list(rows)

    def check(self, rows: Sequence[Example] = ()) -> None: ...

    def fit(self, lesson: Lesson, select: Sequence[Example], seed: int) -> tuple[Nearest, dict[str, float]]:
        fitted = Nearest([(row.fields["question"], str(row.target)) for row in lesson.rows])
        right = [row.target == g.target for row, g in zip(select, fitted.predict(select), strict=True)]
        return fitted, {"select_accuracy": sum(right) / len(right)}

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        def best(row: Example) -> str:
            words = set(row.fields["question"].split())
            return max(self.rows, key=lambda known: len(words & set(known[0].split())))[1]

        return [Prediction(row.id, best(row), (1.0,)) for row in examples]

    def save(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "rows.json").write_text(json.dumps(self.rows))

    def load(self, folder: Path) -> Nearest:
        return Nearest([tuple(pair) for pair in json.loads((folder / "rows.json").read_text())])


RIDDLES = kinds.Kind(
    build=Riddles,
    column=lambda config: "answer",
    read=lambda config, row, tidy, where: tidy(row["answer"]),
    unit=lambda config, row: content(row.fields.values()),
)


def gold_rows(role: str, count: int) -> list[dict[str, object]]:
    countries = sorted(CAPITALS)
    names = [countries[index % len(countries)] for index in range(count)]
    return [
        {
            "question": f"which capital has {name} {role}{i}",
            "hint": f"none {role}{i}",
            "answer": CAPITALS[name],
        }
        for i, name in enumerate(names)
    ]


@pytest.fixture
def riddles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setitem(kinds.KINDS, "riddles", RIDDLES)
    monkeypatch.setitem(rules.RULES, "riddles", rules.Rules(check=lambda config: None, target="answer"))
    files = {
        role: write_rows_in(tmp_path, f"{role}.jsonl", gold_rows(role, 48)) for role in ("validation", "test")
    }
    prompts = {"own": PromptSet(seed="-", extrapolate="-")}
    task = TaskConfig("riddles", "riddles", GoldConfig(**files), ["question", "hint"], ["question", "hint"])
    task = replace(task, labels=[], prompts="own", prompt_sets=prompts)
    config = Config(task=task, strategy=StrategyConfig(name="s3", shown="errors"), progress=False)
    config.loop.budget.rows = 40
    config.llm.model = "riddles"
    config.audit.gap = False
    check(config)
    return config


def go(config: Config, folder: Path, **parts: Any) -> dict[str, Any]:
    task = build_task(config.task, config.llm, load_gold(config.task, with_train=False), lambda text: text)
    llm = Stored(RiddleLLM, Asker("riddles", 0.9, 0.95), None)
    store = RunStore(folder, "", {})
    checks = checks_of(config, task)
    whole = Parts(task, llm, Nearest(), Nothing(), *checks, config.strategy, config.loop, store, config.seed)
    try:
        return run(replace(whole, **parts))
    finally:
        store.close()


def test_a_kind_of_its_own_goes_through_the_loop(riddles: Config, tmp_path: Path) -> None:
    result = go(riddles, tmp_path / "run")
    seed, *later = read_rounds(tmp_path / "run")
    assert [len(record.batch.examples) for record in (seed, *later)] == [27, 7, 6]
    first = [row.prompt for row in seed.batch.examples]
    assert max(map(first.count, first)) == 3  # a completion gives three rows
    assert len(seed.batch.asked) < 15
    assert {r.reason for r in seed.batch.rejected} <= {"duplicate", "over_quota"}
    assert all(
        isinstance(row.target, str) and set(row.fields) == {"question", "hint"} for row in seed.batch.examples
    )
    mining = {row.id: row for row in load_gold(riddles.task, with_train=False).mining}
    for row in later[0].batch.examples:
        assert row.parent is not None and row.target == mining[row.parent].target
    assert result["test"]["accuracy"] > 0.9 > result["rounds"][0]["metrics"]["mining/accuracy"]
    assert result["clean"] is True
    assert not any(name.startswith("new_rows/") for name in result["rounds"][0]["metrics"])
    ledger = [json.loads(line) for line in (tmp_path / "run/ledger.jsonl").read_text().splitlines()]
    assert {entry["target"] for entry in ledger} <= set(CAPITALS.values())


def test_a_copied_pair_of_fields_is_a_copy(riddles: Config, tmp_path: Path) -> None:
    class Copying(RiddleLLM):
        def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
            rows = [{"q": r["question"], "h": r["hint"], "a": r["answer"]} for r in gold_rows("test", 3)]
            for index, completion in super().generate(prompts):
                text = "\n".join(map(json.dumps, rows)) if index % 4 == 0 else completion.text
                yield index, replace(completion, text=text)

    go(riddles, tmp_path / "run", llm=Stored(Copying, Asker("riddles", 0.9, 0.95), None))
    (seed, *_) = read_rounds(tmp_path / "run")
    assert "copy_of_gold" in {row.reason for row in seed.batch.rejected}


def short_answers(rows: Sequence[Example]) -> list[Verdict]:
    """A curator that rejects, one that rewrites, one that relabels: by the rows' answers."""
    verdicts = []
    for row in rows:
        if row.target == "Lima":
            verdicts.append(Verdict(None, "no_lima"))
        elif row.target == "Oslo":
            verdicts.append(
                Verdict(replace(row, fields={**row.fields, "hint": f"cold {row.id}"}), "a better hint")
            )
        elif row.target == "Rome":
            verdicts.append(Verdict(replace(row, target="Roma"), "its own name"))
        else:
            verdicts.append(Verdict(row))
    return verdicts


def test_what_curators_do_is_on_record_and_leaves_the_quota_open(riddles: Config, tmp_path: Path) -> None:
    task = build_task(riddles.task, riddles.llm, load_gold(riddles.task, with_train=False), lambda text: text)
    screen = checks_of(riddles, task)[1].screen
    go(riddles, tmp_path / "run", curation=Curation(screen, {"short": short_answers}))
    records = read_rounds(tmp_path / "run")
    assert len(records[0].batch.examples) == 27
    for record in records:
        rows = {row.id: row for row in record.batch.examples}
        assert not any(row.target in ("Lima", "Rome") for row in rows.values())
        changes = record.batch.changes
        assert {change.row for change in changes} <= set(rows)
        hints = {change.row for change in changes if change.field == "hint"}
        assert hints == {name for name, row in rows.items() if row.target == "Oslo"}
        targets = [change for change in changes if change.field == "target"]
        assert all(
            (c.before, c.after, c.step, c.why) == ("Rome", "Roma", "short", "its own name") for c in targets
        )
        assert len(targets) == sum(row.target == "Roma" for row in rows.values())
    assert "no_lima" in {row.reason for record in records for row in record.batch.rejected}
    lines = (tmp_path / "run/rounds/0/changes.jsonl").read_text().splitlines()
    assert len(lines) == len(records[0].batch.changes) > 0
