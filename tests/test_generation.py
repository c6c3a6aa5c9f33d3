"""Free answers in whole runs: what errors show, checks by program and by majority, LLM2LLM, the audit, the record."""

from __future__ import annotations

import json
import re
from ast import literal_eval
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import s3exp
from s3exp.embedded.word_problems import solved
from s3exp.record.measures import find
from s3exp.record.rounds import read_rounds
from s3exp.report.controls import missing
from s3exp.types import Example, Lesson, Prompt, UserError
from tests.toy_problems import KNOWN, ProblemLLM, Pupil, kind_of, problem_task, problems

WORDS = [
    "loop.budget.rows=60",
    "loop.rounds=1",
    "tracker=none",
    "audit.gap=false",
    "audit.cache=null",
    "progress=false",
    "llm.store=null",
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(folder: Path, *words: str, llm: ProblemLLM | None = None, **task: Any) -> s3exp.library.run.Result:
    given = llm or ProblemLLM()
    own: dict[str, Any] = {} if "strategy=gold" in words else {"llm": given}
    more = [] if "strategy=gold" in words else ["llm.revision=1"]
    versioned = ["small_model.version=1"]
    return s3exp.run(
        [*WORDS, *more, *versioned, *words], task=problem_task(folder, **task), small_model=Pupil(), **own
    )


def scored_apart(lines: list[dict[str, Any]], gold: dict[str, str]) -> float:
    """The share of right numbers, computed in another way: the digits at the end of both texts."""

    def last(text: str) -> float:
        found = re.findall(r"-?\d+(?:\.\d+)?", text.replace(",", ""))
        return float(found[-1]) if found else float("nan")

    return sum(last(line["target"]) == last(gold[line["id"]]) for line in lines) / len(lines)


def test_s3_gains_what_its_errors_show(tmp_path: Path) -> None:
    s3, zero, human = (
        run(tmp_path, f"strategy={name}", f"run_dir={name}") for name in ("s3", "zerogen", "gold")
    )
    scores = [one.result["test"]["number"] for one in (s3, zero, human)]
    assert scores[1] < 0.4 < scores[0] and scores[2] > 0.9
    seed, later = read_rounds(s3.folder)
    assert {kind_of(row.fields["question"]) for row in seed.batch.examples} <= set(KNOWN)
    gold = [json.loads(line) for line in (tmp_path / "validation.jsonl").read_text().splitlines()]
    for row in later.batch.examples:
        shown = gold[int(str(row.parent).removeprefix("validation-"))]
        assert kind_of(row.fields["question"]) == shown["kind"]
    assert all(find(name) for name in later.metrics)
    assert s3.result["clean"] is True and s3.result["metric"] == "number"
    assert later.metrics["answers/right"] == 1.0 and later.metrics["answers/checked"] == 1.0
    ledger = [json.loads(line) for line in (s3.folder / "ledger.jsonl").read_text().splitlines()]
    assert all(" = " in entry["target"] for entry in ledger)


def test_exact_match_equals_an_independent_scorer(tmp_path: Path) -> None:
    done = run(tmp_path, "strategy=zerogen", "run_dir=run")
    gold = [json.loads(line) for line in (tmp_path / "test.jsonl").read_text().splitlines()]
    answers = {f"test-{index}": line["answer"] for index, line in enumerate(gold)}
    lines = [json.loads(line) for line in (done.folder / "test.jsonl").read_text().splitlines()]
    assert len(lines) == 40
    assert done.result["test"]["number"] == pytest.approx(scored_apart(lines, answers))
    by_kind = {kind: [line for line in lines if gold[int(line["id"][5:])]["kind"] == kind] for kind in KNOWN}
    for kind, some in by_kind.items():
        assert done.result["test_groups"][kind] == pytest.approx(scored_apart(some, answers))


def test_answers_that_are_no_rows_are_rejected_with_a_reason(tmp_path: Path) -> None:
    done = run(tmp_path, "strategy=zerogen", "run_dir=run", llm=ProblemLLM(flaws=0.4))
    (seed,) = read_rounds(done.folder)
    reasons = {one.reason for one in seed.batch.rejected}
    assert reasons >= {"no_row", "no_answer", "no_number", "too_short"}
    assert len(seed.batch.examples) == 60


@pytest.mark.parametrize("how", ["report", "reject", "correct", "require"])
def test_the_program_finds_the_wrong_answers(tmp_path: Path, how: str) -> None:
    done = run(
        tmp_path, "strategy=zerogen", f"curation.program={how}", "run_dir=run", llm=ProblemLLM(wrong=0.4)
    )
    (seed,) = read_rounds(done.folder)
    rows, numbers = seed.batch.examples, seed.batch.numbers
    wrong = [
        row
        for row in rows
        if str(row.target).rsplit(" ", 1)[-1] != str(solved(row.fields["question"])).rsplit(" ", 1)[-1]
    ]
    assert len(rows) == 60 and numbers["program_wrong"] > 10
    assert seed.metrics["answers/right"] == pytest.approx(1 - len(wrong) / 60)
    if how == "report":
        assert len(wrong) > 10 and len(seed.tables["wrong_answers"]) == len(wrong)
        return
    assert not wrong
    if how == "correct":
        changes = [one for one in seed.batch.changes if one.step == "program"]
        assert len(changes) == numbers["program_corrected"] and all(one.field == "target" for one in changes)
    else:
        assert {one.reason for one in seed.batch.rejected} == {"wrong_answer"}


def test_a_majority_of_the_llms_answers_finds_the_wrong_ones(tmp_path: Path) -> None:
    """The LLM misreads one problem in five; of five answers the most are right."""
    words = ["strategy=zerogen", "curation.votes=5", "loop.budget.rows=40"]
    llm = ProblemLLM(wrong=0.4, misread=0.2)
    done = run(tmp_path, *words, "curation.label=correct", "run_dir=correct", llm=llm)
    (seed,) = read_rounds(done.folder)
    checks = [prompt for prompt, _ in seed.batch.asked if prompt.kind == "check"]
    assert len({prompt.seed for prompt in checks}) > 100 and not any(prompt.greedy for prompt in checks)
    assert seed.metrics["answers/right"] > 0.9 and seed.batch.numbers["relabelled"] > 8
    rejecting = run(
        tmp_path, *words, "curation.label=reject", "run_dir=reject", llm=ProblemLLM(wrong=0.4, misread=0.2)
    )
    (seed,) = read_rounds(rejecting.folder)
    assert seed.metrics["answers/right"] > 0.9
    assert {one.reason for one in seed.batch.rejected} == {"label_disagrees"}
    once = run(
        tmp_path, "strategy=zerogen", "curation.label=report", "run_dir=once", llm=ProblemLLM(wrong=0.4)
    )
    (seed,) = read_rounds(once.folder)
    assert seed.batch.numbers["disagree"] == pytest.approx(60 * (1 - seed.metrics["answers/right"]))
    assert once.result["curation"]["guard_accuracy"] == 1.0


def test_the_program_judges_the_answer_that_the_llm_has_corrected(tmp_path: Path) -> None:
    """The LLM misreads many problems. A budget of tokens knows what a check may take before there is a row."""

    class Misreader(ProblemLLM):
        def _answer(self, prompt: Prompt) -> str:
            wrong = prompt.kind == "check" and len(prompt.text) % 3 == 0
            return "It is 7000." if wrong else super()._answer(prompt)

    words = ["curation.label=correct", "curation.program=reject", "loop.budget.tokens=100000"]
    llm = Misreader(wrong=0.2)
    done = run(tmp_path, "strategy=zerogen", "loop.budget.rows=30", *words, "run_dir=run", llm=llm)
    (seed,) = read_rounds(done.folder)
    numbers = seed.batch.numbers
    assert seed.metrics["answers/right"] == 1.0 and len(seed.batch.examples) == 30
    assert numbers["relabelled"] > numbers["program_wrong"] > 5  # some were corrected rightly
    assert numbers["checked"] == numbers["program_right"] + numbers["program_wrong"]


class Forgetful(Pupil):
    """It learns every second gold row at most, so that it makes errors on rows that it was trained on."""

    def fit(self, lesson: Lesson, select: Sequence[Example], seed: int) -> tuple[Pupil, dict[str, float]]:
        """Learn the other rows."""
        kept = [row for row in lesson.rows if row.round is not None or int(row.id.rpartition("-")[2]) % 9 < 4]
        return super().fit(Lesson(kept), select, seed)


def llm2llm(folder: Path, *words: str) -> s3exp.library.run.Result:
    given = ["method=llm2llm", "loop.rounds=2", "loop.budget.rows=400", "small_model.version=1"]
    llm: dict[str, Any] = {} if "strategy.human=true" in words else {"llm": ProblemLLM()}
    versioned = ["llm.revision=1"] if llm else []
    return s3exp.run(
        [*WORDS, *given, *versioned, *words], task=problem_task(folder), small_model=Forgetful(), **llm
    )


def test_llm2llm_extrapolates_errors_on_its_own_training_rows_once_each(tmp_path: Path) -> None:
    done = llm2llm(tmp_path, "run_dir=run")
    first, *later = read_rounds(done.folder)
    assert first.batch.examples == () and first.batch.asked == ()
    assert done.result["rounds"][0]["train_rows"] == len(first.predictions)
    before = first
    for record in later:
        wrong = sorted(guess.id for guess in before.predictions if guess.target == "The answer is -1.")
        parents = sorted(str(row.parent) for row in record.batch.examples)
        assert parents == wrong  # one new row an error, and each error is a gold row
        before = record
    errors = [one["errors"] for one in done.result["rounds"]]
    assert errors[0] > 10 and errors[1] < errors[0] / 2 and done.result["clean"] is True


def test_llm2llm_gets_its_verdict_from_as_many_other_rows_and_gold_alone(tmp_path: Path) -> None:
    runs = [llm2llm(tmp_path, "run_dir=run")]
    lacking = missing(s3exp.study(runs).comparisons[0].arms)
    assert "No verdict" in s3exp.study(runs).verdicts[0].line
    for number, one in enumerate(lacking):
        words, _ = one.command.removeprefix("s3exp.run(").split("], ")  # of runs of a program
        own = [word for word in literal_eval(f"{words}]") if word.startswith("strategy.")]
        runs.append(llm2llm(tmp_path, f"run_dir=control-{number}", *own))
    assert "No verdict" not in s3exp.study(runs).verdicts[0].line
    first, drawn, gold = [read_rounds(run.folder) for run in runs]
    assert len(drawn[1].batch.examples) == len(first[1].batch.examples) > 10
    assert {row.parent for row in drawn[1].batch.examples} != {row.parent for row in first[1].batch.examples}
    assert len(gold) == 1 and gold[0].metrics["train_rows"] == first[0].metrics["train_rows"]
    assert gold[0].predictions == first[0].predictions  # the same gold rows were learned


@pytest.mark.parametrize(
    ("words", "task", "says"),
    [
        (["curation.noise=drop"], {}, "curation.noise=drop"),
        (["strategy.labels=random"], {}, "strategy.labels=random"),
        (["strategy.pick.by=loss", "strategy.pick.top=3"], {}, "strategy.pick.by=loss"),
        (["strategy.seeds=templates"], {}, "strategy.seeds=templates"),
        (
            ["curation.program=reject"],
            {"answer": {"score": "number"}},
            "task.answer.program, which is not set",
        ),
        (
            ["curation.program=correct"],
            {"answer": {"score": "number", "program": "equations"}},
            "has none of its own",
        ),
        ([], {"labels": ["a", "b"]}, "task.labels"),
        ([], {"answer": {"column": "question"}}, "task.answer.column=question"),
        (["strategy.gold_rows=mining"], {}, "strategy.with_gold=false"),
        (["strategy.seeds=none"], {}, "strategy.seeds=none"),
        ([], {"answer": {"column": "kind", "score": "number"}}, "task.answer.score=exact"),
        ([], {"answer": {"column": "reply"}}, "no column reply"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    tmp_path: Path, words: list[str], task: dict[str, Any], says: str
) -> None:
    with pytest.raises(UserError) as refused:
        run(tmp_path, "strategy=s3", "run_dir=run", *words, **task)
    assert says in str(refused.value) and "\n" not in str(refused.value)
    assert not (tmp_path / "run").exists()


def test_a_small_model_of_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="small_model=bag writes no answers"):
        s3exp.run([*WORDS, "small_model=bag", "strategy=gold"], task=problem_task(tmp_path))


def test_problems_with_other_numbers_are_no_copies_and_those_with_gold_s_are(tmp_path: Path) -> None:
    class Copier(ProblemLLM):
        def _answer(self, prompt: Any) -> str:
            if prompt.kind == "extrapolate" and prompt.seed % 2:
                question = re.search(r"like: (.*) solved:", prompt.text).group(1)  # type: ignore[union-attr]
                name = question.split()[0]
                return f"question: {question.replace(name, 'Xenia')}\nanswer: {solved(question)}"
            return super()._answer(prompt)

    done = run(tmp_path, "strategy=s3", "run_dir=run", llm=Copier())
    later = read_rounds(done.folder)[1]
    reasons = {one.reason for one in later.batch.rejected}
    assert (
        reasons <= {"near_copy_of_gold", "quotes_gold", "copy_of_gold", "duplicate"}
        and len(later.batch.rejected) > 5
    )
    assert len(later.batch.examples) > 10 and done.result["clean"] is True


def test_gold_rows_of_the_grammar_are_those_that_ship() -> None:
    from s3exp.embedded.word_problems import FOLDER, gold_rows, lines_of

    rows = gold_rows()
    for role, some in rows.items():
        assert (FOLDER / f"{role}.jsonl").read_text() == lines_of(some)
        assert all(solved(one.question) == one.answer for one in some)
    texts = [one.question for some in rows.values() for one in some]
    assert len(set(texts)) == len(texts)
    assert {one.question for one in problems(100, 2)} - set(texts)
