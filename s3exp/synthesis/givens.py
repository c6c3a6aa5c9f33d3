"""What the seeds of a round are asked with: lists that the LLM writes first, in stages, or templates without an LLM.

Reasons are one list a label (paper, algorithm 1). Written seeds have two stages, domains and then instances of each
(TarGEN; Gupta et al. 2024). A list depends on the run's seed and its own place alone, so runs of one seed share it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Generic, TypeVar

from s3exp.seeds import derive
from s3exp.synthesis.order import Answers, Order, affordable, rationale_prompts
from s3exp.synthesis.rows import rejection
from s3exp.tasks.fingerprints import content
from s3exp.tasks.givens import SeedLists
from s3exp.tasks.parsing import thought_alone
from s3exp.tasks.reasoning import without_reasoning
from s3exp.tasks.task import Rationales, Task
from s3exp.types import NO_ANSWER, Completion, Listed, Prompt, Rejected, Target, UserError

log = logging.getLogger(__name__)

K = TypeVar("K")
# kinds of prompts whose answers are lists, in the order of asking
LISTS = ("rationale", "domain", "instance")
REPEAT, COPY = "repeat", "copy_of_gold"  # reasons to leave out an item of a list


@dataclass(frozen=True)
class Stage(Generic[K]):
    """Lists that can be asked for at once: one for each of `keys`, of at least `least` items each.

    `prompt` gets a key and the number of the try. `adds_up`: a list that is too short counts with those of later tries.
    """

    keys: Sequence[K]
    prompt: Callable[[K, int], Prompt]
    parse: Callable[[Completion], list[str]]
    least: Callable[[K], int]
    adds_up: bool = False


@dataclass(frozen=True)
class Givens:
    """What seeds are asked with: reasons by target, instances; and all that the LLM listed for the latter."""

    reasons: Mapping[Target, Sequence[str]] = field(default_factory=dict)
    instances: Sequence[str] = ()
    listed: tuple[Listed, ...] = ()


class Filled:
    """The answers to prompts that are their own answers: no LLM, no tokens."""

    ahead = False

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Each prompt's text."""
        return [Completion(prompt.text, 0, 0, "stop") for prompt in prompts]

    def stream(self, prompts: Sequence[Prompt]) -> Generator[tuple[int, Completion]]:
        """Each prompt's text, in order; `prompts` may grow meanwhile."""
        index = 0
        while index < len(prompts):
            yield index, Completion(prompts[index].text, 0, 0, "stop")
            index += 1


def stage_of_reasons(task: Task, rationales: Rationales, order: Order) -> Stage[Target]:
    """One list of reasons a target."""

    def prompt(target: Target, attempt: int) -> Prompt:
        return rationale_prompts(rationales, order, [target], attempt)[0]

    return Stage(rationales.targets, prompt, rationales.parse, lambda target: task.config.rationales_per_seed)


def stage_of_domains(lists: SeedLists, order: Order) -> Stage[int]:
    """Lists of domains, by number."""

    def prompt(number: int, attempt: int) -> Prompt:
        return lists.domains(number, derive(order.seed, "domain", number, attempt))

    def half(number: int) -> int:
        return ceil(lists.size(number) / 2)

    return Stage(range(lists.calls), prompt, lambda answer: lists.parse(answer, "domain"), half, True)


def stage_of_instances(lists: SeedLists, order: Order, domains: Sequence[str]) -> Stage[str]:
    """One list of instances a domain."""

    def prompt(domain: str, attempt: int) -> Prompt:
        return lists.instances(domain, derive(order.seed, "instance", domain, attempt))

    half = ceil(lists.config.instances / 2)
    return Stage(domains, prompt, lambda answer: lists.parse(answer, "instance"), lambda domain: half, True)


def ask_givens(
    task: Task,
    llm: Answers,
    order: Order,
    copied: Callable[[str], bool],
    asked: list[tuple[Prompt, Completion]],
    rejected: list[Rejected],
) -> Givens:
    """All that the seeds of a round are asked with. `copied` says whether a text copies gold.

    Adds each prompt with its completion to `asked`, and each completion that is no list to `rejected`.

    Raises:
        UserError: seeds shall be about texts that the LLM writes, and it wrote none.
    """
    if order.rationales:
        return _reasons(task, llm, order, asked, rejected)
    if order.seeds == "written":
        return _written(task, llm, order, copied, asked, rejected)
    return Givens()


