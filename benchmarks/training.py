"""Speed of the small model: training and prediction beside the released recipe, Transformers' Trainer, a bare loop.

    python benchmarks/training.py --data data --encoder models/minilm
    python benchmarks/training.py --device cuda --size distilbert --shapes imdb --rows 4096

All in one process, case after case, turn after turn; rates are medians over the turns, and ours over a peer's is the
median of the turns' ratios. Without folders it makes its own rows and encoder (shapes.py). On a GPU it also gives the
share of the peak that is reached: arithmetic on real tokens, padding not counted, over what the device could do.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from common import Table, finish, in_turn, median, parser, peak_of, ratio, spread

from s3exp.llm.environment import prepare_environment
from s3exp.types import Lesson

SHAPES = "rte,imdb,adqa"
OURS = "s3exp"
PADDED = "padded to 512, float32"
TRAINER = "Trainer, grouped by length"
PREDICT = "Trainer.predict"
BARE = "bare loop, our batches"
SAME = "bare loop, our batches and dropout"


@dataclass(frozen=True, slots=True)
class Measured:
    """Rates of every case: rows and tokens a second, one a turn."""

    rows: dict[str, list[float]]
    tokens: float  # real tokens a row

    def lines(self) -> list[list[str]]:
        """One line a case, ours last, with how many times as fast as it ours is."""
        return [
            [name, spread(rates), f"{median(rates) * self.tokens:,.0f}",
             "" if name == OURS else f"{ratio(self.rows[OURS], rates):.2f}"]
            for name, rates in self.rows.items()
        ]  # fmt: skip


class Bench:
    """One shape of rows with one encoder: what every case needs, made before anything is timed."""

    def __init__(self, options: argparse.Namespace, rows: Any, checkpoint: Path) -> None:
        from peers import Setting, features_of

        from s3exp.settings.small_model import EncoderConfig
        from s3exp.small_model import build_small_model
        from s3exp.small_model.device import uses_bf16

        precision = "bf16" if uses_bf16(options.precision) else "32"
        config = EncoderConfig(
            checkpoint=str(checkpoint),
            epochs=1,
            batch_size=options.batch,
            precision=precision,
        )
        self.small_model: Any = build_small_model(
            config, labels=["a", "b"], fields=rows.fields, passage=rows.passage, progress=False
        )
        self.rows, self.padded_rows = rows, options.padded_rows
        self.architecture = self.small_model.architecture
        self.setting = Setting(self.architecture.tokenizer, options.batch, precision)
        started = time.perf_counter()
        self.encoded = self.architecture.encode(rows.train)
        self.first = time.perf_counter() - started
        self.again = seconds(lambda: self.architecture.encode(rows.train))
        self.features = features_of(self.architecture, rows.train, rows.passage)
        self.mining = features_of(self.architecture, rows.mining, rows.passage)

    def training(self) -> dict[str, Callable[[], float]]:
        """Rows a second of one epoch, by case."""
        import torch
        from peers import padded, train_bare, train_padded, trainer

        from s3exp.small_model.batches import Batches

        architecture, examples = self.architecture, self.rows.train
        targets = architecture.targets(examples)

        def recipe() -> float:
            batches = padded(self.features[: self.padded_rows], self.setting)
            network = architecture.draw(0)
            share = min(1, self.padded_rows / len(self.features))
            return len(examples) * share / seconds(lambda: train_padded(network, batches))

        def grouped() -> float:
            made = trainer(architecture.draw(0), self.features, self.setting)
            return len(examples) / seconds(made.train)

        def bare(plain: bool) -> float:
            order, network = torch.Generator().manual_seed(0), architecture.draw(0)
            batches = Batches(self.encoded, targets, architecture.collate, self.setting.batch, order)
            head = copy(architecture)
            if plain:
                head.dropout = nullcontext
            return len(examples) / seconds(lambda: train_bare(network, head, batches, self.setting))

        def ours() -> float:
            return len(examples) / float(self.small_model.fit(Lesson(examples), [], seed=0)[1]["seconds"])

        loops = {BARE: partial(bare, True), SAME: partial(bare, False)}
        return {PADDED: recipe, TRAINER: grouped, **loops, OURS: ours}

    def prediction(self) -> dict[str, Callable[[], float]]:
        """Rows a second of the mining set, by case."""
        from peers import padded, predict_padded, trainer

        network, examples = self.architecture.draw(0), self.rows.mining
        fitted, _ = self.small_model.fit(Lesson(self.rows.train[: self.setting.batch]), [], seed=0)

        def recipe() -> float:
            batches = padded(self.mining[: self.padded_rows], self.setting)
            share = min(1, self.padded_rows / len(self.mining))
            return len(examples) * share / seconds(lambda: predict_padded(network, batches))

        def padded_to_batch() -> float:
            made = trainer(network, self.mining, self.setting)
            return len(examples) / seconds(lambda: made.predict(list(self.mining)))

        def ours() -> float:
            return len(examples) / seconds(lambda: fitted.predict(examples))

        return {PADDED: recipe, PREDICT: padded_to_batch, OURS: ours}

    def flops(self) -> float:
        """Of one epoch's real tokens, forward and backward."""
        from s3exp.small_model.flops import TRAINING_PASSES

        network = self.architecture.draw(0)
        return float(TRAINING_PASSES * self.architecture.flops(network, self.encoded))

    def tables(self, repeats: int, peak: float | None) -> list[Table]:
        """Training and prediction of this shape."""
        rows, found = self.rows, []
        for what, cases, features in (
            ("training", self.training(), self.features),
            ("prediction of the mining set", self.prediction(), self.mining),
        ):
            examples = rows.train if what == "training" else rows.mining
            tokens = sum(len(feature["input_ids"]) for feature in features) / len(examples)
            measured = Measured(in_turn(cases, repeats), tokens)
            short = min(self.padded_rows, len(features))
            notes = [
                f"{len(examples)} rows ({rows.source}), {tokens:.0f} tokens each on average; batches of "
                f"{self.setting.batch}; precision {self.setting.precision}; of the padded {short} rows are timed; "
                f"{repeats} turns: median (lowest to highest)"
            ]
            if what == "training":
                notes.append(
                    f"tokenising {len(examples)} rows: {self.first:.2f} s, in later rounds {self.again:.4f} s"
                )
                if peak is not None:
                    reached = median(measured.rows[OURS]) / len(examples) * self.flops() / 1e12
                    notes.append(f"{reached:.1f} TFLOP/s, {reached / peak:.1%} of a peak of {peak:g} (MFU)")
            columns = ("", "rows/s", "tokens/s", f"{OURS}, times")
            found.append(Table(f"{rows.name}: {what}", columns, measured.lines(), notes))
        return found


