"""Answers in the forms of real LLMs, from a real server to whole commands, for each kind of task.

Reasoning, JSON, two rows where one was asked for, and words around the row: each answer becomes the right row, or a
rejection with a name, and what was cut off is counted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from s3exp.llm.toy import EASY, NEUTRAL
from s3exp.record.rounds import RoundRecord, read_rounds
from s3exp.seeds import stream
from s3exp.types import prompt_hash
from tests import warm
from tests.conftest import write_rows_in
from tests.extraction import FILLER, NAMES, PROMPTS, as_rows, tiny_bert, toy_answers
from tests.toy_world import ToyServer

pytestmark = pytest.mark.process

THOUGHT = "They want a row of a kind. I could make it short."


@dataclass(frozen=True)
class Form:
    """An answer: {row} is the right one, {other} another, {column} the column to write.

    `wanted` is the reason of its rejection, or empty where the row is read; `trace` stands in a field of its own.
    """

    name: str
    text: str
    wanted: str = ""
    finish: str = "stop"
    trace: str = ""
    thinks: bool = False


FORMS = (
    Form("plain", "{row}"),
    Form("thought", f"<think>\n{THOUGHT}\n</think>\n\n{{row}}", thinks=True),
    Form("thought that began in the chat template", f"{THOUGHT}\n</think>\n\n{{row}}", thinks=True),
    Form("thought alone", f"<think>{THOUGHT}</think>", "only_reasoning", thinks=True),
    Form("thought cut off", f"<think>{THOUGHT} But", "only_reasoning", "length", thinks=True),
    Form("thought in its own field", "{row}", trace=THOUGHT, thinks=True),
    Form("thought in its own field alone", "", "only_reasoning", "length", trace=THOUGHT, thinks=True),
    Form("thought before JSON", f'<think>{THOUGHT}</think>\n{{{{"{{column}}": "{{row}}"}}}}', thinks=True),
    Form("JSON in a fence", '```json\n{{"{column}": "{row}"}}\n```'),
    Form("JSON of two", '[{{"{column}": "{row}"}}, {{"{column}": "{other}"}}]'),
    Form("JSON cut off", '{{"{column}": "half of a', "truncated", "length"),
    Form("JSON without the row", '{{"score": 3, "by": "nobody"}}', "not_plain"),
    Form("a numbered list of two", "1. {row}\n2. {other}"),
    Form("two in quotation marks", 'Sure! Here are two:\n\n1. "{row}"\n2. "{other}"'),
    Form("sure", 'Sure! Here is one that fits:\n\n"{row}"'),
    Form("labelled", "Claim: {row}"),
)


class Forms(ToyServer):
    """Answers in every form in turn. `given` has the form and the right row of each seed."""

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column = column
        self.given: dict[int, tuple[Form, str]] = {}

    def answer(self, body: Mapping[str, Any]) -> tuple[int, str]:
        text, seed = body["messages"][-1]["content"], body["seed"]
        if "#" not in text:
            return super().answer(body)
        form = FORMS[len(self.given) % len(FORMS)]
        row, other = self._row(text, seed), self._row(text, seed + 1)
        self.given[seed] = form, row
        said = form.text.format(row=row, other=other, column=self.column)
        message = {"role": "assistant", "content": said, "reasoning_content": form.trace or None}
        choice = {"message": message, "finish_reason": form.finish}
        usage = {"prompt_tokens": 9, "completion_tokens": 40}
        return 200, json.dumps({"choices": [choice], "usage": usage})

    def _row(self, text: str, seed: int) -> str:
        chance, asked = stream(seed, "row"), text.rpartition("# ")[2]
        if self.column == "question":
            return f"{'who' if asked in NAMES else 'where'} was it {' '.join(chance.sample(FILLER, 5))}"
        return " ".join([chance.choice(EASY[int(asked)]), *chance.sample(NEUTRAL, 6)])


def rows_of(column: str, count: int, seed: int) -> list[dict[str, object]]:
    if column == "question":
        return as_rows(toy_answers(count, seed))
    found = list[dict[str, object]]()
    for number in range(count):
        chance, label = stream(seed, "gold", number), number % 2
        words = [chance.choice(EASY[label]), *chance.sample(NEUTRAL, 7)]
        text = {column: " ".join(words), "label": label}
        found.append(text | ({"premise": f"it was number {number} of {seed}"} if column == "claim" else {}))
    return found


def words_of(folder: Path, column: str) -> list[str]:
    """The task of a column to write, as a user would have it; returns the words of a small run."""
    task: dict[str, Any] = {"fields": [column], "labels": ["bad", "good"], "generate": column}
    prompts = {"seed": "# {label}", "extrapolate": "{" + column + "} # {label}", "labels": ["0", "1"]}
    small = ["small_model.buckets=1024"]
    if column == "claim":
        task["fields"] = ["premise", "claim"]
        prompts = {
            "seed": "{premise} # {label}",
            "extrapolate": "{premise} {claim} # {label}",
            "labels": ["0", "1"],
        }
    if column == "question":
        task |= {"fields": ["context", "question"], "labels": [], "kind": "extraction"}
        prompts = {"seed": PROMPTS.seed, "extrapolate": PROMPTS.extrapolate}
        small = ["small_model=minilm", f"small_model.checkpoint={tiny_bert(folder / 'bert')}"]
    gold = {
        role: write_rows_in(folder, f"{role}.jsonl", rows_of(column, count, seed))
        for role, count, seed in (("validation", 60, 2), ("test", 20, 3))
    }
    task |= {
        "name": "forms",
        "gold": {**gold, "overlap": "drop"},
        "prompts": "own",
        "prompt_sets": {"own": prompts},
    }
    place = folder / "conf" / "task" / "forms.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps({"defaults": ["schema", "_self_"], **task}))
    return [
        *("--config-dir", str(folder / "conf"), "task=forms", "strategy=zerogen", "loop.budget.rows=30"),
        *("llm=server", "llm.model=m", "llm.concurrency=1", "small_model.epochs=1", "small_model.threads=1"),
        *("audit=none", "tracker=none", "progress=false", "run_dir=run", *small),
    ]


@pytest.mark.parametrize("column", ["text", "claim", "question"])
def test_every_form_becomes_the_right_row_or_a_named_rejection(tmp_path: Path, column: str) -> None:
    words = words_of(tmp_path, column)
    with Forms(column) as server:
        ended = warm.run(["-m", "s3exp", *words, f"llm.url={server.url}"], cwd=tmp_path, plots=False)
    assert ended.returncode == 0, ended.stderr
    (seed,) = read_rounds(tmp_path / "run")
    fates = fates_of(seed)
    seen, wrong = set[str](), list[str]()
    for prompt, _ in seed.batch.asked:
        form, row = server.given[prompt.seed]
        seen.add(form.name)
        fate = fates[prompt_hash(prompt)]
        if fate not in ([f"!{form.wanted}"] if form.wanted else [row], ["!duplicate"], ["!over_quota"]):
            wrong.append(f"{form.name}: {fate} and not {form.wanted or row}")
    assert not wrong
    assert seen == {form.name for form in FORMS}
    assert len(seed.batch.examples) == 30
    thinking = sum(server.given[prompt.seed][0].thinks for prompt, _ in seed.batch.asked)
    assert seed.metrics["llm/reasoned"] == thinking == seed.batch.reasoned
    said = f"the reasoning of {thinking} of {len(seed.batch.asked)} answers was cut off"
    assert said in ended.stderr and said in (tmp_path / "run" / "log.txt").read_text()
    assert not any(THOUGHT[:20] in text for row in seed.batch.examples for text in row.fields.values())


def fates_of(record: RoundRecord) -> dict[str, list[str]]:
    """The rows of each prompt, or `!` and the reasons of its rejections."""
    fates = defaultdict[str, list[str]](list)
    for row in record.batch.examples:
        fates[str(row.prompt)].append(
            row.fields[next(name for name in ("text", "claim", "question") if name in row.fields)]
        )
    for one in record.batch.rejected:
        fates[one.prompt].append(f"!{one.reason}")
    return fates
