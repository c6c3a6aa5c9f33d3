"""The small model's options: those of every kind, and those of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from s3exp.settings.options import option


@dataclass
class SmallModelConfig:
    """The network that is trained, every round from the same start."""

    kind: str = MISSING
    """bag | transformers | causal_lm | pairs | boosting | logistic | python, or a name that an installed package adds:
    set by the choice of `small_model`."""
    epochs: int = option(6, at_least=1)
    """Passes over the rows at most."""
    patience: int = option(2, at_least=1)
    """Stop after this many epochs without a gain on `select`."""
    batch_size: int = option(32, at_least=1)
    """Rows of one step."""
    lr: float = option(2e-5, above=0)
    """Learning rate at its highest."""
    weight_decay: float = 0.01
    """AdamW's, of all weights but biases and norms."""
    warmup: float = option(0.1, at_least=0, below=1)
    """Share of the steps in which lr rises; then it falls linearly to 0."""
    threads: int = option(0, at_least=0)
    """CPU threads; 0: as many as there are cores."""
    members: int = option(1, at_least=1, added=True)
    """Networks, whose mean probability is the prediction: an ensemble, from 2 on."""
    member_rows: str = option("own", choices=("own", "all"), added=True)
    """own | all: each member learns its own set of loop.sets, or all rows with a seed of its own."""


@dataclass
class UnlearningConfig:
    """How a trained network forgets the rows that `curation.flaws=unlearn` names."""

    loss: str = option("chance", added=True, choices=("chance", "flip"))
    """chance (until it guesses their label) | flip (until it says another one: of two classes, the other)."""
    forget: float = option(1.0, added=True, at_least=0)
    """Weight of that loss."""
    replay: float = option(1.0, added=True, at_least=0)
    """Weight of the cross-entropy of as many kept rows."""
    keep: float = option(5.0, added=True, at_least=0)
    """Weight of the divergence of their predictions from those before (KL, in nats); at 1 it held too little."""
    epochs: int = option(3, added=True, at_least=1)
    """Passes over the rows to forget at most."""
    tolerance: float = option(0.01, added=True, at_least=0, at_most=1)
    """Loss of accuracy on `select` up to which a pass counts; one that costs more is undone."""


@dataclass
class NetworkConfig(SmallModelConfig):
    """What training heeds, in a network that s3exp trains itself."""

    loss: str = option("ce", added=True, choices=("ce", "gce"))
    """Of training: ce (cross-entropy) | gce (generalised: a row that stays unlikely counts for less, as one of a wrong
    label may). The epoch is chosen by cross-entropy."""
    loss_q: float = option(0.7, added=True, above=0, at_most=1)
    """gce: near 0 it is cross-entropy, at 1 the probability of another label."""
    norms: str = option("shared", added=True, choices=("shared", "domains"))
    """shared | domains (with strategy.with_gold: gold and synthesized rows are normalised apart before the last layer;
    predictions use gold's statistics)."""
    unlearning: UnlearningConfig = field(default_factory=UnlearningConfig)


@dataclass
class BagConfig(NetworkConfig):
    """Hashed n-grams (fastText): no download, seconds on one core."""

    kind: str = "bag"
    buckets: int = option(65536, at_least=2)
    """Hashed n-grams."""
    dim: int = option(64, at_least=1)
    """Width of an n-gram's vector."""
    ngrams: int = option(2, at_least=1)
    """Longest n-gram."""
    dropout: float = option(0.1, at_least=0, below=1)
    """Share of a row's n-grams hidden in a training step."""


@dataclass
class EncoderConfig(NetworkConfig):
    """A pretrained encoder."""

    kind: str = "transformers"
    checkpoint: str | None = None
    """Hub id or local folder."""
    revision: str | None = None
    """Of a hub id."""
    max_length: int = option(512, at_least=8)
    """Tokens; longer rows are cut."""
    stride: int = option(128, at_least=0)
    """Extraction: tokens that two windows of one text share; at most about a quarter of a window."""
    max_answer: int = option(30, at_least=1)
    """Extraction: tokens of a predicted answer at most."""
    precision: str = option("auto", choices=("auto", "32", "bf16"))
    """auto: bf16 where the device has it."""
    trust_remote_code: bool = False
    """Run code that ships with a checkpoint: only if you trust its author."""


