"""What a choice of exemplars may look at: gold mining rows with the last guesses, own rows, and vectors of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from s3exp.seeds import derive
from s3exp.types import Example, Prediction, UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from s3exp.choosing.votes import Voting


@dataclass(frozen=True, slots=True)
class Guesses:
    """The small model's predictions of the mining rows, in their order, and the ids of its errors."""

    predictions: Sequence[Prediction]
    wrong: frozenset[str]


class Vectors(Protocol):
    """Embeds texts; see curation/vectors.py."""

    gold_alone: bool  # its vectors were made from gold texts alone

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Sight:
    """What stands beside mining rows and guesses: the `rows` made before round `number`, vectors, and a seed.

    `columns` are those of a row's text, `voting` is the noise of private votes.
    """

    columns: Sequence[str] = ()
    vectors: Vectors | None = None
    seed: int = 0
    voting: Voting | None = None
    number: int = 0
    rows: Sequence[Example] = ()

    def at(self, number: int, rows: Sequence[Example]) -> Sight:
        """The sight before a round, with the rows made so far."""
        seed = derive(self.seed, number)
        return replace(self, seed=seed, number=number, rows=[row for row in rows if row.round is not None])

    def texts(self, rows: Sequence[Example]) -> list[str]:
        """The text of each row, without what was given to the LLM."""
        return ["\n".join(row.fields[name] for name in self.columns or row.fields) for row in rows]

    def embed(self, rows: Sequence[Example]) -> NDArray[np.float32]:
        """One vector a row: (rows, dim). There is at least one row.

        Raises:
            UserError: the program has no vectors.
        """
        if self.vectors is None:
            raise UserError("this choice of exemplars needs vectors of texts, and the program gives none")
        return self.vectors.embed(self.texts(rows))


@dataclass(frozen=True, slots=True)
class Notes:
    """What a choice leaves on record: numbers by name, tables by the name of their file."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


NO_SIGHT, NO_NOTES = Sight(), Notes()
