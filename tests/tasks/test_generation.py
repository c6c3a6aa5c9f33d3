"""Free answers: what is the same, problems in a text, and the programs that check answers."""

from __future__ import annotations

import json
import re
import string
import unicodedata
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.curation.screen import Screen
from s3exp.embedded.word_problems import NAMES, PATTERNS, solved, written
from s3exp.settings.compose import compose
from s3exp.settings.curation import CurationConfig
from s3exp.settings.free import AnswerConfig
from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import Numbered, PromptSet, TaskConfig
from s3exp.synthesis.rows import read_completion
from s3exp.tasks import build_task
from s3exp.tasks.answered import key_of, normalised, solved_in
from s3exp.tasks.fingerprints import fingerprint, jaccard
from s3exp.tasks.free import read_also, read_target
from s3exp.tasks.generation import Generation
from s3exp.tasks.labels import Unusable
from s3exp.tasks.programs import PROGRAMS, checked, equations
from s3exp.tasks.roles import Gold, Sealed
from s3exp.tasks.task import Written
from s3exp.types import Completion, Example, Prediction, Prompt, UserError
from tests.toy_problems import PROMPTS


def task_of(score: str = "number", rows: int = 12) -> Generation:
    chance, kinds = Random(5), list(PATTERNS)
    made = [written(chance, kinds[i % len(kinds)]) for i in range(rows)]
    mining = tuple(Example(f"m-{i}", {"question": one.question}, one.answer) for i, one in enumerate(made))
    config = TaskConfig(
        name="problems",
        kind="generation",
        fields=["question"],
        generate="question",
        labels=[],
        answer=AnswerConfig(score=score),
        prompts="toy",
        prompt_sets={"toy": PromptSet(**PROMPTS["toy"])},
    )
    task = build_task(config, LLMConfig(model="toy"), Gold((), mining, (), Sealed(())), str)
    assert isinstance(task, Generation)
    return task


def test_a_power_or_a_fraction_of_one_character_is_no_digit() -> None:
    assert normalised("2³") == normalised("2^3") != normalised("23")
    assert normalised("10⁻³") == normalised("10^-3") != normalised("10-3")
    assert normalised("3½") == normalised("3 1/2") != normalised("31/2")
    assert normalised("7 m²") == normalised("7 m2")


@given(st.text(max_size=40), st.text(max_size=40))
def test_exact_match_equals_an_independent_scorer(one: str, other: str) -> None:
    """Another way to the same: characters one by one, from both ends."""

    def plain(text: str) -> str:
        words = "".join(
            " " if c.isspace() else c for c in unicodedata.normalize("NFKC", text).casefold()
        ).split(" ")
        kept = " ".join(word for word in words if word)
        ends = set(".!?,;:… \"'`*_«»‹›「」『』。、؟،؛۔।¿¡")
        kept = "".join(
            "'" if c in "‘’‚‛ʼ" else '"' if c in "“”„‟" else "-" if c in "‐‑–—−" else c for c in kept
        )
        first = next((i for i, c in enumerate(kept) if c not in ends), len(kept))
        last = next((i for i in range(len(kept), first, -1) if kept[i - 1] not in ends), first)
        point = 0 < first < last and kept[first].isdecimal() and kept[first - 1] == "."
        return kept[first - point : last]

    assert (normalised(one) == normalised(other)) == (plain(one) == plain(other))
    assert normalised(f'  "{one}". ') == normalised(one)
    assert normalised(" .5 ") == ".5" != normalised("5.")


