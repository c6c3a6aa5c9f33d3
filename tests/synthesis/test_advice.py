"""What is said where a round has no rows: each reason that the documentation names has a remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from s3exp.synthesis.advice import ADVICE, no_rows
from s3exp.types import Batch, Completion, Prompt, Rejected

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["tables.md", "generation.md", "retrieval.md"])
def test_every_reason_of_a_kind_of_task_has_advice(page: str) -> None:
    listed = (DOCS / page).read_text().partition("is its reason:")[2]
    reasons = re.findall(r"`([a-z_]+)`", re.split(r"\.\s", listed)[0])
    assert len(reasons) > 5 and set(reasons) <= ADVICE.keys()


def test_a_round_without_rows_says_what_to_do() -> None:
    rejected = Batch((), (Rejected("out_of_bounds", "age is 900", "", None),), ())
    assert "for example 'age is 900'; a number is outside" in no_rows(rejected)
    nothing = Batch((), (), ())
    assert no_rows(nothing, 70).endswith("70 LLM tokens are too few for one: raise loop.budget.tokens")
    assert no_rows(nothing).endswith("no row was asked for")


def test_where_no_llm_wrote_the_rows_none_is_blamed() -> None:
    """A table of few different rows, from whose cells others are drawn."""
    copies = (Rejected("copy_of_gold", "age is 69, bought is no", "", 0),)
    for kind, says in (("template", "little to draw from"), ("seed", "choose another llm.model")):
        asked = ((Prompt("age is 69, bought is no", kind, 0, 0, 0), Completion("", 0, 0, "stop")),)
        assert says in no_rows(Batch((), copies, asked))
