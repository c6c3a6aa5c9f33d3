"""A task that a program gives: a name, a YAML file, a mapping or a dataclass, with gold rows in files or in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml

from s3exp.settings.interpolations import escaped
from s3exp.settings.task import TaskConfig
from s3exp.types import UserError

GOLD = Path("runs", "gold")  # gold rows of programs, each set in a file named after its content
CHOICE = "given"  # a choice of the group `task` that conf/ lacks
ROLES = ("train", "validation", "test")


def task_words(task: Any, folder: Path) -> list[str]:
    """The overrides that choose a task; writes the config group of a given one into `folder`.

    Raises:
        UserError: it is no task, or its gold rows are no rows.
    """
    if task is None:
        return []
    if isinstance(task, str) and not task.endswith((".yaml", ".yml")):
        return [f"task={task}"]
    place = folder / "task" / f"{CHOICE}.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(_text_of(task), encoding="utf-8")
    return [f"task={CHOICE}"]


def _text_of(task: Any) -> str:
    if isinstance(task, str | Path):
        try:
            return Path(task).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"task={task}: cannot be read: {error}") from error
    values = asdict(task) if is_dataclass(task) and not isinstance(task, type) else task
    if not isinstance(values, Mapping):
        raise UserError(f"task={task!r}: give a name, the path of a YAML file, a mapping or a TaskConfig")
    values = {key: value for key, value in values.items() if value != "???"}
    if isinstance(task, TaskConfig) and len(task.prompt_names) > 1:
        values["prompts"] = list(task.prompt_names)
    gold = dict(values.get("gold") or {})
    for role in ROLES:
        if role in gold and not isinstance(gold[role], str | None):
            gold[role] = str(gold[role]) if isinstance(gold[role], Path) else str(_written(gold[role], role))
    values["gold"] = {key: value for key, value in gold.items() if value != "???"}
    options = {"defaults": ["schema", "_self_"], **values}
    text: str = yaml.safe_dump(escaped(options), sort_keys=False, allow_unicode=True)
    return text


def _written(rows: Any, role: str) -> Path:
    """The file with rows of a list, or of a DataFrame or what becomes one."""
    if hasattr(rows, "to_pandas"):
        rows = rows.to_pandas()
    if hasattr(rows, "to_json"):
        rows = json.loads(rows.to_json(orient="records"))
    rows = list(rows)
    if not all(isinstance(row, Mapping) for row in rows):
        raise UserError(f"task.gold.{role}: give a file, a DataFrame or a list of mappings, a mapping a row")
    try:
        text = "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"task.gold.{role}: a row holds more than texts, numbers and lists: {error}"
        ) from error
    data = text.encode("utf-8", "surrogatepass")
    path = GOLD / f"{role}-{hashlib.sha256(data).hexdigest()[:12]}.jsonl"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
            part.write(data)
        Path(part.name).replace(path)
    return path
