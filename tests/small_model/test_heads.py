"""A checkpoint's own head: kept for the same classes, in the task's order, and replaced for any other."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch

from s3exp.settings.small_model import EncoderConfig
from s3exp.small_model import build_small_model
from s3exp.small_model.encoder import Encoder
from s3exp.small_model.span import SpanEncoder
from s3exp.types import Example, Lesson, UserError
from tests.odd_checkpoints import ROBERTA, WORDS, bert, save

LABELS = ["negative", "positive"]
ROW = Example("a", {"text": " ".join(WORDS)}, 0)


def encoder(folder: Path, labels: list[str] = LABELS, **options: object) -> Encoder:
    return Encoder(EncoderConfig(checkpoint=str(folder), threads=1, **options), labels, ["text"])  # type: ignore[arg-type]


def scores(one: Encoder) -> list[float]:
    """The logits of one row, by label, as drawn."""
    with torch.inference_mode():
        return list(one.logits(one.draw(0).eval(), one.collate(one.encode([ROW])))[0].tolist())


def classifier(
    folder: Path, names: list[str], head: str = "ForSequenceClassification", **facts: object
) -> Path:
    return bert(
        folder, head, id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)}, **facts
    )


def test_a_head_follows_its_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The same classes in another order and other letters: every label keeps its own score."""
    caplog.set_level(logging.INFO)
    folder = classifier(tmp_path, ["POSITIVE", "Negative"])
    with torch.inference_mode():
        from transformers import AutoModelForSequenceClassification

        own = AutoModelForSequenceClassification.from_pretrained(folder).eval()
        one = encoder(folder)
        positive, negative = own(**one.collate(one.encode([ROW]))).logits[0].tolist()
    assert scores(one) == pytest.approx([negative, positive], abs=1e-5)
    assert scores(encoder(folder, ["positive", "negative"])) == pytest.approx([positive, negative], abs=1e-5)
    assert "in the order of task.labels" in caplog.text and "is kept, and trained on" in caplog.text


@pytest.mark.parametrize(
    ("names", "head", "facts", "says"),
    [
        (["LABEL_0", "LABEL_1"], "ForSequenceClassification", {}, "does not say which class is which"),
        (
            ["entailment", "neutral"],
            "ForSequenceClassification",
            {},
            "for other classes (entailment, neutral)",
        ),
        (["a", "b", "c"], "ForSequenceClassification", {}, "another number of classes"),
        (["score"], "ForSequenceClassification", {"problem_type": "regression"}, "another number of classes"),
        (
            ["negative", "positive"],
            "ForSequenceClassification",
            {"problem_type": "multi_label_classification"},
            "another kind (multi_label_classification)",
        ),
        (["negative", "positive"], "ForTokenClassification", {}, "another kind (BertForTokenClassification)"),
    ],
)
def test_a_head_for_something_else_gives_way(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    names: list[str],
    head: str,
    facts: dict[str, object],
    says: str,
) -> None:
    caplog.set_level(logging.INFO)
    folder = classifier(tmp_path, names, head, **facts)
    one = encoder(folder)
    first, same, other = one.draw(0), one.draw(0), one.draw(1)
    assert says in caplog.text and "a fresh one is trained for negative, positive" in caplog.text
    assert caplog.text.count(says) == 1  # not every round
    assert torch.equal(first.classifier.weight, same.classifier.weight)  # type: ignore[union-attr, arg-type]
    assert not torch.equal(first.classifier.weight, other.classifier.weight)  # type: ignore[union-attr, arg-type]
    assert first.config.id2label == {0: "negative", 1: "positive"}  # type: ignore[union-attr]
    assert first.config.problem_type is None  # type: ignore[union-attr]


@pytest.mark.parametrize("head", ["ForMaskedLM", "ForQuestionAnswering", "Model"])
def test_a_fresh_head_is_nothing_to_talk_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, head: str
) -> None:
    caplog.set_level(logging.INFO)
    scores(encoder(bert(tmp_path, head)))
    assert not caplog.records


