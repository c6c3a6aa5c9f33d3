"""Each use of chance has its own seed: a function of the run's seed and a name."""

from __future__ import annotations

import hashlib
import random


def derive(seed: int, *names: str | int) -> int:
    """A seed of 31 bits (what every library takes) for the use of chance called `names` in the run `seed`."""
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 33


def stream(seed: int, *names: str | int) -> random.Random:
    """A random stream of its own for one use of chance."""
    return random.Random(derive(seed, *names))
