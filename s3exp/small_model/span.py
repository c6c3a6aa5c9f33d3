"""A pretrained encoder with a span head: the small model where the answer is a literal span of a text.

A text that is longer than the encoder reads is cut into overlapping windows, each with the question before it. The
tokens of all windows of a row share one softmax for the start and one for the end (Clark and Gardner 2018), so windows
compete with each other. Offsets are characters of the row's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForQuestionAnswering

from s3exp.settings.small_model import EncoderConfig
from s3exp.small_model.encoder import Encoder
from s3exp.small_model.flops import of_transformer
from s3exp.small_model.loading import Loaded, quiet
from s3exp.small_model.rows import Key, Row, Rows
from s3exp.tasks.squad import exact
from s3exp.types import Answer, Example, Prediction, UserError

OUTSIDE = -1e9  # logit of a token outside the text


class SpanEncoder(Encoder):
    """The architecture `transformers` where spans are predicted.

    A row's target is an index into the pairs of a text and its gold answers that were encoded so far.
    """

    metric = "em"
    network_class = AutoModelForQuestionAnswering

    def __init__(self, config: EncoderConfig, fields: Sequence[str], passage: str) -> None:
        super().__init__(config, ["start", "end"], fields)
        self.passage = passage
        self.question = next(name for name in fields if name != passage)
        self._pairs: list[tuple[str, tuple[Answer, ...]]] = []
        self._indices: dict[tuple[str, tuple[Answer, ...]], int] = {}

    def draw(self, seed: int) -> nn.Module:
        """The pretrained encoder in float32 with a span head drawn from `seed`.

        Raises:
            UserError: the checkpoint cannot be loaded, or its tokenizer gives no offsets.
        """
        if not self.tokenizer.is_fast:
            raise UserError(f"{self.where}: its tokenizer gives no offsets, spans need them")
        return super().draw(seed)

    def _settle(self, loaded: Loaded) -> None:
        """A head for spans means the same in every checkpoint."""

    def longest(self, examples: Sequence[Example]) -> Example | None:
        """A row whose text fills one window and part of another, made of the longest that has an answer."""
        return super().longest([row for row in examples if row.answers])

    def encode(self, examples: Sequence[Example]) -> Rows:
        """One row an example: the windows one after the other, in tensors of shape (tokens of all windows,).

        A row holds token ids, first and last character of every token (-1: outside the text), the windows' lengths and,
        where the tokenizer has them, segment ids.
        """
        keys = [(example.fields[self.question], example.fields[self.passage]) for example in examples]
        return self._rows.rows(keys, self._windows)

    def _windows(self, pairs: Sequence[Key]) -> Iterator[Row]:
        limit = self.limit
        with quiet():
            encoded = self.tokenizer(
                [self._short(question, limit // 4) for question, _ in pairs],
                [text for _, text in pairs],
                truncation="only_second",
                max_length=limit,
                stride=max(0, min(self.config.stride, limit // 4 - 1)),
                return_overflowing_tokens=True,
                return_offsets_mapping=True,
                return_attention_mask=False,
                padding=False,
            )
        names = self.inputs(encoded)
        rows: list[list[list[Tensor]]] = [[] for _ in pairs]
        for window, owner in enumerate(encoded["overflow_to_sample_mapping"]):
            ids, *types = (torch.tensor(encoded[name][window], dtype=torch.int32) for name in names)
            starts, ends = self._offsets(encoded, window)
            rows[owner].append([ids, starts, ends, torch.tensor([len(ids)]), *types])
        for windows in rows:
            yield tuple(torch.cat(parts) for parts in zip(*windows, strict=True))

    def _short(self, question: str, limit: int) -> str:
        """The first tokens of a question: a window must have room for the text."""
        offsets = self.tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)[
            "offset_mapping"
        ]
        return question if len(offsets) <= limit else question[: offsets[limit - 1][1]]

    @staticmethod
    def _offsets(encoded: Any, window: int) -> tuple[Tensor, Tensor]:
        spans = [
            span if of == 1 and span[0] < span[1] else (-1, -1)
            for span, of in zip(encoded["offset_mapping"][window], encoded.sequence_ids(window), strict=True)
        ]
        both = torch.tensor(spans, dtype=torch.int32)
        return both[:, 0], both[:, 1]

    def collate(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        """Windows padded to the longest: (windows, tokens), int64; `slots` (rows, places) are the windows of a row.

        Empty places of a row hold -1.
        """
        lengths = [row[3].tolist() for row in rows]
        counts = torch.tensor([len(sizes) for sizes in lengths])

        def padded(part: int, fill: int) -> Tensor:
            windows = [
                w for row, sizes in zip(rows, lengths, strict=True) for w in torch.split(row[part], sizes)
            ]
            return pad_sequence(windows, batch_first=True, padding_value=fill).long()

        batch = {"input_ids": padded(0, self.tokenizer.pad_token_id)}
        if len(rows[0]) > 4:
            batch["token_type_ids"] = padded(4, self.tokenizer.pad_token_type_id)
        sizes = torch.tensor([size for row in lengths for size in row])
        batch["attention_mask"] = (torch.arange(int(sizes.max())) < sizes[:, None]).long()
        places = torch.arange(int(counts.max())).expand(len(rows), -1)
        first = counts.cumsum(0) - counts
        batch["slots"] = torch.where(places < counts[:, None], first[:, None] + places, -1)
        return batch | {"starts": padded(1, -1), "ends": padded(2, -1)}

    def logits(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """Logits of start and end, float32: (rows, 2, places, tokens), `OUTSIDE` where there is no text."""
        names = ("input_ids", "token_type_ids", "attention_mask")
        with self.dropout(network):
            output: Any = network(**{name: batch[name] for name in names if name in batch})
        both = torch.stack([output.start_logits, output.end_logits], 1).float()
        arranged = both[batch["slots"].clamp(min=0)].transpose(1, 2)
        starts, _ = _arranged(batch)
        return arranged.masked_fill(starts[:, None] < 0, OUTSIDE)

    def flops(self, network: nn.Module, rows: Sequence[Row]) -> float:
        """FLOPs of one forward pass over some rows' windows."""
        return of_transformer(network, [length for row in rows for length in row[3].tolist()])

    def targets(self, examples: Sequence[Example]) -> list[int]:
        """The index of every row's text and answers."""
        keys = [(example.fields[self.passage], example.answers) for example in examples]
        for key in keys:
            if key not in self._indices:
                self._indices[key] = len(self._pairs)
                self._pairs.append(key)
        return [self._indices[key] for key in keys]

    def loss(self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor, reduction: str) -> Tensor:
        """The negative log-likelihood in nats, averaged over start and end, that a token is one of a gold answer.

        Only windows that hold the whole answer count; a row without one has loss 0.
        """
        gold = self._marks(batch, targets).flatten(2)
        chances = logits.flatten(2).log_softmax(-1)
        likelihood = chances.masked_fill(~gold, OUTSIDE).logsumexp(-1).mean(-1)
        losses = torch.where(gold.any(-1).all(-1), -likelihood, 0.0)
        if reduction == "none":
            return losses
        return losses.mean() if reduction == "mean" else losses.sum()

    def _marks(self, batch: dict[str, Tensor], targets: Tensor) -> Tensor:
        """Where gold answers start and end: bool, (rows, 2, places, tokens)."""
        starts, ends = _arranged(batch)
        rows = [self._pairs[index][1] for index in targets.tolist()]
        spans = torch.full((len(rows), max(map(len, rows)), 2), -2)
        for row, answers in enumerate(rows):
            for place, answer in enumerate(answers):
                spans[row, place] = torch.tensor([answer.start, answer.start + len(answer.text)])
        begin, end = spans.to(starts.device)[..., None, None].unbind(2)  # (rows, answers, 1, 1)
        starts, ends = starts[:, None], ends[:, None]
        opens = (starts <= begin) & (begin < ends)
        closes = (starts < end) & (end <= ends)
        whole = opens.any(-1, keepdim=True) & closes.any(-1, keepdim=True)
        return torch.stack([(opens & whole).any(1), (closes & whole).any(1)], 1)

    def right(self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor) -> Tensor:
        """The number of rows whose predicted answer matches a gold answer exactly."""
        hits = 0
        for index, (_, begin, end) in zip(targets.tolist(), self.numbers(logits, batch), strict=True):
            text, answers = self._pairs[index]
            hits += exact(text[int(begin) : int(end)], [answer.text for answer in answers])
        return torch.tensor(hits)

    def numbers(self, logits: Tensor, batch: dict[str, Tensor]) -> list[list[float]]:
        """The likeliest span of every row over all its windows: its probability, first and last character."""
        first, last = logits.double().flatten(2).log_softmax(-1).view_as(logits).unbind(1)
        rows, _, width = first.shape
        best = first.new_full((rows,), -torch.inf)
        start, end = torch.zeros(2, rows, dtype=torch.long, device=first.device)
        for extra in range(min(self.config.max_answer, width)):
            joint = first[..., : width - extra] + last[..., extra:]
            value, index = joint.flatten(1).max(1)
            place, token = index // (width - extra), index % (width - extra)
            begin = place * width + token
            better = value > best
            best = torch.where(better, value, best)
            start, end = torch.where(better, begin, start), torch.where(better, begin + extra, end)
        starts, ends = (offsets.flatten(1) for offsets in _arranged(batch))
        begins, stops = starts.gather(1, start[:, None])[:, 0], ends.gather(1, end[:, None])[:, 0]
        return torch.stack([best.exp(), begins.double(), stops.double()], 1).tolist()

    def prediction(self, example: Example, numbers: Sequence[float]) -> Prediction:
        """The literal text of the span, without white space at its ends."""
        chance, begin, end = numbers
        text = example.fields[self.passage][max(0, int(begin)) : max(0, int(end))]
        start = max(0, int(begin)) + len(text) - len(text.lstrip())
        return Prediction(example.id, (Answer(text.strip(), start),), (chance,))

    def of_folder(self, folder: Path) -> SpanEncoder:
        """The architecture of a saved network, with its tokenizer."""
        config = replace(self.config, checkpoint=str(folder), revision=None)
        return SpanEncoder(config, self.fields, self.passage)


def _arranged(batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """First and last character of every token by row: (rows, places, tokens), -1 where there is no text."""
    slots = batch["slots"]
    empty = (slots < 0)[..., None]
    starts, ends = (batch[name][slots.clamp(min=0)].masked_fill(empty, -1) for name in ("starts", "ends"))
    return starts, ends