def test_a_head_for_spans_is_kept(tmp_path: Path) -> None:
    folder = bert(tmp_path, "ForQuestionAnswering")
    one = SpanEncoder(EncoderConfig(checkpoint=str(folder), threads=1), ["question", "text"], "text")
    assert torch.equal(one.draw(0).qa_outputs.weight, one.draw(1).qa_outputs.weight)  # type: ignore[union-attr, arg-type]


def test_the_network_says_how_long_a_row_may_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A RoBERTa of 34 positions reads 32 tokens, whatever its tokenizer says; who set more is told so, once."""
    import transformers

    caplog.set_level(logging.INFO)
    folder = save(transformers.RobertaForMaskedLM(transformers.RobertaConfig(**ROBERTA)), tmp_path)
    one = encoder(folder, max_length=600)
    long = Example("long", {"text": " ".join(WORDS * 9)}, 0)
    assert len(one.encode([long])[0][0]) == one.limit == 32
    assert caplog.text.count("small_model.max_length=600: this network reads 32 tokens") == 1
    one.logits(one.draw(0), one.collate(one.encode([long])))
    caplog.clear()
    assert encoder(folder).limit == 32 and not caplog.records  # the default is no wish


def test_the_longest_row_is_as_long_as_the_network_reads(tmp_path: Path) -> None:
    from s3exp.small_model.fitted import TrainableSmallModel
    from s3exp.small_model.trial import try_longest

    one = encoder(bert(tmp_path))
    trial = try_longest(TrainableSmallModel(one, False), [ROW])
    assert trial is not None and trial.tokens == 32
    assert try_longest(TrainableSmallModel(one, False), [ROW]) is None  # a sweep tries it once


def test_the_culprit_is_named(tmp_path: Path) -> None:
    """Not the learning rate, where the loss was no number before any step, or a row's class does not exist."""
    folder = bert(tmp_path)
    small_model = build_small_model(
        EncoderConfig(checkpoint=str(folder), threads=1, epochs=1),
        labels=LABELS,
        fields=["text"],
        progress=False,
    )
    with pytest.raises(UserError, match=r"row b has class 2, and task\.labels has 2"):
        small_model.fit(Lesson([ROW, Example("b", ROW.fields, 2)]), [], seed=0)
    with pytest.raises(UserError, match=r"row c has class -100"):
        small_model.fit(Lesson([ROW]), [Example("c", ROW.fields, -100)], seed=0)
    draw = small_model.architecture.draw  # type: ignore[attr-defined]

    def broken(seed: int) -> torch.nn.Module:
        network: torch.nn.Module = draw(seed)
        network.classifier.weight.data.fill_(float("inf"))  # type: ignore[union-attr, operator]
        return network

    small_model.architecture.draw = broken  # type: ignore[attr-defined]
    for call in (lambda: small_model.fit(Lesson([ROW] * 4), [], seed=0), lambda: small_model.check([ROW])):
        with pytest.raises(UserError, match=rf"small_model\.checkpoint={folder}: its loss .* before"):
            call()


def test_a_row_without_words_is_read(tmp_path: Path) -> None:
    """A decoder's tokenizer adds no token of its own, so an empty text would be an empty row."""
    import transformers

    from tests.odd_checkpoints import GPT, tokenizer

    folder = save(transformers.GPT2LMHeadModel(transformers.GPT2Config(**GPT)), tmp_path)
    tokenizer(folder, special=False)
    small_model = build_small_model(
        EncoderConfig(checkpoint=str(folder), threads=1, epochs=1),
        labels=LABELS,
        fields=["text"],
        progress=False,
    )
    fitted, _ = small_model.fit(Lesson([ROW, Example("b", {"text": ""}, 1)]), [], seed=0)
    assert len(fitted.predict([Example("b", {"text": ""}, 1)])) == 1


def test_unknown_warnings_of_transformers_are_passed_on(caplog: pytest.LogCaptureFixture) -> None:
    """Those that are looked after here are not, and none comes twice."""
    from s3exp.small_model.loading import quiet

    with quiet():
        for _ in range(2):
            logging.getLogger("transformers.modeling_utils").warning("BertModel LOAD REPORT from x")
            logging.getLogger("transformers.modeling_utils").warning("your flux\ncapacitor is old")
    assert [record.getMessage() for record in caplog.records] == [
        "Transformers says: your flux capacitor is old"
    ]
