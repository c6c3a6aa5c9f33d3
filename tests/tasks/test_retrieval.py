"""Retrieval: ranks and their scores, what is asked, what becomes of an answer, and how gold files are read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.curation.screen import Screen
from s3exp.seeds import derive
from s3exp.settings.compose import compose
from s3exp.settings.curation import CurationConfig
from s3exp.settings.run import Config
from s3exp.synthesis.rows import read_completion
from s3exp.tasks import build_task
from s3exp.tasks.given import read_given
from s3exp.tasks.gold import columns_of, load_gold
from s3exp.tasks.kinds import corpus_of
from s3exp.tasks.named import named_texts
from s3exp.tasks.ranks import scores_of_ranks
from s3exp.tasks.retrieval import NamedRetrieval, Retrieval
from s3exp.tasks.rows import Own, read_task_table
from s3exp.tasks.sources import read_table
from s3exp.tasks.task import Written
from s3exp.tutor.judge import question
from s3exp.tutor.lessons import turns_of
from s3exp.tutor.pairs import Made
from s3exp.types import Change, Completion, Example, Prediction, Prompt, UserError
from tests.conftest import write_rows_in
from tests.hostile import TEXTS
from tests.toy_search import pairs, search_task


def config_of(folder: Path, *words: str, **more: Any) -> Config:
    place = folder / "conf" / "task" / "search.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"defaults": ["schema", "_self_"], **search_task(folder, **more)}))
    return compose(["task=search", "tracker=none", *words], folder / "conf")


def task_of(config: Config) -> Retrieval:
    task = build_task(config.task, config.llm, load_gold(config.task, with_train=False), str)
    assert isinstance(task, Retrieval)
    return task


@pytest.fixture
def task(tmp_path: Path) -> Retrieval:
    return task_of(config_of(tmp_path))


@given(
    st.lists(st.lists(st.floats(-1, 1), min_size=12, max_size=12, unique=True), min_size=2, max_size=6),
    st.data(),
)
def test_scores_are_those_of_scikit_learn(similarities: list[list[float]], data: st.DataObject) -> None:
    from sklearn.metrics import label_ranking_average_precision_score, ndcg_score

    own = [data.draw(st.integers(0, 11)) for _ in similarities]
    ranks = [sum(value >= row[at] for value in row) for row, at in zip(similarities, own, strict=True)]
    right = np.zeros((len(own), 12))
    right[range(len(own)), own] = 1
    rows = [Example(str(at), {}, None) for at in range(len(own))]
    found = scores_of_ranks(rows, ranks).metrics
    assert abs(found["ndcg@10"] - ndcg_score(right, similarities, k=10)) < 1e-9
    if max(ranks) <= 10:  # the mean precision of one right answer is its reciprocal rank
        assert abs(found["mrr@10"] - label_ranking_average_precision_score(right, similarities)) < 1e-9
    else:
        assert abs(found["mrr@10"] - np.mean([1 / rank if rank <= 10 else 0 for rank in ranks])) < 1e-9
    assert found["mrr@10_low"] <= found["mrr@10"] <= found["mrr@10_high"]


def test_the_interval_covers_what_the_ranks_were_drawn_from() -> None:
    chance, rows = np.random.default_rng(1), [Example(str(at), {}, None) for at in range(100)]
    truth = np.mean([1 / rank for rank in (1, 1, 2, 4)])
    hits = 0
    for _ in range(200):
        found = scores_of_ranks(rows, chance.choice([1, 1, 2, 4], size=100).tolist()).metrics
        hits += found["mrr@10_low"] <= truth <= found["mrr@10_high"]
    assert 0.88 < hits / 200 < 0.99


def test_groups_have_scores_of_their_own() -> None:
    rows = [Example(str(at), {}, None, group="ab"[at % 2]) for at in range(4)]
    assert scores_of_ranks(rows, [1, 2, 1, 20]).groups == {"a": 1.0, "b": 0.25}


def test_a_prompt_asks_for_named_lines_and_an_error_shows_what_was_ranked_first(task: Retrieval) -> None:
    seed = task.seed_prompt(None, 1, {})
    assert seed.text.endswith("Query: ...\nPassage: ...\nNegative: ...") and seed.target is None
    row = task.gold.mining[0]
    guesses = [
        Prediction(one.id, "another passage", (0.5,), rank=1 + (one.id == row.id)) for one in task.gold.mining
    ]
    assert task.wrong(task.gold.mining, guesses) == [row]
    shown = task.mistaken([row, task.gold.mining[1]], guesses)
    assert [one.target for one in shown] == ["another passage", None]
    wrong, right = (task.extrapolate_prompt(one, one.target, 1) for one in shown)
    assert "not=another passage" in wrong.text and "not=" not in right.text
    assert row.fields["query"] in wrong.text and row.fields["passage"] in wrong.text
    assert wrong.parent == row.id and wrong.target is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I cannot do that.", "no_row"),
        ("", "empty"),
        ("Query: where is it\nPassage: it stands in the north", "missing_column"),
        ("Query: where is it\nPassage: here we are\nNegative: Here, we are!", "same_text"),
        (
            "Query: it is here\nPassage: we say it is here now\nNegative: nothing of it here",
            "query_in_passage",
        ),
        (
            "Query: where is it\nPassage: it stands in the north\nNegative: Now it stands, in the north, they say.",
            "passage_in_negative",
        ),
        ("Query: where is it\nPassage: here\nNegative: nothing of it here", "too_short"),
        ("Query: ?\nPassage: it stands in the north\nNegative: nothing of it here", "empty"),
    ],
)
def test_what_is_no_row_has_a_reason(task: NamedRetrieval, text: str, reason: str) -> None:
    assert read(task, text) == reason


def read(
    task: Retrieval, text: str, prompt: Prompt | None = None, ending: str = "stop"
) -> list[Written] | str:
    assert isinstance(task, NamedRetrieval)
    prompt = prompt or task.seed_prompt(None, 1, {})
    (part,) = task.parts(prompt, Completion(text, 1, 1, ending))
    if part.problem is not None:
        return part.problem
    return task.parse(prompt, Completion(part.text, 1, 1, "length" if part.cut_off else "stop"))


@pytest.mark.parametrize(
    "text",
    [
        "Query: where is it\nPassage: it stands in the north\nNegative: nothing of it here",
        "Sure!\n\n**Query:** where is it\n\n**Passage:** it stands in the north\n\n- negative: nothing of it here",
        "1. Query: where is it\n2. Passage: it stands\nin the north\n3. Negative: nothing of it here\n\nThere!",
        "Query: where is it\nPassage: it stands in the north\nNegative: nothing of it here\nQuery: b",
        "A new query: where is it\nPositive passage: it stands in the north\n**Negative Text**: nothing of it here",
        "The query: where is it\nRelevant passage: it stands in the north\n3. Hard-negative: nothing of it here",
        "<think>Query: no</think>\nQuery: where is it\nPassage: it stands in the north\nNegative: nothing of it here",
    ],
)
def test_named_lines_are_read_whatever_stands_around_them(task: Retrieval, text: str) -> None:
    fields = {"query": "where is it", "passage": "it stands in the north"}
    assert read(task, text) == [Written(fields, "nothing of it here")]


@pytest.mark.parametrize(
    ("before", "behind", "rules"),
    [
        ("", "", ()),
        ("---\n", "\n\n***", ()),
        ("Sure!\n", "", ("preamble",)),
        ("", "\n\nIt answers nothing.", ("epilogue",)),
        ("<think>so</think>", "\nQuery: another one", ("reasoning", "several")),
        ("\x1b[0m Here:\n", "", ("characters", "preamble")),
    ],
)
def test_what_is_left_out_around_a_row_is_named(
    task: Retrieval, before: str, behind: str, rules: tuple[str, ...]
) -> None:
    text = "Query: where is it\nPassage: it stands in the north\nNegative: nothing of it here"
    (part,) = task.parts(Prompt("", "seed", 1, 9, None), Completion(before + text + behind, 1, 1, "stop"))
    assert part.problem is None and part.rules == rules


def test_a_hard_negative_that_is_a_gold_passage_is_no_row(task: Retrieval, tmp_path: Path) -> None:
    for role in ("test", "validation"):
        text = json.loads((tmp_path / f"{role}.jsonl").read_text().splitlines()[0])["passage"]
        answer = f"Query: where is it\nPassage: it stands in the north\nNegative: {text.upper()}."
        assert read(task, answer) == "negative_of_gold"


def test_an_answer_that_was_cut_off_is_kept_only_where_that_is_wanted(tmp_path: Path) -> None:
    text = "Query: where is it\nPassage: it stands in the north\nNegative: nothing of it he"
    assert read(task_of(config_of(tmp_path)), text, ending="length") == "truncated"
    kept = read(task_of(config_of(tmp_path, "llm.truncated=keep")), text, ending="length")
    assert isinstance(kept, list) and kept[0].target == "nothing of it he"


def test_json_is_asked_for_and_read(tmp_path: Path) -> None:
    task = task_of(config_of(tmp_path, "llm.structured=true"))
    prompt = task.seed_prompt(None, 1, {})
    assert prompt.schema is not None and list(prompt.schema["properties"]) == ["query", "passage", "negative"]
    row = {"query": "where is it", "passage": "it stands in the north", "negative": "nothing of it here"}
    found = read(task, f"Here: {json.dumps(row)}", prompt)
    assert found == [Written({"query": row["query"], "passage": row["passage"]}, row["negative"])]
    more = json.dumps({"reason": "x", **row})
    assert read(task, more, prompt) == found
    assert read(task, json.dumps({"query": "where is it", "passage": "it stands"}), prompt) == "other_keys"
    screen = Screen(CurationConfig(), task.config, None)
    (kept,) = read_completion(task, screen, 0, prompt, Completion(more, 9, 9, "stop")).rows
    assert kept.repair == Change("", "repair", "completion", more, json.dumps(row), "fields")
    assert read(task, '{"query": "where is', prompt, "length") == "truncated"


@given(st.sampled_from(sorted(TEXTS)), st.sampled_from(sorted(TEXTS)))
def test_hostile_texts_stay_texts(one: str, other: str) -> None:
    text = f"Query: {TEXTS[one]}\nPassage: {TEXTS[other]}\nNegative: words"
    found, _ = named_texts(text, ["query", "passage", "negative"])
    assert set(found) == {"query", "passage", "negative"} and found["negative"] == "words"


def test_worked_examples_have_the_form_that_is_asked_for(tmp_path: Path) -> None:
    shown = {"query": "where was it", "passage": "it stood in the south", "negative": "nobody knows that"}
    own = {"toy": {**search_task(tmp_path)["prompt_sets"]["toy"], "examples": [shown]}}
    text = task_of(config_of(tmp_path, prompt_sets=own)).seed_prompt(None, 1, {}).text
    assert "Query: where was it\nPassage: it stood in the south\nNegative: nobody knows that\n" in text
    held = task_of(config_of(tmp_path, "llm.structured=true", prompt_sets=own)).seed_prompt(None, 1, {})
    assert json.dumps(shown) in held.text and held.max_tokens == 3 * 256


def test_the_query_alone_is_written_about_given_passages(tmp_path: Path) -> None:
    own = {"generate": "query", "prompts": "about", "retrieval": {"negative": None}}
    task = task_of(config_of(tmp_path, **own))
    assert type(task) is Retrieval and len(task.gold.contexts) == len(task.gold.mining)
    context = dict(task.gold.contexts[0])
    prompt = task.seed_prompt(None, 1, context)
    assert prompt.text == f"label=any about passage={context['passage']}"
    (row,) = task.parse(prompt, Completion("where is it", 1, 1, "stop"))
    assert row == Written({"query": "where is it", **context}, None)


@pytest.mark.parametrize("words", [(), ("llm=server", "llm.model=m", "llm.structured=true")])
def test_an_llm_learns_gold_pairs_in_the_form_in_which_it_is_asked_for_them(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    task = task_of(config_of(tmp_path, *words, retrieval={"negative": None}))
    row = task.gold.mining[0]
    query, passage = row.fields.values()
    (turn,) = turns_of(task, [row], 3).values()
    asked = f"Query: {query}\nPassage: {passage}" if not words else json.dumps(dict(row.fields))
    assert turn.answer == asked and turn.prompt == task.prompt_of(row, derive(3, "tutor", row.id)).text
    assert not turns_of(task, [replace(row, fields={"query": query, "passage": f"so {query}?"})], 3)
    assert f"{query}" in question(task, task.llm, [Made(task.seed_prompt(None, 1, {}), row)]).text


def test_hard_negatives_in_lists_are_refused_and_not_left_out(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    rows = [{**row, "negative": [f"another one {at}"]} for at, row in enumerate(pairs(30, 9))]
    source = write_rows_in(tmp_path, "rows.jsonl", rows)
    with pytest.raises(UserError, match="row 0: column negative holds no text: one hard negative"):
        read_given(source, config.task)
    write_rows_in(tmp_path, "rows.jsonl", [{**row, "negative": []} for row in rows])
    assert all(row.target is None for row in read_given(source, config.task).rows)


def test_pairs_that_a_file_labels_as_wrong_are_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    config = config_of(tmp_path, retrieval={"label": "ok", "relevant": ["yes", 1]})
    rows = [{**row, "ok": ["yes", 1, "no"][at % 3]} for at, row in enumerate(pairs(60, 5))]
    test = [{**row, "ok": 1.0} for row in pairs(20, 6)]
    for role, some in (("validation", rows), ("test", test), ("train", test)):
        write_rows_in(tmp_path, f"{role}.jsonl", some)
    gold = load_gold(config.task, with_train=False)
    assert len(gold.mining) + len(gold.select) == 40 and len(gold.test) == 20
    assert any("20 of 60 rows have a passage that does not answer" in line for line in caplog.messages)
    for role in ("validation", "test"):
        write_rows_in(tmp_path, f"{role}.jsonl", pairs(20, 5 + (role == "test")))
    with pytest.raises(UserError, match="no column ok"):
        load_gold(config.task, with_train=False)


def test_a_corpus_has_no_passage_of_another_role(tmp_path: Path) -> None:
    rows = [*pairs(20, 3), *pairs(100, 77), *pairs(100, 77)]  # of test, and others twice
    place = write_rows_in(tmp_path, "corpus.jsonl", [{"passage": row["passage"]} for row in rows])
    config = config_of(tmp_path, retrieval={"corpus": place})
    gold = load_gold(config.task, with_train=False)
    assert corpus_of(config.task, gold) == tuple(row["passage"] for row in pairs(100, 77))
    with pytest.raises(UserError, match=r"task\.retrieval\.corpus"):
        corpus_of(
            replace(config.task, retrieval=replace(config.task.retrieval, corpus="no/such.jsonl")), gold
        )


def test_a_passage_in_two_roles_is_refused(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    write_rows_in(tmp_path, "test.jsonl", [*pairs(20, 3), {**pairs(20, 2)[0], "query": "another query"}])
    with pytest.raises(UserError, match="share 1 rows"):
        load_gold(config.task, with_train=False)


def test_hard_negatives_of_a_file_are_read(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    rows = [{**row, "negative": None if at % 2 else "not this one"} for at, row in enumerate(pairs(40, 9))]
    write_rows_in(tmp_path, "validation.jsonl", rows)
    gold = load_gold(config.task, with_train=False)
    assert {row.target for row in (*gold.mining, *gold.select)} == {None, "not this one"}


def test_a_column_of_hard_negatives_is_known_by_nearly_its_name_and_is_not_said_to_be_unused(
    tmp_path: Path,
) -> None:
    config = config_of(tmp_path)
    for name, names in (("negative", {}), ("Negative ", {}), ("hard", {"negative": "hard"})):
        rows = [{**row, name: "not this one", "id": at} for at, row in enumerate(pairs(12, 9))]
        given = read_given(write_rows_in(tmp_path, f"{name}.jsonl", rows), config.task, names)
        assert {row.target for row in given.rows} == {"not this one"}
        table = read_task_table(f"{tmp_path}/{name}.jsonl", config.task, columns_of(config.task), Own(names))
        assert table.unused == ["id"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["small_model=logistic"], "ranks no passages"),
        (["small_model=minilm"], "ranks no passages"),
        (["small_model.members=2"], "members"),
        (["small_model.loss=gce"], "small_model.loss=gce"),
        (["curation.noise=drop"], "curation.noise=drop"),
        (["curation.label=report"], "curation.label=report"),
        (["strategy.labels=random"], "strategy.labels=random"),
        (["strategy.pick.spread=badge", "strategy.pick.top=5"], "badge"),
        (["strategy.seeds=templates"], "strategy.seeds=templates"),
        (["strategy.balance=true"], "strategy.balance"),
        (["task.labels=[a,b]"], "task.labels"),
        (["task.fields=[query]", "task.generate=query"], "query and a passage"),
        (["task.generate=passage"], "writes the query"),
        (["task.retrieval.negative=query"], "choose another name"),
        (["task.retrieval.label=ok"], "set both, or neither"),
        (["task.shots=2"], "shot"),
        (["task.rows_per_answer=3"], "structured"),
        (["task.table.order=permuted"], "task.table"),
        (["curation.flaws=drop"], "curation.flaws"),
        (["audit.fidelity=true"], "audit.fidelity"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(tmp_path: Path, words: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says.replace(".", r"\.").replace("[", r"\[")) as refused:
        config_of(tmp_path, *words)
    assert "\n" not in str(refused.value)


def test_an_option_of_retrieval_is_refused_elsewhere() -> None:
    with pytest.raises(UserError, match=r"task\.retrieval"):
        compose(["task=reviews", "task.retrieval.corpus=x.txt"])
    with pytest.raises(UserError, match="small_model=pairs"):
        compose(["task=reviews", "small_model=pairs"])
    with pytest.raises(UserError, match="small_model=pairs"):
        compose(["task=iris", "small_model=pairs"])


def test_judgements_beside_queries_and_corpus_are_read_as_pairs(tmp_path: Path) -> None:
    """BEIR's layout."""
    write_rows_in(
        tmp_path, "queries.jsonl", [{"_id": "q1", "text": "who wrote it"}, {"_id": "2", "text": "why"}]
    )
    docs = [
        {"_id": "d1", "title": "A letter", "text": "Ada wrote it."},
        {"_id": "7", "title": "", "text": "Rain."},
    ]
    corpus = write_rows_in(tmp_path, "corpus.jsonl", docs)
    judged = tmp_path / "qrels" / "dev.tsv"
    judged.parent.mkdir()
    judged.write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\n2\t7\t1\n2\td1\t0\n")
    table = read_table(str(judged))
    pairs_of_file = [("who wrote it", "A letter Ada wrote it."), ("why", "Rain.")]
    assert [(row["query"], row["passage"]) for row in table.rows] == pairs_of_file
    assert "1 of 3 have a score that is not above 0" in table.notes[-1]
    assert [row["passage"] for row in read_table(str(corpus)).rows] == ["A letter Ada wrote it.", "Rain."]
    judged.write_text("query-id\tcorpus-id\tscore\nq1\td9\t1\nq1\td1\t1\n")
    with pytest.raises(UserError, match=r"d9 has no text in .*corpus.jsonl"):
        read_table(str(judged))
