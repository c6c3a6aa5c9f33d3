"""From the name of a source to the files that it means: a file, a pattern, a folder, or a split of a folder."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from s3exp.embedded import locate
from s3exp.tasks.sources.cards import files_of_card
from s3exp.tasks.sources.shards import (
    ENDINGS,
    OTHERS,
    SPLITS,
    ending_of,
    is_data,
    natural,
    sets_of,
    siblings,
    split_of,
)
from s3exp.types import UserError

_COLON_OUTSIDE_SLICE = re.compile(r":(?![^\[]*\])")  # as in id:config:split[5%:10%]


@dataclass(frozen=True, slots=True)
class Place:
    """The files of a source, in order; `described` is the folder that may describe them.

    `split` has a slice (`train[:50%]`) where the source has one. `by_class` says that the folder of each file is its
    label.
    """

    files: Sequence[Path]
    described: Path | None = None
    config: str | None = None
    split: str | None = None
    by_class: bool = False
    notes: Sequence[str] = ()


def place_of(source: str) -> Place | None:
    """The local files of a source; None: it is a data set of the hub.

    Raises:
        UserError: no file is there, or it is not clear which ones are meant.
    """
    if "://" in source:
        raise UserError(f"{source}: an address: download the file, and name it where it lies")
    path = locate(source)
    if path.is_file():
        return Place([path], notes=_one_of_several(path, source))
    if path.is_dir():
        return _of_folder(path, source)
    parts = parts_of(source)
    head = locate(parts[0])
    if len(parts) > 1 and head.is_file():
        raise UserError(f"{source}: {parts[0]} is a file, which has no splits: name the file alone")
    if len(parts) in (2, 3) and all(parts) and head.is_dir():
        return _of_split(head, parts[1] if len(parts) == 3 else None, parts[-1], source)
    if "*" in source or ("?" in source and ":" not in source):
        return _of_pattern(path, source)
    if ending_of(path) in (*ENDINGS, *OTHERS) or source.startswith((".", "/", "~")):
        raise UserError(f"{source}: no such file{_near(path)} (relative paths start at {Path.cwd()})")
    return None


def is_local(source: str) -> bool:
    """Whether a source names files here, whether or not they are there."""
    try:
        return place_of(source) is not None
    except UserError:
        return True


def parts_of(source: str) -> list[str]:
    """The parts of `id:split`, `id:config:split` or `folder:split`."""
    return _COLON_OUTSIDE_SLICE.split(source)


def data_files(folder: Path) -> list[Path]:
    """The data files of a folder and the folders in it, in order."""
    inside = (path for path in folder.rglob("*") if path.is_file() and is_data(path))
    hidden = (
        path for path in inside if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    return sorted(hidden, key=natural)


def class_folders(folder: Path) -> list[Path]:
    """The folders of a folder that hold one text file a row, named after their class."""
    inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    texts = [path for path in inside if _has_rows(path)]
    return texts if len(texts) > 1 else []


def _has_rows(folder: Path) -> bool:
    """Whether a folder holds one text file a row, rather than a text file for each split."""
    if split_of(Path(folder.name)) is not None:
        return False
    return any(is_data(path) and split_of(Path(path.name)) is None for path in folder.glob("*.txt"))


def _near(path: Path) -> str:
    try:
        names = [one.name for one in path.parent.iterdir()]
    except OSError:
        return ""
    near = get_close_matches(path.name, names, n=1)
    return f" (is it {path.parent / near[0]}?)" if near else ""


def _one_of_several(path: Path, source: str) -> list[str]:
    part = siblings(path)
    if part is None or part[1] < 2:
        return []
    every = re.sub(r"\d{5}-of-", "*-of-", source)
    return [f"{source}: part {part[0]} of {part[1]} alone: {every} reads all of them"]


def _of_pattern(path: Path, source: str) -> Place:
    root = Path(path.anchor) if path.is_absolute() else Path()
    found = sorted(root.glob(str(path.relative_to(path.anchor) if path.is_absolute() else path)), key=natural)
    files = [one for one in found if one.is_file() and is_data(one)]
    if not files:
        raise UserError(f"{source}: no data file fits the pattern (relative paths start at {Path.cwd()})")
    sets_of(files)
    splits = {split_of(Path(one.name)) for one in files}
    if len(splits) > 1:
        names = ", ".join(one.name for one in files[:4])
        raise UserError(f"{source}: fits files of several splits ({names}): write a pattern for one of them")
    return Place(files, files[0].parent)


def _of_folder(folder: Path, source: str) -> Place:
    if (folder / "state.json").is_file():
        return _saved(folder, source)
    classes = class_folders(folder)
    if classes:
        return _by_class(folder, classes, source)
    splits = splits_in(folder)
    files = data_files(folder)
    if len(splits) < 2 and files:
        groups = sets_of(files)
        if len(groups) == 1:
            return Place(next(iter(groups.values())), folder)
        listed = [*files_of_card(folder)]
        if len(listed) == 1:  # beside files that are no rows, such as those of a model
            return _of_split(folder, None, listed[0], source)
        names = ", ".join(str(path.relative_to(folder)) for path in files[:4])
        raise UserError(
            f"{source}: holds several files ({names}): name one of them, or all of one set by a pattern "
            f"({_pattern_of(files, folder, source)})"
        )
    if splits:
        raise UserError(
            f"{source}: a folder of several splits: name one, as {source}:{splits[0]} (it has {', '.join(splits)})"
        )
    raise UserError(_nothing(folder, source))


def _pattern_of(files: Sequence[Path], folder: Path, source: str) -> str:
    ((ending, _),) = Counter("".join(path.suffixes) for path in files).most_common(1)
    inside = "" if all(path.parent == folder for path in files) else "**/"
    return f"{source.rstrip('/')}/{inside}*{ending}"


def _nothing(folder: Path, source: str) -> str:
    if any(folder.glob("*.py")):
        return f"{source}: a script makes these rows, and is never run: save the rows as .parquet or .jsonl"
    other = next((path for path in sorted(folder.rglob("*")) if ending_of(path) in OTHERS), None)
    if other is not None:
        return f"{source}: {other.name} is {OTHERS[ending_of(other)]}"
    return f"{source}: no data file is in this folder ({', '.join(ENDINGS)})"


def splits_in(folder: Path) -> list[str]:
    """The splits that a folder holds, by the names of its files and folders."""
    saved = folder / "dataset_dict.json"
    if saved.is_file():
        return [str(name) for name in json.loads(saved.read_text(encoding="utf-8")).get("splits", [])]
    said = {split_of(path.relative_to(folder)) for path in data_files(folder)}
    return [name for name in (*SPLITS,) if name in said]


def _saved(folder: Path, source: str) -> Place:
    """A data set as the library datasets saves it."""
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        names = [str(one["filename"]) for one in state["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{source}: state.json is damaged: {error}") from error
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise UserError(f"{source}: {len(missing)} of {len(names)} parts are missing: {missing[0]}")
    return Place([folder / name for name in names], folder)


def _by_class(folder: Path, classes: Sequence[Path], source: str) -> Place:
    files = [path for one in classes for path in sorted(one.glob("*.txt"), key=natural)]
    over = [
        path.name
        for path in sorted(folder.iterdir())
        if path not in classes and not path.name.startswith(".")
    ]
    names = ", ".join(one.name for one in classes)
    left = f"; not read: {', '.join(over)}" if over else ""
    return Place(files, None, by_class=True, notes=[f"{source}: a folder for each class: {names}{left}"])


def _of_split(folder: Path, config: str | None, split: str, source: str) -> Place:
    name = re.split(r"[\[+]", split)[0]
    slice_ = split if split != name else None
    inside = folder / name
    if (inside / "state.json").is_file():
        return _with(_saved(inside, source), slice_)
    if inside.is_dir() and class_folders(inside):
        return _with(_by_class(inside, class_folders(inside), source), slice_)
    base = folder / config if config and (folder / config).is_dir() else folder
    listed = files_of_card(folder, config).get(name)
    if listed:
        files = sorted(
            {path for pattern in listed for path in folder.glob(pattern) if is_data(path)}, key=natural
        )
        sets_of(files)
        if files:
            return Place(files, folder, config, slice_)
    files = [path for path in data_files(base) if _says(path.relative_to(base), name)]
    groups = sets_of(files)
    if not groups:
        has = splits_in(folder)
        if has:
            raise UserError(f"{source}: the folder has no split {name}; it has {', '.join(has)}")
        raise UserError(_nothing(folder, source))
    if len(groups) > 1:
        names = ", ".join(str(group[0].relative_to(folder)) for group in groups.values())
        raise UserError(f"{source}: several sets of files could be {name}: {names}: name the file")
    return Place(next(iter(groups.values())), folder, config, slice_)


def _says(path: Path, name: str) -> bool:
    """Whether a file is of a split: one of a role, or any other name."""
    role = next((role for role, names in SPLITS.items() if name in names), None)
    if role is not None:
        return split_of(path) == role
    stem = path.name.removesuffix("".join(path.suffixes))
    return any(name in (part, *re.split(r"\W+", part)) for part in (stem, *path.parts[:-1]))


def _with(place: Place, split: str | None) -> Place:
    return Place(place.files, place.described, place.config, split, place.by_class, place.notes)
