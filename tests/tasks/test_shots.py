"""Worked examples in prompts: which rows are shown, to which prompt, in which words; and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from s3exp.curation.assistant.echo import repeats
from s3exp.settings.compose import compose
from s3exp.settings.llm import ServerConfig
from s3exp.settings.run import identity
from s3exp.settings.task import GoldConfig, PromptSet, TaskConfig
from s3exp.tasks import build_task
from s3exp.tasks.embedded import check_embedded
from s3exp.tasks.roles import Gold, Sealed
from s3exp.tasks.shots import check_shots
from s3exp.tasks.task import Task
from s3exp.types import Answer, Example, UserError

WORDS = "red blue green grey black white brown pink gold teal plum rust".split()
CLAIMS = TaskConfig(
    name="claims",
    gold=GoldConfig(),
    fields=["premise", "claim"],
    generate="claim",
    labels=["no", "yes"],
    prompts="own",
    prompt_sets={
        "own": PromptSet(
            seed="Of {premise}, a {label} claim:",
            extrapolate="Of {premise}, like {claim}, a {label} claim:",
            labels=["false", "true"],
        )
    },
)
SPANS = replace(
    CLAIMS,
    kind="extraction",
    generate="claim",
    labels=[],
    prompt_sets={
        "own": PromptSet(seed="{premise} | {answer} |", extrapolate="{premise} | {answer} | {claim} |")
    },
)


def gold(count: int = 12) -> Gold:
    """Rows with two premises a colour; the labels take turns."""
    mining = [
        Example(f"validation-{n}", {"premise": f"a {WORDS[n // 2]} hat", "claim": f"claim {n}"}, n % 2)
        for n in range(count)
    ]
    contexts = tuple({"premise": row.fields["premise"]} for row in mining[::2])
    return Gold((), tuple(mining), (), Sealed(()), contexts)


def spans() -> Gold:
    whole = gold()
    rows = (replace(row, target=(Answer(row.fields["premise"].split()[1], 2),)) for row in whole.mining)
    return replace(whole, mining=tuple(rows))


def task(config: TaskConfig = CLAIMS, rows: Gold | None = None, **options: object) -> Task:
    llm = ServerConfig(model="m", structured=bool(options.pop("structured", False)))
    return build_task(replace(config, **options), llm, rows or gold(), lambda text: text)  # type: ignore[arg-type]


def test_a_prompt_shows_rows_of_its_label_and_of_other_texts_and_names_them() -> None:
    mining = {row.id: row for row in gold().mining}
    shown = set[tuple[str, ...]]()
    for seed in range(40):
        prompt = task(shots=3).seed_prompt(1, seed, {"premise": "a red hat"})
        assert prompt == task(shots=3).seed_prompt(
            1, seed, {"premise": "a red hat"}
        )  # its seed alone decides
        rows = [mining[name] for name in prompt.shots]
        assert len(rows) == len({row.id for row in rows}) == 3
        assert all(row.label == 1 and row.fields["premise"] != "a red hat" for row in rows)
        blocks = [f"Of {r.fields['premise']}, a true claim:\n{r.fields['claim']}" for r in rows]
        assert prompt.text == "\n\n".join([*blocks, "Of a red hat, a true claim:"])
        shown.add(prompt.shots)
    assert len(shown) > 20
    exemplar = mining["validation-4"]
    more = task(shots=4).extrapolate_prompt(exemplar, 1, 7)  # a label that is not the exemplar's own
    assert (
        more.text.endswith("\n\nOf a green hat, like claim 4, a true claim:")
        and exemplar.id not in more.shots
    )
    assert all(mining[name].label == 1 for name in more.shots) and len(more.shots) == 4
    assert task().seed_prompt(1, 7, {"premise": "a red hat"}).shots == ()


def test_spans_are_shown_with_their_answers_and_json_with_its_keys() -> None:
    prompt = task(SPANS, spans(), shots=2).seed_prompt(None, 5, {"premise": "Anna had a Rust hat"})
    mining = {row.id: row for row in spans().mining}
    for name in prompt.shots:
        row = mining[name]
        assert f"{row.fields['premise']} | {row.answers[0].text} |\n{row.fields['claim']}\n\n" in prompt.text
    asked = task(shots=1, structured=True).seed_prompt(0, 5, {"premise": "a red hat"})
    (name,) = asked.shots
    assert (
        f"a false claim:\n{json.dumps({'claim': mining[name].fields['claim']})}\n\nOf a red hat" in asked.text
    )
    assert asked.text.endswith('Answer in JSON: {"claim": "..."}')


def test_worked_examples_and_their_words_are_the_prompt_set_s() -> None:
    own = replace(
        CLAIMS.prompt_sets["own"],
        examples=[
            {"premise": "a lamp is on", "claim": "it is bright", "label": "yes"},
            {"premise": "a lamp is off", "claim": "it is very bright here", "label": "no"},
        ],
        shot="{premise} -> {claim} ({label})",
    )
    config = replace(CLAIMS, prompt_sets={"own": own})
    prompt = task(config).seed_prompt(1, 5, {"premise": "a red hat"})
    assert prompt.text == "a lamp is on -> it is bright (true)\n\nOf a red hat, a true claim:"
    assert prompt.shots == ()
    both = task(config, shots=1).seed_prompt(0, 5, {"premise": "a red hat"})
    assert (
        both.text.startswith("a lamp is off -> it is very bright here (false)\n\na ") and len(both.shots) == 1
    )
    assert repeats(config, "It is very bright, here!") and not repeats(config, "It is very dark here.")


@pytest.mark.parametrize(
    ("example", "says"),
    [
        ("{text: a film}", r"examples\[0\] has text; needed are label, text"),
        ("{text: a film, label: maybe}", "label=maybe: choose one of negative, positive"),
        ("{text: false, label: positive}", "text=False: must be a text"),
    ],
)
def test_an_example_that_cannot_be_shown_is_refused(example: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        compose(["task=reviews", "llm.model=any", f"task.prompt_sets.paper.examples=[{example}]"])


def test_too_few_rows_of_a_label_and_an_llm_that_knows_no_examples_are_refused() -> None:
    with pytest.raises(UserError, match="task.shots=6: 6 mining rows are no, .* set it to 5 at most"):
        check_shots(replace(CLAIMS, shots=6), gold())
    check_shots(replace(CLAIMS, shots=5), gold())
    assert len(task(shots=5).seed_prompt(1, 3, {"premise": "a red hat"}).shots) == 5
    with pytest.raises(UserError, match="task.shots=12: 12 mining rows, "):
        check_shots(replace(SPANS, shots=12), spans())
    reviews = compose(["task=reviews"]).task
    with pytest.raises(UserError, match="task.shots=2: .* knows no examples in a prompt"):
        check_embedded(replace(reviews, shots=2), "embedded/reviews-lm", server=False)
    with pytest.raises(UserError, match="llm.structured=true: .* writes no JSON"):
        check_embedded(reviews, "embedded/reviews-lm", server=False, structured=True)
    with pytest.raises(UserError, match="writes short film reviews"):  # first of all
        check_embedded(replace(CLAIMS, shots=2), "embedded/reviews-lm", server=False)


def test_it_counts_in_an_identity_only_where_it_is_set() -> None:
    plain = {"shots": 0, "prompt_sets": {"p": {"examples": [], "shot": None}}}
    assert identity({"task": plain}) == {}
    assert identity({"task": {"shots": 2}}) == {"task.shots": 2}
    assert identity({"task": {"prompt_sets": {"p": {"shot": "{text}"}}}}) == {
        "task.prompt_sets.p.shot": "{text}"
    }
