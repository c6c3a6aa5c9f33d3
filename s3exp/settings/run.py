"""Every option of s3exp, one line each: the one page to read before writing an override.

The YAML groups under conf/ fill these dataclasses; Hydra checks names and types, checks.py the ranges. Past
`from_hydra` (in build.py) there are only these dataclasses: no part sees OmegaConf, and none sees more than its own
section.
The dataclasses are plain, not frozen, because Hydra composes into them; nobody writes to one afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


@dataclass
class GoldConfig:
    """Where the human-written rows come from. A hub id with its split (`org/name:train`,
    `org/name:config:validation`) or a local .jsonl, .csv or .parquet file."""

    train: str | None = None  # for the human-annotated baseline only
    validation: str = MISSING  # what the loop may look at: split into `mine` and `select`
    test: str = MISSING  # read once, for the final report
    select_fraction: float = (
        0.25  # share of `validation` that picks the epoch; errors are mined from the rest
    )
    overlap: str = "refuse"  # rows in two splits: refuse | drop (from train before validation before test)
    train_rows: int | None = None  # caps, for sweeps over the amount of gold: None takes every row
    mine_rows: int | None = None
    select_rows: int | None = None
    test_rows: int | None = None


@dataclass
class PromptSet:
    """One wording of a task's prompts. Fields in braces: {label}, {count}, {rationales} and the task's columns; where
    answers are extracted {answer} in the place of the first three."""

    seed: str = MISSING  # {label} or {answer}, and the context columns
    extrapolate: str = MISSING  # {label} or {answer}, and every input column, filled from the row shown
    rationale: str | None = None  # {label} and {count}: asked once a label; None: this set has no rationales
    seed_with_rationales: str | None = None  # as `seed`, with {rationales}
    labels: list[str] | None = None  # words for {label}, by class index; None: the task's label names


@dataclass
class TaskConfig:
    """A task: columns, labels or answers, prompts."""

    name: str = MISSING
    kind: str = "classification"  # classification | extraction (the answer is a literal span of the context)
    gold: GoldConfig = field(default_factory=GoldConfig)
    fields: list[str] = MISSING  # input columns, in the order in which the small model reads them
    generate: str = MISSING  # the one of them that the LLM writes; the others, its context, are given
    # where seeds take their contexts from, labels unread: a file or hub id with the context columns, or a .txt file
    # with one context a line; null: the gold mining rows
    contexts: str | None = None
    label: str = "label"  # the label column: class index or label name
    labels: list[str] = MISSING  # label names by class index; extraction has none: []
    answers: str = "answers"  # extraction: the column of gold answers, {text: [...], answer_start: [...]}
    group: str | None = None  # a column whose values split the metrics (say, a kind of difficulty)
    prompts: str = "paper"  # which of `prompt_sets`
    prompt_sets: dict[str, PromptSet] = MISSING
    rationales: int = 20  # how many to ask for, for each label
    rationales_per_seed: int = 2  # how many to show for one seed row
    min_words: int = 3  # a generated text with fewer is rejected

    @property
    def passage(self) -> str | None:
        """The column whose spans are the answers: what the LLM does not write; None where classes are predicted."""
        if self.kind != "extraction":
            return None
        return next((name for name in self.fields if name != self.generate), None)


@dataclass
class LLMConfig:
    """The language model that writes."""

    backend: str = "vllm"  # vllm | server | transformers
    model: str = MISSING  # hub id, local folder, or `embedded/reviews-lm`
    revision: str | None = None  # of a hub id
    temperature: float = 0.9
    top_p: float = 0.95
    max_tokens: int = 256  # of one example
    rationale_tokens: int = 768  # of one list of rationales
    max_exemplar_tokens: int = 512  # an exemplar that is longer is cut to this many of the LLM's tokens
    truncated: str = (
        "reject"  # a completion cut off at max_tokens: reject | trim (to its last sentence) | keep
    )
    store: str | None = "runs/completions.sqlite"  # the generation store; null: none
    replay: bool = False  # answer from the store alone and fail on what it lacks: no LLM is started
    max_model_len: int | None = 2048  # vllm: prompt and completion together
    # vllm, transformers: auto | float32 | bfloat16 | float16; auto is the checkpoint's own on a GPU and float32 on a
    # CPU, where half precision makes one row in some hundreds depend on the rows beside it
    dtype: str = "auto"
    gpu_memory: float = 0.85  # vllm: share of the GPU's memory
    kv_cache_gib: int = 2  # vllm on a CPU: size of its cache
    tensor_parallel: int = 1  # vllm: GPUs to split the model over
    enforce_eager: bool | None = None  # vllm: no compilation; None: eager on a CPU, compiled on a GPU
    batch_size: int = 64  # transformers: prompts generated together
    url: str = "http://127.0.0.1:8000/v1"  # server: base URL of an OpenAI-compatible API
    key_variable: str = (
        "OPENAI_API_KEY"  # server: the environment variable with the key; the key is never recorded
    )
    concurrency: int = 64  # server: requests in flight
    timeout: float = 120.0  # server: seconds for one request
    retries: int = 6  # server: tries of one request before giving up
    trust_remote_code: bool = False  # run code that ships with a model: only if you trust its author


@dataclass
class SmallModelConfig:
    """The network that is trained, every round from the same start."""

    kind: str = "bag"  # bag (hashed n-grams, no download) | transformers (a pretrained encoder)
    checkpoint: str | None = None  # transformers: hub id or local folder
    revision: str | None = None
    epochs: int = 6
    patience: int = 2  # stop after this many epochs without a gain on `select`
    batch_size: int = 32
    lr: float = 2e-5
    weight_decay: float = 0.01
    warmup: float = 0.1  # share of the steps in which lr rises; then it falls linearly to 0
    max_length: int = 512  # transformers: tokens; longer rows are cut
    stride: int = (
        128  # extraction: tokens that two windows of one text share; at most about a quarter of a window
    )
    max_answer: int = 30  # extraction: tokens of a predicted answer at most
    precision: str = "auto"  # auto (bf16 where the device has it) | 32 | bf16
    buckets: int = 65536  # bag: hashed n-grams
    dim: int = 64  # bag: width of an n-gram's vector
    ngrams: int = 2  # bag: longest n-gram
    dropout: float = 0.1  # bag: share of a row's n-grams hidden in a training step
    threads: int = 0  # CPU threads; 0: as many as there are cores
    trust_remote_code: bool = False


@dataclass
class StrategyConfig:
    """What the LLM is shown, round by round: the whole difference between S3 and its baselines."""

    name: str = MISSING
    rationales: bool = False  # seed with rationales, where the prompt set has them
    shown: str = "nothing"  # nothing | errors | all | correct: which gold mining rows are extrapolated
    labels: str = "gold"  # gold | random: the label asked for beside an extrapolated row (random: a control)
    max_rounds: int | None = None  # rounds of extrapolation at most; None: loop.rounds
    human: bool = False  # train on gold.train and ask the LLM for nothing


@dataclass
class PricesConfig:
    """What things cost, in any one currency; null: not counted. With a price set, every round says what it cost."""

    prompt_tokens: float | None = None  # a million of them
    completion_tokens: float | None = None  # a million of them
    gpu_hour: float | None = None  # of one GPU
    cpu_hour: float | None = None  # of one core


@dataclass
class BudgetConfig:
    """What a run may spend. Strategies are compared at the same budget."""

    rows: int = 1500  # synthesized rows over all rounds
    tokens: int | None = None  # LLM tokens, prompt and completion; no wave is started that could pass it
    prices: PricesConfig = field(default_factory=PricesConfig)


@dataclass
class RepairConfig:
    """What becomes of what an assistant writes around a row; each repair is counted."""

    quotes: bool = True  # strip quotation marks, code fences and the like around a whole completion
    preambles: bool = True  # strip "Sure, here is a review:" and closing remarks
    refusals: bool = True  # reject completions that decline or talk as an assistant


@dataclass
class LoopConfig:
    rounds: int = 2  # rounds of extrapolation (R in the paper)
    seed_rows: int | None = None  # rows of the seed; null: seed_fraction of budget.rows
    round_rows: int | None = (
        None  # rows of each round; null: what the seed leaves, evenly. Never more than budget.rows
    )
    seed_fraction: float = (
        0.67  # share of budget.rows that is spent on the seed when there are rounds to come
    )
    rows_per_error: str = "auto"  # a number, or auto: fill the round's quota from its exemplars in turn
    rows_from: str | None = (
        None  # a run directory: its rows are trained on, round by round, and nothing is asked
    )
    tries: int = 3  # a round asks for at most this many times its quota
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    repair: RepairConfig = field(default_factory=RepairConfig)


@dataclass
class AuditConfig:
    """What is looked at in every round beside the scores, and what is done about it."""

    copies: str = (
        "reject"  # synthesized rows that copy gold rows: reject | flag (kept; the certificate fails)
    )
    near: float = 0.8  # share of runs of two words in common from which on a row is a near copy
    shortcuts: bool = (
        True  # features of the text that give the label away on synthesized rows and not on gold
    )
    gap: bool = True  # distance to gold and diversity, on embeddings
    rows: int = 500  # rows a side at most, for gap and diversity
    noise: str = (
        "report"  # wrong labels, estimated: none | report | drop (from training) | weight (in training)
    )
    encoder: str | None = (
        None  # hub id or folder; null: the small model's checkpoint, or LSA of gold where it has none
    )
    cache: str | None = "runs/embeddings"  # vectors of texts, to be used again; null: none


@dataclass
class TrackerConfig:
    kind: str = "wandb"  # wandb | none
    mode: str | None = None  # online | offline | disabled; null: WANDB_MODE, else offline
    project: str = "s3exp"
    entity: str | None = None
    group: str | None = None  # null: the sweep, or else the task
    tags: list[str] = field(default_factory=list)
    table_rows: int = 200  # rows of a table of errors or examples at most


@dataclass
class Config:
    task: TaskConfig = field(default_factory=TaskConfig)
    llm: LLMConfig = field(default_factory=LLMConfig)
    small_model: SmallModelConfig = field(default_factory=SmallModelConfig)
    strategy: StrategyConfig = field(default_factory=StrategyConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    audit: AuditConfig = field(default_factory=AuditConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    seed: int = 0  # everything random is derived from it
    run_dir: str | None = None  # the record; null: runs/<task>-<strategy>-s<seed>-<hash of the config>
    sweep: str | None = None  # name of the sweep that the run is a cell of: its W&B group and tag
    status: bool = False  # show which runs are done, running, failed or missing; start and write nothing
    progress: bool = True  # progress bars
    dry_run: bool = False  # show the prompts and what the run would cost; start and write nothing


# What may change between two commands that make the same run: where it runs and what it shows.
SAME_RUN: frozenset[str] = frozenset(
    f"llm.{key}"
    for key in (
        "store replay gpu_memory kv_cache_gib tensor_parallel url key_variable concurrency timeout retries"
    ).split()
) | {"run_dir", "progress", "dry_run", "status", "sweep", "tracker", "audit.cache", "loop.budget.prices"}


def identity(values: dict[str, Any]) -> dict[str, Any]:
    """Flatten a config (nested dicts) to dotted keys, without those that do not change the result (`SAME_RUN`)."""
    same = tuple(f"{key}." for key in SAME_RUN)
    return {key: value for key, value in flat(values).items() if not f"{key}.".startswith(same)}


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts as one with dotted keys."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found
