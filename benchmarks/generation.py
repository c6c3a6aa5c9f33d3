"""What a causal LM answers in a task of free answers before any training: its scores as it comes, on mining and test.

    python benchmarks/generation.py task=word_problems small_model=smollm2

Takes the words of a run; rows are asked and scored as a run does it.
"""

from __future__ import annotations

import sys
from time import perf_counter

from s3exp.llm.environment import prepare_environment
from s3exp.settings.compose import compose
from s3exp.small_model import build_small_model
from s3exp.tasks import build_task
from s3exp.tasks.gold import load_gold


def main() -> None:
    """Print the scores, and some answers."""
    prepare_environment()
    from s3exp.small_model.causal import CausalModel, FittedCausal

    config = compose(sys.argv[1:])
    gold = load_gold(config.task, with_train=False)
    task = build_task(config.task, config.llm, gold, str)
    small = build_small_model(config.small_model, labels=[], fields=config.task.fields, progress=True)
    assert isinstance(small, CausalModel)
    fitted = FittedCausal(small, small.pupil(config.seed), small.base)  # a fresh adapter adds nothing
    for role, rows in {
        "mining": gold.mining,
        "test": gold.test.open([0], 1),
    }.items():  # no run reads them here
        began = perf_counter()
        guesses = fitted.predict(rows)
        scores = task.score(rows, guesses).metrics
        numbers = ", ".join(f"{key} {value:.3f}" for key, value in scores.items())
        print(f"{role}: {len(rows):,} rows in {perf_counter() - began:.0f} s: {numbers}")
        for row, guess in zip(rows[:3], guesses, strict=False):
            print(f"  {task.says(row.target)!r} is answered by {guess.target!r}")


if __name__ == "__main__":
    main()
