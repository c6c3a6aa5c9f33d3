"""Each choice has its own options: those of another one, and those that do not exist, are refused by name."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from s3exp.settings.compose import compose, composed_of, from_hydra, of_record, yaml_of
from s3exp.settings.llm import LLMS
from s3exp.settings.run import identity
from s3exp.settings.small_model import BagConfig, EncoderConfig
from s3exp.settings.tracker import TRACKERS
from s3exp.settings.typed import CHOICES, KEYS, nearest, typed
from s3exp.settings.words import refuse_words
from s3exp.types import UserError

FOREIGN = [
    (group, choice, other, name)
    for group, (_, choices) in CHOICES.items()
    for choice, own in choices.items()
    for other, part in choices.items()
    for name in sorted({field.name for field in fields(part)} - {field.name for field in fields(own)})
]


@pytest.mark.parametrize(("group", "choice", "owner", "name"), FOREIGN)
def test_an_option_of_another_choice_is_refused_by_name(
    group: str, choice: str, owner: str, name: str
) -> None:
    key, _ = CHOICES[group]
    with pytest.raises(UserError) as error:
        typed({group: {key: choice, name: None}})
    said = str(error.value)
    assert said.startswith(f"{group}.{name} is an option of {group}=")
    assert f"{group}={owner}" in said and f"this run has {group}={choice}: choose" in said
    assert said.endswith("or leave it out") and "\n" not in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["small_model.checkpoint=DIR"], "small_model.checkpoint is an option of small_model=transformers"),
        (["+small_model.checkpoint=DIR"], "small_model.checkpoint is an option of small_model=transformers"),
        (["small_model=minilm", "small_model.dim=3"], "small_model.dim is an option of small_model=bag"),
        (["llm=vllm", "llm.url=http://a/v1"], "llm.url is an option of llm=server; this run has llm=vllm"),
        (["llm=server", "++llm.dtype=float32"], "llm.dtype is an option of llm=vllm or llm=transformers"),
        (["tracker=none", "tracker.mode=offline"], "tracker.mode is an option of tracker=wandb"),
        (["llm.backend=server"], "llm.backend=server: choose llm=server instead"),
        (["small_model=minilm", "small_model.kind=bag"], "small_model.kind=bag: choose small_model=bag"),
        (["llm.backend=vlm"], "llm.backend=vlm: choose one of vllm, server, transformers"),
        (["~tracker"], "tracker is not chosen: choose one of wandb, none"),
    ],
)
def test_a_command_with_an_option_of_another_choice(words: list[str], says: str) -> None:
    with pytest.raises(UserError) as error:
        compose(words)
    assert str(error.value).startswith(says) and "\n" not in str(error.value)


@pytest.mark.parametrize("plus", ["", "+", "++"])
@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("loop.budget.row", "loop.budget.rows"),
        ("loop.row", "loop.budget.rows"),
        ("loop.rows", "loop.budget.rows"),
        ("loop.budget.price.gpu_hour", "loop.budget.prices.gpu_hour"),
        ("lop.rounds", "loop.rounds"),
        ("loop.rounds.number", "loop.rounds"),
        ("llm.temprature", "llm.temperature"),
        ("llm.small_model.dim", "small_model.dim"),
        ("small_model.weight_decy", "small_model.weight_decay"),
        ("strategy.show", "strategy.shown"),
        ("audit.encodr", "audit.encoder"),
        ("tracker.tag", "tracker.tags"),
        ("task.mining_rows", "task.gold.mining_rows"),
        ("task.prompt_sets.paper.sead", "task.prompt_sets.paper.seed"),
        ("seeed", "seed"),
        ("stratgy", "strategy"),
        ("lr", "small_model.lr"),
        ("extrapolate", "task.prompt_sets.NAME.extrapolate"),
    ],
)
def test_an_option_that_does_not_exist_is_refused_with_the_nearest(plus: str, key: str, meant: str) -> None:
    with pytest.raises(UserError) as error:
        compose([f"{plus}{key}=3"])
    said = str(error.value)
    assert said.startswith(f"{key}: there is no such option: did you mean {meant}") and said.endswith("?")
    assert "\n" not in said and "+" not in said


def test_where_none_is_near_the_options_beside_it_are_named() -> None:
    with pytest.raises(
        UserError, match="audit has shortcuts, gap, rows, noise, fidelity, table, encoder, cache$"
    ):
        compose(["audit.xyzzy=1"])
    with pytest.raises(UserError, match=r"s3exp/settings/ has them all$"):
        compose(["+xyzzy.plugh=1"])


@pytest.mark.parametrize("key", KEYS)
def test_every_misspelt_key_leads_back_to_the_real_one(key: str) -> None:
    real = key.removesuffix(".**").replace("*", "paper")
    section, _, leaf = real.rpartition(".")
    for wrong in (leaf[:-1], f"{leaf}{leaf[-1]}", leaf[1:]) if len(leaf) > 3 else ():
        misspelt = f"{section}.{wrong}" if section else wrong
        assert misspelt in KEYS or real in nearest(misspelt)


@pytest.mark.parametrize("group", ["task", "llm", "small_model", "strategy", "loop", "audit", "tracker"])
def test_a_yaml_of_the_users_own_may_not_misspell(group: str, tmp_path: Path) -> None:
    place = tmp_path / "experiment" / "mine.yaml"
    place.parent.mkdir()
    key = next(name for name in KEYS if name.startswith(f"{group}.") and name.count(".") == 1)
    wrong = f"{key}x"
    place.write_text(f"# @package _global_\n{group}: {{{wrong.partition('.')[2]}: 1}}\n")
    with pytest.raises(UserError, match=f"{wrong}: there is no such option: did you mean .*{key}"):
        compose(["experiment=mine"], tmp_path)


def test_a_top_level_key_of_a_yaml_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\nsed: 1\n")
    with pytest.raises(UserError, match=r"In 'experiment/mine': sed: there is no .* did you mean seed\?"):
        compose(["experiment=mine"], tmp_path)


def test_what_hydra_knows_is_left_to_it() -> None:
    refuse_words(
        [
            "strategy=s3",
            "hydra.launcher.n_jobs=2",
            "hydra/launcher=joblib",
            "+mine=x",
            "-m",
            "--config-dir",
            "a.b",
        ]
    )
    with pytest.raises(UserError, match=r"~llm.temperature: an option cannot be taken away"):
        refuse_words(["~llm.temperature"])
    refuse_words(["~task.prompt_sets.plain"])


@pytest.mark.parametrize("name", ["${x}", "dear ${x", "a\\${y}", "$x", "C:\\dir"])
def test_a_text_that_looks_like_an_interpolation_is_kept_by_config_and_record(
    name: str, tmp_path: Path
) -> None:
    place = tmp_path / "task" / "odd.yaml"
    place.parent.mkdir()
    escaped = name.replace("\\$", "\\\\$").replace("${", "\\${")
    place.write_text(yaml.safe_dump({"defaults": ["reviews", "_self_"], "labels": [escaped, "other"]}))
    composed = composed_of(["task=odd"], tmp_path)
    assert from_hydra(composed).task.labels == [name, "other"]
    (tmp_path / "config.yaml").write_text(yaml_of(composed))
    assert of_record(tmp_path).task.labels == [name, "other"]


@pytest.mark.parametrize(
    ("words", "group", "part"),
    [
        *(([f"llm={choice}"], "llm", part) for choice, part in LLMS.items()),
        (["small_model=bag"], "small_model", BagConfig),
        (["small_model=minilm"], "small_model", EncoderConfig),
        (["small_model=distilbert"], "small_model", EncoderConfig),
        *(([f"tracker={choice}"], "tracker", part) for choice, part in TRACKERS.items()),
    ],
)
def test_a_record_is_read_back_as_what_it_was(
    words: list[str], group: str, part: type[Any], tmp_path: Path
) -> None:
    config = compose(words)
    assert type(getattr(config, group)) is part
    (tmp_path / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(asdict(config))))
    again = of_record(tmp_path)
    assert again == config and type(getattr(again, group)) is part
    assert identity(asdict(again)) == identity(asdict(config))
    assert of_record(tmp_path, ["seed=5"]).seed == 5
    with pytest.raises(UserError, match=r"loop.row: there is no such option: did you mean loop.budget.rows"):
        of_record(tmp_path, ["loop.row=5"])


def test_the_presets_hold_no_option_of_one_choice_alone() -> None:
    """A preset must go with every LLM and small model: what it sets cannot be left out."""
    for preset in ("laptop", "paper"):
        for words in (["llm=server"], ["llm=transformers"], ["small_model=bag"], ["tracker=none"]):
            compose([f"experiment={preset}", *words])
