"""What holds for any text, whoever wrote it: parsing, templates, the store, gold files, and what is shown."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3exp.language.words import count
from s3exp.llm.store import Asker, Stored
from s3exp.record.rounds import RoundRecord
from s3exp.record.run import RunStore
from s3exp.report.export import Column, Table, as_csv, as_latex, as_markdown
from s3exp.report.write import embed
from s3exp.settings.task import PromptSet, TaskConfig
from s3exp.tasks.characters import plain
from s3exp.tasks.data import read_rows
from s3exp.tasks.labels import to_label
from s3exp.tasks.parsing import parse_row
from s3exp.tasks.prompts import fill, parse_list
from s3exp.terminal.texts import clean, printable
from s3exp.tracking.wandb import sendable
from s3exp.types import Batch, Completion, Example, Prediction, Prompt, Rejected, UserError, prompt_hash
from tests.hostile import TEXTS
from tests.llm.fakes import Echo, ask
from tests.record.test_run import FACTS, Weights

# any code point, lone surrogates too, and texts that are known to make trouble
TEXT = st.one_of(
    st.text(st.characters(codec=None, exclude_categories=()), max_size=60),
    st.sampled_from([text[:200] for text in TEXTS.values()]),
    st.lists(st.sampled_from(["{", "}", "{label}", "{text}", "\\", "\n", "\u2028", "\ud800", "=", "|", "<", '"', " "]))
    .map("".join),
)  # fmt: skip
PAIR = TaskConfig(
    name="pair",
    fields=["context", "text"],
    generate="text",
    labels=["a", "b"],
    prompts="p",
    prompt_sets={"p": PromptSet(seed="{label} {context}", extrapolate="{label} {context} {text}")},
)


@given(text=TEXT, context=TEXT, truncated=st.sampled_from(["reject", "trim", "keep"]), cut=st.booleans())
def test_a_completion_is_a_row_in_order_or_a_reason(
    text: str, context: str, truncated: str, cut: bool
) -> None:
    prompt = Prompt("?", "seed", 1, 10, 0, context={"context": context})
    found = parse_row(PAIR, truncated, prompt, Completion(text, 1, 1, "length" if cut else "stop"))
    if isinstance(found, str):
        assert re.fullmatch(r"[a-z_]+", found)  # a reason is ours, never a part of the text
        return
    ((fields, target),) = ((row.fields, row.target) for row in found)
    assert list(fields) == ["context", "text"] and fields["context"] == context and target == 0
    written = fields["text"]
    assert max(len(written.split()), count(written)) >= PAIR.min_words and written == " ".join(
        written.split()
    )
    assert " ".join(plain(text).split()).startswith(written)


@given(text=TEXT)
def test_reasons_are_lines_of_the_list(text: str) -> None:
    found = parse_list(text)
    assert len(found) == len(set(found)) and all(found)
    assert all(item in line for item in found for line in [next(x for x in text.split("\n") if item in x)])


@given(label=TEXT, text=TEXT)
def test_a_template_is_filled_once_and_braces_of_values_stay(label: str, text: str) -> None:
    assert fill("{label}|{text}|{label}", {"label": label, "text": text}) == f"{label}|{text}|{label}"


@given(texts=st.lists(st.tuples(TEXT, TEXT), max_size=6))
@settings(max_examples=30)
def test_the_store_gives_back_what_was_answered_and_asks_once(texts: list[tuple[str, str]]) -> None:
    class Saying(Echo):
        def generate(self, prompts):  # type: ignore[no-untyped-def]
            self.asked += prompts
            yield from ((i, Completion(texts[p.seed][1], 1, 2, "stop")) for i, p in enumerate(prompts))

    prompts = [replace(ask(1)[0], text=asked, seed=seed) for seed, (asked, _) in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        path, first, second = Path(folder) / "s.sqlite", Saying(), Saying()
        for engine in (first, second):
            with Stored(lambda engine=engine: engine, Asker("fake", 0.9, 0.95), path) as llm:  # type: ignore[misc]
                answers = llm.generate(prompts)
            assert [c.text for c in answers] == [
                said.encode("utf-8", "replace").decode() for _, said in texts
            ]
    assert len(first.asked) == len(texts) and second.asked == []


@given(text=TEXT, other=TEXT, cut_at=st.integers(0, 2000))
@settings(max_examples=40)
def test_a_record_comes_back_and_a_torn_one_never_as_another(text: str, other: str, cut_at: int) -> None:
    """Whatever file of a round is cut wherever: the round is refused, not read as a smaller one."""
    prompt = Prompt(text, "seed", 3, 20, 1, context={other: text})
    name = prompt_hash(prompt)
    batch = Batch(
        (Example("r0-0", {"text": other}, 1, 0, None, name),),
        (Rejected("empty", text, name, 0),),
        ((prompt, Completion(other, 4, 5, "stop")),),
        9,
    )
    written = RoundRecord(0, batch, (Prediction("v-1", 1, (0.25, 0.75)),), {"errors": 3})
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder) / "run", "a: 1\n", FACTS)
        store.write_round(written, Weights("0"))
        assert store.read_round(0) == written
        for path in sorted(store.round_folder(0).iterdir()):
            whole = path.read_bytes()
            if not whole:
                continue
            path.write_bytes(whole[: cut_at % len(whole)])
            with pytest.raises(UserError, match="damaged"):
                store.read_round(0)
            path.write_bytes(whole)
        assert store.read_round(0) == written
        store.close()


@given(texts=st.lists(TEXT, min_size=1, max_size=4), cut_at=st.integers(0, 10_000))
@settings(max_examples=40)
def test_a_gold_file_that_is_torn_is_read_up_to_a_line_or_refused_by_its_line(
    texts: list[str], cut_at: int
) -> None:
    rows = [{"text": text, "label": 0} for text in texts]
    whole = "".join(json.dumps(row) + "\n" for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gold.jsonl"
        path.write_text(whole[: cut_at % (len(whole) + 1)])
        try:
            found = read_rows(str(path))
        except UserError as error:
            assert re.search(r"line \d+: not JSON", str(error))
        else:
            assert list(found) == rows[: len(found)]


@given(value=st.one_of(TEXT, st.integers(), st.floats(), st.booleans(), st.none()))
def test_a_label_is_one_of_the_tasks_or_refused(value: object) -> None:
    try:
        assert to_label(value, ["bad", "good"], "here") in (0, 1)
    except UserError as error:
        assert "is not the task's" in str(error)


@given(text=TEXT)
def test_what_is_shown_holds_no_control_characters(text: str) -> None:
    assert printable(text).isprintable() and len(printable(text)) == len(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", clean(text))
    sendable({text: [text, (text, 1)]})[sendable(text)][0].encode()
    page = embed({"text": text})
    assert json.loads(page) == {"text": text} and not set(page) & set("<>&")


@given(text=TEXT, title=TEXT)
def test_a_table_keeps_its_shape_in_every_format(text: str, title: str) -> None:
    table = Table("t", title, (Column("a", title), Column("b", "b", "count")), ((text, 1), (None, 2)), text)
    rows = list(csv.reader(io.StringIO(as_csv(table))))
    assert [len(row) for row in rows] == [2, 2, 2]
    assert not rows[1][0].lstrip().startswith(tuple("=+-@\uff0b\uff0d\uff1d\uff20"))
    marks = [line for line in as_markdown(table).split("\n") if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in marks] == [3, 3, 3, 3]
    body = as_latex(table).split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert len(re.findall(r"(?<!\\)&", body)) == 2
    for form in (as_csv, as_markdown, as_latex):
        form(table).encode()
