"""The number at the end of a free answer: its forms, and digits that are none."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.tasks.last_number import number_at_end


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5 + 3 = 8. The answer is 8.", 8),
        ("#### 72", 72),
        ("$1,200.50 in all", Fraction(2401, 2)),
        ("10 - 7", 7),
        ("x = -7", -7),
        ("it is −3 degrees", -3),
        ("half of it, 1/2", Fraction(1, 2)),
        ("50%", 50),
        *(("1,2", None), ("it is 3,5 m", None), ("1, 2", 2), ("1,2345", None)),
        ("7/0", None),
        ("٣٤", 34),
        (".5", Fraction(1, 2)),
        *(
            (text, Fraction(7, 2))
            for text in ("3 1/2", "3½ cups", "3 ½", "3\\frac{1}{2}", "14/4", "3\\dfrac12")
        ),
        *(
            ("½", Fraction(1, 2)),
            ("-½", Fraction(-1, 2)),
            ("it is −¾ m", Fraction(-3, 4)),
            ("-3½", Fraction(-7, 2)),
            ("-\\frac{1}{2}", Fraction(-1, 2)),
            ("\\boxed{\\frac{7}{20}}", Fraction(7, 20)),
        ),
        *(("1e-05", Fraction(1, 10**5)), ("6.5 \\times 10^{3} m", 6500), ("2^10", 1024), ("0^-1", None)),
        *(("5 m^2", 5), ("5\\text{ cm}^{3}", 5), ("5 km2", 5), ("x^2 = 9", 9)),
        *(("it is –3", -3), ("1{,}200", 1200), ("12,\\!345", 12345), ("1,000 1/2", Fraction(2001, 2))),
        *(
            (text, None)
            for text in ("7:30", "1.200.000", "1 200", "1'000", "√2", "2\\sqrt{3}", "2π", "\\frac{x}{2}")
        ),
        *((text, None) for text in ("7/14/2024", "2024-01-05", "(2+3)^2", "99999^999", "1.2.3")),
        ("nothing", None),
        ("9" * 5000, None),
        ("7 is said, and then nothing more" + " of it" * 1000, 7),
        ("word " * 1000 + "it is 1,200.5 apples", Fraction(2401, 2)),
        ("x " * 500 + "12345" + "y" * 1997, 12345),
    ],
)
def test_the_number_at_the_end(text: str, number: Fraction | None) -> None:
    assert number_at_end(text) == number


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        (7000, ("7k", "7K", "$7K.", "7K steps", "$7 k")),
        (5_000_000, ("5M", "$5M", "€5m", "$5 mn", "5 million", "$5 million")),
        (2_500_000_000, ("2.5bn", "$2.5B", "2.5 thousand million", "2.5 billion")),
        *((1_500_000, ("1 1/2 million", "1½ million")), (500, ("Rs.500", "Rs 500/-"))),
        *((5, ("5 m", "5m", "$5 m$", "$5\\,m$", "5b")), (7, ("a - 7", "- 7", "10 minus 7", "7 m/s2"))),
        (-7, ("= - 7", "\\boxed{- 7}", "minus 7", "it is negative 7", "－７", "‐7", "-₩7", "-฿7")),
        *(
            (Fraction(1, 2), ("1 / 2", "1⁄2", "it is 1 ∕ 2 of it")),
            (8, ("2**3", "2 ^ 3", "**8**", "2 **8**")),
        ),
        (
            3,
            (
                "\\boxed{3} is the answer to problem 4",
                "\\boxed{2} or \\boxed{\\text{3 cm}} (see 5)",
                "\\boxed{3",
            ),
        ),
        (None, ("0,200", "0,200 = 0,100 + 0,100", "1\u202f200", "1\u00a0200 km", "1 million 200 thousand")),
        (None, ("3 hundred and 5", "2 thousand 500", "2 and 1/2 cups", "2-1/2 cups", "2 and a half cups")),
        (None, ("2 hours 30 minutes", "2 h 30 min", "7h30", "5 feet and 3 inches", "3 dollars and 50 cents")),
        (None, ("May 5", "on May 5, 2024", "5th of May", "5 May 2024", "March 2024", "7 / 14 / 2024")),
        (
            None,
            (
                "0.\\overline{3}",
                "3.(3)",
                "7pi",
                "3 + 4i",
                "log 3",
                "\\log_2 8",
                "3sqrt(2)",
                "(2 + 3)/5",
                "x/4",
            ),
        ),
        (None, ("5 Millionen", "5 mil", "5 Mrd", "5 млн", "2^(3)", "3十", "\\boxed{B} of 4")),
        *(
            (2, ("3 days and 2 nights", "In 2 days")),
            (12, ("from May to 12", "it may 12")),
            (5, ("5 Marbles",)),
        ),
    ],
)
def test_a_number_is_the_same_in_all_its_forms_and_none_in_one_that_may_mean_another(
    number: int | None, texts: Sequence[str]
) -> None:
    assert {text: number_at_end(text) for text in texts} == dict.fromkeys(texts, number)


@given(
    st.decimals(-(10**9), 10**9, places=3),
    st.sampled_from(["{}", "it is {}.", "so = {} apples", "${}", "({})", "{}!"]),
)
def test_any_number_comes_back_however_it_is_written(number: Decimal, frame: str) -> None:
    for text in (f"{number}", f"{number:,}", f"{number:.5f}"):
        if text.startswith("-") and frame.startswith("$"):
            continue
        assert number_at_end(frame.format(text)) == Fraction(number)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(
            (text, 18)
            for text in ("$18", "18 %", "18%", "18\u202f€", "€ 18", "\\$18", "18\\%", "-18 = 4 * 9 / 2")
        ),
        *(("3 + 5 = 8 = 2 * 4", 8), ("x = 10 - 7", 3), ("= 5 € + 3 €.", 8), ("so x = -7\n- 3 days", 3)),
        *(("on day = 2020-01-05", None), ("x = 5-10", 10), ("tel = 555-1234", 1234), ("= 3 * 5-8", 7)),
        *(("$1.2 million", 1_200_000), ("5k steps", 5000), ("5 km", 5), ("3 crore", 30_000_000)),
        *(
            ("٣٫٥", Fraction(7, 2)),
            ("１，２００．５", Fraction(2401, 2)),
            ("10²", 100),
            ("5 m²", 5),
            ("5万", None),
        ),
    ],
)
def test_numbers_with_signs_of_currencies_words_and_sums(text: str, number: Fraction | None) -> None:
    assert number_at_end(text) == number


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        (
            None,
            (
                "CO2",
                "H2O",
                "H2SO4",
                "C6H12O6",
                "CO_2",
                "\\text{CO}_2",
                "the gas is CO2.",
                "B12",
                "vitamin B12",
            ),
        ),
        (
            None,
            ("COVID-19", "Covid‑19", "F-16A", "GPT-4", "A4", "MP3", "R2D2", "S&P500", "minus-5", "Q4-2023"),
        ),
        (
            None,
            ("x2", "x_2", "x_{12}", "x½", "v1.2", "v1.2.3", "PM2.5", "Ответ5", "(101)_2", "6CO2", "5ft3in"),
        ),
        (
            5,
            (
                "5 kg of CO2",
                "5 days after COVID-19",
                "x_1 = 5 and x_2",
                "B12: 5",
                "it is 5 (see A4-7)",
                "5L of H2O",
            ),
        ),
        (
            5,
            (
                "5th",
                "a 5-year-old",
                "5D",
                "#5",
                "No. 5",
                "No.5",
                "5A",
                "x=5",
                "x = 5",
                "答案是5",
                "_5_",
                "\\quad5",
            ),
        ),
        (5, ("US$5", "USD5", "Rs5", "Ans-5", "9-to-5", "1-in-5", "4 x5", "covid 5", "(a)5", "5°C")),
        (1, ("1st", "it is the 1st.", "1a")),
        (1990, ("mid-1990s", "1990s")),
        (6000, ("6 x10^3", "6 x 10^3")),
        (None, ("5 log2", "5sqrt2", "5 log_2 8")),
    ],
)
def test_digits_in_a_word_that_begins_with_letters_are_a_part_of_it(
    number: int | None, texts: Sequence[str]
) -> None:
    assert {text: number_at_end(text) for text in texts} == dict.fromkeys(texts, number)
