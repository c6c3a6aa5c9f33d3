"""Copies of gold are found, whatever was done to them, and honest rows are let pass."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.audit.duplicates import repeats
from s3exp.curation.certificate import certify, in_one_line, quoted_in_one_line
from s3exp.curation.copies import Copies, Copy
from s3exp.language.words import words as words_of
from s3exp.settings.task import Cells
from s3exp.tasks.fingerprints import fingerprint, jaccard, windows, word_hashes
from s3exp.types import Example
from tests.language.samples import OTHERS, SCRIPTS

VOCABULARY = [f"{a}{b}" for a in "ba ce di fo gu ha je ki lo mu".split() for b in "rn st lm nd pt".split()]


def sentence(seed: object, words: int) -> str:
    """A text of its own for every seed."""
    return " ".join(random.Random(str(seed)).choices(VOCABULARY, k=words))


def index(role: str = "test", **rows: Mapping[str, str] | str) -> Copies:
    as_fields = {name: {"text": row} if isinstance(row, str) else row for name, row in rows.items()}
    return Copies({role: [fingerprint(name, fields, ("text",)) for name, fields in as_fields.items()]})


def found(copies: Copies, text: str, **context: str) -> tuple[Copy, ...]:
    return copies.find([fingerprint("x", {**context, "text": text}, ("text",))])[0]


GOLD = sentence("gold", 40)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda t: t, "exact"),
        (lambda t: f"“{t.upper()}!”", "exact"),
        (lambda t: t.replace(" ", "  ,\n"), "exact"),
        (lambda t: t.replace(t.split()[20], "xyz", 1), "near"),
        (lambda t: " ".join(t.split()[1:]), "near"),
        (lambda t: f"{t} really", "near"),
        (lambda t: f"{sentence(1, 60)} {' '.join(t.split()[5:18])} {sentence(2, 60)}", "quote"),
    ],
)
def test_a_copy_is_found_whatever_was_done_to_it(change: object, kind: str) -> None:
    assert callable(change)
    copies = index(g0=sentence("other", 40), g1=GOLD, g2=sentence("third", 40))
    (copy,) = found(copies, change(GOLD))
    assert (copy.kind, copy.role, copy.of) == (kind, "test", "g1")


@pytest.mark.parametrize(
    "text",
    [
        sentence("new", 40),
        f"{sentence(1, 60)} {' '.join(GOLD.split()[5:17])} {sentence(2, 60)}",  # twelve words in a row
        " ".join(random.Random(3).sample(GOLD.split(), 40)),  # the same words in another order
        "",
        "...",
    ],
)
def test_an_honest_row_is_none(text: str) -> None:
    assert found(index(g1=GOLD, g2="", g3="?!"), text) == ()


def test_scores_say_how_much_is_shared() -> None:
    copies = index(g1=GOLD)
    words = GOLD.split()
    (quote,) = found(copies, f"{sentence(1, 30)} {' '.join(words[:20])} {sentence(2, 90)}")
    assert (quote.kind, quote.score) == ("quote", 20)
    (near,) = found(copies, " ".join(words[:-1]))
    pairs = set(pairwise(words))
    assert near.score == pytest.approx((len(pairs) - 1) / len(pairs), abs=1e-4)


def test_short_texts_are_copies_only_with_all_of_their_row() -> None:
    copies = index(g1={"context": "a long paragraph about the moon", "text": "What is it?"})
    assert found(copies, "what is it", context="another paragraph about mars") == ()
    (copy,) = found(copies, "what is it", context="A long paragraph about the moon.")
    assert copy.kind == "exact"
    long = index(g1={"context": "a paragraph", "text": "what is the name of the moon"})
    assert found(long, "What is the name of the moon?", context="another one")[0].kind == "exact"


def test_what_stands_in_the_rows_own_context_is_no_quotation() -> None:
    shared = sentence("context", 30)
    hypothesis = f"{' '.join(shared.split()[3:20])} {sentence('tail', 20)}"
    gold = {"context": shared, "text": f"{sentence('head', 30)} {' '.join(shared.split()[2:22])}"}
    copies = index(g1=gold)
    assert found(copies, hypothesis, context=shared) == ()
    # where the gold row does not take the words from its context, they are its own
    own = index(g1={**gold, "context": sentence("elsewhere", 30)})
    assert found(own, hypothesis, context=sentence("third", 30))[0].kind == "quote"
    assert found(own, hypothesis, context=shared) == ()


def test_every_role_is_told_by_its_worst_copy() -> None:
    one = {"a": GOLD, "b": " ".join(GOLD.split()[1:])}
    roles = {
        role: [
            fingerprint(f"{role}-{name}", {"text": text}, ("text",))
            for name, text in one.items()
            if name in names
        ]
        for role, names in (("train", "b"), ("mining", "ab"), ("select", ""))
    }
    copies = Copies(roles)
    assert [(c.role, c.kind, c.of) for c in found(copies, GOLD)] == [
        ("train", "near", "train-b"),
        ("mining", "exact", "mining-a"),
    ]
    assert copies.between_roles() == {"train, mining": 1, "train, select": 0, "mining, select": 0}


def example(name: str, text: str, label: int = 0) -> Example:
    return Example(name, {"text": text}, label, round=0)


def test_the_certificate_counts_rows_once_and_roles_each() -> None:
    roles = {
        role: [
            fingerprint(f"{role}-{i}", {"text": sentence((role, i) if i else "both", 30)}, ("text",))
            for i in range(9)
        ]
        for role in ("train", "test")
    }
    honest = [example(f"r{i}", sentence(("made", i), 30)) for i in range(50)]
    clean = certify(Copies(roles), honest, ("text",))
    assert clean["clean"] and clean["rows_that_copy"]["any"] == 0 and clean["copies"] == []
    assert in_one_line(clean) == ("clean: none of 50 rows copies one of the gold rows (9 train, 9 test)")
    leaky = [*honest, example("a", sentence("both", 30)), example("b", sentence(("test", 3), 29))]
    certificate = certify(Copies(roles), leaky, ("text",))
    assert not certificate["clean"]
    assert certificate["rows_that_copy"] == {"any": 2, "exact": 1, "near": 1, "quote": 0}
    assert certificate["roles"]["train"] == {"gold_rows": 9, "exact": 1, "near": 0, "quote": 0}
    assert certificate["roles"]["test"] == {"gold_rows": 9, "exact": 1, "near": 1, "quote": 0}
    assert next((c["row"], c["of"]) for c in certificate["copies"]) == ("a", "train-0")
    assert in_one_line(certificate).startswith("NOT clean: 2 of 52 rows copy gold (1 exact, 1 near; ")
    assert certificate["sha256"] != clean["sha256"]
    relabelled = [example(row.id, row.fields["text"], 1) for row in leaky]
    assert certify(Copies(roles), relabelled, ("text",))["sha256"] != certificate["sha256"]


def test_nothing_to_compare_with_is_no_fault() -> None:
    certificate = certify(Copies({"test": []}), [example("a", GOLD)], ("text",))
    assert certificate["clean"] is None and certificate["roles"]["test"]["gold_rows"] == 0
    assert in_one_line(certificate) == "unjudged: there is no gold row to compare 1 row with"
    empty = certify(index(g1=GOLD), [], ("text",))
    assert empty["clean"] is None and in_one_line(empty) == "unjudged: there is no synthesized row to compare"


def test_the_verdict_says_what_was_compared_and_what_had_nothing_to_compare() -> None:
    roles = {"train": [], "test": [fingerprint("g", {"text": GOLD}, ("text",))]}
    certificate = certify(Copies(roles), [example("a", "new"), example("b", "?!")], ("text",))
    assert certificate["clean"] is True and certificate["rows_without_words"] == 1
    assert in_one_line(certificate) == (
        "clean: none of 2 rows copies one of the gold rows (1 test; no row is train); 1 row without a word"
    )


def test_repeats_are_counted_against_what_was_kept() -> None:
    base = [sentence(i, 40) for i in range(20)]
    near = [f"{text} indeed" for text in base[:5]]
    texts = [*base, *near, base[0], base[0].upper(), "short one", "Short one.", "another one"]
    counted = repeats(((str(i), {"text": text}) for i, text in enumerate(texts)), ("text",))
    assert (counted.rows, counted.exact, counted.near) == (len(texts), 3, 5)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
def test_ascii_takes_a_shorter_way_to_the_same_words(text: str) -> None:
    slow = word_hashes(f"{text} é")[:-1]
    assert word_hashes(text).tolist() == slow.tolist()


def test_hashes_are_the_same_in_every_process() -> None:
    assert word_hashes("The moon").tolist() == [6834963867258796590, 12967303530578962613]
    assert windows(word_hashes("a b c"), 2).tolist() == windows(word_hashes("x a b c"), 2)[1:].tolist()
    assert len(windows(word_hashes("a b"), 3)) == 0
    assert jaccard(word_hashes(""), word_hashes("")) == 0.0


@pytest.mark.parametrize("words", [10, 17, 25, 60])
def test_the_rule_for_quotations_scales_with_the_length_of_a_row(words: int) -> None:
    text = sentence("long", 80)
    copies, gold = index(g1=text), text.split()
    rows = {}
    for share in (0.45, 0.7):
        quoted = round(share * words)
        rows[share] = f"{' '.join(gold[3 : 3 + quoted])} {sentence(words, words - quoted)}"
    (copy,) = found(copies, rows[0.7])
    assert (copy.kind, copy.score) == ("quote", round(0.7 * words))
    assert [one.kind for one in found(copies, rows[0.45])] == ([] if 0.45 * words < 13 else ["quote"])


def test_a_row_stitched_from_two_runs_of_one_gold_row_is_a_quotation_and_short_runs_are_none() -> None:
    gold = GOLD.split()
    assert found(index(g1=GOLD), " ".join([*gold[:7], "x", "y", *gold[20:27]]))[0].score == 14
    assert found(index(g1=GOLD), " ".join([*gold[:4], "x", *gold[8:12], "y", *gold[20:24]])) == ()
    assert (
        found(index(g1=" ".join(gold[:20]), g2=" ".join(gold[20:])), " ".join([*gold[:5], *gold[22:27]]))
        == ()
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_copies_are_found_in_any_script(script: str) -> None:
    text, other = SCRIPTS[script][0], OTHERS[script]
    copies = index(g1=other, g2=text)
    words = words_of(text)
    end = text.rindex(words[-1])
    quoted = text[: text.rindex(words[round(len(words) * 0.8)])]
    assert found(copies, f"“{text}”!")[0].kind == "exact"
    assert found(copies, unicodedata.normalize("NFD", text.upper()))[0].kind == "exact"
    assert found(copies, text[:end])[0].kind in ("near", "quote")
    assert {copy.of for copy in found(copies, quoted + OTHERS[script][:9])} == {"g2"}
    assert found(index(g2=text), other) == ()


def test_copies_of_the_exemplar_are_counted_apart() -> None:
    gold = {"mining": ["m0", "m1"], "test": ["t0"]}
    roles = {
        role: [fingerprint(name, {"text": sentence(name, 20)}, ("text",)) for name in names]
        for role, names in gold.items()
    }
    half = f"{' '.join(sentence('m0', 20).split()[:9])} {sentence('new', 11)}"
    copy = replace(example("r2", sentence("m0", 20)), round=2, parent="m0")
    rows = [
        replace(example("r0", half), round=1, parent="m0"),
        replace(example("r1", sentence("fresh", 20)), round=1, parent="m0"),
        copy,
    ]
    certificate = certify(Copies(roles), rows, ("text",))
    assert certificate["exemplar"] == {"exact": 1, "near": 0, "quote": 0}
    assert certificate["roles"]["mining"] == {"gold_rows": 2, "exact": 0, "near": 0, "quote": 0}
    assert in_one_line(certificate) == "NOT clean: 1 of 3 rows copy gold (1 exact; 1 of their exemplars)"
    first, second = certificate["quoted_from_exemplar"]
    assert (first["round"], first["rows"], first["quoting"], first["mean"]) == (1, 2, 1, 0.225)
    assert first["rows_by_share"] == {"none": 1, "up to 0.2": 0, "up to 0.4": 0, "up to 0.6": 1, "more": 0}
    assert (second["mean"], second["rows_by_share"]["more"]) == (1.0, 1)
    assert quoted_in_one_line(certificate).startswith(
        "2 of 3 rows (66.7%) quote 6 or more words in a row from the"
    )
    elsewhere = certify(Copies(roles), [replace(copy, parent="m1")], ("text",))
    assert elsewhere["roles"]["mining"]["exact"] == 1 and elsewhere["exemplar"]["exact"] == 0


def test_a_row_of_a_table_has_no_words_that_it_could_quote() -> None:
    row = {"length": "5.1", "colour": "red"}
    gold = fingerprint("g", row, Cells(("length", "colour")))
    assert Copies({"mining": [gold]}).quoted(gold, "g") is None
    text = fingerprint("t", {"text": "a short text"}, ["text"])
    assert Copies({"mining": [text]}).quoted(text, "t") == 0
