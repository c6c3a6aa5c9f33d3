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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "长江是中国最长的河流，全长约6300公里，流经“三峡”和上海。",
            ["长江", "中国", "6300公里", "三峡", "上海"],
        ),
        (
            "富士山は日本で最も高い山で、東京やカナダのテレビで見えます。",
            ["富士山", "日本", "東京", "カナダ", "テレビ"],
        ),
        ("서울은 대한민국의 수도이며 한강이 도시를 흐른다.", ["서울", "대한민국", "한강", "도시"]),
        (
            "Столица России основана в 1147 году, её основал Юрий Долгорукий.",
            ["России", "1147", "Юрий Долгорукий"],
        ),
        ("القاهرة هي عاصمة مصر وأكبر مدنها، وتقع على نهر النيل.", ["القاهرة", "عاصمة", "النيل"]),
        ("दिल्ली भारत की राजधानी है और यमुना नदी के किनारे बसी है।", ["भारत", "राजधानी", "यमुना"]),
        ("ירושלים היא בירת ישראל והעיר הגדולה בה", ["ירושלים", "בירת ישראל"]),
        ("Η Αθήνα είναι η πρωτεύουσα της Ελλάδας.", ["Αθήνα", "Ελλάδας"]),
        ("กรุงเทพมหานคร เป็นเมืองหลวงของประเทศไทย", ["กรุงเทพมหานคร"]),
        ("Der Rhein fließt durch Köln und Bonn.", ["Köln", "Bonn"]),
    ],
)
def test_every_script_has_candidates(text: str, found: list[str]) -> None:
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
            + "长江是中国 「 富士山は 」 « Москва » 서울은 القاهرة भारत กรุง 3年 \u200d".split()
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