def ask_lists(
    stage: Stage[K],
    llm: Answers,
    order: Order,
    asked: list[tuple[Prompt, Completion]],
    rejected: list[Rejected],
) -> dict[K, list[str]]:
    """The lists of a stage by key, in its order. One that cannot be read, or is too short, is asked for again.

    It is asked for at most `order.tries` times.
    """
    lists: dict[K, list[str]] = {}
    for attempt in range(order.tries):
        missing = [key for key in stage.keys if len(lists.get(key, ())) < stage.least(key)]
        prompts = affordable([stage.prompt(key, attempt) for key in missing], order, asked)
        answers = llm.generate(prompts) if prompts else []
        for key, prompt, completion in zip(missing, prompts, answers, strict=False):
            asked.append((prompt, completion))
            items = stage.parse(completion)
            if items and (stage.adds_up or len(items) >= stage.least(key)):
                lists[key] = [*lists.get(key, ()), *items]
            else:
                rejected.append(rejection(_no_list(completion), prompt, completion))
    return {key: lists[key] for key in stage.keys if key in lists}


def _reasons(
    task: Task,
    llm: Answers,
    order: Order,
    asked: list[tuple[Prompt, Completion]],
    rejected: list[Rejected],
) -> Givens:
    """One list of reasons a target; a target that gets none is seeded without."""
    rationales = task.rationales
    if rationales is None:
        return Givens()
    reasons = ask_lists(stage_of_reasons(task, rationales, order), llm, order, asked, rejected)
    for target in rationales.targets:
        if target not in reasons:
            log.warning("no rationales for label %s: seeded without", task.says(target))
    return Givens(reasons)


def _written(
    task: Task,
    llm: Answers,
    order: Order,
    copied: Callable[[str], bool],
    asked: list[tuple[Prompt, Completion]],
    rejected: list[Rejected],
) -> Givens:
    """Domains, then instances of each."""
    lists = task.lists
    found = ask_lists(stage_of_domains(lists, order), llm, order, asked, rejected)
    named = [("", text) for texts in found.values() for text in texts]
    listed = sift(lists, "domain", named, copied)
    domains = in_use(listed)[: task.config.domains]
    texts = ask_lists(stage_of_instances(lists, order, domains), llm, order, asked, rejected)
    written = [(domain, text) for domain, some in texts.items() for text in some]
    listed += sift(lists, "instance", written, copied)
    instances = in_use(listed, "instance")
    if not instances:
        which = "domains" if not domains else "instances"
        raise UserError(
            f"strategy.seeds=written: the LLM wrote no {which} for seeds ({_counts(listed, rejected)}): "
            f"change task.prompt_sets.{task.config.prompts}.{which}, set llm.rationale_tokens or loop.budget.tokens "
            "higher, or choose another llm.model"
        )
    wanted = task.config.domains * task.config.instances
    log.log(
        logging.WARNING if len(instances) < wanted / 2 else logging.INFO,
        "seeds are about %d texts of %d domains (asked for: %d of %d)%s",
        len(instances),
        len(domains),
        wanted,
        task.config.domains,
        _left_out(listed),
    )
    return Givens({}, instances, listed)


def sift(
    lists: SeedLists, kind: str, items: Sequence[tuple[str, str]], copied: Callable[[str], bool]
) -> tuple[Listed, ...]:
    """The items of lists, (domain, text) each, with the reason why one is left out."""
    seen: set[str] = set()
    sifted = []
    for of, text in items:
        words = content([text])
        problem = REPEAT if words in seen else COPY if copied(text) else lists.problem(kind, text)
        seen.add(words)
        sifted.append(Listed(kind, text, of, problem or ""))
    return tuple(sifted)


def in_use(listed: Sequence[Listed], kind: str = "domain") -> list[str]:
    """The texts of one kind that are not left out."""
    return [one.text for one in listed if one.kind == kind and not one.left_out]


def _left_out(listed: Sequence[Listed]) -> str:
    counts = Counter(one.left_out for one in listed if one.left_out)
    named = ", ".join(f"{reason} {number}" for reason, number in counts.items())
    return f"; left out: {named}" if named else ""


def _counts(listed: Sequence[Listed], rejected: Sequence[Rejected]) -> str:
    """The reasons for which lists and their items cannot be used."""
    reasons = [one.left_out for one in listed if one.left_out] + [one.reason for one in rejected]
    return (
        ", ".join(f"{reason} {number}" for reason, number in Counter(reasons).items()) or "none was asked for"
    )


def _no_list(completion: Completion) -> str:
    """Why a completion holds no list."""
    if completion.finish_reason in NO_ANSWER:
        return NO_ANSWER[completion.finish_reason]
    alone = thought_alone(completion) or without_reasoning(completion.text) == ""
    return "only_reasoning" if alone else "no_list"
