"""How the grammar's examples become tokens: tokenizer, loss weights, random tokens to copy."""

import random
from itertools import pairwise

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from s3exp.embedded import pairs, prompts

MAX_LENGTH = 512


def make_tokenizer(vocabulary: int, seed: int) -> PreTrainedTokenizerFast:
    """Trains a byte-level BPE tokenizer on text of the grammar."""
    rng = random.Random(seed)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.ByteLevel(add_prefix_space=True),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(prompts.SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    samples = (pairs.example(rng) for _ in range(40_000))
    tokenizer.train_from_iterator((f"{e.prompt}\n{e.answer}" for e in samples), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=prompts.END,
        pad_token=prompts.PAD,
        additional_special_tokens=[prompts.USER, prompts.ASSISTANT],
        chat_template=prompts.CHAT_TEMPLATE,
        model_max_length=MAX_LENGTH,
        clean_up_tokenization_spaces=False,
    )


def document(prompt: list[int], answer: list[int], weight: float) -> tuple[list[float], list[int]]:
    """Loss weights of a document's tokens, and a mark of those copied from the prompt."""
    known = set(pairwise(prompt))
    whole = prompt[-1:] + answer
    marks = [int(pair in known) for pair in pairwise(whole)]
    weights = [weight] * len(prompt) + [1.0] * len(answer)
    return weights, [0] * len(prompt) + marks


def frame_of(tokenizer: PreTrainedTokenizerFast, label: str) -> tuple[int, int]:
    """How many tokens of an extrapolation prompt come before and after the shown text."""
    before, after = prompts.EXTRAPOLATION.format(label=label, text="\0").split("\0")
    encode = tokenizer.backend_tokenizer.encode
    return len(encode(f"{prompts.USER}{before.rstrip()}").ids), len(encode(after).ids)


def swap_tokens(
    rng: random.Random, prompt: list[int], answer: list[int], frame: tuple[int, int], vocabulary: int
) -> tuple[list[int], list[int]]:
    """Replaces some copied tokens by random ones, alike in the shown text and in the answer.

    Thus every token of the vocabulary is copied often, those that the grammar hardly uses included.
    """
    shown = range(frame[0], len(prompt) - frame[1])
    known = set(pairwise(prompt[shown.start : shown.stop]))
    copied = [pair in known for pair in pairwise(answer)]
    places = [i for i in range(len(answer) - 1) if copied[i] or (i > 0 and copied[i - 1])]
    share = rng.choice((0.2, 0.5, 0.8))
    types = sorted({answer[i] for i in places} - set(range(len(prompts.SPECIAL_TOKENS))))
    change = {t: rng.randrange(4, vocabulary) for t in types if rng.random() < share}
    swapped = [change.get(t, t) if i in shown else t for i, t in enumerate(prompt)]
    moved = set(places)
    return swapped, [change.get(t, t) if i in moved else t for i, t in enumerate(answer)]
