"""Writes a CLIP model as the folder that `safelight models add` installs.

    python export.py CHECKPOINT FOLDER

CHECKPOINT is a folder that transformers can open (config.json, weights, tokenizer). FOLDER gets both towers as ONNX, in
float32 and with int8 weights, tokenizer.json, and the two JSON files that say what the towers are fed. The agreement of
the two precisions is printed, and so are the `logit_scale` for the detector's options and the folder's hash.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoTokenizer, CLIPModel, CLIPTextModelWithProjection, CLIPVisionModelWithProjection

OPSET = 17
# What CLIP was trained with; a checkpoint's preprocessor_config.json goes before it.
PREPROCESSOR = {
    "do_center_crop": True,
    "do_normalize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
USED = (
    "config.json",
    "onnx/text_model_quantized.onnx",
    "onnx/vision_model_quantized.onnx",
    "preprocessor_config.json",
    "tokenizer.json",
)


class Vision(torch.nn.Module):
    def __init__(self, tower):
        super().__init__()
        self.tower = tower

    def forward(self, pixel_values):
        return self.tower(pixel_values=pixel_values).image_embeds


class Text(torch.nn.Module):
    def __init__(self, tower):
        super().__init__()
        self.tower = tower

    def forward(self, input_ids, attention_mask):
        return self.tower(input_ids=input_ids, attention_mask=attention_mask).text_embeds


def export(module, inputs, output, path):
    torch.onnx.export(
        module,
        tuple(inputs.values()),
        str(path),
        input_names=list(inputs),
        output_names=[output],
        dynamic_axes={name: {0: "batch_size"} for name in (*inputs, output)},
        opset_version=OPSET,
        dynamo=False,
    )


def quantize(path):
    """Weights in 7 of 8 bits, by channel: sums do not overflow on CPUs without VNNI."""
    small = path.with_name(f"{path.stem}_quantized.onnx")
    quantize_dynamic(str(path), str(small), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    return small


def agreement(large, small, feeds):
    """The least cosine between the vectors of the two precisions."""
    (a,), (b,) = (onnxruntime.InferenceSession(str(path)).run(None, feeds) for path in (large, small))
    return float((np.sum(a * b, 1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("checkpoint", type=Path)
    arguments.add_argument("folder", type=Path)
    given = arguments.parse_args()
    onnx = given.folder / "onnx"
    onnx.mkdir(parents=True)

    vision = CLIPVisionModelWithProjection.from_pretrained(given.checkpoint, attn_implementation="eager").eval()
    text = CLIPTextModelWithProjection.from_pretrained(given.checkpoint, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(given.checkpoint)
    side = vision.config.image_size
    length = text.config.max_position_embeddings
    sentences = ["a photo of a cat", "a red boat on a lake at sunset, watercolor"]
    tokens = tokenizer(sentences, padding="max_length", max_length=length, return_tensors="pt")
    pixels = {"pixel_values": torch.randn(8, 3, side, side, generator=torch.Generator().manual_seed(0))}
    ids = {name: tokens[name] for name in ("input_ids", "attention_mask")}

    for name, module, inputs, output in (
        ("vision_model", Vision(vision), pixels, "image_embeds"),
        ("text_model", Text(text), ids, "text_embeds"),
    ):
        path = onnx / f"{name}.onnx"
        export(module, inputs, output, path)
        small = quantize(path)
        cosine = agreement(path, small, {key: value.numpy() for key, value in inputs.items()})
        megabytes, fewer = (file.stat().st_size / 1e6 for file in (path, small))
        print(f"{name}: {megabytes:.1f} MB, int8 {fewer:.1f} MB, cosine ≥ {cosine:.4f}")

    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.save(str(given.folder / "tokenizer.json"))
    there = given.checkpoint / "preprocessor_config.json"
    usual = {"size": side, "crop_size": side, **PREPROCESSOR}
    preprocessor = json.loads(there.read_text()) if there.exists() else usual
    (given.folder / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2) + "\n")
    (given.folder / "config.json").write_text((given.checkpoint / "config.json").read_text())

    print(f"logit_scale: {CLIPModel.from_pretrained(given.checkpoint).logit_scale.exp().item():.1f}")
    lines = "".join(f"{hashlib.sha256((given.folder / name).read_bytes()).hexdigest()}  {name}\n" for name in USED)
    print(f"safelight models add {given.folder} --sha256 {hashlib.sha256(lines.encode()).hexdigest()}")


if __name__ == "__main__":
    main()
