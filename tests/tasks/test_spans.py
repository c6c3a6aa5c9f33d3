"""Answer candidates: each line of the rule, and what holds for any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.tasks.spans import MAX_WORDS, candidates


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('He called it "a great idea," and left.', ["a great idea"]),
        ("It has 4.5 million residents and grew by 12%.", ["4.5 million residents", "12%"]),
        ("It cost $3,000 in 1985.", ["$3,000", "1985"]),
        ("They met on June 12, 1985 or 3 March 1990.", ["June 12, 1985", "3 March 1990"]),
        ("The University of Oxford and the United States met.", ["University of Oxford", "United States"]),
        ("In Warsaw it rains. The Vistula is near Apollo 11.", ["Warsaw", "Vistula", "Apollo 11"]),
        ("They built the old city wall of it.", ["old city wall"]),
        ("It is made by chemical reactions.", ["chemical reactions"]),
    ],
)
def test_each_line_of_the_rule(text: str, found: list[str]) -> None:
    assert set(found) <= {answer.text for answer in candidates(text)}


def test_what_is_no_candidate() -> None:
    assert candidates("") == ()
    assert candidates("It was not so, and he did it.") == ()
    assert "The" not in {answer.text for answer in candidates("The old man and The Sea.")}


def test_a_text_that_occurs_twice_is_one_candidate() -> None:
    found = [answer for answer in candidates("In Rome they met. To Rome they went.") if answer.text == "Rome"]
    assert [answer.start for answer in found] == [3]


@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(
            'The of Oxford 1985 12% million "old city" June , . “wall” and reactions é İ $3'.split()
        ),
        max_size=30,
    ).map(" ".join)
)
def test_every_candidate_is_a_literal_span(text: str) -> None:
    found = candidates(text)
    for answer in found:
        assert answer.text and text[answer.start : answer.start + len(answer.text)] == answer.text
        assert answer.text == answer.text.strip() and len(answer.text.split()) <= MAX_WORDS
    assert len({answer.text.casefold() for answer in found}) == len(found)
