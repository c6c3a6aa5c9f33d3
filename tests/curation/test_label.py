"""The check of labels on planted truth: a right LLM finds every flip, one at chance is switched off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s3exp.curation.label import LabelCheck
from s3exp.curation.lesson import judge_labels
from s3exp.llm.store import Asker
from s3exp.llm.toy import ToyLLM, label_of
from s3exp.record.rounds import read_round, read_rounds
from s3exp.settings.run import Config
from s3exp.synthesis.order import Order, most_tokens
from s3exp.synthesis.replay import recorded
from s3exp.tasks.checking import label_in
from s3exp.types import Batch, Completion, Example, Prompt
from tests.conftest import audit_of, curation_of
from tests.curation.asked import ASKS, one_round, task_of, tokens, with_curation, wrong
from tests.test_loop import go

FLIPPED = 0.2


def flipped() -> ToyLLM:
    """Writes a fifth of its rows with another label than asked, and judges labels rightly."""
    return ToyLLM(wrong=FLIPPED)


@pytest.fixture
def unchecked(toy_config: Config) -> Batch:
    """The same round without a check."""
    batch, _ = one_round(toy_config, flipped())
    assert 0.12 < len(wrong(batch.examples)) / 100 < 0.28
    return batch


def test_a_right_check_corrects_what_is_wrong(toy_config: Config, unchecked: Batch) -> None:
    batch, _ = one_round(with_curation(toy_config, label="correct"), flipped())
    assert len(batch.examples) == 100 and not wrong(batch.examples)
    flips = {row.id for row in batch.examples if row.asked_label is not None}
    assert flips == wrong(unchecked.examples) and batch.numbers["relabelled"] == len(flips)
    assert [row.fields for row in batch.examples] == [row.fields for row in unchecked.examples]
    asked = [row.target if row.asked_label is None else row.asked_label for row in batch.examples]
    assert asked == [row.target for row in unchecked.examples]
    changes = {change.row: change for change in batch.changes}
    assert changes.keys() == flips and {one.step for one in batch.changes} == {"label"}
    for row in batch.examples:
        if row.id in flips:
            change = changes[row.id]
            assert (change.field, change.before, change.after) == ("target", row.asked_label, row.target)
            assert change.why == f"the LLM says {toy_config.task.labels[row.label]}"


def test_a_rejected_row_leaves_the_quota_open(toy_config: Config, unchecked: Batch) -> None:
    batch, _ = one_round(with_curation(toy_config, label="reject"), flipped())
    assert len(batch.examples) == 100 and not wrong(batch.examples)
    reasons = Counter(one.reason for one in batch.rejected)
    assert reasons["label_disagrees"] == batch.numbers["disagree"] >= len(wrong(unchecked.examples))
    labels = Counter(row.label for row in batch.examples)
    assert sum(batch.numbers[f"disagree/{name}"] for name in ("bad", "good")) == batch.numbers["disagree"]
    assert batch.numbers["checked"] == 100 + reasons["label_disagrees"] + reasons["over_quota"]
    assert min(labels.values()) > 30


def test_a_report_changes_no_row(toy_config: Config, unchecked: Batch) -> None:
    batch, _ = one_round(with_curation(toy_config, label="report"), flipped())
    assert batch.numbers["disagree"] == len(wrong(unchecked.examples))
    plain = [replace(row, tokens=None) for row in unchecked.examples]
    assert [replace(row, tokens=None) for row in batch.examples] == plain and not batch.changes


def test_a_row_pays_for_its_check(toy_config: Config, unchecked: Batch) -> None:
    for votes in (1, 3):
        options = {"label": "correct", "votes": votes, "guard_rows": 0}
        batch, _ = one_round(with_curation(toy_config, **options), flipped())
        for row, before in zip(batch.examples, unchecked.examples, strict=True):
            assert ASKS.check is not None
            question = len(
                ASKS.check.replace("{labels}", "0, 1").replace("{text}", row.fields["text"]).split()
            )
            assert row.tokens == (before.tokens or 0) + votes * (question + 1)
        kinds = Counter(prompt.kind for prompt, _ in batch.asked)
        assert kinds == {"seed": len(unchecked.asked), "check": votes * batch.numbers["checked"]}
        assert all(prompt.greedy == (votes == 1) for prompt, _ in batch.asked if prompt.kind == "check")


def test_a_check_at_chance_is_measured_on_gold_and_switched_off(
    toy_config: Config, unchecked: Batch, caplog: pytest.LogCaptureFixture
) -> None:
    def at_chance() -> ToyLLM:
        return ToyLLM(wrong=FLIPPED, judges=0.5)

    harmed, task = one_round(with_curation(toy_config, label="correct"), at_chance())
    assert len(wrong(harmed.examples)) > 1.5 * len(wrong(unchecked.examples))
    assert 0.35 < harmed.numbers["guard_accuracy"] < 0.65 and "guard_passed" not in harmed.numbers
    guarded, _ = one_round(with_curation(toy_config, label="correct", guard=0.7), at_chance())
    assert guarded.examples == unchecked.examples and guarded.numbers["guard_passed"] == 0
    assert "checked" not in guarded.numbers and "off for this run" in caplog.text
    mining = {row.fields["text"] for row in task.gold.mining}
    asked = [prompt.text.rpartition("label=? ")[2] for prompt, _ in guarded.asked if prompt.kind == "check"]
    assert len(asked) == guarded.numbers["guard_rows"] == 100 and set(asked) <= mining
    passed, _ = one_round(with_curation(toy_config, label="correct", guard=0.7), flipped())
    assert (passed.numbers["guard_passed"], passed.numbers["guard_accuracy"]) == (1, 1)
    assert not wrong(passed.examples)


@pytest.mark.parametrize(
    ("how", "judges", "warned"), [("correct", 0.3, True), ("report", 0.3, False), ("reject", 0.9, False)]
)
def test_a_check_that_tells_nothing_and_has_no_guard_is_warned_of(
    toy_config: Config, caplog: pytest.LogCaptureFixture, how: str, judges: float, warned: bool
) -> None:
    one_round(with_curation(toy_config, label=how), ToyLLM(wrong=FLIPPED, judges=judges))
    warnings = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert any("tells nothing" in one and "curation.guard" in one for one in warnings) == warned


def test_a_later_round_reads_from_the_record_whether_the_check_is_on(
    toy_config: Config, tmp_path: Path
) -> None:
    config = with_curation(toy_config, label="correct", guard=0.7)
    task = task_of(config)
    for judges, passed in ((0.5, 0.0), (1.0, 1.0)):
        folder = tmp_path / str(passed)

        def seed_round(folder: Path = folder) -> dict[str, float]:
            return read_round(folder / "rounds" / "0").metrics

        curation = curation_of(config, task)
        check = curation.curators["label"]
        assert isinstance(check, LabelCheck)
        check.seed_round = seed_round
        result = go(config, folder, llm=ToyLLM(judges=judges), curation=curation)
        assert result["curation"]["guard_passed"] == passed
        records = read_rounds(folder)
        for record in records:
            checks = [prompt for prompt, _ in record.batch.asked if prompt.kind == "check"]
            assert bool(checks) == (record.round == 0 or passed == 1)
            assert ("curation/checked" in record.metrics) == bool(passed)
        again = curation_of(config, task).curators["label"]
        assert isinstance(again, LabelCheck)
        again.seed_round = seed_round
        again.begin(1, lambda prompts: [])
        assert again.active == bool(passed)


def test_the_record_has_both_balances_and_is_read_back_as_it_was(toy_config: Config, tmp_path: Path) -> None:
    config = with_curation(toy_config, label="correct")
    result = go(config, tmp_path / "run", llm=flipped())
    records = read_rounds(tmp_path / "run")
    for record in records:
        rows, numbers = record.batch.examples, record.metrics
        assert not wrong([row for row in rows if row.parent is None])
        final = Counter(row.label for row in rows)
        asked = Counter(row.label if row.asked_label is None else row.asked_label for row in rows)
        assert [numbers[f"new_rows/{name}"] for name in ("bad", "good")] == [final[0], final[1]]
        assert [numbers[f"asked_rows/{name}"] for name in ("bad", "good")] == [asked[0], asked[1]]
        assert numbers["curation/relabelled"] == record.batch.numbers["relabelled"] > 0
        kinds = {prompt.kind for prompt, _ in record.batch.asked}
        assert kinds == {"seed" if record.round == 0 else "extrapolate", "check"}
        spent = numbers["llm/prompt_tokens"] + numbers["llm/completion_tokens"]
        assert spent == tokens(record.batch)
    total = sum(record.batch.numbers["checked"] for record in records)
    assert result["curation"]["checked"] == total
    # the rows of a recorded run keep their labels, whatever the LLM would say
    replay = recorded([record.batch for record in records])
    task = task_of(config)
    again = go(config, tmp_path / "again", llm=Mute(), synthesize=replay, curation=curation_of(config, task))
    assert again["test"] == result["test"] and again["curation"] == result["curation"]
    assert [record.batch.examples for record in read_rounds(tmp_path / "again")] == [
        record.batch.examples for record in records
    ]


class Mute:
    """An LLM that nobody may ask."""

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        raise AssertionError("nothing is asked")

    def close(self) -> None: ...


def test_a_budget_of_tokens_is_never_passed_and_every_row_is_checked(toy_config: Config) -> None:
    made = []
    for label, votes, budget in [
        ("correct", 1, 0),
        ("correct", 1, 900),
        ("reject", 1, 4000),
        ("correct", 3, 6000),
    ]:
        config = with_curation(toy_config, label=label, votes=votes, guard_rows=10, revise=votes == 3)
        config.llm.max_tokens = 20
        batch, _ = one_round(config, flipped(), rows=60, tokens=budget)
        assert tokens(batch) <= budget
        checks = sum(prompt.kind == "check" for prompt, _ in batch.asked)
        guard = batch.numbers.get("guard_rows", 0)
        assert checks == votes * (batch.numbers.get("checked", 0) + guard)
        assert batch.numbers.get("checked", 0) >= len(batch.examples) and not wrong(batch.examples)
        assert not any(one.reason == "not_checked" for one in batch.rejected)
        made.append(len(batch.examples))
    assert made[0] == 0 and 0 < made[1] < 60 and made[2] == 60


class Wordy(ToyLLM):
    """Writes tokens of more bytes than anybody assumes, and takes all that a prompt may take."""

    def _answer(self, prompt: Prompt) -> Completion:
        most = most_tokens(prompt) - prompt.max_tokens
        return replace(super()._answer(prompt), prompt_tokens=most, completion_tokens=prompt.max_tokens)


def test_a_row_that_no_tokens_are_left_for_is_rejected(toy_config: Config) -> None:
    config = with_curation(toy_config, label="correct", guard_rows=0)
    config.llm.max_tokens = 1
    batch, _ = one_round(config, Wordy(), rows=60, tokens=1100)
    assert tokens(batch) <= 1100 and batch.numbers["checked"] == len(batch.examples) > 0
    assert Counter(one.reason for one in batch.rejected)["not_checked"] > 0


def test_a_second_run_asks_nothing(toy_config: Config, tmp_path: Path) -> None:
    config = with_curation(toy_config, label="correct", votes=3, revise=True)
    first, _ = one_round(config, flipped(), store=tmp_path / "store.sqlite")
    second, _ = one_round(config, flipped(), store=tmp_path / "store.sqlite")
    assert second.examples == first.examples and second.numbers == first.numbers
    assert all(answer.stored for _, answer in second.asked)
    longer, _ = one_round(config, flipped(), rows=120, store=tmp_path / "store.sqlite")
    assert longer.examples[:100] == first.examples
    fresh = [prompt for prompt, answer in longer.asked if not answer.stored]
    assert len(fresh) <= (len(longer.asked) - len(first.asked)) * 1.05


class Saying(ToyLLM):
    """Checks labels with given answers in turn."""

    def __init__(self, *answers: str, ending: str = "stop") -> None:
        super().__init__()
        self.answers, self.ending, self.turn = answers, ending, 0

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        for index, prompt in enumerate(prompts):
            if prompt.kind != "check":
                yield index, self._answer(prompt)
                continue
            yield index, Completion(self.answers[self.turn % len(self.answers)], 3, 1, self.ending)
            self.turn += 1


@pytest.mark.parametrize(
    ("votes", "unclear"),
    [
        (["perhaps"], True),
        (["0 or 1"], True),
        ([""], True),
        (["0", "1"], True),
        (["0", "1", "perhaps"], True),
        (["0", "", ""], True),
        (["0", "0", "1"], False),
        (["1"], False),
    ],
)
def test_without_a_majority_a_row_stays_as_it_was(
    toy_config: Config, votes: list[str], unclear: bool
) -> None:
    plain, _ = one_round(toy_config, ToyLLM(), rows=12)
    config = with_curation(toy_config, label="reject", votes=len(votes), guard_rows=0)
    batch, _ = one_round(config, Saying(*votes), rows=12, tries=9)
    assert batch.numbers.get("unclear", 0) == (batch.numbers["checked"] if unclear else 0)
    if unclear:
        assert [row.fields for row in batch.examples] == [row.fields for row in plain.examples]
        assert "disagree" not in batch.numbers
    else:
        winner = int(Counter(votes).most_common(1)[0][0])
        assert {row.label for row in batch.examples} == {winner}


def test_an_answer_that_is_none_is_unclear(toy_config: Config) -> None:
    config = with_curation(toy_config, label="reject", guard_rows=10, guard=0.1)
    batch, _ = one_round(config, Saying("0", ending="failed"), rows=12)
    assert batch.numbers["guard_accuracy"] == 0 and batch.numbers["guard_unclear"] == 1
    assert batch.numbers["guard_passed"] == 0 and len(batch.examples) == 12


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("in", 0),
        ("Not in.", 1),
        ("**not in**", 1),
        ("The answer is not in the paragraph.", 1),
        ("The answer is not given in it.", None),
        ("It isn't in there", None),
        ("entailment", 0),
        ("NOT_ENTAILMENT", 1),
        ("in, or not in", None),
        ("in? yes: in", 0),
        ("<think>not in? no.</think>in", 0),
        ("I cannot tell", None),
        ("", None),
        ("内", None),
    ],
)
def test_one_label_is_read_or_none(toy_config: Config, text: str, label: int | None) -> None:
    from s3exp.tasks.checking import said

    prompts = replace(ASKS, labels=["in", "not in"])
    config = replace(toy_config.task, labels=["entailment", "not_entailment"], prompt_sets={"toy": prompts})
    if "<think>" not in text:
        assert label_in(text, config) == label
    task = replace(task_of(with_curation(toy_config)), config=config)
    assert said(task, Example("", {"text": "x"}, 0), Completion(text, 1, 1, "stop")) == label


def test_flips_are_found_as_well_as_confident_learning_finds_them(toy_config: Config) -> None:
    """On the same planted rows, precision and recall of the check beside cleanlab's (curation/noise.py)."""
    found: dict[str, tuple[float, float]] = {}
    plain, task = one_round(toy_config, flipped(), rows=300)
    truth = np.array([label_of(row.fields["text"]) != row.label for row in plain.examples])
    judged = judge_labels(plain.examples, task.config, audit_of(toy_config, task).vectors, 0)
    suspects = np.zeros(len(truth), bool)
    suspects[[one.row for one in judged.noise.suspects]] = True
    for judges in (1.0, 0.9):
        config = with_curation(toy_config, label="correct")
        batch, _ = one_round(config, ToyLLM(wrong=FLIPPED, judges=judges), rows=300)
        flips = np.array([row.asked_label is not None for row in batch.examples])
        found[f"check, right on {judges:.0%}"] = _quality(flips, truth)
    found["confident learning"] = _quality(suspects, truth)
    assert found["check, right on 100%"] == (1, 1)
    precision, recall = found["check, right on 90%"]
    assert 0.5 < precision < 0.9 and 0.8 < recall < 1  # a tenth of the good rows are hit, too
    assert min(found["confident learning"]) > 0.4  # it is the other way to find them, and needs no LLM


