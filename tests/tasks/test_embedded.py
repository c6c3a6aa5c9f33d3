"""The LLM that ships writes film reviews for its own prompts, and is refused for any other."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.embedded import locate
from s3exp.embedded.prompts import follows
from s3exp.settings.run import Config
from s3exp.settings.task import PromptSet, TaskConfig
from s3exp.tasks.embedded import check_embedded
from s3exp.types import UserError
from tests import warm
from tests.toy_world import write_task

NAME = "embedded/reviews-lm"
OWN = PromptSet(
    rationale="Imagine watching a film. List {count} reasons that may lead to a {label} impression of it.",
    seed="Write a {label} film review.",
    seed_with_rationales=(
        "You just watched a film of which you thought: {rationales}. Write a {label} review of it."
    ),
    extrapolate="Here is a {label} film review: {text}\nWrite another {label} film review similar to it.",
)


def reviews(
    prompts: PromptSet = OWN, labels: tuple[str, ...] = ("negative", "positive"), text: str = "text"
) -> TaskConfig:
    return TaskConfig(
        name="mine",
        fields=[text],
        generate=text,
        labels=list(labels),
        prompts="p",
        prompt_sets={"p": prompts},
    )


def test_its_own_prompts_are_taken_for_any_rows() -> None:
    check_embedded(reviews(), NAME, server=False)
    words = PromptSet(**{**vars(OWN), "labels": ["negative", "positive"]})
    check_embedded(reviews(words, ("schlecht", "gut")), NAME, server=False)
    other = replace(OWN, extrapolate=OWN.extrapolate.replace("{text}", "{body}"))
    check_embedded(reviews(other, text="body"), NAME, server=False)


@pytest.mark.parametrize("model", [NAME, str(locate(NAME)), f"{locate(NAME)}/"])
def test_other_prompts_are_refused(model: str) -> None:
    for task in (
        reviews(labels=("sport", "business")),
        reviews(labels=("negative", "neutral", "positive")),
        reviews(PromptSet(seed="Write a {label} news item.", extrapolate=OWN.extrapolate)),
        reviews(PromptSet(seed=OWN.seed, extrapolate="Like this, {label}: {text}")),
        reviews(replace(OWN, domains="List {count} films.")),
        replace(reviews(PromptSet(seed="Write a {label} news item."), ()), shots=4),
    ):
        with pytest.raises(
            UserError, match=r"prompts of task=reviews alone; task mine asks .* set llm\.model"
        ) as caught:
            check_embedded(task, model, server=False)
        assert "\n" not in str(caught.value)


def test_a_copy_is_an_llm_like_any(tmp_path: Path, toy_config: Config) -> None:
    copy = shutil.copytree(locate(NAME), tmp_path / "lm")
    check_embedded(toy_config.task, str(copy), server=False)
    check_embedded(toy_config.task, "some/hub-id", server=False)


def test_prompts_with_braces_and_lines() -> None:
    assert follows("Write a positive film review.") and not follows("Write a positive film review. Now.")
    assert follows(
        "Here is a negative film review: a\n{b}\nWrite another negative film review similar to it."
    )
    assert not follows("Write a neutral film review.") and not follows("")


@pytest.mark.process
@pytest.mark.parametrize("more", [["dry_run=true"], [], ["llm=server", "llm.url=http://127.0.0.1:9/v1"]])
def test_from_the_command_line(tmp_path: Path, more: list[str]) -> None:
    words = [word for word in write_task(tmp_path) if not word.startswith("llm")]
    ended = warm.run(["-m", "s3exp", *words, *more], cwd=tmp_path)
    assert (
        ended.returncode == 2
        and f"llm.model={NAME} writes short film reviews" in ended.stderr.splitlines()[-1]
    )
    remedy = "the name of a model that your server has" if "llm=server" in more else "or choose llm=server"
    assert ended.stderr.rstrip().endswith(remedy)
    assert not (tmp_path / "runs").exists()
