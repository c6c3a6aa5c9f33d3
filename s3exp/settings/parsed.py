"""Has Hydra read a file, and merge the same files, once: a multirun composes the config of every cell twice.

A file that has changed is read again. What Hydra gets to merge into, or to set overrides in, is always a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, ConfigRepository
from hydra.core.config_store import ConfigStore
from hydra.core.default_element import ResultDefault
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import DictConfig

_MOST_MERGED = 50

_read: dict[
    tuple[str, str], tuple[Any, ConfigResult]
] = {}  # by folder and name: its stamp, and what was read
_merged: dict[
    tuple[Any, ...], tuple[list[Any], DictConfig]
] = {}  # with its parts, whose addresses are in the key


def keep_parsed() -> None:
    """Put the two memories before Hydra's own functions, for all of this process."""
    setattr(ConfigRepository, "load_config", _once_read(ConfigRepository.load_config))  # noqa: B010 - mypy
    merge = ConfigLoaderImpl._compose_config_from_defaults_list
    setattr(ConfigLoaderImpl, "_compose_config_from_defaults_list", _once_merged(merge))  # noqa: B010


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
        return deepcopy(_merged[key][1])

    return compose


class _Lent:
    """What was read, for one merge. Hydra copies what goes into a package, and merges into what is at the top."""

    def __init__(self, repo: CachingConfigRepository, defaults: Sequence[ResultDefault]) -> None:
        self._repo = repo
        self._top = {one.config_path for one in defaults if not one.package}
        self.get_schema_source = repo.get_schema_source

    def load_config(self, config_path: str) -> ConfigResult | None:
        found = copy(self._repo.load_config(config_path))
        if found is not None and config_path in self._top:
            found.config = deepcopy(found.config)
        return found
