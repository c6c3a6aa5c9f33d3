"""One round: quotas, tries, tokens; rejected rows are kept with their reasons; a row depends on its own seed alone."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from s3exp.curation.copies import Copies, of_gold
from s3exp.curation.screen import Screen
from s3exp.llm.store import Asker, Stored
from s3exp.llm.toy import ToyLLM
from s3exp.settings.curation import CurationConfig
from s3exp.settings.run import Config
from s3exp.synthesis.curating import Curation
from s3exp.synthesis.order import Order
from s3exp.synthesis.synthesize import synthesize
from s3exp.tasks.classification import Classification
from s3exp.tasks.gold import load_gold
from s3exp.types import Batch, Completion, Example, Prompt, prompt_hash
from tests.conftest import TOY_PROMPTS


@pytest.fixture
def task(toy_config: Config) -> Classification:
    gold = load_gold(toy_config.task, with_train=False)
    return Classification(toy_config.task, toy_config.llm, gold, lambda text: text)


def make(task: Classification, llm: Stored, order: Order, known: Sequence[Example]) -> Batch:
    """One round, screened by the rules that are on by themselves."""
    gold = Copies(of_gold(task.gold, ("text",)))
    return synthesize(task, llm, order, known, Curation(Screen(CurationConfig(), task.config, gold)))


def stored(llm: ToyLLM) -> Stored:
    return Stored(lambda: llm, Asker("toy", 0.9, 0.95), None)


def test_a_round_fills_its_quota_with_distinct_balanced_rows(task: Classification) -> None:
    batch = make(task, stored(ToyLLM()), Order(0, 60, seed=1), [])
    assert len(batch.examples) == 60
    assert len({e.fields["text"].casefold() for e in batch.examples}) == 60
    labels = Counter(e.label for e in batch.examples)
    assert abs(labels[0] - labels[1]) <= 2 + len(batch.rejected)
    hashes = {prompt_hash(prompt) for prompt, _ in batch.asked}
    assert all(e.round == 0 and e.parent is None and e.prompt in hashes for e in batch.examples)


def test_flaws_are_rejected_counted_and_made_up_for(task: Classification) -> None:
    batch = make(task, stored(ToyLLM(flaws=0.4)), Order(0, 50, seed=1, tries=5), [])
    assert len(batch.examples) == 50
    empty = [r for r in batch.rejected if r.reason == "empty"]
    assert len(empty) > 15
    assert len(batch.examples) + len(batch.rejected) == len(batch.asked)


class Joining(ToyLLM):
    """Answers one prompt after the other, also those that have come meanwhile. Counts its calls."""

    calls = 0

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        self.calls += 1
        index = 0
        while index < len(prompts):  # not `for`: the list grows
            self.asked += 1
            yield index, self._answer(prompts[index])
            index += 1


@pytest.mark.parametrize(("flaws", "tries"), [(0.4, 5), (0.9, 2), (0.0, 3)])
def test_a_rejected_row_is_made_up_for_at_once_and_the_round_is_the_same(
    task: Classification, flaws: float, tries: int
) -> None:
    known = make(task, stored(ToyLLM()), Order(0, 30, seed=1), []).examples
    order = Order(0, 50, seed=1, tries=tries)
    joining, waves = Joining(flaws), ToyLLM(flaws)
    batch = make(task, stored(joining), order, known)
    assert batch == make(task, stored(waves), order, known)
    assert joining.calls == 1
    assert joining.asked == waves.asked == len(batch.asked)


class Jumbled(Joining):
    """Has 16 prompts in work, and finishes any of them next."""

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        self.calls += 1
        taken, work, chance = 0, list[int](), random.Random(7)
        while work or taken < len(prompts):
            while len(work) < 16 and taken < len(prompts):
                work.append(taken)
                taken += 1
            index = work.pop(chance.randrange(len(work)))
            self.asked += 1
            yield index, self._answer(prompts[index])


CAPPED = {"rows_per_error": 1, "round": 1}
OFTEN = {"rows_per_error": 4, "round": 1, "balance": True, "sets": 3}


@pytest.mark.parametrize(("flaws", "tries"), [(0.4, 5), (0.15, 3), (0.9, 2), (1.0, 3), (0.0, 3)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        CAPPED,
        {**CAPPED, "quota": 25},
        OFTEN,
        {"tokens": 2000},
        {"tokens": 10**6},
        {**CAPPED, "tokens": 1500},
    ],
)
def test_what_is_asked_ahead_changes_no_row(
    task: Classification, flaws: float, tries: int, options: dict[str, int]
) -> None:
    shown = task.gold.mining[:50] if options.get("round") else ()
    order = replace(Order(0, 120, seed=1, tries=tries, shown=shown), **options)
    plain = make(task, stored(ToyLLM(flaws)), order, [])
    llm = Jumbled(flaws)
    ahead = stored(llm)
    ahead.ahead = True
    batch = make(task, ahead, order, [])
    assert replace(batch, ahead=0) == plain
    spent = batch.ahead
    assert len(plain.asked) <= llm.asked <= len(plain.asked) + spent
    assert 0 <= spent <= (0.3 if order.quota < len(shown) else 0.25) * len(plain.asked)
    assert llm.calls == 1
    llm.asked = 0  # what is in the store now is no reason to ask more
    again = make(task, ahead, order, [])
    assert [row.fields for row in again.examples] == [row.fields for row in plain.examples]
    assert llm.asked == 0 and again.ahead == 0


class Places(ToyLLM):
    """Has 16 places, whose prompts end together; counts those that it leaves empty."""

    empty = 0

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        taken = 0
        while taken < len(prompts):
            some = range(taken, min(taken + 16, len(prompts)))
            self.empty += 16 - len(some)
            taken = some.stop
            for index in some:
                yield index, self._answer(prompts[index])


@pytest.mark.parametrize(
    "options", [{}, {"rows_per_error": 1}, {"rows_per_error": 3}, {"tokens": 2500}, {"tokens": 10**6}]
)
def test_asking_ahead_fills_the_last_batch(task: Classification, options: dict[str, int]) -> None:
    """Of 16 places that an LLM has at a time, the refills of rejected answers leave fewer empty."""
    order = Order(1, 40, seed=1, tries=5, shown=task.gold.mining[:40], **options)  # type: ignore[arg-type]
    empty, batches = [], []
    for ahead in (False, True):
        llm = Places(0.3)
        one = stored(llm)
        one.ahead = ahead
        batches.append(make(task, one, order, []))
        empty.append(llm.empty)
    assert empty[1] < empty[0]
    assert replace(batches[1], ahead=0) == batches[0]


def test_a_hopeless_llm_ends_after_the_tries(task: Classification, caplog: pytest.LogCaptureFixture) -> None:
    llm = ToyLLM(flaws=1.0)
    batch = make(task, stored(llm), Order(0, 20, seed=1, tries=3), [])
    assert (len(batch.examples), len(batch.rejected), llm.asked) == (0, 60, 60)
    assert "0 of 20 rows after all tries" in caplog.text


def test_rows_of_a_smaller_quota_begin_a_larger_one(task: Classification) -> None:
    small = make(task, stored(ToyLLM()), Order(0, 20, seed=1), [])
    large = make(task, stored(ToyLLM()), Order(0, 60, seed=1), [])
    assert large.examples[:20] == small.examples
    other = make(task, stored(ToyLLM()), Order(0, 20, seed=2), [])
    assert other.examples != small.examples


def test_an_exemplars_rows_do_not_depend_on_the_others(task: Classification) -> None:
    mining = task.gold.mining
    few = make(task, stored(ToyLLM()), Order(1, 4, seed=1, shown=mining[:4]), [])
    many = make(task, stored(ToyLLM()), Order(1, 40, seed=1, shown=mining[:40]), [])
    texts = {e.parent: e.fields["text"] for e in many.examples}
    assert {e.parent: e.fields["text"] for e in few.examples}.items() <= texts.items()


def test_extrapolation_keeps_label_and_parent(task: Classification) -> None:
    shown = {row.id: row for row in task.gold.mining[:10]}
    batch = make(task, stored(ToyLLM()), Order(1, 30, seed=1, shown=list(shown.values())), [])
    assert all(e.parent in shown and e.label == shown[e.parent].label for e in batch.examples)
    assert max(Counter(e.parent for e in batch.examples).values()) <= 4
    random = make(
        task,
        stored(ToyLLM()),
        Order(1, 30, seed=1, shown=list(shown.values()), random_labels=True),
        [],
    )
    assert any(e.label != shown[str(e.parent)].label for e in random.examples)


def test_rows_per_error_caps_the_round(task: Classification) -> None:
    batch = make(
        task, stored(ToyLLM()), Order(1, 30, seed=1, shown=task.gold.mining[:4], rows_per_error=2), []
    )
    assert Counter(e.parent for e in batch.examples) == {e.id: 2 for e in task.gold.mining[:4]}
    assert batch.quota == 30


def test_rows_per_error_caps_each_exemplar_and_tries_it_again(task: Classification) -> None:
    order = Order(1, 30, seed=1, shown=task.gold.mining[:20], rows_per_error=1, tries=6)
    batch = make(task, stored(ToyLLM(flaws=0.3)), order, [])
    assert batch.rejected
    assert Counter(e.parent for e in batch.examples) == {e.id: 1 for e in task.gold.mining[:20]}


def test_no_error_no_question(task: Classification) -> None:
    llm = ToyLLM()
    batch = make(task, stored(llm), Order(1, 30, seed=1), [])
    assert (batch.examples, llm.asked) == ((), 0)


def test_copies_are_rejected(task: Classification) -> None:
    first = make(task, stored(ToyLLM()), Order(0, 10, seed=1), [])
    again = make(task, stored(ToyLLM()), Order(0, 10, seed=1, tries=1), first.examples)
    assert [r.reason for r in again.rejected] == ["duplicate"] * 10
    texts = [e.fields["text"] for e in first.examples]
    gold = tuple(Example(f"v-{i}", {"text": t.upper()}, 0) for i, t in enumerate(texts))
    leaky = replace(task, gold=replace(task.gold, mining=gold))
    copied = make(leaky, stored(ToyLLM()), Order(0, 10, seed=1, tries=1), [])
    assert [r.reason for r in copied.rejected] == ["copy_of_gold"] * 10


def test_a_budget_of_tokens_is_never_passed(task: Classification) -> None:
    for tokens in (0, 500, 3000):
        batch = make(task, stored(ToyLLM()), Order(0, 60, seed=1, tokens=tokens), [])
        used = sum(c.prompt_tokens + c.completion_tokens for _, c in batch.asked)
        assert used <= tokens
    assert len(batch.examples) > 0


def test_rationales_are_paid_from_the_budget_too(
    toy_config: Config, task: Classification, caplog: pytest.LogCaptureFixture
) -> None:
    sets = {
        "toy": replace(
            TOY_PROMPTS, rationale="label={label}", seed_with_rationales="{rationales} label={label}"
        )
    }
    task = replace(task, config=replace(toy_config.task, prompt_sets=sets))
    for tokens in (0, 60, 3000):
        order = Order(0, 60, seed=1, tokens=tokens, rationales=True)
        batch = make(task, stored(ToyLLM()), order, [])
        assert sum(c.prompt_tokens + c.completion_tokens for _, c in batch.asked) <= tokens
    assert "0 of 60 rows for its LLM tokens" in caplog.text and "after all tries" not in caplog.text