def test_numbers_count_and_words_do_not_or_the_other_way_round() -> None:
    rows = [
        Example(f"r-{i}", {"question": "q"}, text) for i, text in enumerate(("3 + 4 = 7.", "7", "Seven, 7"))
    ]
    said = [
        Prediction(row.id, text, (1.0,)) for row, text in zip(rows, ("it is 7.0", "8", "no"), strict=True)
    ]
    numbers, texts = task_of("number"), task_of("exact")
    score = numbers.score(rows, said)
    assert score.metrics["number"] == pytest.approx(1 / 3) and score.metrics["answered"] == pytest.approx(
        2 / 3
    )
    assert [row.id for row in numbers.wrong(rows, said)] == ["r-1", "r-2"]
    same = [Prediction(row.id, f"  {str(row.target).upper()}!", (1.0,)) for row in rows]
    assert texts.score(rows, same).metrics["em"] == 1.0 and texts.score(rows, said).metrics["em"] == 0.0
    nothing = [Prediction(row.id, "", (0.0,)) for row in rows]
    assert len(numbers.wrong(rows, nothing)) == len(texts.wrong(rows, nothing)) == 3


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("question: A b?\nanswer: 5", [("A b?", "5")]),
        (
            "Sure, here is one:\n\nProblem: A b?\n\nSolution: 2 + 3 = 5\nAnswer: 5",
            [("A b?", "2 + 3 = 5 Answer: 5")],
        ),
        (
            "**Question 1:** A?\n**Answer:** 5.\n\n**Question 2:** B?\n**Answer:** 6.",
            [("A?", "5."), ("B?", "6.")],
        ),
        ("1. Question: A?\nAnswer: 5\n2. Question: B?\nAnswer: 6", [("A?", "5"), ("B?", "6")]),
        ("Here is one:\nA b c? Answer: 5", [("A b c?", "5")]),
        ("A b c?\nA: 5\n---\n", [("A b c?", "5")]),
        ("question: A?\nanswer: 5\n\n**Note:** it has 2 steps.", [("A?", "5")]),
        (
            "Question: A?\nAnswer: 5\nExplanation: 2 and 3.\nQuestion: B?\nAnswer: 6",
            [("A?", "5"), ("B?", "6")],
        ),
        ("question: A?\nanswer:\nExplanation: 2 + 3\nAnswer: 5", [("A?", "Explanation: 2 + 3 Answer: 5")]),
        ("Q: A?", [("A?", None)]),
        ("only words", []),
        ("", []),
    ],
)
def test_problems_in_a_text(text: str, rows: list[tuple[str, str | None]]) -> None:
    found = solved_in(text, ("question",), "answer")
    assert [(one.cells.get("question"), one.cells.get("answer")) for one in found] == rows


def test_an_answer_gives_its_rows_or_a_reason() -> None:
    task = task_of()
    prompt = Prompt("ask", "seed", 1, 100, None)

    def read(text: str, ending: str = "stop") -> list[Any]:
        found = []
        for part in task.parts(prompt, Completion(text, 1, 1, ending)):
            row = part.problem or task.parse(prompt, Completion(part.text, 1, 1, "stop"))
            found.append(row if isinstance(row, str) else (row[0].fields["question"], row[0].target))
        return found

    two = "question: How many are they now?\nanswer: 5\n\nquestion: And how many are left?\nanswer: 6"
    assert read(two) == [("How many are they now?", "5"), ("And how many are left?", "6")]
    assert read(two, "length") == [("How many are they now?", "5"), "truncated"]
    assert read("<think>hm</think>" + two)[0] == ("How many are they now?", "5")
    assert read("no") == ["no_row"] and read("") == ["empty"] and read("x", "filtered") == ["content_filter"]
    assert read("question: How many are they?") == ["no_answer"]
    assert read("question: How many are they?\nanswer: some") == ["no_number"]
    assert read("question: Why?\nanswer: 5") == ["too_short"]
    assert read("question: ...\nanswer: ...") == ["repeats_prompt"]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("question: A b c?\nanswer: 5", [()]),
        ("**question:** A b c?\n**answer:** 5\n---\n", [()]),
        ("question: A b c?\nanswer: 5\nExplanation: 2 + 3.", [("epilogue",)]),
        ("Sure!\nquestion: A b c?\nanswer: 5\n**Note:** easy.", [("preamble", "epilogue")]),
        ("Here is one:\nA b c?\nanswer: 5", [("preamble",)]),
        ("Some:\nquestion: A b c?\nanswer: 5\nquestion: D e f?\nanswer: 6", [("preamble",), ()]),
        ("question: A b c?\nanswer: 5\nNotes: no\nquestion: D e f?\nanswer: 6", [("epilogue",), ()]),
        ("<think>so</think>\x07question: A b c?\nanswer: 5", [("characters", "reasoning")]),
    ],
)
def test_what_is_left_out_around_a_row_is_counted_as_its_repair(
    text: str, rules: list[tuple[str, ...]]
) -> None:
    task, completion = task_of(), Completion(text, 1, 1, "stop")
    screen = Screen(CurationConfig(), task.config, None)
    rows = read_completion(task, screen, 0, Prompt("ask", "seed", 1, 9, None), completion).rows
    assert [() if one.repair is None else tuple(one.repair.why.split(", ")) for one in rows] == rules
    assert all(one.repair is None or one.repair.before == text for one in rows)


def test_the_answer_that_is_taught_is_read_as_the_row() -> None:
    task = task_of()
    for row in task.gold.mining:
        prompt = task.prompt_of(row, 3)
        (part,) = task.parts(prompt, Completion(task.answer(prompt, row), 1, 1, "stop"))
        (again,) = task.parse(prompt, Completion(part.text, 1, 1, "stop"))
        assert again.fields == row.fields and again.target == row.target  # type: ignore[union-attr]


