"""Checks the user's own YAML files before Hydra composes them: the message names the file, the line and the cause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import yaml

from s3exp.settings.labels import LARGEST_PLAIN
from s3exp.settings.typed import GROUPS, KEYS, exists, unknown
from s3exp.types import UserError

_FLAGS = ("--config-dir", "-cd")
_TEXTS = (  # options that are texts, or lists of texts
    *(
        "task.name",
        "task.label",
        "task.answers",
        "task.group",
        "task.prompts",
        "task.generate",
        "task.fields",
    ),
    *("task.labels", "task.prompt_sets.*.labels", "task.gold.columns"),
)
_EXPONENT = re.compile(r"[-+]?\d+[eE][-+]?\d+")  # a number to OmegaConf, a text to YAML 1.1


def check_words(words: Sequence[str]) -> None:
    """Check the files of --config-dir that the words of a command line choose.

    Raises:
        UserError: names the file, the line and the cause.
    """
    folders = [word.partition("=")[2] for word in words if word.startswith(("--config-dir=", "-cd="))]
    folders += [folder for flag, folder in pairwise(words) if flag in _FLAGS]
    for folder in folders:
        check_files(words, Path(folder))


def check_files(words: Iterable[str], folder: Path) -> None:
    """Check the files of a folder of config groups that overrides (group=choice) choose.

    Raises:
        UserError: names the file, the line and the cause.
    """
    for word in words:
        group, _, choices = word.lstrip("+").partition("=")
        if group in GROUPS:
            for choice in re.split(r"[,\[\]\s]+", choices):
                _check(folder.expanduser() / group / f"{choice}.yaml", group, [])


def yaml_problem(error: yaml.YAMLError) -> str:
    """An error of YAML as one line: file, line, cause and remedy."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    if "'\\t'" in problem or "\\t" in problem:
        problem = "a tab: indent with spaces"
    elif "mapping values are not allowed" in problem:
        problem = "a colon within a value: write the value in quotes"
    elif problem.startswith("found duplicate key"):
        problem = f"{problem.removeprefix('found duplicate ')} stands there twice"
    where = f"{mark.name}, line {mark.line + 1}: " if mark is not None else ""
    return f"{where}{' '.join(problem.split())}"


def _check(path: Path, group: str, seen: list[Path]) -> None:
    """Check one file, and those of its folder that its defaults name."""
    if path in seen or not path.is_file():
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8: save it as UTF-8") from error
    try:
        root = yaml.compose(text.replace("\ufeff", ""), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise UserError(yaml_problem(error).replace("<unicode string>", str(path))) from error
    if root is None:
        raise UserError(f"{path}: the file is empty")
    if not isinstance(root, yaml.MappingNode):
        kind = "a list" if isinstance(root, yaml.SequenceNode) else "a text"
        raise UserError(f"{path}: holds {kind}: its lines must be options, as key: value")
    if "@package" not in text.partition("\n")[0]:
        _check_keys(root, group, path)
    for name in _defaults(root):
        _check(path.parent / f"{name}.yaml", group, [*seen, path])


def _defaults(root: yaml.MappingNode) -> Iterator[str]:
    for key, value in root.value:
        if key.value == "defaults" and isinstance(value, yaml.SequenceNode):
            yield from (str(one.value) for one in value.value if isinstance(one, yaml.ScalarNode))


def _check_keys(node: yaml.MappingNode, prefix: str, path: Path) -> None:
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value)
        where = f"{path}, line {key.start_mark.line + 1}"
        if name in seen:
            raise UserError(f"{where}: key {name} stands there twice")
        seen.add(name)
        dotted = f"{prefix}.{name}"
        if name == "<<" or (name in ("defaults", "hydra") and "." not in prefix):
            continue
        if _misread(key):
            raise UserError(f'{where}: YAML does not read {name} as a text: write it in quotes: "{name}"')
        if not exists(dotted, KEYS):
            raise UserError(f"{where}: {unknown(dotted)}")
        if isinstance(value, yaml.MappingNode):
            _check_keys(value, dotted, path)
        elif exists(dotted, _TEXTS, whole=True):
            _check_texts(value, dotted, path)


def _check_texts(node: yaml.Node, dotted: str, path: Path) -> None:
    """Refuse values of an option of texts that YAML reads as something else."""
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    for item in items:
        if not isinstance(item, yaml.ScalarNode) or not _misread(item, listed=item is not node):
            continue
        raise UserError(
            f"{path}, line {item.start_mark.line + 1}: {dotted}: YAML does not read {item.value or 'nothing'} as a "
            f'text: write it in quotes: "{item.value}"'
        )


def _misread(node: yaml.Node, *, listed: bool = False) -> bool:
    """Whether a plain scalar that is meant as a text becomes another value."""
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        return False
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return listed
    if kind == "int":
        return not (
            node.value.isdecimal() and int(node.value) <= LARGEST_PLAIN and str(int(node.value)) == node.value
        )
    return kind in ("bool", "float") or _EXPONENT.fullmatch(node.value) is not None
