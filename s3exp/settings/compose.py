"""From overrides and YAML groups to one typed config, with ranges checked."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, cast, get_type_hints

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from s3exp.settings import plugins
from s3exp.settings.audit import AuditConfig
from s3exp.settings.checks import check
from s3exp.settings.curation import CurationConfig
from s3exp.settings.interpolations import escaped
from s3exp.settings.loop import LoopConfig, StrategyConfig
from s3exp.settings.parsed import keep_parsed
from s3exp.settings.prompts import check_prompts
from s3exp.settings.run import Config
from s3exp.settings.seeds import check_seeds, without_unused
from s3exp.settings.sets import check_sets, with_names
from s3exp.settings.task import TaskConfig
from s3exp.settings.typed import CHOICES, PLUGINS, chosen_part, typed
from s3exp.settings.words import one_line, refuse_words
from s3exp.settings.yaml_files import check_files, yaml_problem
from s3exp.types import UserError

log = logging.getLogger(__name__)

_composing = Lock()
_SCHEMA = "schema.yaml"  # in the store of Hydra


def conf() -> Path:
    """The folder conf/: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def find_sweeps() -> None:
    """Set the variable by which conf/config.yaml finds sweeps/, the neighbour of conf/."""
    os.environ["S3EXP_SWEEPS"] = str(conf().parent)


def compose(overrides: Sequence[str], folder: Path | None = None) -> Config:
    """The typed config that `s3exp` would run with these overrides; `folder` holds the user's own config groups.

    Gold files that are not set stay empty.

    Raises:
        UserError: an override is wrong, or a value is missing or makes no sense.
    """
    composed = composed_of(overrides, folder)
    for role in ("validation", "test"):
        if OmegaConf.is_missing(composed.task.gold, role) or composed.task.gold[role] is None:
            composed.task.gold[role] = ""
    return from_hydra(composed)


def composed_of(overrides: Sequence[str], folder: Path | None = None) -> DictConfig:
    """The composed config of some overrides; `folder` holds the user's own config groups.

    Hydra's state of the process, such as that of the user's own Hydra app, is as before afterwards.

    Raises:
        UserError: an override is wrong.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException

    refuse_words(overrides)
    if folder is not None:
        check_files(overrides, folder)
    register_schemas()
    find_sweeps()
    own = [] if folder is None else [f"file://{folder.expanduser().resolve()}"]
    path = f"hydra.searchpath=[{','.join([f'file://{conf().parent}', *own])}]"
    try:
        with _hydra_alone(), initialize_config_dir(version_base="1.3", config_dir=str(conf())):
            return hydra_compose("config", overrides=[*overrides, path])
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(one_line(error)) from error
    except YAMLError as error:
        raise UserError(yaml_problem(error)) from error


@contextmanager
def _hydra_alone() -> Iterator[None]:
    """Hydra without the state that the process has, which all threads share and which comes back."""
    from hydra.core.global_hydra import GlobalHydra

    with _composing:
        before, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
        try:
            yield
        finally:  # Hydra has put another instance in its place
            GlobalHydra.instance().hydra = before


def of_record(folder: Path, overrides: Sequence[str] = ()) -> Config:
    """The typed config of a run on record, changed by `overrides` (key=value).

    Raises:
        UserError: the folder holds no run, or one of another version, or an override is wrong.
    """
    path = folder / "config.yaml"
    if not path.is_file():
        raise UserError(f"{folder}: no run is on record there (no config.yaml)")
    try:
        values = OmegaConf.merge(OmegaConf.load(path), OmegaConf.from_dotlist(list(overrides)))
        config = typed(plain(cast(DictConfig, values)))
    except (OmegaConfBaseException, YAMLError, OSError) as error:
        raise UserError(f"{path}: {one_line(error)}") from error
    return checked(config)


def by_kind(kind: str, values: Mapping[str, Any]) -> Any:
    """The value for a kind of task, or `else`; conf/small_model/minilm_cpu.yaml has one.

    So a default may suit the task, and the record, the identity and the command line know an ordinary number.
    """
    name = kind if kind in values else "else"
    if name not in values:
        raise UserError(f"by_kind has no value for task.kind={kind}: add it, or else: VALUE")
    return values[name]


def register_schemas() -> None:
    """Register the dataclass of every group and choice with Hydra, which then refuses wrong types while composing.

    The registered schemas take unknown keys: Hydra composes a multirun once without the swept choices, and would refuse
    their options. `typed` refuses unknown keys job by job.
    """
    OmegaConf.register_new_resolver("by_kind", by_kind, replace=True)
    store = ConfigStore.instance()
    if _SCHEMA not in store.repo:  # once a process
        _register_own(store)
        keep_parsed()
    _register_packages(store)


def _register_own(store: ConfigStore) -> None:
    bases = {group: get_type_hints(Config)[group]() for group in CHOICES}
    store.store(name=_SCHEMA, node=Config(**bases))
    for group, node in (
        ("task", TaskConfig),
        ("strategy", StrategyConfig),
        ("loop", LoopConfig),
        ("curation", CurationConfig),
        ("audit", AuditConfig),
    ):
        store.store(group=group, name="schema", node=_open(OmegaConf.structured(node)))
    for group, (_, choices) in CHOICES.items():
        for choice, node in choices.items():
            store.store(group=group, name=f"schema_{choice}", node=_open(OmegaConf.structured(node)))
    # Hydra copies the store whenever it lists a group, a hundred times for --help, and writes to no copy
    setattr(ConfigStore, "__deepcopy__", lambda own, memo: own)  # noqa: B010 - mypy


class Packages(SearchPathPlugin):
    """Adds the folders of YAML groups of installed packages, below ours: a name that we have stays ours."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append them, as Hydra asks when it starts."""
        for name, place in plugins.folders():
            search_path.append(name, place)