def test_what_the_llm_answers_to_a_problem() -> None:
    task = task_of()

    def read(text: str, ending: str = "stop") -> str | None:
        return task.read(Completion(text, 1, 1, ending))

    assert (
        read("3 + 4 = 7.\nSo it is 7.") == "3 + 4 = 7. So it is 7." and task.key(read("answer: 7.0")) == "7"
    )
    assert read("no idea") is None and read("7", "length") is None and read("", "declined") is None


def test_gold_answers_that_cannot_be_read() -> None:
    task = task_of().config
    assert read_target(task, {"answer": 8.0}, str, "f, row 0") == "8"
    for value in (None, float("nan"), ""):
        with pytest.raises(Unusable, match="column answer has no answer"):
            read_target(task, {"answer": value}, str, "f, row 0")
    with pytest.raises(UserError, match="no number can be read"):
        read_target(task, {"answer": "many"}, str, "f, row 0")
    with pytest.raises(UserError, match="set task.answer.several=true"):
        read_target(task, {"answer": ["7"]}, str, "f, row 0")
    with pytest.raises(UserError, match="one answer is read"):
        read_target(task, {"answer": {"a": 7}}, str, "f, row 0")
    exact = replace(task, answer=AnswerConfig())
    assert [read_target(exact, {"answer": one}, str, "f") for one in ("007", "1.0", 1.0)] == [
        "007",
        "1.0",
        "1",
    ]


@pytest.mark.parametrize(
    ("cell", "first", "others"),
    [
        (["Paris", " the city of light ", None, "Paris", 3], "Paris", ("the city of light", "3")),
        ('["Paris", "3"]', "Paris", ("3",)),
        ("['Paris', 'Rome']", "Paris", ("Rome",)),
        ({"text": ["Paris", "Rome"], "answer_start": [3, 4]}, "Paris", ("Rome",)),
        ('{"value": "Paris", "aliases": ["Rome"]}', "Paris", ("Rome",)),
        ([{"text": "Paris", "answer_start": 3}], "Paris", ()),
        ("Paris", "Paris", ()),
        (["...", "Paris"], "Paris", ()),
    ],
)
def test_several_right_answers_of_a_cell(cell: Any, first: str, others: tuple[str, ...]) -> None:
    task = replace(task_of().config, answer=AnswerConfig(score="squad", several=True))
    row = {"answer": cell}
    assert (read_target(task, row, str.strip, "f"), read_also(task, row, str.strip, "f")) == (first, others)


def squad_scorer(predicted: str, gold: list[str]) -> tuple[bool, float]:
    """Exact match and F1 after the definition of SQuAD, written here apart from the package."""

    def words(text: str) -> list[str]:
        kept = "".join(c for c in text.lower() if c not in string.punctuation)
        return [word for word in kept.split() if word not in ("a", "an", "the")]

    def overlap(one: list[str], other: list[str]) -> float:
        shared = sum(min(one.count(word), other.count(word)) for word in set(one))
        return 2 * shared / (len(one) + len(other)) if shared else float(one == other)

    said = words(predicted)
    return any(said == words(one) for one in gold), max(overlap(said, words(one)) for one in gold)


def test_several_right_answers_are_scored_as_squad_does() -> None:
    task = task_of()
    options = AnswerConfig(score="squad", also=["answer_2"])
    task = replace(task, config=replace(task.config, answer=options))
    chance, some = (
        Random(3),
        ["The Eiffel Tower", "eiffel-tower", "Gustave's tower, Paris", "an apple", "U.S.", "5%"],
    )
    rows, said = [], []
    for place in range(200):
        gold: dict[str, Any] = {"answer": chance.choice(some), "answer_2": chance.choice([*some, None])}
        target, also = (read(task.config, gold, str, "f") for read in (read_target, read_also))
        rows.append(Example(f"r-{place}", {"question": "q"}, target, also=also))
        said.append(chance.choice([*some, "eiffel tower!", "apple", "tower in paris", "us", ""]))
    scores = task.score(rows, [Prediction(row.id, one, (1.0,)) for row, one in zip(rows, said, strict=True)])
    apart = [squad_scorer(one, [str(row.target), *row.also]) for row, one in zip(rows, said, strict=True)]
    assert scores.metrics["em"] == pytest.approx(sum(one for one, _ in apart) / 200) != 0.0
    assert scores.metrics["f1"] == pytest.approx(sum(one for _, one in apart) / 200)
    assert any(
        row.also and not squad_scorer(one, [str(row.target)])[0] for row, one in zip(rows, said, strict=True)
    )


