"""The grammar keeps its promises about labels, kinds, prompts and copying."""

import random
import re
from collections import Counter

import pytest

from s3exp.embedded import grammar, pairs, prompts, salad

SAMPLES = 1500
PROMPTS = (
    r"Imagine watching a film\. List [3-8] reasons that may lead to a {label} impression of it\.",
    r"You just watched a film of which you thought: .+\. Write a {label} review of it\.",
    r"Write a {label} film review\.",
    r"Here is a {label} film review: .+\nWrite another {label} film review similar to it\.",
)
OTHER_KINDS = re.compile(
    r"\b(not|never|n't|no|but|although|despite|however|hardly|than|compared|stars|"
    r"ngl|lol|omg|damn|congratulations|thanks)\b(?! to the)|\d|n't",
    re.IGNORECASE,
)


def sample(seed: int, count: int = SAMPLES, task: str | None = None) -> list[pairs.Example]:
    rng = random.Random(seed)
    return [pairs.example(rng, task=task) for _ in range(count)]


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def test_every_slot_is_filled_and_no_text_is_empty() -> None:
    for example in sample(0):
        assert "{" not in example.prompt + example.answer
        assert len(example.answer.split()) >= 3
        assert "  " not in example.answer


@pytest.mark.parametrize("key", sorted(grammar.RULES))
def test_every_rule_expands_for_both_labels(key: str) -> None:
    for label in grammar.LABELS:
        for option in grammar.RULES[key]:
            filled = option.replace("{a}", "plot").replace("{d}", "good")
            assert grammar.Deriver(random.Random(0), label).fill(filled)


def test_labels_and_tasks_are_balanced() -> None:
    examples = sample(1)
    labels = Counter(example.label for example in examples)
    assert abs(labels["positive"] / SAMPLES - 0.5) < 0.05
    tasks = Counter(example.task for example in examples)
    for task, share in pairs.MIX.items():
        assert abs(tasks[task] / SAMPLES - share) < 0.05


def test_prompts_are_those_listed() -> None:
    for example in sample(2):
        known = (pattern.format(label=example.label) for pattern in PROMPTS)
        assert any(re.fullmatch(pattern, example.prompt) for pattern in known), example.prompt


def test_rationales_are_numbered_and_distinct() -> None:
    for example in sample(3, 200, "rationale"):
        lines = example.answer.split("\n")
        assert f"List {len(lines)} reasons" in example.prompt
        assert [line.split(". ")[0] for line in lines] == [str(i + 1) for i in range(len(lines))]
        assert len({line.split(". ", 1)[1] for line in lines}) == len(lines)


@pytest.mark.parametrize("task", ["plain", "reasons", "rationale"])
def test_seeds_never_use_the_other_kinds(task: str) -> None:
    for example in sample(4, 600, task):
        text = re.sub(r"^\d\. ", "", example.answer, flags=re.MULTILINE)
        assert not OTHER_KINDS.search(text), text
        assert example.kind == "plain"


def test_seeds_are_diverse_and_short() -> None:
    answers = [example.answer for example in sample(5, 600, "plain")]
    assert len(set(answers)) > 590
    assert all(6 <= len(answer.split()) <= 40 for answer in answers)


def test_seeds_with_reasons_mention_them() -> None:
    for example in sample(6, 300, "reasons"):
        thoughts = example.prompt.split("thought: ")[1].rsplit(". Write", 1)[0].split("; ")
        answer = set(words(example.answer))
        for thought in thoughts:
            content = [w for w in words(thought) if len(w) > 3]
            assert sum(w in answer for w in content) >= len(content) / 2, (thought, example.answer)


def test_pairs_copy_words_and_are_not_identical() -> None:
    examples = sample(7, 800, "extrapolation")
    shares = []
    for example in examples:
        assert example.shown in example.prompt
        assert words(example.shown) != words(example.answer)
        shown = set(words(example.shown))
        shares.append(sum(w in shown for w in words(example.answer)) / len(words(example.answer)))
    assert sum(shares) / len(shares) > 0.4
    assert sum(share == 0 for share in shares) / len(shares) < 0.1


def test_all_kinds_occur_in_pairs() -> None:
    kinds = Counter(example.kind for example in sample(8, 1200, "extrapolation"))
    assert set(kinds) == set(grammar.KINDS) | {"natural"}


def test_the_same_seed_gives_the_same_examples() -> None:
    assert sample(9, 100) == sample(9, 100)
    assert sample(9, 100) != sample(10, 100)


def test_prompts_with_and_without_reasons() -> None:
    assert prompts.seed_prompt("positive") == "Write a positive film review."
    assert "thought: a; b. Write a negative" in prompts.seed_prompt("negative", ["a", "b"])


def test_natural_clauses_are_of_everyday_words() -> None:
    rng = random.Random(11)
    clauses = [salad.natural_clause(rng, 0.0) for _ in range(300)]
    assert not any("{" in clause for clause in clauses)
    assert len(set(clauses)) > 280


def test_perturbation_keeps_most_words() -> None:
    rng = random.Random(12)
    text = "the plot of this film is clever and the cast gives a great performance"
    kept = [len(set(salad.perturb(rng, text, 0.2).split()) & set(text.split())) for _ in range(100)]
    assert 9 < sum(kept) / len(kept) < len(set(text.split()))
