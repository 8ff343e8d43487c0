"""Fine-tunes the encoder with its head on the mixture; run `generate.py` first.

    torchrun --nproc-per-node 2 train.py --epochs 2 --out model.pt      (one process for each core)
    python train.py ...                                                 (one process)

A label that a row does not have is left out of the loss. Word embeddings and the lowest layers stay as they were
pre-trained: with a vocabulary this small in the data, the words that it does not have must keep their place.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import time

import numpy as np
import torch
import torch.distributed as dist
from torch.nn import functional as F

from common import LABELS, SEED, SHARED, WORK, Classifier, encode, open_tokenizer, pad, read_rows, seed_everything, targets
from mixture import mixture

TRAIN_TOKENS = 96
WEIGHTS = torch.tensor([2.0 if name == "unsafe" else 1.0 for name in LABELS])


def batches(ids: list[list[int]], budget: int, rng: random.Random) -> list[list[int]]:
    """Of rows of like length, at most `budget` tokens each, padding included."""
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]) + rng.random() * 4)
    out, batch = [], []
    for i in order:
        if batch and max(len(ids[i]), len(ids[batch[-1]])) * (len(batch) + 1) > budget:
            out.append(batch)
            batch = []
        batch.append(i)
    out.append(batch)
    rng.shuffle(out)
    return out


def loss_of(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    known = ~wanted.isnan()
    each = F.binary_cross_entropy_with_logits(logits, wanted.nan_to_num(), reduction="none")
    weights = WEIGHTS * known
    return (each * weights).sum() / weights.sum()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--budget", type=int, default=1536)
    parser.add_argument("--out", default="model.pt")
    parser.add_argument("--init", help="weights to begin with, instead of the pre-trained ones")
    parser.add_argument("--frozen", type=int, default=1, help="so many of the lowest layers stay as they are")
    parser.add_argument("--minutes", type=float, default=999, help="ends the schedule so that it fits, measured on the first steps")
    options = parser.parse_args()
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    torch.set_num_threads(1)
    if world > 1:
        dist.init_process_group("gloo")
    seed_everything()
    rows = mixture()
    ids = encode(open_tokenizer(), [row["text"] for row in rows], TRAIN_TOKENS)
    wanted = torch.from_numpy(targets(rows))
    model = Classifier()
    if options.init:
        model.load_state_dict(torch.load(WORK / options.init))
    else:
        model.encoder.load_pretrained()
    frozen = [model.encoder.words, model.encoder.positions, model.encoder.norm, *model.encoder.layers[:options.frozen]]
    for part in frozen:
        part.requires_grad_(False)
    head = [*model.hidden.parameters(), *model.out.parameters()]
    body = [p for p in model.encoder.parameters() if p.requires_grad]
    trained = head + body
    optimizer = torch.optim.AdamW([{"params": body, "lr": options.rate}, {"params": head, "lr": options.rate * 6}], weight_decay=0.01)
    base = [group["lr"] for group in optimizer.param_groups]

    rng = random.Random(SEED)
    plan: list[list[int]] = []
    for _ in range(math.ceil(options.epochs)):
        one = batches(ids, options.budget, rng)
        plan += one
    plan = plan[: int(len(plan) * options.epochs / math.ceil(options.epochs)) // world * world]
    steps = len(plan) // world
    torch.manual_seed(SEED + rank)
    model.train()
    start, running = time.time(), 0.0
    for step in range(steps):
        if step == 40 and options.minutes < 999:
            fits = torch.tensor([options.minutes * 60 / ((time.time() - start) / 40)])
            if world > 1:
                dist.broadcast(fits, 0)
            steps = min(steps, int(fits.item()))
        if step >= steps:
            break
        progress = step / steps
        factor = min(1.0, step / 60) * max(0.02, 1 - progress)
        for group, rate in zip(optimizer.param_groups, base):
            group["lr"] = rate * factor
        chosen = plan[step * world + rank]
        batch, mask = pad([ids[i] for i in chosen])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(batch, mask)
        loss = loss_of(logits.float(), wanted[chosen])
        loss.backward()
        if world > 1:
            flat = torch.cat([p.grad.reshape(-1) for p in trained])
            dist.all_reduce(flat)
            flat /= world
            at = 0
            for p in trained:
                p.grad.copy_(flat[at : at + p.numel()].view_as(p))
                at += p.numel()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        running = 0.95 * running + 0.05 * loss.item() if step else loss.item()
        if rank == 0 and step % 20 == 0:
            print(f"step {step}/{steps} loss {running:.4f} {time.time() - start:.0f} s", flush=True)
        if rank == 0 and (step + 1) % 150 == 0:
            torch.save(model.state_dict(), WORK / "checkpoint.pt")
    if rank == 0:
        torch.save(model.state_dict(), WORK / options.out)
        print(f"done in {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