def test_code_keeps_its_lines_and_indents() -> None:
    task = task_of("exact")
    task = replace(task, config=replace(task.config, answer=AnswerConfig(lines=True)))
    codes = ["def f(x):\n    input: int = 3\n    return x", "    return 2", "x = 1\n\nprint(x)", "A: int"]
    for code in codes:
        for said in (code, f"```python\n{code}\n```", f"\n```\n{code}\n\n```"):
            text = f"question: Write some code that runs.\nIt is short.\nanswer: {said}"
            prompt = Prompt("ask", "seed", 1, 9, None)
            (part,) = task.parts(prompt, Completion(text, 1, 1, "stop"))
            (row,) = task.parse(prompt, Completion(part.text, 1, 1, "stop"))
            assert isinstance(row, Written)
            assert (row.target, row.fields["question"]) == (code, "Write some code that runs.\nIt is short.")
            assert task.key(said.strip("\n")) == task.key(code)
    assert len({task.key(code) for code in ("if a:\n  b\n  c", "if a:\n  b\nc", "if A:\n  b\n  c")}) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [("don’t", "don't"), ("−5", "-5"), ("«Oui»", "oui"), ("„Ja“.", "ja"), ("はい。", "はい"), ("¿Sí?", "sí")],
)
def test_marks_that_are_typed_in_several_ways_are_the_same(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@given(st.integers(0, 10**6), st.sampled_from(list(PATTERNS)))
def test_the_grammar_solves_what_it_writes_with_other_words_too(seed: int, kind: str) -> None:
    one = written(Random(seed), kind)
    assert solved(one.question) == one.answer
    numbers = [int(text) for text in re.findall(r"\d+", one.question)]
    left, operator, right, result = re.findall(r"(\d+) ([-+*/]) (\d+) = (\d+)", one.answer)[-1]
    by = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__, "/": int.__floordiv__}
    assert by[operator](int(left), int(right)) == int(result) and int(result) >= 0
    assert set(numbers) & {int(left), int(right)}
    other = re.sub(r"\b(?:books|coins|shells|apples)\b", "old violins", one.question)
    name = one.question.split()[0]
    other = re.sub(rf"\b{name}\b", "Xenia-Lou", other) if name in NAMES else other
    assert solved(other) == one.answer and solved(one.question + " Why?") is None


def test_problems_without_a_whole_answer_are_not_solved() -> None:
    assert solved("Ada has 3 coins and gives 5 of them to Ben. How many coins does Ada have left?") is None
    assert solved("Ada shares 7 coins equally among 2 friends. How many coins does each friend get?") is None
    assert solved("Ada shares 7 coins equally among 0 friends. How many coins does each friend get?") is None
    assert solved("Ada has 3 coins and gives 1 of them to Ben. How many shells does Ada have left?") is None


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("48/2 = <<48/2=24>>24. 48+24 = <<48+24=72>>72 #### 72", True),
        ("5 + 3 = 8. The answer is 9.", False),
        ("5 + 3 = 9. The answer is 9.", False),
        ("2 x (3 + 4) = 14", True),
        ("10 / 3 = 3.33", True),
        ("10 / 3 = 3.4", False),
        ("$1,200 * 2 = $2,400", True),
        ("5+3=8-2=6", False),
        ("-3 + 5 = 2", True),
        ("5 apples", None),
        ("7 / 0 = 7", None),
        ("((((" * 50 + "= 3", None),
        ("", None),
        *(
            (text, None)
            for text in ("20% of 50 = 10", "half of 10 = 5", "half of 10 + 2 = 7", "2^3 = 8", "1/4 = 25%")
        ),
        *(
            (text, None)
            for text in ("3 hours * 60 = 180 minutes", "6 \\times 7 = 42", "12 : 3 = 4", "10 = 5")
        ),
        *(
            ("- 5 + 3 = 8", True),
            ("so **5 + 3 = 8**", True),
            ("Step 1: 2+3 = 5", True),
            ("He sold 2+3 = 6", False),
        ),
        *(("3 + 5 = 8 = 2 * 4", True), ("3 + 5 = 8 = 2 * 5", False), ("5€ + 3€ = 9€", False)),
        *((text, None) for text in ("1e3 + 1 = 1001", "1e3 + 1 = 4", "7/2 = 3½", "3 * 3 = 9²")),
        *((text, None) for text in ("7 / 2 = 3 R 1", "7/2 = 3 remainder 1", "3 * 12 = 36 eggs + 4 = 40")),
        ("3 * 12 = 37 eggs + 4 = 40", False),
        *(("£5 + £3 = £8", True), ("3 + 5 = 9 = 3 * 3", False), ("8 = 2 * 4 = 16 / 2", True)),
    ],
)
def test_equations_are_computed(answer: str, right: bool | None) -> None:
    assert equations("", answer).right is right


