"""The four prompts that the embedded language model follows, and its chat template."""

import re
from collections.abc import Sequence

RATIONALE = "Imagine watching a film. List {n} reasons that may lead to a {label} impression of it."
SEED_WITH_REASONS = "You just watched a film of which you thought: {reasons}. Write a {label} review of it."
SEED_PLAIN = "Write a {label} film review."
EXTRAPOLATION = "Here is a {label} film review: {text}\nWrite another {label} film review similar to it."

LABELS = ("negative", "positive")

USER, ASSISTANT, END, PAD = "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"
SPECIAL_TOKENS = (USER, ASSISTANT, END, PAD)

CHAT_TEMPLATE = (
    "{% for m in messages %}"
    "{{ '<|assistant|>' if m['role'] == 'assistant' else '<|user|>' }}"
    "{{ m['content'] }}{{ '<|end|>' if m['role'] == 'assistant' }}"
    "{% endfor %}"
    "{{ '<|assistant|>' if add_generation_prompt }}"
)


def rationale_prompt(label: str, n: int) -> str:
    """Prompt for a numbered list of `n` reasons for an impression."""
    return RATIONALE.format(label=label, n=n)


def seed_prompt(label: str, reasons: Sequence[str] = ()) -> str:
    """Prompt for a review, built on `reasons` where there are any."""
    if not reasons:
        return SEED_PLAIN.format(label=label)
    return SEED_WITH_REASONS.format(label=label, reasons="; ".join(reasons))


def extrapolation_prompt(label: str, text: str) -> str:
    """Prompt for a review similar to `text`."""
    return EXTRAPOLATION.format(label=label, text=text)


def follows(prompt: str) -> bool:
    """Whether the embedded language model was trained on prompts like this one."""
    return any(
        _pattern(one).fullmatch(prompt) for one in (RATIONALE, SEED_WITH_REASONS, SEED_PLAIN, EXTRAPOLATION)
    )


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", template)
    labels = f"({'|'.join(LABELS)})"
    named = [
        labels if part == "{label}" else ".+" if part.startswith("{") else re.escape(part) for part in parts
    ]
    return re.compile("".join(named), re.DOTALL)
