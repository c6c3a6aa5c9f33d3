# ruff: noqa: E501
"""Odd gold files, made by code, each with the outcome that a user would want.

A case writes files into a folder and names the source. `labels` are the labels of its rows in order, by name; `refused`
are words of the refusal; `says` are words of a warning. The task reads `text` and `label`, with the labels negative and
positive, unless `options` of the task say otherwise.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

Files = Mapping[str, bytes]
TEXTS = ("A fine film, all of it.", "A dull film: I slept.", "So good I saw it twice.", "Bad, bad, bad.")
GOLD = ("positive", "negative", "positive", "negative")
INDICES = (1, 0, 1, 0)
ACCENTS = (
    "Très bon film, j'ai adoré.",
    "Déçu : un film raté.",
    "Élégant et drôle à souhait.",
    "Une leçon d'ennui.",
)


@dataclass(frozen=True)
class Case:
    """One odd source: `files` by path, and what becomes of it."""

    name: str
    files: Callable[[], Files]
    source: str
    labels: Sequence[str] = ()
    refused: str = ""
    says: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""  # of the first row


def rows(labels: Sequence[Any] = INDICES, texts: Sequence[Any] = TEXTS) -> list[dict[str, Any]]:
    return [{"text": text, "label": label} for text, label in zip(texts, labels, strict=True)]


def jsonl(table: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table).encode()


def table(labels: Sequence[Any] = INDICES, texts: Sequence[str] = TEXTS, mark: str = ",") -> str:
    quoted = [f'"{text}"' if mark in text else text for text in texts]
    lines = [
        f"text{mark}label",
        *(f"{text}{mark}{label}" for text, label in zip(quoted, labels, strict=True)),
    ]
    return "\n".join(lines) + "\n"


def parquet(table: Sequence[Mapping[str, Any]], names: Sequence[str] | None = None) -> bytes:
    out, arrow = io.BytesIO(), pa.Table.from_pylist(list(table))
    if names:
        feature = {"names": list(names), "_type": "ClassLabel"}
        described = {"info": {"features": {"label": feature}}}
        arrow = arrow.replace_schema_metadata({"huggingface": json.dumps(described)})
    pq.write_table(arrow, out)
    return out.getvalue()


def arrow(table: Sequence[Mapping[str, Any]]) -> bytes:
    out, made = io.BytesIO(), pa.Table.from_pylist(list(table))
    with pa.ipc.new_stream(out, made.schema) as writer:
        writer.write_table(made)
    return out.getvalue()


def one(name: str, data: bytes | str) -> Callable[[], Files]:
    return lambda: {name: data if isinstance(data, bytes) else data.encode()}


def many(**files: bytes | str) -> Callable[[], Files]:
    made = {name: data if isinstance(data, bytes) else data.encode() for name, data in files.items()}
    return lambda: made


def zst(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)  # type: ignore[no-any-return]


CARD = """---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': positive
          '1': negative
