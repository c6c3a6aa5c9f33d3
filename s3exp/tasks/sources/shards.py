"""Names of data files: which ones are read, which split a name says, and which names are parts of one file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path, PurePath

from s3exp.tasks.sources.texts import COMPRESSED
from s3exp.types import UserError

ENDINGS = (
    *(".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".tab", ".txt", ".ft"),
    *(".parquet", ".pq", ".arrow", ".feather"),
)
SPLITS: Mapping[str, Sequence[str]] = {
    "train": ("train", "training", "trn"),
    "validation": ("validation", "valid", "val", "dev", "devel", "development", "eval"),
    "test": ("test", "testing", "tst"),
}
# what other endings are, for the refusal
OTHERS: Mapping[str, str] = {
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), "a spreadsheet: save the sheet as CSV (UTF-8)"),
    **dict.fromkeys(
        (".ann", ".conll", ".conllu", ".iob", ".bio", ".spacy"),
        "a file of annotated words and spans: write one row a text, with its label, as .jsonl or .csv",
    ),
    **dict.fromkeys(
        (".zip", ".tar", ".tgz", ".7z", ".rar"), "an archive: unpack it, and name the file in it"
    ),
    **dict.fromkeys(
        (".pkl", ".pickle", ".pt", ".joblib", ".npy", ".npz"),
        "a file that could run code, which is never read: write the rows as .jsonl or .parquet",
    ),
}
_OF = re.compile(r"(.*?)[-_.]?(\d{5})-of-(\d{5})(.*)")
_NUMBERED = re.compile(r"(part|shard|chunk)?[-_]?(\d+)(?:-[^.]*)?(\..*)")
_TRAILING = re.compile(r"(.+[-_])(\d+)(\..*)")


def ending_of(path: PurePath) -> str:
    """The ending of a data file, without that of its compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def is_data(path: Path) -> bool:
    """Whether a file is one that can be read, by its name."""
    hidden = path.name.startswith((".", "_"))
    described = path.name.lower() in (
        "dataset_info.json",
        "dataset_dict.json",
        "dataset_infos.json",
        "state.json",
    )
    about = ending_of(path) == ".txt" and path.stem.lower() in (
        "readme",
        "license",
        "licence",
        "requirements",
    )
    return ending_of(path) in ENDINGS and not hidden and not described and not about


def split_of(path: PurePath) -> str | None:
    """The role that a name says: by the file's own name, or else by its nearest folder.

    Raises:
        UserError: it says two.
    """
    stem = path.name.removesuffix("".join(path.suffixes))
    for part in (stem, *reversed(path.parts[:-1])):
        words = set(re.split(r"[^a-z]+", part.lower()))
        said = [role for role, names in SPLITS.items() if words & set(names)]
        if len(said) > 1:
            raise UserError(f"{path}: its name says {' and '.join(said)}: rename it")
        if said:
            return said[0]
    return None


def data_files_beside(path: Path, role: str) -> list[Path]:
    """The data files in a file's folder whose names say a role."""
    if not path.is_file():
        return []
    return [
        one for one in sorted(path.parent.iterdir()) if one.is_file() and is_data(one) and _said(one) == role
    ]


def _said(path: Path) -> str | None:
    try:
        return split_of(Path(path.name))
    except UserError:
        return None


def sets_of(paths: Iterable[Path]) -> dict[tuple[str, ...], list[Path]]:
    """The files by the set that they are parts of, in order; a file that is no part is a set of its own.

    Raises:
        UserError: a part of a set is missing.
    """
    found: dict[tuple[str, ...], list[tuple[int, Path]]] = defaultdict(list)
    every = tuple(paths)
    beside = frozenset(every)
    for path in every:
        key, number = _part(path, beside)
        found[key].append((number, path))
    for key, members in found.items():
        members.sort(key=lambda member: (member[0], natural(member[1])))
        if key[1] == "of":
            _check_whole(int(key[3]), [number for number, _ in members], members[0][1])
    return {key: [path for _, path in members] for key, members in found.items()}


def siblings(path: Path) -> tuple[int, int] | None:
    """The number of a part and the number of all parts, of a file named as the hub names shards."""
    match = _OF.fullmatch(path.name)
    return None if match is None else (int(match[2]), int(match[3]))


def natural(path: Path) -> list[tuple[bool, int, str]]:
    """A key that sorts names with numbers by number."""
    parts = re.split(r"(\d+)", str(path))
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _part(path: Path, beside: Set[Path]) -> tuple[tuple[str, ...], int]:
    folder, name = str(path.parent), path.name
    if match := _OF.fullmatch(name):
        return (folder, "of", match[1], match[3], match[4]), int(match[2])
    if match := _NUMBERED.fullmatch(name):
        return (folder, "part", match[1] or "", match[3]), int(match[2])
    if match := _TRAILING.fullmatch(name):
        number = int(match[2])
        # rows_10 is a part behind rows_9; rows_2021 by itself is a year
        counted = path.with_name(f"{match[1]}{number - 1}{match[3]}") in beside
        if len(match[2]) == 1 or match[2].startswith("0") or counted:
            return (folder, "trailing", match[1], match[3]), number
    return (folder, "file", name), 0


def _check_whole(count: int, numbers: Sequence[int], path: Path) -> None:
    missing = [number for number in range(count) if number not in numbers]
    if missing:
        names = ", ".join(f"{number:05d}" for number in missing[:5])
        raise UserError(
            f"{path.parent}: {len(missing)} of {count} parts of {_OF.fullmatch(path.name)[1]} are missing: {names}"  # type: ignore[index]
        )
