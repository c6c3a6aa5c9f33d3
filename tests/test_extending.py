"""Parts of installed packages: the recipes of docs/extending.md as they stand, and packages that are broken."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import s3exp
from s3exp.curation.curate import added_curators, checked
from s3exp.llm.identity import llm_identity
from s3exp.llm.own import of_package
from s3exp.packages import packages_of
from s3exp.record.reading import read_lines
from s3exp.settings import plugins
from s3exp.settings.compose import compose
from s3exp.settings.llm import PluginLLMConfig, VllmConfig
from s3exp.settings.run import Config
from s3exp.strategies import Guesses, exemplars
from s3exp.types import Answer, Example, Prediction, Prompt
from tests import warm

ROOT = Path(__file__).parents[1]
RECIPES = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8").split("\n## ")[1:]
QUICK = ["tracker=none", "progress=false", "audit=none", "loop.budget.rows=40", "loop.rounds=1"]
ROWS = [Example(f"r{index}", {"text": "word " * index}, index % 2) for index in range(1, 5)]


def install(folder: Path, name: str, version: str, entries: dict[str, dict[str, str]]) -> None:
    """What `pip install` writes about a package."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in named.items())
        for group, named in entries.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


def install_recipe(folder: Path, recipe: str) -> str:
    """Install the package of a recipe; returns its command line."""
    files = dict(re.findall(r"`([\w./]+\.\w+)`:\n\n```\w+\n(.*?)```", recipe, re.DOTALL))
    command = re.search(r"run `s3exp (.*?)`", recipe)
    assert command is not None and len(files) > 1
    assert sum(text.count("\n") for text in files.values()) <= 30
    facts = tomllib.loads(files.pop("pyproject.toml"))["project"]
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    install(folder, facts["name"], facts["version"], facts["entry-points"])
    return command[1]


def run_command(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    command = ["-m", "s3exp", *shlex.split(words), *QUICK]
    return warm.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, plots=False)


@pytest.mark.process
def test_the_recipes_run_as_they_stand(tmp_path: Path) -> None:
    commands = [install_recipe(tmp_path, recipe) for recipe in RECIPES]
    assert len(commands) == 4
    done = run_command(tmp_path, " ".join(commands))
    assert done.returncode == 0 and "not available" not in done.stderr, done.stderr
    [folder] = [path.parent for path in tmp_path.glob("runs/reviews-unsure-s0-*/result.json")]
    facts = json.loads((folder / "run.json").read_text())["identity"]
    assert facts["plugins"] == {
        "s3exp.shown.unsure": "s3exp-unsure 1.0",
        "s3exp.curators.lengths": "s3exp-lengths 1.0",
        "s3exp.llms.slots": "s3exp-slots 1.0",
        "s3exp.small_models.ngrams": "s3exp-ngrams 1.0",
    }
    assert facts["llm.options.clauses"] == 4 and facts["small_model.options.longest"] == 1
    assert facts["strategy.rationales"] is True and facts["strategy.shown"] == "unsure"
    result = json.loads((folder / "result.json").read_text())
    assert any(row["rejected_by_reason"].get("too_long") for row in result["rounds"])
    texts = [row["fields"]["text"] for row in read_lines(folder / "rounds/1/examples.jsonl")]
    assert texts and all(text.startswith("the ") and len(text.split()) <= 12 for text in texts)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def config(*words: str) -> Config:
    return compose(["tracker=none", *words])


def test_a_broken_package_is_refused_by_its_name(packages: Path) -> None:
    (packages / "s3exp_test_broken.py").write_text("import nothing_of_this_name\n")
    install(packages, "broken-one", "3.1", {plugins.SHOWN: {"bad": "s3exp_test_broken:choose"}})
    with pytest.raises(s3exp.UserError, match=r"^the package broken-one 3\.1 .*ModuleNotFoundError.*[^\n]*$"):
        s3exp.run([*QUICK, "strategy.shown=bad"])
    with pytest.raises(s3exp.UserError, match=r"strategy\.shown=worse: choose one of nothing, .*, bad"):
        s3exp.run([*QUICK, "strategy.shown=worse"])
    install(packages, "broken-two", "1", {plugins.SHOWN: {"bad": "math:sqrt"}})
    with pytest.raises(s3exp.UserError, match=r"bad: several packages .*broken-one, broken-two"):
        s3exp.run([*QUICK, "strategy.shown=bad"])


