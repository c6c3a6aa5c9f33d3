"""What a task of retrieval asks of a small model before any training: ranks by TF-IDF, and by an encoder as it comes.

    python benchmarks/retrieval.py task=qnli_pairs small_model=pairs_cpu task.gold.test=FILE ...

Takes the words of a run. Test passages are ranked among those of test and of the corpus, as a run ranks them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from s3exp.settings.compose import compose
from s3exp.settings.small_model import PairsConfig
from s3exp.small_model import build_small_model
from s3exp.small_model.fitted import TrainableSmallModel, TrainedSmallModel
from s3exp.tasks.gold import load_gold
from s3exp.tasks.kinds import corpus_of
from s3exp.tasks.ranks import rank_of, scores_of_ranks
from s3exp.types import Example


def tf_idf(rows: Sequence[Example], corpus: Sequence[str], fields: Sequence[str]) -> list[int]:
    """The ranks of the passages by the cosine of TF-IDF vectors; a passage that is as similar stands before it."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    query, passage = fields
    own = [row.fields[passage] for row in rows]
    pool = list(dict.fromkeys([*own, *corpus]))
    words = TfidfVectorizer(sublinear_tf=True).fit(pool)
    similar = (words.transform([row.fields[query] for row in rows]) @ words.transform(pool).T).toarray()
    places = {text: at for at, text in enumerate(pool)}
    asked: dict[str, set[int]] = {}
    for row, text in zip(rows, own, strict=True):
        asked.setdefault(row.fields[query], set()).add(places[text])
    ranks = []
    for row, text, found in zip(rows, own, similar, strict=True):
        found[list(asked[row.fields[query]] - {places[text]})] = -1.0  # another right one
        ranks.append(int((found >= found[places[text]]).sum()))
    return ranks


def main() -> None:
    """Print the scores of both on the test rows."""
    config = compose(sys.argv[1:])
    task = config.task
    gold = load_gold(task, with_train=False)
    corpus, rows = corpus_of(task, gold), gold.test.open([0], 1)  # no run reads them here
    assert corpus is not None
    ranks = {"TF-IDF": tf_idf(rows, corpus, task.fields)}
    if isinstance(config.small_model, PairsConfig):
        small = build_small_model(
            config.small_model, labels=[], fields=task.fields, progress=False, corpus=corpus
        )
        assert isinstance(small, TrainableSmallModel)
        as_it_comes = TrainedSmallModel(small.architecture, small.architecture.draw(0), False)
        ranks["the encoder as it comes"] = [rank_of(guess) for guess in as_it_comes.predict(rows)]
    print(
        f"{len(rows):,} queries, {len({row.fields[task.fields[1]] for row in rows}) + len(corpus):,} passages"
    )
    for name, found in ranks.items():
        scores = scores_of_ranks(rows, found).metrics
        print(name, ", ".join(f"{key} {value:.3f}" for key, value in scores.items()))


if __name__ == "__main__":
    main()
