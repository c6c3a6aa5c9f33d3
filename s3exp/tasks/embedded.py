"""The LLM that ships writes film reviews for its own prompts, and film reviews for any other: those are refused."""

from __future__ import annotations

from s3exp.embedded import PREFIX, locate
from s3exp.embedded.prompts import follows
from s3exp.settings.task import PROMPT_FIELD, TaskConfig
from s3exp.tasks.prompts import fill, label_words
from s3exp.types import UserError

SHOWN = 60  # characters of a prompt


def check_embedded(task: TaskConfig, model: str, *, server: bool, structured: bool = False) -> None:
    """Refuse the embedded LLM for prompts that it was not trained on.

    `server`: whether a server answers, which has models of its own. `structured`: whether JSON is asked for.

    Raises:
        UserError: names the first such prompt, and the option to set.
    """
    shipped = locate(f"{PREFIX}reviews-lm")
    if not model.startswith(PREFIX) and locate(model).resolve() != shipped.resolve():
        return
    own = (
        "the name of a model that your server has"
        if server
        else "an LLM of your own (a hub id or a folder), or choose llm=server"
    )
    prompts = task.prompt_sets[task.prompts]
    templates = (
        *(prompts.seed, prompts.extrapolate, prompts.rationale, prompts.seed_with_rationales),
        *(
            prompts.domains,
            prompts.instances,
            prompts.seed_with_instance,
        ),  # None, unless the run's seeds read them
    )
    words = label_words(task)
    for word in words or ["answer"]:
        for template in filter(None, templates):
            prompt = fill(
                template, {name: word if name == "label" else "1" for name in PROMPT_FIELD.findall(template)}
            )
            if not follows(prompt):
                short, of = " ".join(template.split()), f" for {word!r}" if words else ""
                raise UserError(
                    f"llm.model={model} writes short film reviews, for the prompts of task=reviews alone; task "
                    f"{task.name} asks {short[:SHOWN]!r}{'...' if len(short) > SHOWN else ''}{of}: "
                    f"set llm.model to {own}"
                )
    if task.shots or prompts.examples:
        what = f"task.shots={task.shots}" if task.shots else f"task.prompt_sets.{task.prompts}.examples"
        raise UserError(
            f"{what}: llm.model={model} knows no examples in a prompt: leave them out, or set llm.model to {own}"
        )
    if structured:
        raise UserError(
            f"llm.structured=true: llm.model={model} writes no JSON: leave it out, or set llm.model to {own}"
        )
