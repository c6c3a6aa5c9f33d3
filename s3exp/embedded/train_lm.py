"""Trains the embedded language model: ``python -m s3exp.embedded.train_lm --minutes 50``."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import argparse
import json
import math
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tqdm.auto import tqdm
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from s3exp.embedded import grammar, pairs, prompts
from s3exp.embedded.encoding import MAX_LENGTH, document, frame_of, make_tokenizer, swap_tokens


@dataclass(frozen=True)
class Options:
    """What the command line sets."""

    minutes: float
    out: Path
    work: Path
    resume: bool
    seed: int
    vocabulary: int
    hidden: int
    layers: int
    intermediate: int
    batch_tokens: int
    lr: float
    muon_lr: float
    prompt_weight: float
    swap_share: float


def make_model(options: Options, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A small Llama with tied embeddings and heads of 64."""
    heads = options.hidden // 64
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=options.hidden,
        intermediate_size=options.intermediate,
        num_hidden_layers=options.layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=64,
        max_position_embeddings=MAX_LENGTH,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    return LlamaForCausalLM(config)


@dataclass(frozen=True)
class Batch:
    """Right-padded documents, with a loss weight and a mark of copied tokens for each target."""

    ids: torch.Tensor
    weights: torch.Tensor
    copied: torch.Tensor


def stream(
    tokenizer: PreTrainedTokenizerFast, options: Options, seed: int, chunk: int = 3072
) -> Iterator[Batch]:
    """An endless stream of batches of fresh documents of similar length."""
    rng = random.Random(seed)
    encode = tokenizer.backend_tokenizer.encode_batch
    frames = {label: frame_of(tokenizer, label) for label in grammar.LABELS}
    while True:
        examples = [pairs.example(rng) for _ in range(chunk)]
        heads = encode([f"{prompts.USER}{e.prompt}{prompts.ASSISTANT}" for e in examples])
        tails = encode([f"{e.answer}{prompts.END}" for e in examples])
        rows = []
        for item, head, tail in zip(examples, heads, tails, strict=True):
            prompt, answer = head.ids, tail.ids
            if item.task == "extrapolation" and rng.random() < options.swap_share:
                prompt, answer = swap_tokens(rng, prompt, answer, frames[item.label], len(tokenizer))
            weights, marks = document(prompt, answer, options.prompt_weight)
            rows.append(((prompt + answer)[:256], weights[:256], marks[:256]))
        rows.sort(key=lambda row: len(row[0]) + 4 * rng.random())
        batches: list[list[tuple[list[int], list[float], list[int]]]] = [[]]
        for row in rows:
            if (len(batches[-1]) + 1) * len(row[0]) > options.batch_tokens:
                batches.append([])
            batches[-1].append(row)
        rng.shuffle(batches)
        for group in batches:
            length = max(len(row[0]) for row in group)
            pad = tokenizer.pad_token_id
            yield Batch(
                torch.tensor([row[0] + [pad] * (length - len(row[0])) for row in group]),
                torch.tensor([row[1] + [0.0] * (length - len(row[1])) for row in group]),
                torch.tensor([row[2] + [0] * (length - len(row[2])) for row in group]),
            )


def make_optimizers(model: LlamaForCausalLM, options: Options) -> list[torch.optim.Optimizer]:
    """Muon for the layers' matrices, AdamW for the embeddings and the norms."""
    matrices: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        inner = parameter.ndim == 2 and "embed" not in name
        (matrices if inner else others).append(parameter)
    adamw = torch.optim.AdamW(others, lr=options.lr, betas=(0.9, 0.98), weight_decay=0.0)
    if not options.muon_lr:
        adamw.add_param_group({"params": matrices, "weight_decay": 0.05})
        return [adamw]
    muon = torch.optim.Muon(matrices, lr=options.muon_lr, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return [adamw, muon]


def schedule(share: float) -> float:
    """Learning-rate factor by the share of the time: warm-up, then a cosine to zero."""
    if share < 0.02:
        return max(share / 0.02, 0.01)
    return max(0.5 * (1 + math.cos(math.pi * min(share, 1.0))), 0.005)


def losses(model: LlamaForCausalLM, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted loss to train on, and the loss of each answer token with copied ones marked."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.model(input_ids=batch.ids[:, :-1], use_cache=False).last_hidden_state
        weights = batch.weights[:, 1:].reshape(-1)
        keep = weights > 0
        logits = model.lm_head(hidden.reshape(-1, hidden.shape[-1])[keep])
    targets = batch.ids[:, 1:].reshape(-1)[keep]
    each = torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none")
    weights = weights[keep]
    answer = weights == 1.0
    copied = batch.copied[:, 1:].reshape(-1)[keep][answer] > 0
    kept = each.detach()[answer]
    figures = torch.stack((kept.mean(), kept[copied].mean() if copied.any() else kept.mean()))
    return (each * weights).sum() / weights.sum(), figures


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path, figures: object) -> None:
    """Writes the model in bfloat16 with all that vLLM and transformers need."""
    folder.mkdir(parents=True, exist_ok=True)
    half = LlamaForCausalLM(model.config).to(torch.bfloat16)
    half.load_state_dict(model.state_dict())
    half.generation_config.eos_token_id = tokenizer.eos_token_id
    half.generation_config.pad_token_id = tokenizer.pad_token_id
    half.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "training.json").write_text(json.dumps(figures, indent=2) + "\n")