@dataclass
class CausalConfig(SmallModelConfig):
    """A pretrained causal LM that learns to write answers: task.kind=generation."""

    kind: str = "causal_lm"
    checkpoint: str | None = None
    """Hub id or local folder."""
    revision: str | None = None
    """Of a hub id."""
    tuning: str = option("lora", added=True, choices=("lora", "full"))
    """lora | full: an adapter beside its weights learns, or all of them."""
    rank: int = option(8, added=True, at_least=1, at_most=512)
    """Of the adapter."""
    alpha: int = option(16, added=True, at_least=1)
    """What the adapter adds counts alpha / rank times."""
    layers: str = option("all_linear", added=True, choices=("all_linear", "attention"))
    """all_linear | attention: the layers that the adapter stands beside."""
    max_length: int = option(512, at_least=8)
    """Tokens of a row with its answer; longer rows are not trained on."""
    max_answer: int = option(96, added=True, at_least=1)
    """Tokens of a predicted answer at most."""
    predicted: int = option(32, added=True, at_least=1)
    """Rows that are answered together."""
    dtype: str = option("auto", added=True, choices=("auto", "float32", "bfloat16"))
    """Of the weights beside an adapter. auto: float32 on a CPU, bfloat16 on a GPU; with full tuning float32."""

    @property
    def trust_remote_code(self) -> bool:
        """Never: code that ships with a checkpoint is not run."""
        return False

    @property
    def weights(self) -> str:
        """The file of what it has learned."""
        return "adapter_model.safetensors" if self.tuning == "lora" else "model.safetensors"


@dataclass
class PairsConfig(EncoderConfig):
    """A pretrained encoder that embeds queries and passages alike, for retrieval (sentence-transformers)."""

    kind: str = "pairs"
    batch_size: int = option(32, at_least=2)
    """Rows of one step; the passages of the others are what a query's own is told from."""
    scale: float = option(20.0, added=True, above=0)
    """Of the cosine similarities in the loss: 1 / temperature."""


@dataclass
class TableModelConfig(SmallModelConfig):
    """A model of scikit-learn for rows of a table. It has options of its own, and of the others members alone."""

    @property
    def steps(self) -> int:
        """The steps of a training, for a plan."""
        return 1


@dataclass
class BoostingConfig(TableModelConfig):
    """Gradient boosting over histograms: trees, each of which learns what those before it miss."""

    kind: str = "boosting"
    trees: int = option(100, added=True, at_least=1)
    """Of each class, from three on."""
    leaves: int = option(15, added=True, at_least=2)
    """Of a tree at most."""
    leaf_rows: int = option(5, added=True, at_least=1)
    """Rows of a leaf at least."""
    rate: float = option(0.1, added=True, above=0, at_most=1)
    """The share of each tree that counts."""

    @property
    def steps(self) -> int:
        """A tree a step."""
        return self.trees


@dataclass
class LogisticConfig(TableModelConfig):
    """Logistic regression, of numbers ridge regression: scaled numbers, one-hot categories."""

    kind: str = "logistic"
    penalty: float = option(1.0, added=True, above=0)
    """Of squared weights."""


@dataclass
class PythonSmallModelConfig(SmallModelConfig):
    """An estimator or object that `s3exp.run` is given. It has options of its own and reads none of the others."""

    kind: str = "python"
    name: str = "given"
    """Its name in the record."""
    version: str = ""
    """Its version in the record: another one wherever it may learn otherwise."""


@dataclass
class PluginSmallModelConfig(SmallModelConfig):
    """A small model that an installed package adds; `kind` is its name."""

    options: dict[str, Any] = option(added=True, factory=dict)
    """Its own options."""


SMALL_MODELS: dict[str, type[SmallModelConfig]] = {
    "bag": BagConfig,
    "transformers": EncoderConfig,
    "causal_lm": CausalConfig,
    "pairs": PairsConfig,
    "boosting": BoostingConfig,
    "logistic": LogisticConfig,
    "python": PythonSmallModelConfig,
}