def _quality(flagged: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Precision and recall."""
    both = (flagged & truth).sum()
    return float(both / flagged.sum()), float(both / truth.sum())


def test_a_greedy_question_has_a_key_of_its_own_and_no_other_key_moves() -> None:
    asker = Asker("an-llm", 0.9, 0.95)
    prompt = Prompt("is it good?", "check", 0, 16, 0)
    greedy = replace(prompt, greedy=True)
    assert asker.key(greedy) != asker.key(prompt)
    assert asker.key(greedy) == Asker("an-llm", 0.2, 1.0).key(greedy)


def test_the_order_of_a_wave_does_not_matter_to_a_check(toy_config: Config) -> None:
    """A row's check depends on the row alone: an exemplar's rows are the same beside other exemplars."""
    config = with_curation(toy_config, label="correct", votes=3, guard_rows=0)
    mining = task_of(config).gold.mining
    few, _ = one_round(config, ToyLLM(judges=0.7), rows=4, number=1, shown=mining[:4])
    many, _ = one_round(config, ToyLLM(judges=0.7), rows=40, number=1, shown=mining[:40])
    labels = {row.fields["text"]: row.label for row in many.examples}
    assert all(labels[row.fields["text"]] == row.label for row in few.examples)
    assert Order(1, 4, seed=1).wanted == 0
