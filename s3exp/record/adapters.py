"""The adapters of a run: what the LLM had learned before a round, in adapters/NAME of the run directory.

    adapter_model.safetensors adapter_config.json   as peft writes them; not there where the adapter was dropped
    lessons.jsonl                                   what it learned from, and what was held out
    tuned.json                                      numbers, seconds, whether it was kept, hashes of them and of itself,
                                                    and which run beside this one had learned it, if one had

A folder is written beside its place and renamed into it before the LLM is asked anything: a run that is killed later
loads it and trains nothing twice. It is not in the round's own folder, which exists only when the round is done.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from s3exp.record.files import read_sealed, sync, write_sealed
from s3exp.types import UserError

FOLDER, WEIGHTS, MARKER = "adapters", "adapter_model.safetensors", "tuned.json"
_DONE = "[!.]*-[0-9]*"  # folders of adapters, without one that a killed run was writing


@dataclass(frozen=True)
class Tuned:
    """What one tuning gave. `why` it was dropped; empty: it was kept.

    `basis` is a hash of all that it depends on, where another run may have the same; `taken_from` names the run that
    had learned it.
    """

    round: int
    numbers: Mapping[str, float]
    seconds: float
    cpu_seconds: float
    why: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict)
    basis: str = ""
    taken_from: str = ""

    @property
    def kept(self) -> bool:
        """Whether there is an adapter."""
        return not self.why


def read_tuned(folder: Path) -> Tuned | None:
    """What a folder of adapters/ holds; None: there is none.

    Raises:
        UserError: a file of it was changed or lost.
    """
    if not folder.is_dir():
        return None
    try:
        tuned = _read_marker(folder)
        for name, digest in tuned.sha256.items():
            if digest_of(folder / name) != digest:
                raise ValueError(f"{name} was changed")
    except (OSError, ValueError, TypeError) as error:
        raise damaged(folder, str(error)) from error
    return tuned


def _read_marker(folder: Path) -> Tuned:
    return Tuned(**read_sealed(folder / MARKER, {one.name for one in fields(Tuned)}))


def damaged(folder: Path, why: str) -> UserError:
    """The error of an adapter that is not what the record says."""
    return UserError(
        f"{folder}: the record of this adapter is damaged ({why}): restore it, or choose another run_dir: what the "
        "LLM wrote with it could not be made again"
    )


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """A place for the files of an adapter, which is renamed to `folder` if the code inside calls `finish` on it."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def finish(part: Path, folder: Path, tuned: Tuned) -> Tuned:
    """Write the marker with the hash of every file, and put the folder into its place."""
    files = sorted(part.iterdir())
    hashes = {file.name: digest_of(file) for file in files}
    tuned = replace(tuned, sha256=hashes)
    for file in files:
        sync(file)
    write_sealed(part / MARKER, asdict(tuned))
    part.rename(folder)
    sync(folder.parent)
    return tuned


def taken(folder: Path, number: int, basis: str) -> Tuned | None:
    """What a run beside this one has learned on the same basis, copied to `folder`; None: none has.

    Raises:
        OSError: the copy cannot be written.
    """
    for other in sorted(folder.absolute().parents[2].glob(f"*/{FOLDER}/{_DONE}")):
        try:
            tuned = _read_marker(other)
            if tuned.basis != basis:
                continue
            contents = {name: (other / name).read_bytes() for name in tuned.sha256}
        except (OSError, ValueError, TypeError):  # damaged, or removed meanwhile: who reads that run is told
            continue
        if any(hashlib.sha256(contents[name]).hexdigest() != tuned.sha256[name] for name in contents):
            continue
        with writing(folder) as part:
            for name, content in contents.items():
                (part / name).write_bytes(content)
            origin = tuned.taken_from or other.parents[1].name
            return finish(part, folder, replace(tuned, round=number, taken_from=origin))
    return None


def forget_later(run: Path, number: int) -> None:
    """Remove the adapters that were learned before rounds after round `number`."""
    for folder in (run / FOLDER).glob(_DONE):
        if int(folder.name.rpartition("-")[2]) > number:
            shutil.rmtree(folder)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_adapters(run: Path) -> None:
    """Refuse a run whose adapters are not what they were.

    Raises:
        UserError: one was changed or lost.
    """
    for folder in sorted((run / FOLDER).glob(_DONE)):
        read_tuned(folder)


def check_adapter(run: Path, adapter: Mapping[str, str]) -> None:
    """Refuse a record whose round was written with another adapter than the one that lies there now.

    Raises:
        UserError: it was changed or lost.
    """
    folder = run / FOLDER / adapter["name"]
    tuned = read_tuned(folder)
    if tuned is None:
        raise damaged(folder, "it is not there")
    if tuned.sha256.get(WEIGHTS) != adapter["sha256"]:
        raise damaged(folder, f"{WEIGHTS} is another one than the round was written with")
