"""A tokenizer beside the network that it feeds, and beside the rows that it reads."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from s3exp.checkpoints.shapes import compare_vocabulary
from s3exp.small_model.loading import quiet
from s3exp.small_model.reading import Reading
from s3exp.types import UserError

log = logging.getLogger(__name__)

SAMPLE = 200  # rows
CHARACTERS = 2000  # of a row
UNKNOWN_REFUSED, UNKNOWN_WARNED = 0.5, 0.1  # shares of tokens
ALIKE_REFUSED = 0.5  # of different rows
SPECIAL = ("pad_token", "unk_token", "cls_token", "sep_token")
SPARE_SHARE, SPARE = 0.02, 1024  # embeddings beyond the tokenizer: padded to a round number


def check_tokenizer(tokenizer: Any, reading: Reading, where: str) -> None:
    """Refuse a tokenizer that is not the network's.

    Raises:
        UserError: its number of tokens is another, a special token has no embedding, or an encoder's rows get none.
    """
    embeddings = reading.vocabulary
    if embeddings is not None:
        size = int(tokenizer.vocab_size)
        compare_vocabulary(size if size > embeddings else min(len(tokenizer), embeddings), embeddings, where)
        for name in SPECIAL:
            index = getattr(tokenizer, f"{name}_id", None)
            if index is not None and index >= embeddings:
                raise UserError(
                    f"{where}: its {name} has number {index}, and its weights have {embeddings:,} embeddings: "
                    f"the tokenizer was changed after the weights, name another {name} in tokenizer_config.json"
                )
        if embeddings - len(tokenizer) > max(SPARE, SPARE_SHARE * embeddings):
            log.warning(
                "%s: its tokenizer has %s tokens, its weights %s embeddings: make sure that they belong together",
                where,
                f"{len(tokenizer):,}",
                f"{embeddings:,}",
            )
    if not reading.decoder and not tokenizer("")["input_ids"]:
        raise UserError(
            f"{where}: its tokenizer puts no special token (cls, sep, eos) around a row, and an encoder reads the "
            "class there: copy the tokenizer's files of the checkpoint that the weights come from"
        )


def unknown_share(tokenizer: Any, rows: Sequence[Sequence[str]], where: str) -> float:
    """The share of a sample of rows' tokens that the tokenizer does not know.

    Args:
        tokenizer: the small model's.
        rows: the texts of every row.
        where: the option with its value, which begins every message.

    Raises:
        UserError: it does not know most of them, or cannot tell different rows apart.
    """
    texts = list(dict.fromkeys(" ".join(row)[:CHARACTERS] for row in rows[:: max(1, len(rows) // SAMPLE)]))
    if not texts:
        return 0.0
    with quiet():
        encoded = tokenizer(texts, add_special_tokens=False)["input_ids"]
    unknown, tokens = tokenizer.unk_token_id, sum(map(len, encoded))
    share = sum(ids.count(unknown) for ids in encoded) / tokens if tokens and unknown is not None else 0.0
    remedy = "name one for the language and script of the task"
    if share >= UNKNOWN_REFUSED:
        raise UserError(
            f"{where}: its tokenizer does not know {share:.0%} of the tokens of the gold rows: {remedy}"
        )
    different = len({tuple(ids) for ids in encoded})
    if different < ALIKE_REFUSED * len(texts):
        raise UserError(
            f"{where}: its tokenizer makes {different} different rows of {len(texts)} gold rows: {remedy}"
        )
    if share >= UNKNOWN_WARNED:
        log.warning(
            "%s: its tokenizer does not know %.0f%% of the tokens of the gold rows: %s",
            where,
            100 * share,
            remedy,
        )
    return share