CRITERIA = """
from dataclasses import replace

def first(mining, last):
    return mining[:2]

def wrong(mining, last):
    return ["a"]

def twice(mining, last):
    return [*mining, mining[0]]

def changed(mining, last):
    return [replace(row, fields={"text": "words of mine"}) for row in mining]

def nothing_at_all(mining, last):
    return None

def raising(mining, last):
    raise ValueError("no\\nchoice")

def one(mining):
    return mining

def in_place(mining, last):
    mining[0].fields["text"] = "words of mine"
    return mining[:1]

def leaving(mining, last):
    raise SystemExit(0)
"""


def test_a_criterion_returns_mining_rows_and_no_others(
    packages: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (packages / "s3exp_test_shown.py").write_text(CRITERIA)
    names = {name: f"s3exp_test_shown:{name}" for name in re.findall(r"def (\w+)", CRITERIA)}
    install(packages, "shown", "1", {plugins.SHOWN: names | {"errors": "s3exp_test_shown:first"}})
    last = Guesses([Prediction(row.id, 0, (0.5, 0.5)) for row in ROWS], frozenset())
    assert exemplars(config("strategy.shown=first").strategy, ROWS, last) == ROWS[:2]
    assert exemplars(config("strategy.shown=first").strategy, ROWS, None) == []
    for name in ("wrong", "twice", "changed", "nothing_at_all", "in_place"):
        with pytest.raises(
            s3exp.UserError, match=rf"shown={name} \(shown 1\) must return some of the mining rows"
        ):
            exemplars(config(f"strategy.shown={name}").strategy, ROWS, last)
    for name, says in (
        ("raising", r"ValueError: no choice \(s3exp_test_shown.py, line 20\)"),
        ("one", "TypeError"),
        ("leaving", "SystemExit: 0"),  # which would end the run as if it were done
    ):
        with pytest.raises(s3exp.UserError, match=rf"^{name} of the package shown 1 failed: {says}[^\n]*$"):
            exemplars(config(f"strategy.shown={name}").strategy, ROWS, last)
    packages_of(config(), asks_llm=False)
    assert "s3exp.shown: errors is a name of s3exp's own: rename that of the package" in caplog.text


def test_a_curators_options_are_checked(packages: Path) -> None:
    install_recipe(packages, RECIPES[1])
    judge = added_curators(config("curation.curators={lengths: {most: 2}}"))["lengths"]
    assert [verdict.why for verdict in judge(ROWS)] == ["", "", "too_long", "too_long"]
    for options, problem in (("{mots: 2}", "mots"), ("{most: many}", "many")):
        with pytest.raises(
            s3exp.UserError, match=rf"^lengths of the package s3exp-lengths 1\.0: .*{problem}"
        ):
            added_curators(config(f"curation.curators={{lengths: {options}}}"))
    with pytest.raises(
        s3exp.UserError, match=r"^length: no installed package declares it in s3exp\.curators"
    ):
        added_curators(config("curation.curators={length: {}}"))


def test_a_curator_gives_one_verdict_a_row(packages: Path) -> None:
    (packages / "s3exp_test_short.py").write_text("def short(rows):\n    return []\n")
    install(packages, "short", "1", {plugins.CURATORS: {"short": "s3exp_test_short:short"}})
    judge = added_curators(config("curation.curators={short: {}}"))["short"]
    with pytest.raises(s3exp.UserError, match=r"short must return one s3exp\.Verdict for each of 4 rows"):
        judge(ROWS)
    with pytest.raises(s3exp.UserError, match=r"likeness is the name of a step of s3exp's own"):
        added_curators(config("curation.curators={likeness: {}}"))
    with pytest.raises(s3exp.UserError, match=r"short of the package short 1 has no options"):
        added_curators(config("curation.curators={short: {most: 1}}"))


def test_a_verdict_is_on_a_row_that_the_task_can_have() -> None:
    task = config().task

    def judged(change: Callable[[Example], Any]) -> Sequence[s3exp.Verdict]:
        return checked("mine", lambda rows: [change(row) for row in rows], task)(ROWS)

    def rewritten(**fields: Any) -> Callable[[Example], s3exp.Verdict]:
        return lambda row: s3exp.Verdict(replace(row, fields=fields), "rewritten")

    wrong: dict[str, Callable[[Example], Any]] = {
        "must return one": lambda row: row,
        "rejects a row without a reason": lambda row: s3exp.Verdict(None),
        "returns another row": lambda row: s3exp.Verdict(ROWS[0]),
        "whose columns are not texts in text": rewritten(other="a text"),
        "columns are not texts": rewritten(text=3),
        "rejects a row as 'not/good'": lambda row: s3exp.Verdict(None, "not/good"),
        "why and counts are no texts": lambda row: s3exp.Verdict(None, ["long"]),  # type: ignore[arg-type]
        "changes more of a row than": lambda row: s3exp.Verdict(replace(row, parent="other"), "x"),
        "returns a row of class 2, and task.labels has 2": lambda row: s3exp.Verdict(
            replace(row, target=2), "x"
        ),
    }
    for says, change in wrong.items():
        with pytest.raises(s3exp.UserError, match=f"^the curator mine .*{says}"):
            judged(change)
    with pytest.raises(s3exp.UserError, match="must return one"):
        checked("mine", lambda rows: None, task)(ROWS)  # type: ignore[arg-type, return-value]
    assert all("words" not in row.fields["text"] for row in ROWS)
    in_place = judged(
        lambda row: (row.fields.update(text="words that a curator put in place"), s3exp.Verdict(row))[1]
    )  # type: ignore[attr-defined]
    assert {one.row.fields["text"] for one in in_place if one.row} == {"words that a curator put in place"}
    assert all("words" not in row.fields["text"] for row in ROWS)  # so that the change is seen, and recorded
    emptied = judged(rewritten(text=" ..."))
    assert {(one.row, one.why) for one in emptied} == {(None, "too_short")}
    flipped = judged(lambda row: s3exp.Verdict(replace(row, target=1 - row.label), "flipped", ("flips",)))
    assert [one.row.label for one in flipped if one.row] == [0, 1, 0, 1]


SPAN = Example("r1", {"context": "Anna saw Rome", "question": "where was it"}, (Answer("Rome", 9),))
FREE = Example("r1", {"question": "What is 2 plus 3?"}, "2 + 3 = 5")
PAIR = Example("r1", {"question": "who was it", "sentence": "Anna was there"}, "Bert was not")
NUMBER = Example("r1", {"age": "3", "bmi": "4"}, 5.0)


@pytest.mark.parametrize(
    ("words", "row", "right", "wrong"),
    [
        (
            ["task=adqa", "small_model=minilm_cpu"],
            SPAN,
            {"target": (Answer("Anna", 0),)},
            [
                {"target": None},
                {"target": 0},
                {"target": (Answer("Rome", 8),)},
                {"target": (Answer("Rome", -4),)},
                {"fields": {"context": "Anna saw it", "question": "where was it"}},
            ],
        ),
        (
            ["task=word_problems", "small_model=smollm2"],
            FREE,
            {"target": "It is 5."},
            [{"target": None}, {"target": ""}, {"target": "many"}],
        ),
        (["task=qnli_pairs"], PAIR, {"target": None}, [{"target": 3}, {"target": " "}]),
        (
            ["task=diabetes", "small_model=boosting"],
            NUMBER,
            {"target": 6},
            [{"target": None}, {"target": math.nan}],
        ),
    ],
)
def test_a_changed_target_is_one_that_the_kind_of_task_can_have(
    words: list[str], row: Example, right: dict[str, Any], wrong: list[dict[str, Any]]
) -> None:
    task = config(*words, "llm.model=any").task

    def judged(change: dict[str, Any]) -> Example | None:
        judge = checked(
            "mine", lambda rows: [s3exp.Verdict(replace(one, **change), "x") for one in rows], task
        )
        return judge([row])[0].row

    assert judged(right) == replace(row, **right)
    for change in wrong:
        with pytest.raises(s3exp.UserError, match=r"^the curator mine returns a row [^\n]*$"):
            judged(change)


LLM = """
from dataclasses import dataclass
from s3exp import Completion

@dataclass
class Own:
    model: str
    temperature: float
    shout: bool = False

    def generate(self, prompts):
        for index, prompt in enumerate(prompts):
            text = f"{self.model} at {self.temperature}: a film of {prompt.seed} words"
            yield index, Completion(text.upper() if self.shout else text, 9, 9, "stop")

    def close(self):
        print("closed", file=open("closed", "a"))

def plain(prompts):
    return ["a film that nobody needs"] * len(prompts)
"""


def test_an_llm_gets_options_and_refuses_those_that_it_lacks(packages: Path) -> None:
    (packages / "s3exp_test_llm.py").write_text(LLM)
    install(
        packages,
        "own-llm",
        "2.0",
        {
            plugins.LLMS: {
                n: f"s3exp_test_llm:{v}" for n, v in (("own", "Own"), ("plain", "plain"), ("vllm", "Own"))
            }
        },
    )
    own = config("llm=own", "llm.model=big", "llm.temperature=0.5", "llm.options.shout=true").llm
    assert isinstance(own, PluginLLMConfig)
    asked = [Prompt("write", "seed", 7, 9, 0)]
    [(_, answer)] = of_package(own).generate(asked)
    assert answer.text == "BIG AT 0.5: A FILM OF 7 WORDS"
    identities = {
        llm_identity(config(*words).llm, "")
        for words in (
            ["llm=own", "llm.model=big"],
            ["llm=own", "llm.model=big", "llm.options.shout=true"],
            ["llm=plain"],
        )
    }
    assert len(identities) == 3 and all("own-llm 2.0" in one for one in identities)
    assert type(config("llm=vllm").llm) is VllmConfig  # a name of ours stays ours
    for words, problem in (
        (["llm=own"], r"own of the package own-llm 2\.0: .*model"),
        (["llm=own", "llm.model=big", "llm.top_p=0.5"], r"llm\.top_p=0\.5: llm=own does not read it"),
        (["llm=own", "llm.model=big", "llm.options.loud=true"], r"own of the package own-llm 2\.0: .*loud"),
        (["llm=own", "llm.options.model=big"], r"llm\.options\.model: set llm\.model instead"),
        (["llm=plain", "llm.max_tokens=9"], r"llm\.max_tokens=9: llm=plain does not read it"),
        (["llm=plain", "llm.options.a=1"], r"plain of the package own-llm 2\.0 has no options"),
        (["llm=none_such"], r"llm=none_such: there is no such choice: .*own, plain"),
        (["llm.backend=own"], r"llm\.backend=own: choose llm=own instead"),
        (["llm.options.shout=true"], r"llm\.options\.shout is an option of llm=own or llm=plain; .*llm=vllm"),
    ):
        with pytest.raises(s3exp.UserError, match=rf"^{problem}[^\n]*$"):
            s3exp.run([*QUICK, *words])


SMALL = """
from dataclasses import dataclass

@dataclass
class Always:
    labels: list[str]
    lr: float
    says: int = 0

    def fit(self, texts, targets):
        assert self.lr == 0.5 and len(self.labels) == 2

    def predict(self, texts):
        return [self.says for _ in texts]

def nothing():
    return 7
"""


def test_a_small_model_gets_options_and_is_loaded_from_its_record(packages: Path) -> None:
    (packages / "s3exp_test_small.py").write_text(SMALL)
    entries = {
        name: f"s3exp_test_small:{value}" for name, value in (("always", "Always"), ("nothing", "nothing"))
    }
    install(packages, "own-small", "1", {plugins.SMALL_MODELS: entries})
    words = [
        *QUICK,
        f"run_dir={packages / 'run'}",
        "strategy=zerogen",
        "llm.store=null",
        "small_model=always",
    ]
    result = s3exp.run([*words, "small_model.lr=0.5", "small_model.options.says=1"], llm=written)
    assert result.result["rounds"][0]["metrics"]["mining/most_said"] == 1
    assert {one.label for one in s3exp.load(result.folder).predict(["a", "b"])} == {"positive"}
    for more, problem in (
        (["small_model.epochs=9"], r"small_model\.epochs=9: small_model=always does not read it"),
        (["small_model.options.lr=1"], r"small_model\.options\.lr: s3exp sets it by itself"),
        (["small_model.options.sais=1"], r"always of the package own-small 1: .*sais"),
        (["small_model=nothing", "small_model.options.a=1"], r"nothing of the package own-small 1: .*'a'"),
        (["small_model=nothing"], r"small_model=7 has no fit and predict"),
    ):
        with pytest.raises(s3exp.UserError, match=rf"^{problem}[^\n]*$"):
            s3exp.run([*words, *more], llm=written)


def written(prompts: list[str], seeds: list[int]) -> list[str]:
    return [f"film number {seed} with a plot of {seed % 97} words" for seed in seeds]
