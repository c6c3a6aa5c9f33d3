"""Made rows as exemplars, chosen by noisy votes of gold: S3 under differential privacy.

As in Aug-PE (Xie et al. 2024): before a round every voter, a gold mining row, votes for the made row of its label that
is nearest to it; Gaussian noise is added to the counts, and the first half is shown. The LLM never sees a gold text.
Here the errors vote. They are found by a small model that learned made rows alone, so that whether a row votes depends
on this row and on what was released before: one gold row more or less changes one count by at most 1. Labels are
disjoint, so the votes of a round are one release.

The counts without noise are on no record. What one gold row could change must be nothing but its vote: vectors that
were made from gold are not used.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from s3exp.choosing.privacy import epsilon_of
from s3exp.choosing.sight import Guesses, Notes, Sight
from s3exp.seeds import stream
from s3exp.settings.loop import StrategyConfig
from s3exp.types import Example, UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

BUCKETS = 4096  # of hashed words
FEWEST = 4  # candidates of a label
SHOWN = 0.5  # of the candidates


@dataclass(frozen=True, slots=True)
class Voting:
    """The noise of a run's votes: `sigma` in votes, drawn with a `key` that nobody may know."""

    sigma: float
    delta: float
    key: tuple[int, ...]

    def noise(self, number: int, label: int, count: int) -> NDArray[np.float64]:
        """The noise of a round's votes of one label, the same each time: (count,)."""
        import numpy as np

        return np.random.default_rng([*self.key, number, label]).normal(0.0, self.sigma, count)


def voted(strategy: StrategyConfig, mining: Sequence[Example], last: Guesses, sight: Sight) -> list[Example]:
    """The made rows that are shown: for each label the first half of its candidates, the most votes first.

    Raises:
        UserError: the program gives no noise, or the LLM wrote hardly any row of a label.
    """
    if sight.voting is None:
        raise UserError("strategy.shown=votes needs the noise of a run: strategy.privacy.epsilon")
    import numpy as np

    shown: list[Example] = []
    for label in sorted({row.label for row in sight.rows}):
        candidates = drawn(strategy, sight, label)
        voters = [
            row
            for row in mining
            if row.target == label and (strategy.voters == "all" or row.id in last.wrong)
        ]
        counts = np.zeros(len(candidates))
        if voters:
            counts += tally(*_vectors(sight, candidates, voters))
        counts += sight.voting.noise(sight.number, label, len(candidates))
        first = np.argsort(-counts, kind="stable")[: round_up(len(candidates))]
        shown += [candidates[place] for place in first]
    return shown


def drawn(strategy: StrategyConfig, sight: Sight, label: int) -> list[Example]:
    """The made rows of a label that gold votes on.

    Raises:
        UserError: there are fewer than four.
    """
    rows, wanted = [row for row in sight.rows if row.target == label], strategy.privacy.candidates
    if len(rows) < FEWEST:
        raise UserError(
            f"strategy.shown=votes needs {FEWEST} rows of every label to vote on, and before round {sight.number} "
            f"there are {len(rows)} of label {label}: a larger loop.budget.rows or loop.seed_fraction gives more"
        )
    if len(rows) < wanted:
        log.info(
            "round %d: gold votes on all %d rows of label %d (strategy.privacy.candidates=%d)",
            sight.number,
            len(rows),
            label,
            wanted,
        )
    return stream(sight.seed, "votes", label).sample(rows, min(wanted, len(rows)))


def tally(candidates: NDArray[np.float64], voters: NDArray[np.float64]) -> NDArray[np.float64]:
    """The votes for each candidate: (candidates,). A voter has one, for the nearest by cosine, the first of equals."""
    import numpy as np

    nearest = (voters @ candidates.T).argmax(axis=1)
    return np.bincount(nearest, minlength=len(candidates)).astype(np.float64)


def round_up(candidates: int) -> int:
    """How many of some candidates are shown."""
    return -int(-candidates * SHOWN // 1)


def notes_of(shown: Sequence[Example], sight: Sight) -> Notes:
    """What is spent after this round's release, and the rows that it showed; never a count."""
    if sight.voting is None:
        return Notes()
    sigma, delta = sight.voting.sigma, sight.voting.delta
    numbers = {
        "privacy/epsilon": epsilon_of(sigma, delta, sight.number),
        "privacy/delta": delta,
        "privacy/sigma": sigma,
        "privacy/releases": float(sight.number),
    }
    ranks: dict[Any, int] = {}
    lines = []
    for row in shown:
        ranks[row.target] = ranks.get(row.target, 0) + 1
        lines.append({"id": row.id, "rank": ranks[row.target]})
    return Notes(numbers, {"exemplars": lines})


def stand_ins(of_label: int, columns: Sequence[str], labels: int) -> list[Example]:
    """Rows in place of those that will be shown of so many of each label: as many, before there is any."""
    count = max(1, round_up(of_label))
    text = "<a row that the LLM wrote before>"
    return [
        Example(f"voted-{label}-{place}", dict.fromkeys(columns, text), label)
        for label in range(labels)
        for place in range(count)
    ]


def _vectors(
    sight: Sight, candidates: Sequence[Example], voters: Sequence[Example]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors of both, in which no gold row has a part but its own."""
    import numpy as np
    from sklearn.preprocessing import normalize

    if sight.vectors is None or sight.vectors.gold_alone:
        return _hashed(sight.texts(candidates)), _hashed(sight.texts(voters))
    one, other = (normalize(sight.embed(rows).astype(np.float64)) for rows in (candidates, voters))
    return one, other


def _hashed(texts: Sequence[str]) -> NDArray[np.float64]:
    """Counts of words and pairs of words in buckets, of length 1: nothing is learned from any text."""
    import numpy as np
    from sklearn.feature_extraction.text import HashingVectorizer

    words = HashingVectorizer(n_features=BUCKETS, ngram_range=(1, 2), alternate_sign=False)
    return np.asarray(words.transform(texts).toarray(), np.float64)
