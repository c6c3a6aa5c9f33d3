"""Runs of free answers with a causal LM: killed and continued, loaded again, predicted, exported; hostile texts."""

from __future__ import annotations

import csv
import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import s3exp
from s3exp.commands import audit, export, new_task, predict, report
from s3exp.embedded.word_problems import lines_of
from s3exp.record.rounds import read_rounds
from s3exp.settings.compose import compose
from s3exp.tasks.gold import load_gold
from s3exp.types import Completion, Prompt, UserError
from tests.hostile import TEXTS
from tests.test_generation import WORDS
from tests.test_hostile import is_plain
from tests.test_kill import Commands, commanded, kept, record
from tests.tiny_llm import tiny_llm
from tests.toy_problems import ProblemLLM, Pupil, problem_task, problems
from tests.toy_world import SMALL, ToyServer

CAUSAL = [
    *("small_model=causal_lm", "small_model.epochs=1", "small_model.lr=0.02", "small_model.threads=1"),
    *("small_model.max_answer=10", "small_model.batch_size=16"),
]
# as in tests/test_kill.py: kinds of events, and the place of one among all of its kind
POINTS = [("ask", 0.5), ("tune", 0.6), ("rename", 0.7), ("kept", 0.4)]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    folder = tmp_path_factory.mktemp("answers")
    place = folder / "conf" / "task" / "problems.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps({"defaults": ["schema", "_self_"], **problem_task(folder, rows=27)}))
    checkpoint = tiny_llm(folder / "tiny")
    small = [word for word in SMALL if not word.startswith(("task=", "small_model", "loop.budget"))]
    own = ["task=problems", *CAUSAL, f"small_model.checkpoint={checkpoint}", "loop.budget.rows=24"]
    own += ["curation.label=correct", "curation.votes=3", "curation.program=report", "curation.guard_rows=4"]
    words = ["--config-dir", str(folder / "conf"), *small, *own]
    with commanded(folder, ToyServer(ProblemLLM(wrong=0.3)), words) as made:  # type: ignore[arg-type]
        yield made


@pytest.mark.process
@pytest.mark.parametrize(("kind", "place"), POINTS)
def test_a_run_that_was_killed_ends_as_an_unbroken_one(
    commands: Commands, tmp_path: Path, kind: str, place: float
) -> None:
    events = json.loads((commands.whole / "events.json").read_text())
    folder = tmp_path / "run"
    assert commands.give(folder, kind, max(1, round(place * events[kind]))) == -signal.SIGKILL
    before, asked = kept(folder), len(commands.server.asked)  # type: ignore[union-attr]
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)
    assert kept(folder) == kept(commands.whole) == before + len(commands.server.asked) - asked  # type: ignore[union-attr]