def _register_packages(store: ConfigStore) -> None:
    """Register the LLMs and small models of installed packages as choices, and their folders of YAML groups."""
    from hydra.core.plugins import Plugins

    Plugins.instance().register(Packages)
    for group, (declared, part) in PLUGINS.items():
        key, choices = CHOICES[group]
        ours = {*choices, *(path.stem for path in (conf() / group).glob("*.yaml"))}
        for name in plugins.names(declared):
            if name in ours:
                log.warning("%s: %s is a name of s3exp's own: rename that of the package", declared, name)
                continue
            more = {"model": name} if group == "llm" else {}
            node = OmegaConf.structured(part(**{key: name}, **more))
            store.store(group=group, name=name, node=_open(node))


def _open(node: DictConfig) -> DictConfig:
    """The node, open for unknown keys at every level."""
    OmegaConf.set_struct(node, False)
    for key in node:
        if not OmegaConf.is_missing(node, key) and isinstance(node[key], DictConfig):
            _open(node[key])
    return node


def from_hydra(composed: DictConfig) -> Config:
    """The typed config of one job, with ranges checked.

    Raises:
        UserError: an option does not exist or belongs to another choice, or a value is missing or makes no sense.
    """
    try:
        values = plain(composed)
        for group, (key, _) in CHOICES.items():
            choice = values[group][key]
            part = chosen_part(group, choice)
            if part is not None and OmegaConf.get_type(composed, group) is not part:
                raise UserError(f"{group}.{key}={choice}: choose {group}={choice} instead")
        config = typed(values)
    except OmegaConfBaseException as error:
        raise UserError(one_line(error)) from error
    return checked(config)


def checked(config: Config) -> Config:
    """The config, if its values make sense.

    Raises:
        UserError: names the key, its value and the allowed ones.
    """
    config = with_names(config)
    for wording in config.task.wordings:
        one = replace(config, task=wording)
        check(one)
        check_prompts(wording)
        check_seeds(one)
    check_sets(config)
    return without_unused(config)


def yaml_of(composed: DictConfig) -> str:
    """A composed config as the YAML of a record, which `of_record` reads."""
    text = OmegaConf.to_yaml(composed, resolve=True)
    return OmegaConf.to_yaml(OmegaConf.create(escaped(plain(composed)))) if "${" in text else text


def plain(composed: DictConfig) -> dict[str, Any]:
    values = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}
