"""What a user may write on the command line, and the words that answer what cannot be read."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from s3exp.settings.compose import compose
from s3exp.settings.words import one_line, refuse_words
from s3exp.types import UserError


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("run_dir=runs/lr=2e-5", "quotes"),
        ("llm.url=http://localhost:1/v1?api-version=2", "quotes"),
        ("task.gold.validation=data(1).csv", "quotes"),
        ("sweep='a", "quotes"),
        ("run_dir=it's", "quotes"),
        ("run_dir=runs/ünï", "quotes"),
        ('sweep=say "a", b', "quotes"),
        ("dryrun", "key=value, such as dry_run="),
        ("seed:1", "key=value, such as seed="),
        ("--seed=1", "no dashes: seed=1"),
        ("--llm.model=x", "no dashes: llm.model=x"),
        ("seed = 1", "no blank"),
        ("loop.rounds==2", "one = is enough"),
        ("tracker.tags=[a,b", "brackets do not close"),
        ("~seed", "cannot be taken away"),
        ("~loop.rounds", "cannot be taken away"),
        ("+loop.budget.row=300", "loop.budget.rows"),
        ("loop.round=1,2,3", "loop.rounds"),
    ],
)
def test_words_that_cannot_be_read_are_named(word: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        refuse_words([word])
    message = str(refused.value)
    assert word.lstrip("+~-").partition("=")[0].strip() in message and says in message
    assert "hydra.cc" not in message and "\n" not in message
    if says == "quotes":  # the way that is named can be gone
        refuse_words(shlex.split(message.rpartition(": ")[2]))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["loop.rounds=1,2"], "loop.rounds=1,2: several values are a sweep: add -m"),
        (
            ["task.table.columns.age.min=3"],
            "age is not there yet: write 'task.table.columns={age: {min: 3}}'",
        ),
        (
            ["task.table.columns={length (cm): {min: 3}}"],
            "within braces write a backslash before each of ( )",
        ),
        (["strategy=s33"], "strategy=s33: there is no such choice: did you mean s3? "),
        (["task=mine"], "--config-dir"),
        (["llm=openai"], "choose one of python, server, transformers, vllm;"),
        (["loop.rounds=two"], "loop.rounds=two: must be a whole number"),
        (["loop.rounds="], "loop.rounds=: must be a whole number"),
        (["llm.temperature=warm"], "llm.temperature=warm: must be a number"),
        (["strategy.rationales=maybe"], "strategy.rationales=maybe: must be true or false"),
        (["tracker.tags=a"], "tracker.tags=a: must be a list"),
        (["loop.budget=300"], "set one of loop.budget.rows, loop.budget.tokens, loop.budget.prices."),
        (["+seed=1"], "+seed: the option exists"),
        (["llm.model=${HOME}"], "${oc.env:HOME}"),
        (["llm.model='a ${x'"], "the characters ${ are written \\${"),
        (["llm.model='a ${x y} b'"], "the characters ${ are written \\${"),
    ],
)
def test_values_that_cannot_be_taken_are_said_in_the_terms_of_the_option(words: list[str], says: str) -> None:
    with pytest.raises(UserError) as refused:
        compose(words)
    message = str(refused.value)
    assert says in message
    assert not {"full_key", "Config search path", "ListConfig", "schema"} & set(message.split())


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "seed=0,1", "loop.rounds=1"],
        ["--config-dir", "my", "task=x"],
        ["-cd", "my", "sweeps=x"],
        ["--cfg", "job", "strategy=gold"],
        ["hydra/launcher=joblib", "hydra.verbose=true"],
        ["++seed=1", "+task.prompt_sets.mine.seed=x", "~task.prompt_sets.plain"],
        ["run_dir=C:\\runs", "llm.model=org/model-7B@v1", "task.gold.validation=my file.csv"],
    ],
)
def test_what_can_be_read_passes(words: list[str], tmp_path: Path) -> None:
    refuse_words(words)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (
            "Could not find 'hydra/sweeper/optuna' Available options in 'hydra/sweeper': basic Config search path: x",
            "hydra/sweeper=optuna needs a plug-in of Hydra, which is not installed: pip install 's3exp[optuna]'",
        ),
        (
            "Could not find 'hydra/launcher/submitit_slurm' Available options in 'hydra/launcher': basic joblib",
            "pip install 's3exp[sweeps]'",
        ),
        ("Sweep parameters 'a=range(0,3)' requires --multirun", "a=range(0,3): a range is a sweep: add -m"),
    ],
)
def test_what_hydra_says_of_plug_ins_and_ranges_names_the_remedy(message: str, says: str) -> None:
    assert one_line(ValueError(message)).endswith(says)
