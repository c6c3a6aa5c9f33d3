"""A toy world where answers are spans: a name for `who`, a place for `where`. For the tests of several parts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from s3exp.settings.task import GoldConfig, PromptSet, TaskConfig
from s3exp.types import Answer, Completion, Example, Prompt

NAMES = "Anna Bert Carl Dora Emil Fred".split()
PLACES = "Rome Oslo Bonn Lima Kyiv Bern".split()
FILLER = "and then it was so that we saw how all of this went on".split()
QUESTION = {True: "who was it then", False: "where was it then"}

PROMPTS = PromptSet(seed="{context} # {answer}", extrapolate="{context} # {answer} like: {question}")


def toy_answers(rows: int, seed: int, filler: int = 6) -> list[Example]:
    """Rows with a name and a place among `filler` other words; every context is asked about once."""
    draw = random.Random(seed)
    found = []
    for index in range(rows):
        words = draw.choices(FILLER, k=filler)
        name, place = draw.choice(NAMES), draw.choice(PLACES)
        words.insert(draw.randrange(len(words) + 1), name)
        words.insert(draw.randrange(len(words) + 1), place)
        context = " ".join(words)
        asked = index % 2 == 0
        said = name if asked else place
        fields = {"context": context, "question": QUESTION[asked]}
        found.append(Example(f"{seed}-{index}", fields, (Answer(said, context.index(said)),)))
    return found


def as_rows(examples: Sequence[Example]) -> list[dict[str, object]]:
    """Examples as rows of a gold file."""
    return [
        {
            **row.fields,
            "answers": {
                "text": [a.text for a in row.answers],
                "answer_start": [a.start for a in row.answers],
            },
        }
        for row in examples
    ]


def toy_task(validation: str, test: str, train: str | None = None) -> TaskConfig:
    """The toy world as a task."""
    return TaskConfig(
        name="toy-answers",
        kind="extraction",
        gold=GoldConfig(train=train, validation=validation, test=test, overlap="drop"),
        fields=["context", "question"],
        generate="question",
        labels=[],
        prompts="toy",
        prompt_sets={"toy": PROMPTS},
    )


class AskingLLM:
    """Writes the question to the answer after the last #; a share `flaws` of its answers is empty."""

    def __init__(self, flaws: float = 0.0) -> None:
        self.flaws, self.asked = flaws, 0

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Yield the answers last prompt first: the order of completion is nobody's business."""
        for index in reversed(range(len(prompts))):
            self.asked += 1
            chance = random.Random(prompts[index].seed)
            said = prompts[index].text.partition(" like: ")[0].rpartition("# ")[2]
            text = f"{QUESTION[said in NAMES]} {chance.choice(FILLER)}"
            yield index, Completion("" if chance.random() < self.flaws else text, 9, 5, "stop")

    def close(self) -> None:
        """Nothing to give back."""


def tiny_bert(folder: Path, more: Sequence[str] = ()) -> Path:
    """A checkpoint folder: two layers of width 32 that know the toy world's words and `more`, random weights."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

    words = [word.lower() for word in (*NAMES, *PLACES, *FILLER, "who", "where", "stone", ".")]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*words, *more])]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        bert = BertForMaskedLM(
            BertConfig(
                vocab_size=len(vocabulary),
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
                max_position_embeddings=64,
                initializer_range=0.1,  # wide enough to tell words apart from the first step
            )
        )
    bert.half().save_pretrained(folder)
    return folder
