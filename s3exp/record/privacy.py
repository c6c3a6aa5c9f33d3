"""What a run under differential privacy promises, in privacy.json, and the secret behind its noise, in noise.key."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import Any

from s3exp.choosing.privacy import sigma_of, usual_delta
from s3exp.choosing.votes import Voting
from s3exp.record.files import dump, write_text
from s3exp.settings.run import Config
from s3exp.settings.tracker import WandbConfig
from s3exp.strategies import plan
from s3exp.types import UserError

log = logging.getLogger(__name__)

KEY, PROMISE = "noise.key", "privacy.json"
FEWEST_ROWS = 30  # of gold.mining
_WORDS, _BITS = 8, 32  # of the key


def check_private(config: Config, mining: int) -> None:
    """Refuse a promise about too few rows, or one that any release keeps.

    Raises:
        UserError: there are too few mining rows, or delta is too large.
    """
    privacy = config.strategy.privacy
    if privacy.epsilon is None:
        return
    if mining < FEWEST_ROWS:
        raise UserError(
            f"strategy.privacy.epsilon={privacy.epsilon:g}: {mining} gold mining rows vote, and fewer than "
            f"{FEWEST_ROWS} are lost in the noise: give it more gold rows"
        )
    if privacy.delta is not None and privacy.delta >= 1 / mining:
        raise UserError(
            f"strategy.privacy.delta={privacy.delta:g}: with {mining} gold mining rows it must be below 1/{mining}, or "
            "it allows to give one of them away; null: 1/(n ln n)"
        )


def voting_of(config: Config, folder: Path, mining: int) -> Voting | None:
    """The noise of a run's votes; None: it is not private. Writes the promise, and the key when there is none yet.

    Raises:
        UserError: the disk is full or read-only, or the key was damaged.
    """
    privacy = config.strategy.privacy
    if privacy.epsilon is None:
        return None
    sigma, delta, releases = _noise_of(config, mining)
    if isinstance(config.tracker, WandbConfig):
        log.warning("W&B's tables of errors hold gold rows, for which strategy.privacy promises nothing")
    try:
        write_text(folder / PROMISE, dump(_promise(config, delta, sigma, releases, mining), indent=1) + "\n")
        key = (config.seed,) if privacy.noise == "seed" else _key(folder / KEY)
    except OSError as error:
        raise UserError(f"run_dir={folder}: cannot be written: {error}") from error
    return Voting(sigma, delta, key)


def in_words(config: Config, mining: int) -> str:
    """The noise of a private run, for the dry run."""
    sigma, delta, releases = _noise_of(config, mining)
    return (
        f"epsilon {config.strategy.privacy.epsilon:g} at delta {delta:.2g} for {mining} gold mining rows: each count "
        f"of votes gets noise of {sigma:.2f} votes, in {releases} rounds"
    )


def _noise_of(config: Config, mining: int) -> tuple[float, float, int]:
    """Deviation of the noise in votes, delta, and the number of releases."""
    privacy = config.strategy.privacy
    assert privacy.epsilon is not None
    releases = len(plan(config.strategy, config.loop)) - 1
    delta = usual_delta(mining) if privacy.delta is None else privacy.delta
    return sigma_of(privacy.epsilon, delta, releases), delta, releases


def _key(path: Path) -> tuple[int, ...]:
    """The secret of a run: its noise must be the same when the run goes on, and unknown to anybody else."""
    if not path.exists():
        write_text(path, secrets.token_hex(_WORDS * _BITS // 8))
        path.chmod(0o600)
    text = path.read_text(encoding="utf-8").strip()
    try:
        words = tuple(int(text[place : place + _BITS // 4], 16) for place in range(0, len(text), _BITS // 4))
    except ValueError:
        words = ()
    if len(words) != _WORDS:
        raise UserError(
            f"{path}: the key of the noise is damaged: restore the file, or choose another run_dir"
        )
    return words


def _promise(config: Config, delta: float, sigma: float, releases: int, mining: int) -> dict[str, Any]:
    privacy = config.strategy.privacy
    secret = privacy.noise == "secret"
    return {
        "epsilon": privacy.epsilon,
        "delta": delta,
        "sigma": sigma,
        "releases": releases,
        "rows": mining,
        "voters": config.strategy.voters,
        "holds": secret,
        "neighbours": "one gold mining row more or less",
        "protected": "the synthesized rows and the prompts of this run",
        "not_protected": [
            "gold select rows, which pick the epoch of the small model that finds the errors",
            "this folder, W&B's tables and all scores: predictions, errors and ledger are those of gold rows",
            "the number of gold mining rows",
            "several runs on the same gold rows: their epsilons add up",
            *(
                []
                if secret
                else ["anything: strategy.privacy.noise=seed, and who knows the seed takes the noise off"]
            ),
        ],
    }