def train(options: Options) -> None:
    """Trains for the given time, with a checkpoint every few minutes."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    tokenizer = make_tokenizer(options.vocabulary, options.seed)
    model = make_model(options, tokenizer)
    options.work.mkdir(parents=True, exist_ok=True)
    state_file = options.work / "state.safetensors"
    before = {"seconds": 0.0, "steps": 0.0, "tokens": 0.0}
    if options.resume and state_file.exists():
        model.load_state_dict(load_file(state_file), strict=False)
        before = json.loads((options.work / "state.json").read_text())
    optimizers = make_optimizers(model, options)
    rates = [[group["lr"] for group in o.param_groups] for o in optimizers]
    size = sum(p.numel() for p in model.parameters())
    print(f"{size / 1e6:.2f}M parameters, vocabulary {len(tokenizer)}", flush=True)

    start = time.monotonic() - before["seconds"]
    step, tokens = int(before["steps"]), int(before["tokens"])
    last_log = last_save = time.monotonic()
    last_tokens, recent = tokens, torch.zeros(2)
    total = options.minutes * 60
    bar = tqdm(total=round(total), unit="s", mininterval=30)
    figures: dict[str, float] = {}
    for batch in stream(tokenizer, options, options.seed + 1 + step):
        share = (time.monotonic() - start) / total
        if share >= 1:
            break
        for optimizer, base in zip(optimizers, rates, strict=True):
            for group, rate in zip(optimizer.param_groups, base, strict=True):
                group["lr"] = rate * schedule(share)
        loss, current = losses(model, batch)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        tokens += batch.ids.numel()
        recent = current if step == 1 else 0.95 * recent + 0.05 * current
        now = time.monotonic()
        if now - last_log > 60 or now - start > total - 1:
            figures = {
                "seconds": round(now - start, 1),
                "steps": step,
                "tokens": tokens,
                "loss": round(recent[0].item(), 4),
                "loss_on_copied": round(recent[1].item(), 4),
                "tokens_per_second": round((tokens - last_tokens) / max(now - last_log, 1e-9)),
            }
            print(json.dumps(figures), flush=True)
            last_log, last_tokens = now, tokens
            bar.update(min(round(now - start), round(total)) - bar.n)
        if now - last_save > 180 and figures:
            state = {k: v.contiguous() for k, v in model.state_dict().items() if k[:7] != "lm_head"}
            save_file(state, state_file)
            (options.work / "state.json").write_text(json.dumps(figures))
            save(model, tokenizer, options.work / "reviews-lm", figures)
            last_save = time.monotonic()
    bar.close()
    save(model, tokenizer, options.out, figures | {"seed": options.seed, "parameters": size})


def parse() -> Options:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    default_work = Path(tempfile.gettempdir()) / "s3exp-reviews-lm"
    parser.add_argument("--minutes", type=float, default=50.0)
    parser.add_argument("--out", type=Path, default=Path("s3exp/embedded/reviews-lm"))
    parser.add_argument("--work", type=Path, default=default_work, help="folder for checkpoints")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument("--hidden", type=int, default=192)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--intermediate", type=int, default=512)
    parser.add_argument("--batch-tokens", type=int, default=3072)
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--muon-lr", type=float, default=4e-3, help="0: AdamW for everything")
    parser.add_argument("--prompt-weight", type=float, default=0.0)
    parser.add_argument("--swap-share", type=float, default=0.3, help="pairs with random tokens")
    return Options(**vars(parser.parse_args()))


if __name__ == "__main__":
    train(parse())
