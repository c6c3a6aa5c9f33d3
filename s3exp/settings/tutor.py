"""The tutor's options: what the LLM that writes learns before it does, as a LoRA adapter."""

from __future__ import annotations

from dataclasses import dataclass

from s3exp.settings.options import option


@dataclass
class TutorConfig:
    """What the LLM learns from: nothing."""

    kind: str = option("none", added=True)
    """none | sft | dpo | sft_dpo: set by the choice of `tutor`."""

    @property
    def learns(self) -> bool:
        """Whether the LLM learns anything."""
        return False

    def has_learned(self, number: int) -> bool:
        """Whether round `number` is written by an LLM that may have learned something."""
        return False


@dataclass
class LoraConfig(TutorConfig):
    """An adapter of low rank beside the LLM's weights, which stay as they are."""

    rank: int = option(8, at_least=1, at_most=512)
    """Of the adapter."""
    alpha: int = option(16, at_least=1)
    """What the adapter adds counts alpha / rank times."""
    layers: str = option("all_linear", choices=("all_linear", "attention"))
    """all_linear | attention: the layers that it stands beside."""
    held_out: float = option(0.1, above=0, below=1)
    """Share of what it could learn from on which it is measured before and after; a worse adapter is dropped."""
    batch: int = option(8, at_least=1)
    """Answers, or pairs of them, of one step."""
    dtype: str = option("auto", choices=("auto", "float32", "bfloat16"))
    """Of the LLM's weights while it learns. auto: float32 on a CPU, llm.dtype on a GPU."""
    weights: str | None = None
    """Folder or hub id of the LLM behind llm=server, whose own API then loads adapters from this machine's disk (vLLM's
    does, if it is told to)."""
    cpu_threads: int = option(0, at_least=0)
    """CPU threads; 0: as many as there are cores. The adapter's last digits depend on it."""

    @property
    def learns(self) -> bool:
        """True."""
        return True


@dataclass
class SftConfig(LoraConfig):
    """Supervised fine-tuning: gold rows are the answers to the prompts of seeds."""

    kind: str = "sft"
    when: str = option("seed", choices=("seed", "rounds"))
    """seed | rounds: it has learned before the first row is written, or the seed is written without."""
    on: str = option("mining", choices=("mining", "train"))
    """mining | train (where strategy.with_gold=true): the gold rows that it learns. Those of mining are neither mined
    nor shown."""
    share: float = option(0.5, above=0, below=1)
    """Share of the gold mining rows that is set aside for it."""
    most_rows: int | None = option(None, at_least=1)
    """Rows that it learns at most; null: all of them."""
    sft_epochs: int = option(3, at_least=0)
    """Passes over the rows; 0: nothing is learned, the control in which the same rows are set aside."""
    sft_lr: float = option(2e-4, above=0)
    """Learning rate at its highest."""

    @property
    def sets_aside(self) -> bool:
        """Whether it learns mining rows, which are set aside for it."""
        return self.on == "mining"

    @property
    def first(self) -> int:
        """The round before which it learns them."""
        return 0 if self.when == "seed" else 1

    def has_learned(self, number: int) -> bool:
        """From its first round on, if it learns at all."""
        return self.sft_epochs > 0 and number >= self.first


@dataclass
class DpoConfig(LoraConfig):
    """Direct preference optimisation: of two answers to one question the better one becomes likelier."""

    kind: str = "dpo"
    pairs: str = option("small_model", choices=("screen", "small_model", "fixed", "judge"))
    """screen | small_model | fixed | judge: an answer is better that passed the screen, of whose label the small model
    is surer, whose gold row is no error any more, or that the LLM names as the best one of a list."""
    judge_rows: int = option(4, at_least=2, at_most=9, added=True)
    """Rows that the LLM compares at once (tutor.pairs=judge)."""
    judge_orders: int = option(2, at_least=1, added=True)
    """Orders in which they are shown to it, each second one the reverse of the one before. Two rows are a pair where it
    names them best and worst in all orders."""
    preferred: str = option("better", choices=("better", "random"), added=True)
    """better | random: of half of the pairs, drawn at random, the worse answer is preferred: a control, in which pairs
    say nothing."""
    most_pairs: int = option(200, at_least=1)
    """Pairs that it learns at most."""
    beta: float = option(0.1, above=0)
    """The larger, the less it leaves what it would have written before."""
    dpo_epochs: int = option(1, at_least=1)
    """Passes over the pairs."""
    dpo_lr: float = option(2e-5, above=0)
    """Learning rate at its highest."""

    @property
    def agrees_by_chance(self) -> float:
        """How often a judge that guesses names the same two rows of a whole list in all orders."""
        return (1 / (self.judge_rows * (self.judge_rows - 1))) ** (self.judge_orders - 1)

    def has_learned(self, number: int) -> bool:
        """After the seed."""
        return number > 0


@dataclass
class SftDpoConfig(DpoConfig, SftConfig):
    """Both: the rows first, then, after every round, the pairs."""

    kind: str = "sft_dpo"

    def has_learned(self, number: int) -> bool:
        """From rows or from pairs."""
        return DpoConfig.has_learned(self, number) or SftConfig.has_learned(self, number)


TUTORS: dict[str, type[TutorConfig]] = {
    "none": TutorConfig,
    "sft": SftConfig,
    "dpo": DpoConfig,
    "sft_dpo": SftDpoConfig,
}
