"""The round trip in extraction: a question that leads to another answer than its own is found, and rejected."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from s3exp.curation.asking import Sources
from s3exp.curation.curate import build_curation
from s3exp.llm.store import Asker, Stored
from s3exp.settings.curation import CurationConfig
from s3exp.settings.run import Config
from s3exp.synthesis.order import Order
from s3exp.synthesis.synthesize import synthesize
from s3exp.tasks import build_task
from s3exp.tasks.checking import said
from s3exp.tasks.gold import load_gold
from s3exp.types import Answer, Batch, Completion, Example, Prompt
from tests.conftest import audit_of
from tests.extraction import NAMES, PLACES, PROMPTS, QUESTION, AskingLLM, as_rows, toy_answers, toy_task

Write = Callable[[str, list[dict[str, object]]], str]
CHECK = replace(PROMPTS, check="{context} ? {question}")


class Answering(AskingLLM):
    """Asks for the other span in a share `wrong` of its questions, and answers questions rightly in a share `reads`."""

    def __init__(self, wrong: float = 0.0, reads: float = 1.0) -> None:
        super().__init__()
        self.wrong, self.reads = wrong, reads

    def generate(self, prompts):  # type: ignore[no-untyped-def]
        for index, prompt in enumerate(prompts):
            yield index, Completion(self._answer(prompt), 9, 5, "stop")

    def _answer(self, prompt: Prompt) -> str:
        chance = random.Random(f"{prompt.seed}/{prompt.text}")
        if prompt.kind == "check":
            context, _, question = prompt.text.partition(" ? ")
            known = NAMES if question.startswith(QUESTION[True]) == (chance.random() < self.reads) else PLACES
            return f"{next(word for word in context.split() if word in known)}.\n\nIt says so."
        answer = prompt.text.partition(" like: ")[0].rpartition("# ")[2]
        asks = (answer in NAMES) == (chance.random() >= self.wrong)
        return f"{QUESTION[asks]} {chance.random():.6f}"


@pytest.fixture
def world(write_rows: Write) -> Config:
    files = [
        write_rows(f"{role}.jsonl", as_rows(toy_answers(60, at)))
        for at, role in enumerate(("validation", "test"))
    ]
    task = replace(toy_task(*files), prompt_sets={"toy": CHECK})
    config = Config(task=task, progress=False)
    config.llm.model = "toy"
    return config


def one_round(config: Config, llm: Answering) -> Batch:
    task = build_task(config.task, config.llm, load_gold(config.task, with_train=False), lambda text: text)
    copies = audit_of(config, task).copies
    curation = build_curation(config, copies, task.gold.mining, sources=Sources(task))
    with Stored(lambda: llm, Asker("toy", 0.9, 0.95), None) as stored:
        return synthesize(task, stored, Order(0, 60, seed=1, tries=4), [], curation)


def leads_astray(row: Example) -> bool:
    known = NAMES if row.fields["question"].startswith(QUESTION[True]) else PLACES
    return not set(row.answers[0].text.split()) & set(known)


def test_questions_that_lead_elsewhere_are_rejected_and_the_quota_is_full(world: Config) -> None:
    plain = one_round(world, Answering(wrong=0.3))
    assert sum(map(leads_astray, plain.examples)) > 8
    reported = one_round(replace(world, curation=CurationConfig(label="report")), Answering(wrong=0.3))
    assert [row.fields for row in reported.examples] == [row.fields for row in plain.examples]
    assert reported.numbers["disagree"] == sum(map(leads_astray, plain.examples))
    assert reported.numbers["guard_accuracy"] == 1
    batch = one_round(replace(world, curation=CurationConfig(label="reject")), Answering(wrong=0.3))
    assert len(batch.examples) == 60 and not any(map(leads_astray, batch.examples))
    assert sum(one.reason == "label_disagrees" for one in batch.rejected) == batch.numbers["disagree"]
    checks = [prompt for prompt, _ in batch.asked if prompt.kind == "check"]
    assert all("#" not in prompt.text for prompt in checks)  # the answer is not told


def test_an_llm_that_cannot_answer_gold_questions_is_switched_off(world: Config) -> None:
    guarded = replace(world, curation=CurationConfig(label="reject", guard=0.8))
    batch = one_round(guarded, Answering(wrong=0.3, reads=0.5))
    assert batch.numbers["guard_passed"] == 0 and batch.numbers["guard_accuracy"] < 0.75
    assert [row.fields for row in batch.examples] == [
        row.fields for row in one_round(world, Answering(wrong=0.3)).examples
    ]


@pytest.mark.parametrize(
    ("answer", "agrees"),
    [
        ("Emil Berg", 1),
        ("the Berg", 1),
        ("It was Emil Berg", 1),
        ("Rome", 0),
        ("Anna and Bert went to Rome with Berg", 0),
        ("EMIL BERG!\nRome", 1),
        ("", None),
        ("  \n", None),
    ],
)
def test_half_of_the_words_agree(world: Config, answer: str, agrees: int | None) -> None:
    task = build_task(world.task, world.llm, load_gold(world.task, with_train=False), lambda text: text)
    row = Example("", {"context": "Emil Berg was in Rome", "question": "who?"}, (Answer("Emil Berg", 0),))
    assert said(task, row, Completion(answer, 1, 1, "stop")) == agrees
    assert said(task, row, Completion(answer, 1, 1, "failed")) is None
