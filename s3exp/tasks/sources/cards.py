"""The description of a data set beside its files: the class names and the files of splits that it declares."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from s3exp.tasks.sources.documents import class_names

Names = dict[str, Sequence[str]]


def of_features(features: Any) -> Names:
    """The class names by column of a data set's features, as JSON ({column: feature}) or YAML (a list) has them."""
    names: Names = {}
    if isinstance(features, Mapping):
        for column, feature in features.items():
            found = class_names(feature)
            if found:
                names[str(column)] = found
    elif isinstance(features, list):
        for feature in features:
            if not isinstance(feature, Mapping):
                continue
            kind = feature.get("dtype") or feature.get("sequence") or feature.get("list")
            listed = kind.get("class_label", {}) if isinstance(kind, Mapping) else {}
            found = listed.get("names") if isinstance(listed, Mapping) else None
            if isinstance(found, Mapping):
                found = [found[key] for key in sorted(found, key=lambda key: int(str(key)))]
            if isinstance(found, list):
                names[str(feature.get("name"))] = [str(name) for name in found]
    return names


def described(folder: Path, config: str | None = None) -> Names:
    """The class names that dataset_info.json, dataset_infos.json or the head of a README.md in a folder declare."""
    for name in ("dataset_info.json", "dataset_infos.json"):
        try:
            info = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        found = _of_info(info, config)
        if found:
            return found
    return _of_info(_card(folder).get("dataset_info"), config)


def files_of_card(folder: Path, config: str | None = None) -> dict[str, list[str]]:
    """The patterns of files by split that the head of a README.md lists."""
    configs = _card(folder).get("configs")
    listed = [one for one in configs if isinstance(one, Mapping)] if isinstance(configs, list) else []
    named = {str(one.get("config_name", "default")): one.get("data_files") for one in listed}
    files = named.get(config or "default") or (next(iter(named.values())) if len(named) == 1 else None)
    splits: dict[str, list[str]] = {}
    for one in files if isinstance(files, list) else []:
        if isinstance(one, Mapping) and "split" in one:
            paths = one.get("path")
            splits[str(one["split"])] = [
                str(path) for path in (paths if isinstance(paths, list) else [paths])
            ]
    return splits


def _card(folder: Path) -> Mapping[str, Any]:
    """The head of a README.md."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return {}
    head = re.match(r"\ufeff?---\s*\n(.*?)\n---", text, re.DOTALL)
    if head is None:
        return {}
    import yaml

    try:
        card = yaml.safe_load(head[1])
    except yaml.YAMLError:
        return {}
    return card if isinstance(card, Mapping) else {}


def _of_info(info: Any, config: str | None) -> Names:
    if isinstance(info, list):
        several = {str(one.get("config_name")): one for one in info if isinstance(one, Mapping)}
    elif isinstance(info, Mapping) and "features" in info:
        return of_features(info["features"])
    elif isinstance(info, Mapping):
        several = {str(name): one for name, one in info.items() if isinstance(one, Mapping)}
    else:
        return {}
    one = several.get(config or "default") or (next(iter(several.values())) if len(several) == 1 else None)
    return of_features(one.get("features")) if one else {}