def seconds(work: Callable[[], Any]) -> float:
    """How long a call takes, until the device is done with it."""
    from peers import seconds as timed

    return timed(work)


def options() -> argparse.Namespace:
    """The command line."""
    made = parser(__doc__ or "")
    shared = os.environ.get("S3EXP_SHARED")
    data = Path(shared) / "data" if shared else None
    model = Path(shared) / "models" / "minilm" if shared else None
    made.add_argument("--data", type=Path, default=data, help="folder with imdb/ rte/ adqa/, each with train.jsonl "
                      "and validation.jsonl (default: $S3EXP_SHARED/data, else rows are drawn)")  # fmt: skip
    made.add_argument("--encoder", type=Path, help="folder of an encoder (default: $S3EXP_SHARED/models/minilm, "
                      "else one with random weights is made)")  # fmt: skip
    made.add_argument("--size", choices=("minilm", "distilbert"), help="make an encoder of this size")
    made.add_argument("--shapes", default=SHAPES, help="which of imdb, rte, adqa")
    made.add_argument("--rows", type=int, help="rows of an epoch (default: rte 1024, the others 256)")
    made.add_argument("--mining", type=int, default=256, help="rows of the mining set")
    made.add_argument("--padded-rows", type=int, default=32, help="rows of the padded recipe: it is slow")
    made.add_argument("--batch", type=int, default=32)
    made.add_argument("--precision", choices=("auto", "32", "bf16"), default="auto")
    made.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    made.add_argument(
        "--peak-tflops", type=float, help="the device's dense bf16 peak, where it is not in the table"
    )
    found = made.parse_args()
    if found.encoder is None and found.size is None and model is not None and model.is_dir():
        found.encoder = model
    return found


def main() -> None:
    """Measure what the command line asks for."""
    given = options()
    prepare_environment()
    if given.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import torch
    from shapes import ROWS, encoder, shape
    from transformers.utils import logging as transformers_logging

    from s3exp.repeatable import cpu_threads

    if given.device == "cuda" and not torch.cuda.is_available():
        sys.exit("--device cuda: torch sees no CUDA device")
    if find_spec("accelerate") is None:
        sys.exit("Transformers' Trainer needs accelerate: pip install 's3exp[bench]'")
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    logging.getLogger("s3exp").setLevel(logging.ERROR)  # that no rows select the epoch is meant
    tables: list[Table] = []
    with tempfile.TemporaryDirectory() as folder, cpu_threads(0):
        size = given.size or "minilm"
        checkpoint = given.encoder or encoder(size, Path(folder) / size)
        named = given.encoder.name if given.encoder else f"{size}'s size, random weights"
        for name in given.shapes.split(","):
            bench = Bench(given, shape(name, given.data, given.rows or ROWS[name], given.mining), checkpoint)
            tables += bench.tables(given.repeats, peak_of(given.peak_tflops))
    tables = [replace(table, title=f"{table.title} ({named})") for table in tables]
    part = ["" if given.shapes == SHAPES else given.shapes, "gpu" if given.device == "cuda" else ""]
    finish("training", tables, given.results, ", ".join(filter(None, part)))


if __name__ == "__main__":
    main()
