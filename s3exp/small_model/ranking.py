"""The loss and the predictions of a network that embeds queries and passages: a query's passages by cosine similarity.

In training, a query's own passage is told from those of the other rows of its batch and from all hard negatives there.
Where rows are judged, every query is ranked against the passages of all of them, and those of the corpus.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from s3exp.settings.small_model import NetworkConfig
from s3exp.small_model.batches import Collate
from s3exp.small_model.rows import Key, Row, RowCache, Rows
from s3exp.tasks.ranks import PRIMARY, reciprocal
from s3exp.types import Example, Prediction

Text = tuple[Tensor, ...]  # an encoded text; the first tensor has its length
NONE = -1  # the number of a hard negative that a row has not


class RankHead(ABC):
    """Ranks passages by their similarity to a query. A row is a query, its passage and at most a hard negative.

    Distinct texts have numbers, by which equal passages of several rows are known as one. `corpus` are passages that
    all queries are ranked against, beside those of the rows that are judged.
    """

    metric = PRIMARY
    by_domain = False
    parts: int  # tensors of an encoded text
    config: NetworkConfig

    def __init__(self, fields: Sequence[str], corpus: Sequence[str]) -> None:
        self.fields, self.labels, self.corpus = list(fields), list[str](), tuple(corpus)
        self._rows = RowCache()
        self._texts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._of_corpus: dict[int, Text] | None = None

    @property
    @abstractmethod
    def scale(self) -> float:
        """Of the similarities in the loss: 1 / temperature."""

    @abstractmethod
    def encoded(self, texts: Sequence[str]) -> Sequence[Text]:
        """Each text in `parts` tensors."""

    @abstractmethod
    def padded(self, texts: Sequence[Text]) -> dict[str, Tensor]:
        """One batch of some encoded texts."""

    @abstractmethod
    def embedded(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """The vectors of all texts of a batch: (texts, dim)."""

    def encode(self, examples: Sequence[Example]) -> Rows:
        """Query, passage and hard negative (of length 0 where there is none) of every row, and their numbers."""
        query, passage = self.fields
        keys = [(row.fields[query], row.fields[passage], negative_of(row)) for row in examples]
        return self._rows.rows(keys, self._encoded_keys)

    def _encoded_keys(self, keys: Sequence[Key]) -> Iterator[Row]:
        distinct = list(dict.fromkeys(text for key in keys for text in key))
        known = dict(zip(distinct, self.encoded(distinct), strict=True))
        nothing = tuple(part[:0] for part in known[distinct[0]])
        for *pair, negative in keys:
            numbers = [*map(self._number, pair), self._number(negative) if negative else NONE]
            texts = (*(known[text] for text in pair), known[negative] if negative else nothing)
            yield (*(part for text in texts for part in text), torch.tensor(numbers))

    def _number(self, text: str) -> int:
        if text not in self._numbers:
            self._numbers[text] = len(self._texts)
            self._texts.append(text)
        return self._numbers[text]

    def collate(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        """A batch of training: distinct queries, then the distinct passages and hard negatives.

        Beside the texts: the place of each row's query and, among the candidates, of its passage, shape (rows,);
        `banned` (rows, candidates): other right passages of the same query; `names`: the numbers of the candidates;
        and `queries`, of as many zeros as there are queries.
        """
        size = self.parts
        numbers: list[int] = [int(row[3 * size][2]) for row in rows]
        named = zip(numbers, rows, strict=True)
        return self._batch(rows, {name: row[2 * size : 3 * size] for name, row in named if name != NONE})

    @property
    def gathered(self) -> Collate:
        """A batch of rows that are judged: their passages and the corpus are the candidates, without hard negatives."""
        return self._gathered

    def _gathered(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        if self._of_corpus is None:
            numbers = map(self._number, self.corpus)
            self._of_corpus = dict(zip(numbers, self.encoded(self.corpus), strict=True))
        return self._batch(rows, self._of_corpus)

    def _batch(self, rows: Sequence[Row], others: Mapping[int, Text]) -> dict[str, Tensor]:
        size = self.parts
        numbers: list[list[int]] = [row[3 * size].tolist() for row in rows]
        queries = {one[0]: row[:size] for one, row in zip(numbers, rows, strict=True)}
        candidates = {one[1]: row[size : 2 * size] for one, row in zip(numbers, rows, strict=True)}
        candidates |= {name: text for name, text in others.items() if name not in candidates}
        of_query, place = ({name: at for at, name in enumerate(names)} for names in (queries, candidates))
        right: dict[int, set[int]] = {}
        for query, passage, _ in numbers:
            right.setdefault(query, set()).add(place[passage])
        banned = torch.zeros(len(rows), len(candidates), dtype=torch.bool)
        for at, (query, passage, _) in enumerate(numbers):
            banned[at, list(right[query] - {place[passage]})] = True
        return self.padded([*queries.values(), *candidates.values()]) | {
            "query": torch.tensor([of_query[one[0]] for one in numbers]),
            "positive": torch.tensor([place[one[1]] for one in numbers]),
            "banned": banned,
            "names": torch.tensor(list(candidates)),
            "queries": torch.zeros(len(queries), dtype=torch.bool),
        }

    def targets(self, examples: Sequence[Example]) -> list[int]:
        """The number of every row's passage."""
        return [self._number(row.fields[self.fields[1]]) for row in examples]

    def logits(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """The vectors of all texts of the batch, of length 1: queries, then candidates."""
        return nn.functional.normalize(self.embedded(network, batch).float(), dim=-1)

    def similarities(self, vectors: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Cosine similarities (rows, candidates); -inf for other right passages of the same query."""
        queries = len(batch["queries"])
        found = vectors[:queries][batch["query"]] @ vectors[queries:].T
        return found.masked_fill(batch["banned"], -torch.inf)

    def loss(self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor, reduction: str) -> Tensor:
        """The negative log-likelihood of a row's own passage in nats (InfoNCE): `mean`, `sum`, or by `none` each."""
        scores = self.scale * self.similarities(logits, batch)
        return cross_entropy(scores, batch["positive"], reduction=reduction)

    def lesson_loss(
        self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor, reduction: str
    ) -> Tensor:
        """The loss that training lowers."""
        return self.loss(logits, batch, targets, reduction)

    def right(self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor) -> Tensor:
        """The sum of the rows' reciprocal ranks, cut at 10."""
        found = self.ranks(self.similarities(logits, batch), batch)
        return torch.tensor(sum(reciprocal(rank) for rank in found.tolist()), dtype=torch.float64)

    @staticmethod
    def ranks(similarities: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """The rank of every row's passage, from 1, shape (rows,): a passage that is as similar stands before it."""
        own = similarities.gather(1, batch["positive"][:, None])
        return (similarities >= own).sum(1)

    def numbers(self, logits: Tensor, batch: dict[str, Tensor]) -> list[list[float]]:
        """Of every row: the probability of the passage ranked first, its number, and the rank of the row's own."""
        found = self.similarities(logits, batch).double()
        ranks, own = self.ranks(found, batch), batch["positive"][:, None]
        others = found.scatter(1, own, -torch.inf).argmax(1)
        first = torch.where(ranks == 1, own[:, 0], others)
        chance = (self.scale * found).softmax(1).gather(1, first[:, None])[:, 0]
        return torch.stack([chance, batch["names"][first].double(), ranks.double()], 1).tolist()

    def prediction(self, example: Example, numbers: Sequence[float]) -> Prediction:
        """The passage ranked first, with its probability among all, and the rank of the row's own."""
        chance, first, rank = numbers
        return Prediction(example.id, self._texts[int(first)], (chance,), rank=int(rank))

    def lengths_of(self, rows: Sequence[Row]) -> list[int]:
        """The lengths of all texts of some rows."""
        return [len(row[place * self.parts]) for row in rows for place in range(3)]


def negative_of(row: Example) -> str:
    """The hard negative of a row; empty: it has none."""
    return row.target if isinstance(row.target, str) else ""


def chunks(count: int, size: int) -> Iterator[list[int]]:
    """The numbers below `count`, so many at a time."""
    return (list(range(begin, min(begin + size, count))) for begin in range(0, count, size))
