"""Has Hydra read a file, and merge the same files, once: a multirun composes the config of every cell twice.

A file that has changed is read again. What Hydra gets to merge into, or to set overrides in, is always a copy. What it
makes for interpolations in lists of defaults, a third of its time, it makes where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

from hydra._internal import defaults_list
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, ConfigRepository
from hydra.core.config_store import ConfigStore
from hydra.core.default_element import InputDefault, ResultDefault
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import Container, DictConfig

_MOST_MERGED = 50

_read: dict[
    tuple[str, str], tuple[Any, ConfigResult]
] = {}  # by folder and name: its stamp, and what was read
_merged: dict[
    tuple[Any, ...], tuple[list[Any], DictConfig]
] = {}  # with its parts, whose addresses are in the key


def keep_parsed() -> None:
    """Put the two memories before Hydra's own functions, for all of this process, and spare it what nobody reads."""
    setattr(ConfigRepository, "load_config", _once_read(ConfigRepository.load_config))  # noqa: B010 - mypy
    merge = ConfigLoaderImpl._compose_config_from_defaults_list
    setattr(ConfigLoaderImpl, "_compose_config_from_defaults_list", _once_merged(merge))  # noqa: B010
    defaults_list._create_interpolation_map = _where_read(defaults_list._create_interpolation_map)


def _once_read(load: Callable[..., ConfigResult | None]) -> Callable[..., ConfigResult | None]:
    def load_config(repository: ConfigRepository, config_path: str) -> ConfigResult | None:
        source = repository._find_object_source(config_path, ObjectType.CONFIG)
        stamp = None if source is None else _stamp(source, config_path)
        if source is None or stamp is None:
            return load(repository, config_path)
        key = (source.full_path(), config_path)
        if key not in _read or _read[key][0] != stamp:
            found = load(repository, config_path)
            assert found is not None
            _read[key] = (stamp, found)
        return copy(_read[key][1])

    return load_config


def _where_read(make: Callable[..., DictConfig]) -> Callable[..., DictConfig]:
    """The choices so far, which Hydra only reads for a list of defaults with an interpolation; else an empty config."""
    empty = DictConfig({})

    def create(overrides: Any, defaults: Sequence[InputDefault], *others: Any) -> DictConfig:
        return make(overrides, defaults, *others) if any(d.is_interpolation() for d in defaults) else empty

    return create


def _stamp(source: ConfigSource, config_path: str) -> Any:
    """What changes with what a source would read; None: it is not known."""
    name = ConfigSource._normalize_file_name(config_path)
    if source.scheme() == "structured":
        node = ConfigStore.instance()._load(name)
        return (id(node), node)  # equal where it is the same one
    if source.provider == "hydra":  # of the installed package
        return True
    if source.scheme() == "file":
        stat = Path(source.path, name).stat()
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return None


def _once_merged(merge: Callable[..., DictConfig]) -> Callable[..., DictConfig]:
    def compose(
        loader: ConfigLoaderImpl, defaults: list[ResultDefault], repo: CachingConfigRepository
    ) -> DictConfig:
        parts, places = [], []
        for one in defaults:
            found = repo.load_config(str(one.config_path))
            schema = ConfigStore.instance()._open(f"{one.config_path}.yaml")  # of a file
            parts += [found and found.config, schema]
            places.append((one.config_path, one.package, one.primary))
        key = (*map(id, parts), *places)
        if key not in _merged:
            if len(_merged) >= _MOST_MERGED:
                _merged.clear()
            _merged[key] = (parts, merge(loader, defaults, _Lent(repo, defaults)))
        copied: DictConfig = _copied(_merged[key][1])
        return copied

    return compose


def _copied(node: Any, parent: Any = None) -> Any:
    """A deep copy of a config, several times as fast as OmegaConf's: its values are immutable, and need none."""
    made = object.__new__(type(node))
    metadata = object.__new__(type(node._metadata))
    vars(metadata).update(vars(node._metadata))
    metadata.flags = copy(metadata.flags)
    vars(made).update(vars(node), _parent=parent, _metadata=metadata, _flags_cache=None)
    if not isinstance(node, Container):
        return made
    metadata.resolver_cache = deepcopy(metadata.resolver_cache)
    content = vars(node)["_content"]
    if isinstance(content, dict):
        vars(made)["_content"] = {key: _copied(one, made) for key, one in content.items()}
    elif isinstance(content, list):
        vars(made)["_content"] = [_copied(one, made) for one in content]
    return made


class _Lent:
    """What was read, for one merge. Hydra copies what goes into a package, and merges into what is at the top."""

    def __init__(self, repo: CachingConfigRepository, defaults: Sequence[ResultDefault]) -> None:
        self._repo = repo
        self._top = {one.config_path for one in defaults if not one.package}
        self.get_schema_source = repo.get_schema_source

    def load_config(self, config_path: str) -> ConfigResult | None:
        found = copy(self._repo.load_config(config_path))
        if found is not None and config_path in self._top:
            found.config = _copied(found.config)
        return found
