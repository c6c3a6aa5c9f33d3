"""The audit of retrieval: planted words that give passages away, and planted hard negatives that are right answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from s3exp.audit import build_audit
from s3exp.audit.retrieval import Read, RetrievalAudit, solved
from s3exp.types import Example
from tests.tasks.test_retrieval import config_of
from tests.toy_search import passage_of, query_of


def gold() -> list[Example]:
    """Queries that share no word with their passages."""
    chance = Random(1)
    drawn = [(one, other) for one in range(10) for other in range(10) if one != other]
    return [
        Example(
            f"validation-{at}", {"query": query_of(*pair, chance), "passage": passage_of(*pair, chance)}, None
        )
        for at, pair in enumerate(drawn)
    ]


@pytest.fixture
def audit(tmp_path: Path) -> RetrievalAudit:
    made = build_audit(config_of(tmp_path, "audit.gap=false", "audit.cache=null"), gold(), {}, None)
    assert isinstance(made, RetrievalAudit)
    return made


def made(copied: int = 0, false: int = 0) -> list[Example]:
    """90 rows; the first `copied` passages repeat words of their queries, the first `false` negatives are another right
    passage of the query, but for a word."""
    chance, rows = Random(2), []
    for at, row in enumerate(gold()):
        query, passage = f"{row.fields['query']} name{at}", passage_of(at % 7, at % 11, chance)
        passage += f" {query.split()[-3]} name{at}" if at < copied else ""
        negative = passage_of(at % 3, at % 13, chance)
        if at < false:
            negative = f"{passage} indeed"
        rows.append(Example(f"r0-{at}", {"query": query, "passage": passage}, negative, round=0))
    return rows


def test_words_of_the_query_in_its_passage_alone_are_found(audit: RetrievalAudit) -> None:
    plain, given = (audit.look(rows, rows).numbers for rows in (made(), made(copied=90)))
    assert plain["lexical/solved"] < 0.1 and given["lexical/solved"] > 0.95
    assert given["lexical_of_gold/solved"] < 0.1
    assert given["lexical/copied"] > plain["lexical/copied"] + 0.1
    assert given["lexical/told"] == 1.0 and plain["lexical/told"] == pytest.approx(0.5, abs=0.05)
    assert given["lexical/in_negative"] < 0.2
    half = made(copied=45)
    assert audit.look(half, half).numbers["lexical/solved"] == pytest.approx(0.5, abs=0.1)


def test_hard_negatives_that_answer_the_query_are_found_and_named(audit: RetrievalAudit) -> None:
    rows = made(false=7)
    report = audit.look(rows, rows)
    assert report.numbers["negatives/false"] == pytest.approx(7 / 90)
    found = report.tables["false_negatives"]
    assert [one["row"] for one in found] == [f"r0-{at}" for at in range(7)]
    assert audit.look(made(), made()).numbers["negatives/false"] == 0.0


def test_a_negative_that_answers_the_same_question_of_a_gold_row_is_found(audit: RetrievalAudit) -> None:
    other = gold()[3]
    rows = made()
    rows[5] = replace(rows[5], fields={**rows[5].fields, "query": f"{other.fields['query']} please"},
                      target=other.fields["passage"])  # fmt: skip
    (found,) = audit.look(rows, rows).tables["false_negatives"]
    assert (found["row"], found["of"]) == ("r0-5", "validation-3")
    # the same passage is a good negative of another question
    rows[5] = replace(rows[5], fields={**rows[5].fields, "query": "who sold three red boats"})
    assert audit.look(rows, rows).tables["false_negatives"] == []


def test_without_hard_negatives_or_gold_nothing_is_made_up(tmp_path: Path, audit: RetrievalAudit) -> None:
    rows = [replace(row, target=None) for row in made()]
    report = audit.look(rows, rows)
    assert (
        not {"negatives/false", "lexical/told"} & set(report.numbers) and "lexical/solved" in report.numbers
    )
    alone = build_audit(config_of(tmp_path, "audit.gap=false", "audit.cache=null"), [], {}, None)
    found = alone.look(made(), made())
    assert "lexical/solved" not in found.numbers
    assert any("word overlap" in one["what"] for one in found.tables["unjudged"])


def test_solved_is_what_a_search_by_shared_words_finds() -> None:
    """Beside scikit-learn: the first of all passages by the summed weight of shared words."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    chance = Random(3)
    words = [f"w{number}" for number in range(30)]
    texts = [(" ".join(chance.sample(words, 4)), " ".join(chance.sample(words, 8))) for _ in range(60)]
    weights = {word: 1.0 + number / 7 for number, word in enumerate(words)}
    counts = CountVectorizer(vocabulary=words, binary=True)
    queries, passages = (counts.transform(side).toarray() for side in zip(*texts, strict=True))
    found = (queries * np.array(list(weights.values()))) @ passages.T
    first = [
        found[at, at] > 0
        and all(found[at, at] > found[at, other] + 1e-9 for other in range(60) if other != at)
        for at in range(60)
    ]
    side = [
        Read(Example("", {}, None), frozenset(query.split()), frozenset(passage.split()), None)
        for query, passage in texts
    ]
    assert solved(side, weights) == sum(first) / 60
