"""Checks of a prompt set: a template has the fields that its kind needs, and nothing that only looks like one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from s3exp.settings.kinds import rules_of
from s3exp.settings.task import PROMPT_FIELD, TaskConfig
from s3exp.types import UserError


@dataclass(frozen=True)
class Fields:
    """The fields that a template needs, and those that it may have, with the harm that the lack of one does.

    `target`, `context` and `written` stand for the field of the kind's target, the columns given, and those to write;
    `labels` and `checked` for those of a check, which extraction has not: its answer would be told. `told` stands for a
    target that the LLM writes, where a row is shown.
    """

    needs: tuple[str, ...]
    may: tuple[str, ...] = ()


TEMPLATES = {
    "seed": Fields(("target", "context"), ("attributes",)),
    "extrapolate": Fields(("target", "context", "written"), ("told",)),
    "rationale": Fields(("target",), ("count",)),
    "seed_with_rationales": Fields(("target", "rationales", "context"), ("attributes",)),
    "domains": Fields(("count",)),
    "instances": Fields(("domain", "count")),
    "seed_with_instance": Fields(("target", "instance"), ("attributes",)),
    "form": Fields(("form",), ("count",)),
    "shot": Fields(("context", "written", "told"), ("target",)),
    "check": Fields(("labels", "context", "written"), ("checked",)),
    "revise": Fields(("target", "context", "written")),
    "judge": Fields(("listed",), ("count",)),
    "mistake": Fields(("mistake",)),
}
_HARM = {
    "target": "it asks for every {0} in the same words",
    "context": "the LLM is not shown the text that the row is about",
    "written": "the LLM is not shown the row that it shall extrapolate",
    "told": "the LLM is not shown how it shall answer",
    "rationales": "the reasons that were asked for are not shown",
    "form": "the LLM is not shown the JSON that it shall write",
    "count": "the LLM is not told how many to list",
    "domain": "it asks for the same in every domain",
    "instance": "the LLM is not shown the text that the row is about",
    "listed": "the LLM is not shown what it shall judge",
    "labels": "the LLM is not told the words to answer with",
    "mistake": "the LLM is not shown the passage that was ranked first",
}
# what other template languages write for a field; the name is in the group
_BRACES = re.compile(r"[{｛]{1,3}([^{}｛｝\n\"':,]{1,40})[}｝]{1,3}")
_FORMATTED = re.compile(r"\{(\w+)(?:![rsa]|:[^{}\s]{1,10}|\.\w+|\[\w+\])\}")
_OTHERS = re.compile(
    r"%\((\w+)\)s|<<?(\w[\w ]{0,30})>>?|\[\[?(\w[\w ]{0,30})\]\]?|\$\{?(\w+)\}?|@(\w+)@?|(%s|\{\})"
)
_CLOSE = 0.7


def check_prompts(task: TaskConfig) -> None:
    """Refuse a prompt set whose templates lack a field, or name one that does not exist or is written in another way.

    Raises:
        UserError: names the template, the field and what to write.
    """
    prompts = task.prompt_sets[task.prompts]
    rules = rules_of(task)
    inline = task.table.labels == "inline" or rules.free  # which then no template asks for
    target = [rules.target] if rules.target and not inline else []
    names = {"target": target, "context": list(task.context), "written": list(task.written)}
    names["told"] = [rules.target] if rules.free else []
    names |= {"written": [rules.row], "asked_about": [rules.asked_about]} if rules.row else {}
    names["attributes"] = list(task.attributes)
    names |= {"labels": ["labels"], "checked": ["label"]} if task.labels else {"labels": [], "checked": []}
    for template, fields in TEMPLATES.items():
        text = getattr(prompts, template)
        if text is None:
            continue
        where = f"task.prompt_sets.{task.prompts}.{template}"
        roles = dict(zip(fields.needs, fields.needs, strict=True))
        if template == "check" and rules.row:
            roles["written"] = "asked_about"  # its target is not told
        needed = {name: role for role, own in roles.items() for name in names.get(own, [own])}
        known = [*needed, *(name for role in fields.may for name in names.get(role, [role]))]
        check_spelling(where, text, known)
        for name, role in needed.items():
            if name not in PROMPT_FIELD.findall(text):
                harm = _HARM[role].format(name)
                raise UserError(f"{where} has no {{{name}}}, so {harm}: {_remedy(text, name)}")
    if prompts.rationale and not prompts.seed_with_rationales:
        raise UserError(f"task.prompt_sets.{task.prompts}: rationale needs seed_with_rationales")
    _check_examples(task, [*names["target"], *names["told"]])


def _check_examples(task: TaskConfig, target: Sequence[str]) -> None:
    """Refuse worked examples that lack a text, or have one that no template shows."""
    for number, example in enumerate(task.prompt_sets[task.prompts].examples):
        where = f"task.prompt_sets.{task.prompts}.examples[{number}]"
        needed = {*task.fields, *task.asked, *target}
        if set(example) != needed:
            raise UserError(
                f"{where} has {', '.join(map(str, example))}; needed are {', '.join(sorted(needed))}"
            )
        for name, text in example.items():
            if not isinstance(text, str) or not text.strip():
                raise UserError(f"{where}.{name}={text}: must be a text (YAML may need quotes)")
        if task.labels and example["label"] not in task.labels:
            raise UserError(f"{where}.label={example['label']}: choose one of {', '.join(task.labels)}")


def check_spelling(where: str, text: str, known: Sequence[str]) -> None:
    """Refuse what stands in braces and is not a field as it is written, or nearly one."""
    for hit in (*_BRACES.finditer(text), *_FORMATTED.finditer(text)):
        said, name = hit.group(), hit.group(1).strip()
        if said == f"{{{name}}}" and name in known:
            continue
        if said == f"{{{name}}}" and PROMPT_FIELD.fullmatch(said):
            fields = ", ".join(f"{{{field}}}" for field in known)
            near = _near(name, known)
            hint = f"; did you mean {{{near}}}?" if near else ""
            raise UserError(f"{where} names {said}; its fields are {fields}{hint}")
        if near := _near(name, known):
            raise UserError(f"{where} has {said}, which is no field: write {{{near}}}")


def _near(name: str, known: Sequence[str]) -> str | None:
    """The field that a name is meant for."""
    folded = {re.sub(r"[\W_]", "", field).casefold(): field for field in known}
    close = get_close_matches(re.sub(r"[\W_]", "", name).casefold(), folded, n=1, cutoff=_CLOSE)
    return folded[close[0]] if close else None


def _remedy(text: str, name: str) -> str:
    for hit in _OTHERS.finditer(text):
        said = next(group for group in hit.groups() if group)
        if said in ("%s", "{}") or _near(said.strip(), [name]):
            return f"write {{{name}}} in place of {hit.group()}"
    unclosed = re.search(rf"\{{\s*{re.escape(name)}\b(?!\s*\}})|(?<!\{{)\b{re.escape(name)}\s*\}}", text)
    return f"close the braces of {unclosed.group()}" if unclosed else f"write {{{name}}} where it belongs"