@pytest.fixture(scope="module", params=["lora", "full"])
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with a causal LM."""
    folder = tmp_path_factory.mktemp("done")
    checkpoint = tiny_llm(folder / "tiny")
    words = [word for word in WORDS if not word.startswith("loop.budget")]
    words += [*CAUSAL, f"small_model.checkpoint={checkpoint}", f"small_model.tuning={request.param}"]
    s3exp.run(
        [*words, "loop.budget.rows=30", "strategy=s3", "llm.revision=1", f"run_dir={folder / 'run'}"],
        task=problem_task(folder, rows=27),
        llm=ProblemLLM(),
    )
    return folder / "run"


def test_the_library_gives_the_recorded_answers(done: Path) -> None:
    gold = [json.loads(line) for line in (done.parent / "test.jsonl").read_text().splitlines()]
    recorded = {one["id"]: one for one in map(json.loads, (done / "test.jsonl").read_text().splitlines())}
    found = s3exp.load(done).predict([row["question"] for row in gold])
    order = [recorded[f"test-{index}"] for index in range(len(gold))]
    assert [one.label for one in found] == [one["target"] for one in order]
    assert [one.score for one in found] == pytest.approx([one["scores"][0] for one in order], rel=1e-3)
    assert not found[0].scores and len(s3exp.load(done).rows) > 20


def test_predictions_of_a_file(done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict.command([str(done), str(done.parent / "test.jsonl")]) == 0
    said = capsys.readouterr()
    result = json.loads((done / "result.json").read_text())
    assert f"number {result['test']['number']:.4f}" in said.err and "40 of 40 rows have an answer" in said.err
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert set(lines[0]) == {"row", "answer", "score"} and len(lines) == 40
    out = tmp_path / "out.csv"
    assert predict.command([str(done), str(done.parent / "test.jsonl"), "--out", str(out), "--no-score"]) == 0
    with out.open() as file:
        assert [row["answer"] for row in csv.DictReader(file)] == [line["answer"] for line in lines]


def test_a_run_whose_weights_or_checkpoint_are_gone_is_refused_in_one_line(
    done: Path, tmp_path: Path
) -> None:
    lost = Path(shutil.copytree(done, tmp_path / "lost"))
    for file in (lost / "small_model").glob("*.safetensors"):
        file.unlink()
    with pytest.raises(UserError, match="safetensors there"):
        s3exp.load(lost)
    moved = Path(shutil.copytree(done, tmp_path / "moved"))
    text = (moved / "config.yaml").read_text().replace(str(done.parent / "tiny"), "/nowhere/tiny")
    (moved / "config.yaml").write_text(text)
    if (done / "small_model" / "adapter_model.safetensors").is_file():
        with pytest.raises(UserError, match="small_model.checkpoint=/nowhere/tiny"):
            s3exp.load(moved).predict(["Ada has 3 coins."])


def test_rows_and_model_are_exported(done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from datasets import load_dataset

    out = tmp_path / "rows"
    assert export.command([str(done), "--out", str(out), "--rejected"]) == 0, capsys.readouterr().err
    rows = load_dataset(str(out), cache_dir=str(tmp_path / "cache"))["train"].to_list()
    made = [row for one in read_rounds(done) for row in one.batch.examples]
    assert [(row["question"], row["answer"]) for row in rows] == [
        (r.fields["question"], r.target) for r in made
    ]
    card = (out / "README.md").read_text()
    assert "text-generation" in card and "`answer`: the answer, written by the LLM" in card
    (model,) = [path.parent for path in out.rglob("causal.json")]
    text = (model / "README.md").read_text()
    assert "ModelForCausalLM.from_pretrained" in text and str(done.parent) not in text


def test_audit_and_report_of_a_run(done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.command([str(done)]) == 0
    said = capsys.readouterr().out
    assert "are right of the" in said and "label fidelity" not in said.lower().replace("labels", "")
    assert report.command([str(done.parent), "--out", str(tmp_path / "page")]) == 0
    assert any(path.suffix == ".html" for path in (tmp_path / "page").iterdir())


class Hostile(ProblemLLM):
    """Problems and answers with hostile texts around them."""

    def _answer(self, prompt: Prompt) -> str:
        texts = list(TEXTS.values())
        evil, plain = texts[prompt.seed % len(texts)], super()._answer(prompt)
        if "answer: " not in plain:
            return f"{evil} {plain}"
        question, _, answer = plain.removeprefix("question: ").partition("\nanswer: ")
        return f"question: {question} {evil}\nanswer: {evil} {answer}"

    def generate(self, prompts):  # type: ignore[no-untyped-def]
        """As the problem LLM; one answer in some is very long."""
        for index, one in super().generate(prompts):
            long = " 7" * 10_000 if prompts[index].seed % 13 == 0 else ""
            yield index, Completion(one.text + long, one.prompt_tokens, one.completion_tokens, "stop")


def test_hostile_texts_stay_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    task, texts = problem_task(tmp_path, rows=30), list(TEXTS.values())
    rows = [vars(one) for one in problems(40, 9)]
    for index, row in enumerate(rows):
        row |= {
            "question": f"{texts[index % len(texts)]} {row['question']}",
            "answer": f"{texts[-1 - index % 9]} = 5",
        }
    file = tmp_path / "validation.jsonl"
    file.write_text(file.read_text() + "".join(json.dumps(row) + "\n" for row in rows))
    words = [
        "strategy=s3",
        "curation.label=reject",
        "curation.program=report",
        "llm.revision=1",
        "run_dir=run",
    ]
    done = s3exp.run([*WORDS, *words, "small_model.version=1"], task=task, llm=Hostile(), small_model=Pupil())
    assert done.result["status"] == "done"
    for one in read_rounds(done.folder):
        for row in one.batch.examples:
            assert row.fields["question"].isprintable() and str(row.target).isprintable()
    assert audit.command([str(done.folder)]) == 0
    assert report.command([str(done.folder), "--out", "page", "--paper"]) == 0
    assert is_plain(capsys.readouterr().out)


def test_a_file_of_questions_with_answers_is_drafted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sums.jsonl").write_text(lines_of(problems(90, 6)))
    assert new_task.command(["sums.jsonl"]) == 0
    said = capsys.readouterr().out
    assert "question -> answer, free answers" in said and "small_model=smollm2" in said
    config = compose(["task=sums", "small_model=smollm2", "llm.model=x"], Path("my"))
    assert (config.task.kind, config.task.answer.score) == ("generation", "number")
    assert len(load_gold(config.task, with_train=False).mining) > 40
    texts = [
        {"instruction": f"Say {i} in words please", "output": f"word {i} it is, as you see"}
        for i in range(60)
    ]
    Path("words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts))
    assert new_task.command(["words.jsonl"]) == 0
    config = compose(["task=words", "small_model=smollm2", "llm.model=x"], Path("my"))
    assert (config.task.fields, config.task.answer.column) == (["instruction"], "output")
    assert config.task.answer.score == "exact"
    classes = [
        {"question": f"is {i} odd, or is it not?", "answer": "yes" if i % 2 else "no"} for i in range(60)
    ]
    Path("odd.jsonl").write_text("".join(json.dumps(row) + "\n" for row in classes))
    assert new_task.command(["odd.jsonl"]) == 0
    assert compose(["task=odd", "llm.model=x"], Path("my")).task.kind == "classification"