@given(
    st.integers(-99, 99),
    st.integers(1, 99),
    st.integers(1, 9),
    st.sampled_from("+-*"),
    st.sampled_from("+-*/"),
)
def test_equations_equal_pythons_own_sums(a: int, b: int, c: int, first: str, second: str) -> None:
    text = f"{a} {first} {b} {second} {c}"
    value = eval(text.replace(f"/ {c}", f"* Fraction(1, {c})"), {"Fraction": Fraction})
    if Fraction(value).denominator == 1:
        assert equations("", f"{text} = {value}").right is True
        assert equations("", f"{text} = {value + 1}").right is False


def test_every_program_is_an_option_and_every_option_a_program() -> None:
    from dataclasses import fields

    from s3exp.settings.options import ALLOWED_KEY

    (option,) = [one for one in fields(AnswerConfig) if one.name == "program"]
    assert set(option.metadata[ALLOWED_KEY].choices) == set(PROGRAMS)
    task = task_of()
    row = task.gold.mining[0]
    assert checked(task.config, row).right is None  # no program is named
    task.config.answer.program = "word_problems"
    assert checked(task.config, row).right is True


def test_rows_with_other_numbers_are_other_rows() -> None:
    names, one = (
        Numbered(("question",)),
        "Ada has 5 coins. Ada finds 7 more. How many coins does Ada have now?",
    )
    prints = [
        fingerprint("", {"question": text}, names)
        for text in (one, one.replace("7", "8"), one.replace("Ada", "Ben"), one.replace("coins", "shells"))
    ]
    assert jaccard(prints[0].shingles, prints[1].shingles) == 0.0
    assert jaccard(prints[0].shingles, prints[2].shingles) > 0.4
    assert jaccard(prints[0].shingles, prints[3].shingles) > 0.5
    plain = [fingerprint("", {"question": text}, ("question",)) for text in (one, one.replace("7", "8"))]
    assert jaccard(plain[0].shingles, plain[1].shingles) > 0.6
    assert key_of("", "exact") is None


def test_rows_whose_answer_has_no_number_are_counted_and_may_be_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from s3exp.tasks.gold import load_gold

    def load(answers: list[str], *words: str) -> Gold:
        rows = [{"question": f"How many are {at}?", "answer": text} for at, text in enumerate(answers)]
        for name in ("validation", "test"):
            own = [{**row, "question": f"{name}: {row['question']}"} for row in rows]
            (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in own))
        files = [f"task.gold.{name}={tmp_path / name}.jsonl" for name in ("validation", "test")]
        more = ["small_model=smollm2", "llm.model=x", "tracker=none", "task.group=null"]
        config = compose(["task=word_problems", *more, *files, "task.gold.train=null", *words])
        return load_gold(config.task, with_train=False)

    answers = ["7"] * 8 + ["7:30", "about 1/2"]
    with pytest.raises(
        UserError, match="1 of 10 rows have an answer in which no number can be read"
    ) as refused:
        load(answers)
    assert "'7:30'" in str(refused.value) and "task.gold.unlabelled=drop" in str(refused.value)
    assert str(refused.value).endswith("or set task.answer.score=exact")
    gold = load(answers, "task.gold.unlabelled=drop")
    assert len(gold.mining) + len(gold.select) == 9
    assert "1 of 10 rows have an answer in which no number can be read" in caplog.text
    with pytest.raises(UserError, match="10 of 10 rows .*: mend the file, or set task.answer.score=exact$"):
        load(["half past seven"] * 10)


def test_the_task_that_ships_reads_its_gold(monkeypatch: pytest.MonkeyPatch) -> None:
    from s3exp.tasks.gold import load_gold

    config = compose(["task=word_problems", "small_model=smollm2", "llm.model=x", "tracker=none"])
    gold = load_gold(config.task, with_train=True)
    assert [len(gold.train), len(gold.mining), len(gold.select), len(gold.test)] == [400, 180, 60, 200]
    assert {row.group for row in gold.mining} == set(PATTERNS)
    task = build_task(config.task, config.llm, gold, str)
    seed, shown = task.seed_prompt(None, 1, {}), task.extrapolate_prompt(gold.mining[0], None, 1)
    assert len(seed.shots) == len(shown.shots) == 4 and gold.mining[0].id not in shown.shots
    assert gold.mining[0].fields["question"] in shown.text and str(gold.mining[0].target) in shown.text
