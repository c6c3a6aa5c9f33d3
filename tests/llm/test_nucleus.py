"""Top-p without a sort keeps just the tokens that a sort keeps."""

from __future__ import annotations

import pytest
import torch

from s3exp.llm.nucleus import TOP_K, limited, nucleus, penalized
from s3exp.settings.llm import LLMConfig


def by_sort(logits: torch.Tensor, top_p: float) -> torch.Tensor:
    """The definition: the best tokens, one after the other, until their shares reach `top_p`."""
    kept = torch.full_like(logits, float("-inf"))
    for row, values in enumerate(logits):
        shares, order = values.double().softmax(-1).sort(descending=True)
        count = int((shares.cumsum(-1) < top_p).sum()) + 1
        kept[row, order[:count]] = values[order[:count]]
    return kept


@pytest.mark.parametrize("top_p", [0.1, 0.5, 0.95, 0.999])
@pytest.mark.parametrize(
    "sharpness", [0.05, 1.0, 8.0]
)  # from nearly uniform, wider than the head, to one token
@pytest.mark.parametrize("vocabulary", [TOP_K // 2, TOP_K, 20 * TOP_K])
def test_keeps_what_a_sort_keeps(top_p: float, sharpness: float, vocabulary: int) -> None:
    logits = sharpness * torch.randn(40, vocabulary, generator=torch.Generator().manual_seed(7))
    wanted = by_sort(logits, top_p)
    found = nucleus(logits.clone(), top_p)
    differ = (found != wanted).sum(-1)
    assert int(differ.max()) <= 1  # a token whose share ends at top_p but for the last bit
    assert int((differ > 0).sum()) <= 2
    assert torch.equal(found.argmax(-1), logits.argmax(-1))


def test_rows_of_all_kinds_stand_beside_each_other() -> None:
    noise = torch.randn(30, 20 * TOP_K, generator=torch.Generator().manual_seed(3))
    logits = noise * torch.tensor([0.05, 1.0, 8.0]).repeat(10)[:, None]
    logits[:, 5] = float("-inf")  # a token that something else has ruled out
    together = nucleus(logits.clone(), 0.9)
    alone = torch.cat([nucleus(row[None].clone(), 0.9) for row in logits])
    assert torch.equal(together, alone)
    assert (together > float("-inf")).sum(-1).max() > TOP_K


def test_one_keeps_all() -> None:
    logits = torch.randn(3, 50, generator=torch.Generator().manual_seed(1))
    assert torch.equal(nucleus(logits.clone(), 1.0), logits)


def test_the_best_few_and_those_near_the_best_stay() -> None:
    logits = torch.tensor([[3.0, 2.0, 1.0, -4.0]])
    assert limited(logits.clone(), 2, None).isfinite().tolist() == [[True, True, False, False]]
    assert limited(logits.clone(), 9, None).isfinite().all()
    assert limited(logits.clone(), None, 0.2).isfinite().tolist() == [[True, True, False, False]]
    assert limited(logits.clone(), None, None).equal(logits)


def test_penalties_by_hand() -> None:
    logits = torch.tensor([[2.0, -2.0, 1.0, 0.5]])
    config = LLMConfig(repetition_penalty=2.0, presence_penalty=0.5, frequency_penalty=0.25)
    penalized(logits, config, [([1], [0, 0])])
    assert logits.tolist() == [[2.0 / 2 - 0.5 - 2 * 0.25, -4.0, 1.0, 0.5]]
    plain = torch.tensor([[2.0, -2.0]])
    penalized(plain, LLMConfig(), [([0], [1])])
    assert plain.tolist() == [[2.0, -2.0]]