---
"""
SQUAD = {"fields": ["context", "question"], "generate": "question", "labels": [], "kind": "extraction"}
WORDS = {"labels": ["neg", "pos"]}
WRITE = Callable[[Path], None]

MEANING = [  # one value has one meaning in every format
    Case("index", one("a.jsonl", jsonl(rows())), "a.jsonl", GOLD),
    Case("digit", one("a.jsonl", jsonl(rows(("1", "0", "1", "0")))), "a.jsonl", GOLD),
    Case("float", one("a.jsonl", jsonl(rows((1.0, 0.0, 1.0, 0.0)))), "a.jsonl", GOLD),
    Case("float_text", one("a.csv", table(("1.0", "0.0", "1.0", "0.0"))), "a.csv", GOLD),
    Case(
        "spaces",
        one("a.csv", table((" 1", "0 ", " positive ", "\tnegative"))),
        "a.csv",
        GOLD,
        says="spells a label in several ways",
    ),
    Case("case", one("a.csv", table(("Positive", "NEGATIVE", "positive", "Negative"))), "a.csv", GOLD,
         says="spells a label in several ways: 'NEGATIVE' (1), 'Negative' (1); 'Positive' (1), 'positive' (1)"),
    Case("one_in_a_list", one("a.jsonl", jsonl(rows((["positive"], [0], [1], ["negative"])))), "a.jsonl", GOLD),
    Case("lists_as_text", one("a.csv", 'text,label\na b,[\'positive\']\nc d,"[""negative""]"\ne f,[1]\n'), "a.csv",
         ("positive", "negative", "positive")),
    Case("two_in_a_list", one("a.jsonl", jsonl(rows((["positive", "negative"], [0], [1], [0])))), "a.jsonl",
         refused="row 0: label ['positive', 'negative'] is not the task's: 2 labels"),
    Case("true_is_no_index", one("a.jsonl", jsonl(rows((True, False, True, False)))), "a.jsonl",
         refused="label True is not the task's"),
    Case("true_text_is_no_index", one("a.csv", table(("True", "False", "True", "False"))), "a.csv",
         refused="label 'True' is not the task's"),
    Case("booleans_by_name", one("a.jsonl", jsonl(rows((True, False, "TRUE", "false")))), "a.jsonl",
         ("true", "false", "true", "false"), options={"labels": ["false", "true"]}),
    Case("booleans_of_parquet", lambda: {"a.parquet": parquet(rows((True, False, True, False)))}, "a.parquet", GOLD,
         options={"label_values": [False, True]}),
    Case("stars", one("a.csv", table((5, 1, 5, 1))), "a.csv", GOLD, options={"label_values": [1, 5]}),
    Case("stars_as_floats", lambda: {"a.parquet": parquet(rows((5.0, 1.0, 5.0, 1.0)))}, "a.parquet", GOLD,
         options={"label_values": ["1", "5"]}),
    Case("from_one", one("a.csv", table((2, 1, 2, 1))), "a.csv", refused="task.label_values"),
    Case("polarity", one("a.csv", table((1, -1, 1, -1))), "a.csv", GOLD, options={"label_values": [-1, 1]}),
    Case("decomposed", one("a.csv", table(("e\u0301le\u0301gant", "rate\u0301", "élégant", "raté"))), "a.csv",
         ("élégant", "raté", "élégant", "raté"), options={"labels": ["raté", "élégant"]}),
    Case("digit_names_that_are_indices", one("a.csv", table(("1", "0", "1", "0"))), "a.csv", ("1", "0", "1", "0"),
         options={"labels": ["0", "1"]}),
    Case("names_in_case_alone", one("a.csv", table(("US", "us", "US", "us"))), "a.csv", ("US", "us", "US", "us"),
         options={"labels": ["us", "US"]}),
    Case("names_of_parquet_swapped", lambda: {"a.parquet": parquet(rows((0, 1, 0, 1)), ("positive", "negative"))},
         "a.parquet", GOLD, says="the file's own names are used"),
    Case("names_of_parquet_shortened", lambda: {"a.parquet": parquet(rows(), ("neg", "pos"))}, "a.parquet", GOLD),
    Case("names_of_parquet_shortened_and_swapped", lambda: {"a.parquet": parquet(rows((0, 1, 0, 1)), ("pos", "neg"))},
         "a.parquet", GOLD, says="the file's own names are used"),
    Case("names_of_parquet_that_contradict",
         lambda: {"a.parquet": parquet(rows(), ("positive", "neutral"))}, "a.parquet",
         refused="the file names its classes 0 positive, 1 neutral"),
    Case("names_of_more_classes", lambda: {"a.parquet": parquet(rows((2, 0, 2, 0)), ("negative", "neutral", "positive"))},
         "a.parquet", GOLD, says="the file's own names are used"),
    Case("names_of_other_words", lambda: {"a.parquet": parquet(rows(), ("bad", "good"))}, "a.parquet", GOLD,
         says="they are read as 0 negative, 1 positive"),
    Case("names_of_a_card", many(**{"s/README.md": CARD, "s/train.csv": table((0, 1, 0, 1))}), "s:train", GOLD,
         says="the file's own names are used"),
    Case("names_of_a_card_beside", many(**{"s/README.md": CARD, "s/data/train.csv": table((0, 1, 0, 1))}),
         "s/data/train.csv", GOLD, says="the file's own names are used"),
    Case("bytes_as_text", lambda: {"a.parquet": parquet(rows(texts=[text.encode() for text in TEXTS]))}, "a.parquet", GOLD),
    Case("other_words", one("a.csv", table(("pos", "neg", "pos", "neg"))), "a.csv",
         refused="column label has 'pos' (2), 'neg' (2)"),
    Case("number_as_text", one("a.jsonl", jsonl(rows(texts=(TEXTS[0], 7, TEXTS[2], 4.0)))), "a.jsonl", GOLD),
]  # fmt: skip

LAYOUT = [  # formats, encodings, delimiters
    Case("latin_1", one("a.csv", table(texts=ACCENTS).encode("cp1252")), "a.csv", GOLD, says="read as cp1252",
         text=ACCENTS[0]),
    Case("latin_1_jsonl", one("a.jsonl", jsonl(rows(texts=ACCENTS)).decode().encode("cp1252")), "a.jsonl", GOLD,
         says="task.gold.encoding", text=ACCENTS[0]),
    Case("cyrillic", one("a.csv", table(texts=("Отличный фильм", "Плохой фильм", "Очень хорошо снято", "Скучно и длинно"))
         .encode("cp1251")), "a.csv", GOLD, says="read as cp1251", text="Отличный фильм"),
    Case("encoding_set", one("a.csv", table(texts=ACCENTS).encode("mac_roman")), "a.csv", GOLD,
         options={"encoding": "mac_roman"}, text=ACCENTS[0]),
    Case("encoding_that_is_none", one("a.csv", table()), "a.csv", refused="task.gold.encoding=utf-9",
         options={"encoding": "utf-9"}),
    Case("utf_16", one("a.csv", table(texts=ACCENTS).encode("utf-16")), "a.csv", GOLD, text=ACCENTS[0]),
    Case("utf_16_without_mark", one("a.csv", table().encode("utf-16-le")), "a.csv", GOLD, says="utf-16-le"),
    Case("utf_8_with_mark", one("a.csv", table().encode("utf-8-sig")), "a.csv", GOLD),
    Case("mark_before_json", one("a.jsonl", b"\xef\xbb\xbf" + jsonl(rows())), "a.jsonl", GOLD),
    Case("mixed_encodings", one("a.csv", (table(texts=ACCENTS) + "Olé,1\n").encode() + "Déjà,0\n".encode("cp1252")),
         "a.csv", refused="line 7: cannot be read: bytes that are not UTF-8"),
    Case("semicolons", one("a.csv", table(mark=";")), "a.csv", GOLD, says="semicolons"),
    Case("bars_set", one("a.csv", table(mark="|")), "a.csv", GOLD, options={"delimiter": "|"}),
    Case("tabs", one("a.tsv", table(mark="\t")), "a.tsv", GOLD),
    Case("tabs_in_csv", one("a.csv", table(mark="\t")), "a.csv", GOLD, says="tabs"),
    Case("first_line_sep", one("a.csv", "sep=;\n" + table(mark=";")), "a.csv", GOLD),
    Case("quotes_over_lines", one("a.csv", 'text,label\n"A fine film,\nall of it.",1\n"Said ""no"", twice",0\n'), "a.csv",
         ("positive", "negative"), text="A fine film, all of it."),
    Case("quotes_that_are_text", one("a.tsv", 'text\tlabel\n"Fine\t1\nThe "dull\t0\nOnly" good things\t1\n'), "a.tsv",
         ("positive", "negative", "positive"), says="quotation marks are read as text", text='"Fine'),
    Case("backslashed_quotes", one("a.csv", 'text,label\n"She said \\"fine\\", twice",1\n"Dull, dull",0\n'), "a.csv",
         ("positive", "negative"), text='She said "fine", twice'),
    Case("unquoted_commas", one("a.csv", "text,label\nfine,1\ndull, so dull,0\n"), "a.csv",
         refused="row 1: more cells than the header has columns (3, 2)"),
    Case("torn_row", one("a.csv", "text,label\nfine,1\ndull"), "a.csv", refused="row 1: fewer cells"),
    Case("no_header", one("a.csv", "fine film,1\ndull film,0\n"), "a.csv", refused="task.gold.columns"),
    Case("no_header_named", one("a.csv", "fine film,1\ndull film,0\n"), "a.csv", ("positive", "negative"),
         options={"columns": ["text", "label"]}),
    Case("one_name_twice", one("a.csv", "text,label,text\na b,1,c\n"), "a.csv", refused="two columns are named text"),
    Case("names_in_other_case", one("a.csv", table().replace("text,label", "Text, Label ")), "a.csv", GOLD,
         says="'Text' as text"),
    Case("gzip", one("a.jsonl.gz", gzip.compress(jsonl(rows()))), "a.jsonl.gz", GOLD),
    Case("bzip2", one("a.csv.bz2", bz2.compress(table().encode())), "a.csv.bz2", GOLD),
    Case("xz", one("a.jsonl.xz", lzma.compress(jsonl(rows()))), "a.jsonl.xz", GOLD),
    Case("zstandard", lambda: {"a.csv.zst": _zst_file(table().encode())}, "a.csv.zst", GOLD),
    Case("gzip_cut_off", one("a.csv.gz", gzip.compress(table().encode())[:-12]), "a.csv.gz", refused="cannot be read"),
    Case("json_array", one("a.json", json.dumps(rows(), indent=2)), "a.json", GOLD),
    Case("json_in_data", one("a.json", json.dumps({"version": 1, "data": rows()})), "a.json", GOLD),
    Case("json_lines_called_json", one("a.json", jsonl(rows())), "a.json", GOLD),
    Case("json_array_called_jsonl", one("a.jsonl", json.dumps(rows())), "a.jsonl", GOLD),
    Case("json_of_columns", one("a.json", json.dumps({"text": TEXTS, "label": INDICES})), "a.json", GOLD),
    Case("json_of_pandas", one("a.json", json.dumps({"text": {str(i): t for i, t in enumerate(TEXTS)},
         "label": {str(i): v for i, v in enumerate(INDICES)}})), "a.json", GOLD),
    Case("json_of_the_hubs_viewer", one("a.json", json.dumps({
         "features": [{"name": "label", "type": {"names": ["positive", "negative"], "_type": "ClassLabel"}}],
         "rows": [{"row_idx": i, "row": row} for i, row in enumerate(rows((0, 1, 0, 1)))]})), "a.json", GOLD,
         says="the file's own names"),
    Case("json_one_after_another", one("a.json", "\n".join(json.dumps(row, indent=2) for row in rows())), "a.json", GOLD),
    Case("split_of_a_file", one("a.csv", table()), "a.csv:train", refused="a.csv is a file, which has no splits"),
    Case("json_by_name", one("a.json", json.dumps({f"id{i}": row for i, row in enumerate(rows())}, indent=1)), "a.json", GOLD),
    Case("no_ending", one("train", table()), "train", GOLD),
    Case("no_ending_json", one("train", jsonl(rows())), "train", GOLD),
    Case("another_ending", one("a.dat", table()), "a.dat", refused="neither a .jsonl"),
    Case("old_line_ends", one("a.csv", table().replace("\n", "\r")), "a.csv", GOLD),
    Case("columns_of_a_spreadsheet_that_are_empty", one("a.csv", table().replace("\n", ",,\n")), "a.csv", GOLD),
    Case("json_of_two_lists", one("a.json", json.dumps({"train": rows(), "test": rows()})), "a.json",
         refused="several lists of rows (train, test)"),
    Case("json_cut_off", one("a.json", json.dumps(rows(), indent=1)[:-20]), "a.json", refused="not JSON"),
    Case("arrow", lambda: {"a.arrow": arrow(rows())}, "a.arrow", GOLD),
    Case("parquet_called_csv", lambda: {"a.csv": parquet(rows())}, "a.csv", GOLD),
    Case("spreadsheet", one("a.xlsx", b"PK\x03\x04 and so on"), "a.xlsx", refused="a spreadsheet: save the sheet as CSV"),
    Case("spreadsheet_called_csv", one("a.csv", b"PK\x03\x04 and so on"), "a.csv", refused="a spreadsheet"),
    Case("pickle", one("a.pkl", b"\x80\x04"), "a.pkl", refused="never read"),
    Case("brat", one("a.ann", "T1\tPER 0 4\tJohn\n"), "a.ann", refused="annotated words and spans"),
    Case("pointer", one("a.parquet", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "a.parquet",
         refused="git lfs pull"),
    Case("web_page", one("a.csv", "<!DOCTYPE html><html></html>"), "a.csv", refused="a web page"),
    Case("misspelt", one("dev.csv", table()), "dve.csv", refused="no such file (is it "),
]  # fmt: skip

EXPORTS = [
    Case("doccano", one("a.jsonl", jsonl([{"id": i, **row} for i, row in enumerate(rows([[g] for g in GOLD]))])),
         "a.jsonl", GOLD),
    Case("doccano_without_label", one("a.jsonl", jsonl(rows([[g] for g in GOLD[:3]] + [[]]))), "a.jsonl",
         refused="1 of 4 rows have no label"),
    Case("label_studio", one("a.json", json.dumps([
         {"id": i, "data": {"text": t}, "annotations": [{"was_cancelled": False, "result": [
             {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [g]}}]}]}
         for i, (t, g) in enumerate(zip(TEXTS, GOLD, strict=True))])), "a.json", GOLD, says="Label Studio"),
    Case("label_studio_of_spans", one("a.json", json.dumps([{"data": {"text": "x y"}, "annotations": [{"result": [
         {"from_name": "label", "type": "labels", "value": {"start": 0, "end": 1, "labels": ["PER"]}}]}]}])), "a.json",
         refused="Label Studio export of labels"),
    Case("label_studio_min", one("a.json", json.dumps([{"id": i, "annotator": 1, **row}
         for i, row in enumerate(rows(GOLD))])), "a.json", GOLD),
    Case("prodigy", one("a.jsonl", jsonl([{"text": t, "_task_hash": 1, "accept": [g], "answer": "accept"}
         for t, g in zip(TEXTS, GOLD, strict=True)])), "a.jsonl", GOLD, says="Prodigy"),
    Case("prodigy_rejected", one("a.jsonl", jsonl([{"text": t, "_task_hash": 1, "label": g, "answer": a}
         for t, g, a in zip(TEXTS, GOLD, ("accept", "accept", "reject", "ignore"), strict=True)])), "a.jsonl",
         GOLD[:2], says="2 of 4 rows have no label", options={"unlabelled": "drop"}),
    Case("argilla", one("a.json", json.dumps([{"id": "1", "fields": {"text": t}, "responses": {"label": [
         {"value": g, "user_id": "a"}, {"value": g, "user_id": "b"}]}} for t, g in zip(TEXTS, GOLD, strict=True)])),
         "a.json", GOLD, says="Argilla"),
    Case("argilla_that_disagrees", one("a.json", json.dumps([{"fields": {"text": "x y"}, "responses": {"label": [
         {"value": "positive"}, {"value": "negative"}]}}])), "a.json", refused="2 labels, and a row has one"),
    Case("fasttext", one("a.txt", "".join(f"__label__{g} {t}\n" for g, t in zip(GOLD, TEXTS, strict=True))), "a.txt", GOLD,
         says="fastText", text=TEXTS[0]),
    Case("lines_without_labels", one("a.txt", "\n".join(TEXTS)), "a.txt", refused="neither a table nor lines of __label__"),
]  # fmt: skip

FOLDERS = [
    Case("parts", lambda: {"part-00000.parquet": parquet(rows()[:2]), "part-00001.parquet": parquet(rows()[2:])},
         "part-*.parquet", GOLD, says="2 files are read as one, 4 rows"),
    Case("counted_parts", lambda: {f"s/rows_{n}.jsonl": jsonl(rows()[n - 7 : n - 6]) for n in range(7, 11)}, "s", GOLD,
         says="4 files are read as one, 4 rows"),
    Case("years", lambda: {f"s/rows_{n}.jsonl": jsonl(rows()) for n in (2019, 2020)}, "s",
         refused="holds several files (rows_2019.jsonl, rows_2020.jsonl): name one of them, or all of one set by a pattern (s/*.jsonl)"),
    Case("split_of_parts", lambda: {"s/data/train-00000-of-00002.parquet": parquet(rows()[:2]),
         "s/data/train-00001-of-00002.parquet": parquet(rows()[2:]), "s/data/test-00000-of-00001.parquet": parquet(rows())},
         "./s:train", GOLD, says="2 files are read as one"),
    Case("split_with_a_part_missing", lambda: {"s/data/train-00000-of-00002.parquet": parquet(rows())}, "s:train",
         refused="1 of 2 parts of train are missing: 00001"),
    Case("one_part_of_two", lambda: {"train-00000-of-00002.parquet": parquet(rows())}, "train-00000-of-00002.parquet", GOLD,
         says="part 0 of 2 alone: train-*-of-00002.parquet reads all"),
    Case("split_in_a_folder", many(**{"s/train/0000.csv": table(), "s/test/0000.csv": table()}), "s:train", GOLD),
    Case("split_under_another_name", many(**{"s/dev.csv": table(), "s/test.csv": table()}), "s:validation", GOLD),
    Case("split_that_is_not_there", many(**{"s/train.csv": table()}), "s:test", refused="no split test; it has train"),
    Case("two_candidates", many(**{"s/train.csv": table(), "s/train.jsonl": jsonl(rows())}), "s:train",
         refused="several sets of files could be train: train.csv, train.jsonl"),
    Case("slice", many(**{"s/train.csv": table()}), "s:train[:50%]", GOLD[:2]),
    Case("folder_of_splits", many(**{"s/train.csv": table(), "s/test.csv": table()}), "s",
         refused="a folder of several splits: name one, as s:train"),
    Case("folder_of_one_file", many(**{"s/rows.csv": table()}), "s", GOLD),
    Case("files_of_a_card", many(**{"s/README.md": "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: a.csv\n  - split: test\n    path: b.csv\n---\n", "s/a.csv": table(), "s/b.csv": table()}), "s:train", GOLD),
    Case("split_with_a_longer_name", lambda: {"s/validation_matched-00000-of-00001.parquet": parquet(rows()),
         "s/validation_mismatched-00000-of-00001.parquet": parquet(rows())}, "s:validation_matched", GOLD),
    Case("split_of_two_names", lambda: {"s/validation_matched-00000-of-00001.parquet": parquet(rows()),
         "s/validation_mismatched-00000-of-00001.parquet": parquet(rows())}, "s:validation", refused="several sets of files"),
    Case("address", lambda: {}, "https://example.org/a.csv", refused="download the file"),
    Case("script", many(**{"s/s.py": "x = 1\n"}), "s:train", refused="a script makes these rows, and is never run"),
    Case("other_columns", lambda: {"part-0.csv": table().encode(), "part-1.csv": table().replace("text", "txt").encode()},
         "part-*.csv", refused="have different columns: text, txt"),
    Case("class_folders", many(**{f"imdb/train/{c}/{i}.txt": f"{c} text {i}" for c in ("neg", "pos") for i in range(2)}),
         "imdb/train", ("neg", "neg", "pos", "pos"), options=WORDS, says="a folder for each class: neg, pos"),
    Case("class_folders_of_a_split", many(**{f"imdb/train/{c}/{i}.txt": f"{c} text {i}" for c in ("neg", "pos", "unsup")
         for i in range(2)}), "imdb:train", ("neg", "neg", "pos", "pos"), says="2 of 6 rows have no label",
         options=WORDS | {"unlabelled": "drop"}),
]  # fmt: skip

ROWS = [  # rows that cannot be used
    Case("hidden", one("a.csv", table((-1, -1, -1, -1))), "a.csv", refused="a split whose labels are hidden"),
    Case("some_hidden", one("a.csv", table((1, 0, -1, 0))), "a.csv", refused="task.gold.unlabelled=drop"),
    Case("some_null", one("a.jsonl", jsonl(rows((1, None, 1, 0)))), "a.jsonl", ("positive", "positive", "negative"),
         says="1 of 4 rows have no label or answer (the first: a.jsonl:2, None): left out", options={"unlabelled": "drop"}),
    Case("some_empty", one("a.csv", table((1, "", 1, 0))), "a.csv", refused="1 of 4 rows have no label"),
    Case("some_nan", lambda: {"a.parquet": parquet(rows((1.0, float("nan"), 1.0, 0.0)))}, "a.parquet",
         refused="1 of 4 rows have no label"),
    Case("both_labels", one("a.csv", table() + table((0, 1, 0, 1)).partition("\n")[2]), "a.csv",
         refused="8 of 8 rows have a text that stands there with another label too"),
    Case("both_labels_dropped", one("a.csv", table() + f'"{TEXTS[0]}",0\n'), "a.csv", GOLD[1:],
         options={"contradictions": "drop"}, says="left out"),
    Case("one_text", one("a.csv", table(texts=("N/A is it",) * 4, labels=(1, 1, 1, 1))), "a.csv",
         refused="all 4 rows hold the same text"),
    Case("empty_texts", one("a.csv", table(texts=("", "fine film", "...", "dull film"))), "a.csv",
         refused="2 of 4 rows have a text that says nothing"),
    Case("empty_texts_dropped", one("a.jsonl", jsonl(rows(texts=(None, "fine film", "good film", "nan")))), "a.jsonl",
         ("negative", "positive"), options={"empty": "drop"}, says="2 of 4 rows have a text that says nothing"),
    Case("no_rows", one("a.csv", "text,label\n"), "a.csv", refused="no rows"),
    Case("emoji_say_something", one("a.csv", table(texts=("👍", "👎", "fine", "dull"))), "a.csv", GOLD),
    Case("squad", one("a.json", json.dumps({"version": "1.1", "data": [{"title": "x", "paragraphs": [{
         "context": "Rome is in Italy.", "qas": [{"id": "1", "question": "Where is it?", "answers": [
             {"text": "Italy", "answer_start": 11}]}]}]}]})), "a.json", ("Italy",), options=SQUAD, says="SQuAD"),
    Case("squad_2", one("a.jsonl", jsonl([
         {"context": "Rome is in Italy.", "question": "Where?", "answers": {"text": ["Italy"], "answer_start": [11]}},
         {"context": "Rome is in Italy.", "question": "When?", "answers": {"text": [], "answer_start": []}}])), "a.jsonl",
         refused="1 of 2 rows have no label or answer", options=SQUAD),
    Case("squad_2_dropped", one("a.jsonl", jsonl([
         {"context": "Rome is in Italy.", "question": "Where?", "answers": {"text": ["Italy"], "answer_start": [11]}},
         {"context": "Rome is in Italy.", "question": "When?", "answers": {"text": [], "answer_start": []}}])), "a.jsonl",
         ("Italy",), options=SQUAD | {"unlabelled": "drop"}, says="left out"),
]  # fmt: skip

CASES = [*MEANING, *LAYOUT, *EXPORTS, *FOLDERS, *ROWS]


def write(case: Case, folder: Path) -> None:
    """Write the files of a case."""
    for name, data in case.files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def saved_set(folder: Path) -> None:
    """A data set with two splits, as the library datasets saves it; its classes are in another order than the task's."""
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["positive", "negative"])}
    )
    one = datasets.Dataset.from_list(rows((0, 1, 0, 1)), features=features)
    datasets.DatasetDict({"train": one, "test": one}).save_to_disk(str(folder))


def _zst_file(data: bytes) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(data)
    return out.getvalue().to_pybytes()
