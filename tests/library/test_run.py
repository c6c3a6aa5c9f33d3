"""s3exp as a library: one's own LLM, small model, curators and gold rows, with the command's record and errors."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

import s3exp
from s3exp.library.tasks import task_words
from s3exp.llm.toy import ToyLLM, toy_gold
from s3exp.record.files import read_object
from s3exp.settings.compose import compose, of_record
from s3exp.tasks.gold import load_gold
from s3exp.types import Example, Lesson, Prediction, Prompt
from tests import warm
from tests.conftest import TOY_PROMPTS, as_rows

QUICK = ["tracker=none", "progress=false", "audit=none", "loop.budget.rows=60", "loop.rounds=1"]
asked: list[str] = []


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    asked.clear()
    yield


def write(prompts: list[str], seeds: list[int]) -> list[str]:
    """The toy LLM as a function."""
    asked.extend(prompts)
    questions = [Prompt(text, "seed", seed, 99, 0) for text, seed in zip(prompts, seeds, strict=True)]
    answers = dict(ToyLLM().generate(questions))
    return [answers[index].text for index in range(len(prompts))]


def fails(prompts: list[str]) -> list[str]:
    raise RuntimeError("no more credit")


def one_text(prompts: list[str]) -> str:
    return "one text"


def no_odd(rows: Sequence[Example]) -> list[s3exp.Verdict]:
    """Refuse rows with a word, and tidy the others."""
    return [
        s3exp.Verdict(None, "odd") if "script" in row.fields["text"] else s3exp.Verdict(row) for row in rows
    ]


def gold(role: str, seed: int) -> list[dict[str, Any]]:
    return as_rows(toy_gold(role, 60, 0.5, seed))


def task(**more: Any) -> dict[str, Any]:
    prompts = {"seed": TOY_PROMPTS.seed, "extrapolate": TOY_PROMPTS.extrapolate, "labels": ["0", "1"]}
    rows = {"validation": gold("validation", 2), "test": pandas.DataFrame(gold("test", 3)), "overlap": "drop"}
    names = {"name": "toy", "fields": ["text"], "generate": "text", "labels": ["bad", "good"]}
    return {**names, "gold": rows, "prompts": "toy", "prompt_sets": {"toy": prompts}, **more}


def pipeline() -> Pipeline:
    return make_pipeline(CountVectorizer(), LogisticRegression())


def test_texts_of_a_programs_task_are_no_interpolations(tmp_path: Path) -> None:
    odd = replace(compose(["task=reviews"]).task, labels=["dear ${x", "b"])
    assert compose(task_words(odd, tmp_path), tmp_path).task.labels == ["dear ${x", "b"]


def test_a_function_an_estimator_and_a_list_are_a_run_and_the_same_call_continues_it() -> None:
    result = s3exp.run(QUICK, task=task(), llm=write, small_model=pipeline(), curators=[no_odd])
    assert result.result == read_object(result.folder / "result.json") and result.result["status"] == "done"
    assert len(result.rows) == 60 and not any("script" in row.fields["text"] for row in result.rows)
    assert any(row["rejected_by_reason"].get("odd") for row in result.result["rounds"])
    assert result.result["test"]["accuracy"] > 0.6
    calls = len(asked)
    with pytest.raises(s3exp.UserError, match="its small model is an object of a program"):
        s3exp.load(result.folder)
    again = s3exp.run(QUICK, task=task(), llm=write, small_model=pipeline(), curators=[no_odd])
    assert again.folder == result.folder and again.result == result.result and len(asked) == calls
    frame = s3exp.study([result]).runs
    assert len(frame) == 1 and frame.strategy[0] == "s3"


def test_another_version_is_another_run_and_no_store_mixes_two() -> None:
    first = s3exp.run([*QUICK, "loop.rounds=0"], task=task(), llm=write, small_model=pipeline())
    calls = len(asked)
    more = ["loop.rounds=0", "llm.revision=2"]
    second = s3exp.run([*QUICK, *more], task=task(), llm=write, small_model=pipeline())
    assert second.folder != first.folder and len(asked) == 2 * calls
    strong = make_pipeline(CountVectorizer(), LogisticRegression(C=9.0))
    third = s3exp.run([*QUICK, *more], task=task(), llm=write, small_model=strong)
    assert third.folder not in (first.folder, second.folder) and len(asked) == 2 * calls
    curated = s3exp.run([*QUICK, *more], task=task(), llm=write, small_model=strong, curators=[no_odd])
    assert curated.folder != third.folder


def test_what_has_a_state_needs_a_version() -> None:
    model = make_pipeline(FunctionTransformer(lambda texts: texts), LogisticRegression())
    with pytest.raises(s3exp.UserError, match=r"small_model\.version=1"):
        s3exp.run(QUICK, task=task(), llm=write, small_model=model)
    words = {"x": "awful film of a dull plot"}
    with pytest.raises(s3exp.UserError, match=r"llm\.revision=1"):
        s3exp.run(QUICK, task=task(), llm=lambda prompts: [words["x"]] * len(prompts))
    with pytest.raises(s3exp.UserError, match=r"llm\.revision=1"):
        s3exp.run(QUICK, task=task(), llm=ToyLLM())
    with pytest.raises(s3exp.UserError, match=r"curators=\{.*@1"):
        s3exp.run(QUICK, task=task(), llm=write, curators={"mine": lambda rows: [words] * len(rows)})
    object_ = type("Model", (), {"fit": print, "predict": print})()
    with pytest.raises(s3exp.UserError, match=r"small_model\.version=1"):
        s3exp.run(QUICK, task=task(), llm=write, small_model=object_)
    assert not Path("runs", "completions.sqlite").exists()


def test_an_object_with_the_protocol_is_asked_and_not_closed() -> None:
    llm = ToyLLM()
    words = [*QUICK, "llm.revision=1", "strategy=zerogen"]
    result = s3exp.run(words, task=task(), llm=llm, small_model=pipeline())
    assert llm.asked >= 60 and result.result["llm"]["calls"] >= 60


class Longest:
    """A small model of the protocol that gives no metrics: it knows the words of one class."""

    def check(self, rows: Sequence[Example] = ()) -> None:
        pass

    def fit(self, lesson: Lesson, select: Sequence[Example], seed: int) -> tuple[Longest, dict[str, float]]:
        bad = [set(row.fields["text"].split()) for row in lesson.rows if row.label == 0]
        self.words = sorted(set().union(*bad))
        return self, {}

    def load(self, folder: Path) -> Longest:
        self.words = (folder / "words").read_text().split()
        return self

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "words").write_text(" ".join(self.words))

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        targets = [int(not set(row.fields["text"].split()) <= set(self.words)) for row in examples]
        return [
            Prediction(row.id, said, (1.0 - said, said)) for row, said in zip(examples, targets, strict=True)
        ]


def test_a_small_model_without_metrics_is_scored_on_select() -> None:
    own = Longest()
    result = s3exp.run([*QUICK, "small_model.version=1"], task=task(), llm=write, small_model=own)
    given = load_gold(of_record(result.folder).task, with_train=False)
    right = [
        guess.target == row.target for guess, row in zip(own.predict(given.select), given.select, strict=True)
    ]
    assert 0 < sum(right) / len(right) == result.result["select"]["accuracy"]
    assert result.result["rounds"][0]["metrics"]["select/accuracy"] > 0


def test_errors_are_exceptions_of_one_line() -> None:
    with pytest.raises(s3exp.LLMFault, match=r"fails failed: RuntimeError: no more credit"):
        s3exp.run(QUICK, task=task(), llm=fails, small_model=pipeline())
    with pytest.raises(s3exp.UserError, match="returned str for"):
        s3exp.run(QUICK, task=task(), llm=one_text, small_model=pipeline())
    with pytest.raises(s3exp.UserError, match=r"llm\.temperature=0\.1: llm=python does not read it"):
        s3exp.run([*QUICK, "llm.temperature=0.1"], task=task(), llm=write)
    with pytest.raises(s3exp.UserError, match=r"llm\.max_tokens=9: the function .*write does not get it"):
        s3exp.run([*QUICK, "llm.max_tokens=9"], task=task(), llm=write)
    with pytest.raises(s3exp.UserError, match=r"small_model\.epochs=9: small_model=python does not read it"):
        s3exp.run([*QUICK, "small_model.epochs=9"], task=task(), llm=write, small_model=pipeline())
    with pytest.raises(s3exp.UserError, match=r"give it to s3exp\.run\(llm="):
        s3exp.run([*QUICK, "llm=python", "llm.model=x"], task=task())
    with pytest.raises(s3exp.UserError, match="no fit and predict"):
        s3exp.run([*QUICK, "small_model.version=1"], task=task(), llm=write, small_model=7)
    with pytest.raises(s3exp.UserError, match="no such option"):
        s3exp.run(QUICK, task=task(labelz=["a"]), llm=write)
    with pytest.raises(s3exp.UserError, match="a list of mappings"):
        s3exp.run(QUICK, task=task(gold={"validation": [1, 2], "test": []}), llm=write)


def test_it_runs_in_threads_and_inside_an_app_of_hydra(tmp_path: Path) -> None:
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    def go(seed: int) -> Any:
        words = [*QUICK, f"seed={seed}", "loop.rounds=0"]
        return s3exp.run(words, task=task(), llm=write, small_model=pipeline())

    (tmp_path / "mine.yaml").write_text("a: 1\n")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        with ThreadPoolExecutor(2) as pool:
            folders = {result.folder for result in pool.map(go, (0, 1))}
        assert len(folders) == 2 and compose("mine").a == 1
    assert not GlobalHydra.instance().is_initialized()


def test_a_task_is_a_yaml_file_too(tmp_path: Path) -> None:
    path = tmp_path / "film.yaml"
    path.write_text("defaults: [sst2, _self_]\nname: film\nlabelz: [a]\n")
    with pytest.raises(s3exp.UserError, match=r"film\.yaml, line 3: task\.labelz"):
        s3exp.run(QUICK, task=path, llm=write)
    with pytest.raises(s3exp.UserError, match=r"nothing\.yaml: cannot be read"):
        s3exp.run(QUICK, task="nothing.yaml", llm=write)


@pytest.mark.process
def test_the_import_is_instant() -> None:
    code = "import sys, s3exp; s3exp.__version__; print([m for m in ('torch', 'hydra', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        s3exp.nothing  # noqa: B018


KILLED = """
import os, s3exp
from tests.library.test_run import QUICK, pipeline, task, write as answers

calls = 0

def write(prompts, seeds):
    global calls
    calls += 1
    if calls > 1 and not os.path.exists("again"):
        os._exit(9)
    return answers(prompts, seeds)

print(s3exp.run(QUICK, task=task(), llm=write, small_model=pipeline()).result["llm"]["store_hits"])
"""


@pytest.mark.process
def test_a_killed_process_goes_on_with_what_is_stored(tmp_path: Path) -> None:
    (tmp_path / "killed.py").write_text(KILLED)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}

    def go() -> subprocess.CompletedProcess[str]:
        script = "import runpy; runpy.run_path('killed.py', run_name='__main__')"
        return warm.run(["-c", script], cwd=tmp_path, env=environment)

    assert go().returncode == 9
    (tmp_path / "again").touch()
    done = go()
    assert done.returncode == 0 and int(done.stdout.split()[-1]) >= 32, done.stderr
    assert len(list(tmp_path.glob("runs/toy-*"))) == 1
