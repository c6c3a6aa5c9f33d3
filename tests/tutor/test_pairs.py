"""Pairs of recorded answers: the better one is better by the planted signal, and nothing else makes a pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from s3exp.llm.turns import Pair, Turn
from s3exp.record.rounds import RoundRecord
from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import PromptSet, TaskConfig
from s3exp.tasks.classification import Classification
from s3exp.tasks.roles import Gold, Sealed
from s3exp.tutor.pairs import Scored, pairs_of, scored, turned
from s3exp.types import Batch, Completion, Example, Prediction, Prompt, Rejected, prompt_hash

ROWS = tuple(Example(f"g{i}", {"text": f"gold {i}"}, i % 2) for i in range(8))
TASK = Classification(
    TaskConfig(
        name="t",
        fields=["text"],
        generate="text",
        labels=["bad", "good"],
        prompts="p",
        prompt_sets={"p": PromptSet(seed="{label}", extrapolate="{text}")},
    ),
    LLMConfig(backend="transformers", model="m"),
    Gold((), ROWS, ROWS[:1], Sealed(ROWS[:1])),
    lambda text: text,
)


class Fitted:
    """Is as sure of label 1 as the number at the end of a text says."""

    def predict(self, rows: Sequence[Example]) -> list[Prediction]:
        sure = [int(row.fields["text"].split()[-1]) / 100 for row in rows]
        return [Prediction(row.id, int(p > 0.5), (1 - p, p)) for row, p in zip(rows, sure, strict=True)]

    def save(self, folder: object) -> None: ...


def record(number: int, wrong: set[str] = frozenset(), parents: bool = False) -> RoundRecord:  # type: ignore[assignment]
    """Thirteen answers: the last five are rejected, for different reasons."""
    reasons = {8: "refusal", 9: "duplicate", 10: "over_quota", 11: "copy_of_gold", 12: "copy_of_tuning"}
    asked, rows, rejected = [], [], []
    for i in range(13):
        parent = f"g{i % 8}" if parents else None
        prompt = Prompt(
            f"ask {i % 2}", "extrapolate" if parents else "seed", 100 * number + i, 9, i % 2, parent
        )
        answer = Completion(f"raw {i}", 1, 1, "stop")
        asked.append((prompt, answer))
        if i in reasons:
            rejected.append(Rejected(reasons[i], answer.text, prompt_hash(prompt), i % 2))
        else:
            rows.append(
                Example(f"r{i}", {"text": f"row {10 * i}"}, i % 2, number, parent, prompt_hash(prompt))
            )
    guesses = tuple(Prediction(g.id, 1 - g.label if g.id in wrong else g.label, (0.5, 0.5)) for g in ROWS)
    return RoundRecord(number, Batch(tuple(rows), tuple(rejected), tuple(asked)), guesses, {})


def no_model() -> Fitted:
    return pytest.fail("no small model is asked")


def test_by_the_screen_rows_are_better_than_answers_rejected_for_what_they_say() -> None:
    found = scored("screen", TASK, [record(0)], no_model)
    assert Counter(one.score for one in found) == {1.0: 8, 0.0: 2}
    # raw 11 is not among them: gold may be a test row there, of which the LLM learns nothing
    assert {one.turn.answer for one in found if not one.score} == {"raw 8", "raw 12"}
    pairs = pairs_of(found, 99, 0)
    assert {pair.worse.answer for pair in pairs} == {"raw 8", "raw 12"} and len(pairs) == 2
    assert all(pair.better.prompt == pair.worse.prompt for pair in pairs)


@pytest.mark.parametrize("reason", ["left_out_by_chance", "not_checked"])
def test_an_answer_that_was_left_out_for_nothing_in_it_is_not_the_worse_one(reason: str) -> None:
    whole = record(0)
    rejected = tuple(replace(one, reason=reason) for one in whole.batch.rejected)
    other = replace(whole, batch=replace(whole.batch, rejected=rejected))
    assert {one.score for one in scored("screen", TASK, [other], no_model)} == {1.0}


def test_an_answer_that_was_cut_off_has_no_end_to_learn() -> None:
    whole = record(0)
    asked = tuple(
        (prompt, Completion(f"and row {10 * i}" if i == 0 else f"raw {i}", 1, 1, "length"))
        for i, (prompt, _) in enumerate(whole.batch.asked)
    )
    cut = replace(whole, batch=replace(whole.batch, asked=asked))
    ended = {one.turn.answer: one.turn.ended for one in scored("screen", TASK, [cut], no_model)}
    # of the other rows something was taken off behind, so that they end
    assert [text for text, end in ended.items() if not end] == ["row 0", "raw 8", "raw 12"]
    assert all(one.turn.ended for one in scored("screen", TASK, [whole], no_model))


def test_by_the_small_model_the_surest_row_is_beside_the_least_sure_one_of_its_label() -> None:
    pairs = pairs_of(scored("small_model", TASK, [record(0)], Fitted), 99, 0)
    told = {(pair.better.answer, pair.worse.answer) for pair in pairs}
    assert told == {("row 0", "row 60"), ("row 20", "row 40"), ("row 70", "row 10"), ("row 50", "row 30")}


def test_by_the_small_model_a_row_whose_label_the_llm_has_chosen_counts_by_that_label() -> None:
    """Labels of a table that are written in line: no prompt asks for one."""
    whole = record(0)
    asked = tuple((replace(prompt, target=None), answer) for prompt, answer in whole.batch.asked)
    names = {
        prompt_hash(before): prompt_hash(now)
        for (before, _), (now, _) in zip(whole.batch.asked, asked, strict=True)
    }
    rows = tuple(replace(row, prompt=names[str(row.prompt)]) for row in whole.batch.examples)
    inline = replace(whole, batch=replace(whole.batch, asked=asked, examples=rows))
    found = scored("small_model", TASK, [inline], Fitted)
    sure = {one.turn.answer: round(one.score, 2) for one in found}
    # row 30 has label 1, row 40 label 0
    assert len(sure) == 8 and (sure["row 30"], sure["row 40"]) == (0.3, 0.6)


def test_by_errors_that_were_fixed() -> None:
    """g0 to g3 were wrong; g0 and g1 no more. Rows of rows that were right say nothing."""
    rounds = [record(0, {"g0", "g1", "g2", "g3"}), record(1, {"g2", "g3", "g7"}, parents=True)]
    found = scored("fixed", TASK, rounds, no_model)
    assert {one.turn.answer: one.score for one in found} == {
        "row 0": 1,
        "row 10": 1,
        "row 20": 0,
        "row 30": 0,
    }
    pairs = pairs_of(found, 99, 0)
    assert {(p.better.answer, p.worse.answer) for p in pairs} == {("row 0", "row 20"), ("row 10", "row 30")}


def test_turned_pairs_say_nothing_of_what_is_better() -> None:
    def one(number: int) -> Pair:
        return Pair(Turn("ask", f"good {number}"), Turn("ask", f"bad {number}"))

    pairs = [one(number) for number in range(31)]
    found = turned(pairs, 0)
    assert Counter(pair.better.answer.split()[0] for pair in found) == {"good": 16, "bad": 15}
    assert [{pair.better, pair.worse} for pair in found] == [{pair.better, pair.worse} for pair in pairs]
    assert found == turned(pairs, 0) != turned(pairs, 1)


def test_equal_answers_make_no_pair_and_groups_take_turns() -> None:
    def one(group: int, score: float) -> Scored:
        return Scored(Turn(f"p{group}", f"{score}"), ("seed", group), score)

    assert pairs_of([one(0, 1.0)] * 10, 99, 0) == []
    many = [one(group, number / 20) for group in (0, 1) for number in range(20)]
    assert [pair.better.prompt for pair in pairs_of(many, 4, 0)] == ["p0", "p1", "p0", "p1"]
    assert pairs_of(many, 99, 0) == pairs_of(many, 99, 0) and len(pairs_of(many, 99, 0)) == 20
