"""The span head: windows, offsets, several gold answers, training, and what other programs read."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from s3exp.settings.small_model import EncoderConfig
from s3exp.small_model import build_small_model
from s3exp.small_model.span import OUTSIDE, SpanEncoder
from s3exp.types import Answer, Example, Lesson, SmallModel, UserError
from tests.extraction import tiny_bert, toy_answers

FIELDS = ["context", "question"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("span") / "bert")


def config(checkpoint: Path | str, **options: object) -> EncoderConfig:
    known = {"epochs": 10, "patience": 10, "lr": 0.003, "batch_size": 16, "threads": 1, "stride": 4}
    return EncoderConfig(checkpoint=str(checkpoint), **{**known, **options})  # type: ignore[arg-type]


def build(options: EncoderConfig) -> SmallModel:
    return build_small_model(options, labels=[], fields=FIELDS, progress=False, passage="context")


def asked(context: str, *answers: str, question: str = "who was it") -> Example:
    spans = tuple(Answer(text, context.index(text)) for text in answers)
    return Example("a", {"context": context, "question": question}, spans)


def test_learns_to_answer_by_the_question(checkpoint: Path, tmp_path: Path) -> None:
    small_model = build(config(checkpoint, epochs=30))
    fitted, metrics = small_model.fit(Lesson(toy_answers(240, 1)), toy_answers(40, 2), seed=0)
    test = toy_answers(60, 3)
    predictions = fitted.predict(test)
    for row, guess in zip(test, predictions, strict=True):
        assert guess.answers and guess.answers[0].text
        assert row.fields["context"].startswith(guess.answers[0].text, guess.answers[0].start)
        assert guess.score == guess.scores[0] and len(guess.scores) == 1 and 0 < guess.scores[0] <= 1
    right = sum(guess.answers[0] in row.answers for row, guess in zip(test, predictions, strict=True))
    assert right / len(test) > 0.9
    select = toy_answers(40, 2)
    hits = sum(
        guess.answers[0] in row.answers for row, guess in zip(select, fitted.predict(select), strict=True)
    )
    assert metrics["select_em"] == pytest.approx(hits / 40, abs=0.026)
    assert metrics["select_loss"] > 0 and "select_accuracy" not in metrics
    fitted.save(tmp_path)
    assert small_model.load(tmp_path).predict(test) == predictions
    again, _ = build(config(checkpoint, epochs=30)).fit(Lesson(toy_answers(240, 1)), select, seed=0)
    assert [guess.answers[0] for guess in again.predict(test)] == [guess.answers[0] for guess in predictions]


def test_what_is_saved_is_an_ordinary_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    fitted, _ = build(config(checkpoint, epochs=1)).fit(Lesson(toy_answers(20, 1)), [], seed=0)
    fitted.save(tmp_path)
    network = AutoModelForQuestionAnswering.from_pretrained(tmp_path).eval()
    assert {value.dtype for value in network.parameters()} == {torch.float32}
    row = toy_answers(1, 5)[0]
    inputs = AutoTokenizer.from_pretrained(tmp_path)(
        row.fields["question"], row.fields["context"], return_tensors="pt"
    )
    with torch.inference_mode():
        assert network(**inputs).start_logits.shape == inputs["input_ids"].shape
    with pytest.raises(UserError, match="was trained with labels"):
        build_small_model(config(tmp_path), labels=["a", "b"], fields=FIELDS, progress=False).load(tmp_path)


def test_a_long_text_becomes_overlapping_windows(checkpoint: Path) -> None:
    encoder = SpanEncoder(config(checkpoint, max_length=24), FIELDS, "context")
    words = "it was so " * 20 + "Anna stone"
    (row,) = encoder.encode([asked(words, "Anna")])
    ids, starts, ends, lengths, segments = row
    assert len(ids) == len(starts) == len(ends) == len(segments) == int(lengths.sum())
    assert len(lengths) > 2 and int(lengths.max()) == 24
    windows = starts.split(lengths.tolist())
    first, second = ([int(s) for s in window if s >= 0] for window in windows[:2])
    assert second[:4] == first[-4:]  # the stride
    covered = {(int(s), int(e)) for s, e in zip(starts, ends, strict=True) if s >= 0}
    assert {words[s:e] for s, e in covered} == {"it", "was", "so", "Anna", "stone"}
    assert len(covered) == len(words.split())  # every word of the text, and none of the question


def test_an_answer_in_the_second_window_is_found(checkpoint: Path) -> None:
    options = config(checkpoint, max_length=24)
    fitted, _ = build(options).fit(Lesson(toy_answers(240, 1)), toy_answers(40, 2), seed=0)
    context = "it was so and then " * 6 + "Dora we saw"
    short = asked("it was so Anna then", "Anna", question="who was it then")
    long = asked(context, "Dora", question="who was it then")
    for guess in fitted.predict([short, long, short])[1:2]:
        assert guess.answers[0] == Answer("Dora", context.index("Dora"))


def batch_of(encoder: SpanEncoder, *examples: Example) -> dict[str, torch.Tensor]:
    return encoder.collate(encoder.encode(examples))


class Fixed(nn.Module):
    """A network whose logits are high at some tokens (window, token) of start and end."""

    def __init__(self, starts: dict[tuple[int, int], float], ends: dict[tuple[int, int], float]) -> None:
        super().__init__()
        self.high = (starts, ends)

    def forward(self, input_ids: torch.Tensor, **_: torch.Tensor) -> object:
        found = []
        for high in self.high:
            logits = torch.zeros(input_ids.shape)
            for place, value in high.items():
                logits[place] = value
            found.append(logits)
        return type("Output", (), {"start_logits": found[0], "end_logits": found[1]})()


def test_the_best_span_is_ordered_short_and_in_one_window(checkpoint: Path) -> None:
    encoder = SpanEncoder(config(checkpoint, max_length=20, max_answer=2), FIELDS, "context")
    context = "Anna was so Bert then Carl saw Dora all this Emil went on Fred of it Rome"
    batch = batch_of(encoder, asked("we saw Anna", "Anna"), asked(context, "Anna"))
    assert batch["slots"].tolist()[0] == [0] + [-1] * (batch["slots"].shape[1] - 1)
    # question: [CLS] who was it [SEP] = 5 tokens; window 0 is the short row, the long one begins at window 1
    network = Fixed({(1, 5): 9, (1, 8): 5, (2, 6): 6, (1, 2): 20}, {(1, 9): 6, (1, 12): 9, (2, 5): 9})
    (_, spans) = encoder.numbers(encoder.logits(network, batch), batch)
    chance, begin, end = spans
    assert context[int(begin) : int(end)] == "Bert then"  # 5 + 6 within two tokens beats 9 + 0
    assert 0 < chance < 1
    logits = encoder.logits(network, batch)
    assert float(logits[1, 0, 0, 2]) == OUTSIDE  # a token of the question is no answer
    assert logits.shape == (2, 2, batch["slots"].shape[1], batch["input_ids"].shape[1])


def test_the_loss_counts_every_gold_answer_in_every_window(checkpoint: Path) -> None:
    encoder = SpanEncoder(config(checkpoint, max_length=24), FIELDS, "context")
    context = "we saw Anna and Bert on"
    rows = [asked(context, "Anna"), asked(context, "Anna", "Bert"), asked(context, "Anna and")]

    def loss(*examples: Example, reduction: str = "sum") -> float:
        batch = batch_of(encoder, *examples)
        targets = torch.tensor(encoder.targets(examples))
        return float(encoder.loss(encoder.logits(Fixed({}, {}), batch), batch, targets, reduction))

    one, two, wide = (loss(row) for row in rows)
    assert one == pytest.approx(torch.log(torch.tensor(6.0)))  # six words, all as likely
    assert two == pytest.approx(torch.log(torch.tensor(3.0)))
    assert wide == pytest.approx(one)
    # an answer that stands whole in no window teaches nothing
    long = asked("we saw " * 30, "we saw " * 29 + "we")
    assert loss(long) == 0
    assert loss(*rows, long) == pytest.approx(one + two + wide)
    assert loss(*rows, long, reduction="mean") == pytest.approx((one + two + wide) / 4)
    batch, targets = batch_of(encoder, *rows, long), torch.tensor(encoder.targets([*rows, long]))
    each = encoder.loss(encoder.logits(Fixed({}, {}), batch), batch, targets, "none")
    assert each.tolist() == pytest.approx([one, two, wide, 0])


def test_weights(checkpoint: Path) -> None:
    small_model, train, test = build(config(checkpoint, epochs=2)), toy_answers(40, 1), toy_answers(20, 3)
    plain = small_model.fit(Lesson(train), [], seed=0)[0].predict(test)
    assert small_model.fit(Lesson(train, [3.0] * 40), [], seed=0)[0].predict(test) == plain
    absent = small_model.fit(Lesson(train[5:]), [], seed=0)[0].predict(test)
    zeros = [0.0] * 5 + [1.0] * 35
    assert small_model.fit(Lesson(train, zeros), [], seed=0)[0].predict(test) == absent != plain
    uneven = small_model.fit(Lesson(train, [1.0, 2.0] * 20), [], seed=0)[0].predict(test)
    assert uneven not in (plain, absent)


def test_a_question_that_fills_the_window_leaves_room_for_the_text(checkpoint: Path) -> None:
    encoder = SpanEncoder(config(checkpoint, max_length=24, stride=128), FIELDS, "context")
    context = "it was so and then Anna"
    (row,) = encoder.encode([asked(context, "Anna", question="who was it then " * 40)])
    assert {context[s:e] for s, e in zip(row[1].tolist(), row[2].tolist(), strict=True) if s >= 0} == set(
        context.split()
    )


def test_empty_and_blank_texts_do_not_break(checkpoint: Path) -> None:
    fitted, _ = build(config(checkpoint, epochs=1)).fit(Lesson(toy_answers(8, 1)), [], seed=0)
    (guess,) = fitted.predict([Example("a", {"context": "", "question": "who"}, 0)])
    assert guess.answers[0] == Answer("", 0)
