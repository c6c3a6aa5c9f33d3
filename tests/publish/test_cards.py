"""What a card says of the LLM that wrote the rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from s3exp.publish.cards import _learned
from s3exp.settings.tutor import SftDpoConfig, TutorConfig


def exported(tutor: TutorConfig, *rounds: dict[str, float]) -> Any:
    return SimpleNamespace(config=SimpleNamespace(tutor=tutor), run=SimpleNamespace(rounds=rounds))


def test_a_card_says_what_the_llm_had_learned() -> None:
    rounds = (
        {"tutor/rows": 1226.0, "tutor/kept": 1.0},
        {"tutor/pairs": 21.0, "tutor/kept": 0.0},
        {"tutor/pairs": 40.0, "tutor/kept": 1.0},
    )
    assert _learned(exported(SftDpoConfig(), *rounds)) == (
        "1,226 gold rows before round 0; 21 pairs of its answers before round 1, dropped as no better; "
        "40 pairs of its answers before round 2 (tutor=sft_dpo)"
    )
    assert _learned(exported(TutorConfig(), {"new_rows": 3.0})) == ""
