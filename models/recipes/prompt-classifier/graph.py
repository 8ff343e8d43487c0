"""Writes the classifier as ONNX, node by node: fused operators of ONNX Runtime, weights in 8 bits.

Each weight matrix has a scale for each column, each word vector one of its own; activations are quantised as they come
(`DynamicQuantizeMatMul`, one scale for all). A few of their channels are far louder than the others, so part of the loudness moves into
the weights first (SmoothQuant, Xiao et al., arXiv:2211.10438). Inputs are float32, as `src/models/session.ts` passes them.

`Sum` and `LayerNormalization` stand where `SkipLayerNormalization` could: on processors it takes four times as long as they do, and from
`Add` ONNX Runtime would make it all the same.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from common import LABELS, MAX_TOKENS

OPSET = 17
MICROSOFT = "com.microsoft"

# How much of the loudness of a linear layer's input moves into its weights: 0 nothing, 1 all.
SMOOTHING = 0.75


class Graph:
    def __init__(self, quantised: bool, ranges: dict[str, np.ndarray]):
        self.quantised = quantised
        self.ranges = ranges
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.count = 0

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def add(self, op: str, inputs: list[str], outputs: int | list[str] = 1, domain: str = "", **attributes) -> str:
        self.count += 1
        names = outputs if isinstance(outputs, list) else [f"t{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, domain=domain, **attributes))
        return names[0]

    def linear(self, x: str, name: str, weight: np.ndarray, bias: np.ndarray, divided: bool = False) -> str:
        """`weight` as PyTorch has it: [out, in]. `divided`: the input has been divided by {@link smoothing} already."""
        columns = weight.T
        if not self.quantised:
            return self.add("Add", [self.add("MatMul", [x, self.constant(name, columns)]), self.constant(f"{name}.bias", bias)])
        by = self.smoothing(name, columns)
        quiet = x if divided else self.add("Mul", [x, self.constant(f"{name}.quiet", 1 / by)])
        columns = columns * by[:, None]
        scale = np.maximum(np.abs(columns).max(0), 1e-8) / 127
        whole = np.clip(np.rint(columns / scale), -127, 127).astype(np.int8)
        parts = [self.constant(name, whole), self.constant(f"{name}.scale", scale.astype(np.float32))]
        inputs = [quiet, *parts, "", self.constant(f"{name}.bias", bias)]
        return self.add("DynamicQuantizeMatMul", inputs, domain=MICROSOFT)

    def smoothing(self, name: str, columns: np.ndarray) -> np.ndarray:
        """By which each input channel of a layer is divided before it is quantised, and its weights are multiplied."""
        loud = np.maximum(self.ranges[name], 1e-5) ** SMOOTHING
        by = loud / np.maximum(np.abs(columns).max(1), 1e-5) ** (1 - SMOOTHING)
        return np.clip(by / np.exp(np.log(by).mean()), 1e-3, 1e3).astype(np.float32)

    def words(self, ids: str, table: np.ndarray) -> str:
        if not self.quantised:
            return self.add("Gather", [self.constant("words", table), ids])
        scale = np.maximum(np.abs(table).max(1, keepdims=True), 1e-8) / 127
        whole = np.clip(np.rint(table / scale), -127, 127).astype(np.int8)
        rows = self.add("Cast", [self.add("Gather", [self.constant("words", whole), ids])], to=TensorProto.FLOAT)
        return self.add("Mul", [rows, self.add("Gather", [self.constant("words.scale", scale.astype(np.float32)), ids])])


def build(
    state: dict[str, np.ndarray],
    calibration: tuple[np.ndarray, np.ndarray],
    quantised: bool,
    ranges: dict[str, np.ndarray],
) -> onnx.ModelProto:
    """
    `calibration`: matrix and intercepts, so that the sigmoid of matrix × logits + intercepts is a probability for each label.
    `ranges`: the largest activation seen in each input channel of a linear layer.
    """
    g = Graph(quantised, ranges)
    ids = g.add("Cast", ["ids"], to=TensorProto.INT64)
    mask = g.add("Cast", ["mask"], to=TensorProto.INT32)
    length = g.add("Slice", [g.add("Shape", ["ids"]), *(g.constant(n, np.array([v])) for n, v in (("one", 1), ("two", 2)))])
    zero = g.constant("zero", np.array([0]))
    places = g.add("Slice", [g.constant("positions", state["encoder.positions.weight"]), zero, length, zero])
    x = g.add("Add", [g.words(ids, state["encoder.words.weight"]), places])
    norm = [g.constant(f"norm.{part}", state[f"encoder.norm.{part}"]) for part in ("weight", "bias")]
    x = g.add("LayerNormalization", [x, *norm], epsilon=1e-12)
    for i in range(6):
        at = f"encoder.layers.{i}"
        get = lambda part: state[f"{at}.{part}"]
        o = get("o.weight")
        # What the attention answers is a mean of values, channel by channel: they can be divided in the values' own layer.
        by = g.smoothing(f"{at}.o", o.T) if quantised else np.ones(len(o), np.float32)
        v = {"weight": get("v.weight") / by[:, None], "bias": get("v.bias") / by}
        joined = [np.concatenate([get(f"q.{kind}"), get(f"k.{kind}"), v[kind]]) for kind in ("weight", "bias")]
        qkv = [f"{at}.{p}" for p in "qkv"]
        g.add("Split", [g.linear(x, f"{at}.qkv", *joined)], qkv, axis=-1)
        seen = g.add("MultiHeadAttention", [*qkv, "", mask], domain=MICROSOFT, num_heads=12)
        out = g.linear(seen, f"{at}.o", o, get("o.bias"), divided=True)
        for k, y in ((1, out), (2, None)):
            if y is None:
                up = g.linear(x, f"{at}.up", get("up.weight"), get("up.bias"))
                y = g.linear(g.add("Gelu", [up], domain=MICROSOFT), f"{at}.down", get("down.weight"), get("down.bias"))
            norm = [g.constant(f"{at}.norm{k}.{part}", get(f"norm{k}.{part}")) for part in ("weight", "bias")]
            x = g.add("LayerNormalization", [g.add("Sum", [x, y]), *norm], epsilon=1e-12)
    m = g.add("Unsqueeze", ["mask", g.constant("last", np.array([2]))])
    total = g.add("ReduceSum", [g.add("Mul", [x, m]), "one"], keepdims=0)
    mean = g.add("Div", [total, g.add("ReduceSum", [m, "one"], keepdims=0)], ["embedding"])
    away = g.add("Mul", [g.add("Sub", [g.constant("unit", np.float32([1])), m]), g.constant("far", np.float32([10_000]))])
    most = g.add("ReduceMax", [g.add("Sub", [x, away])], axes=[1], keepdims=0)
    first = g.add("Gather", [x, g.constant("begin", np.array(0))], axis=1)
    pooled = g.add("Concat", [first, mean, most], axis=1)
    plain = Graph.linear  # the head is small: it stays in float32
    g.quantised = False
    hidden = g.add("Gelu", [plain(g, pooled, "hidden", state["hidden.weight"], state["hidden.bias"])], domain=MICROSOFT)
    matrix, intercepts = calibration
    weight, bias = matrix @ state["out.weight"], matrix @ state["out.bias"] + intercepts
    logits = plain(g, hidden, "out", weight.astype(np.float32), bias.astype(np.float32))
    g.add("Sigmoid", [logits], ["probabilities"])
    float_ = TensorProto.FLOAT
    graph = helper.make_graph(
        g.nodes, "prompt-classifier",
        [helper.make_tensor_value_info(name, float_, ["n", "t"]) for name in ("ids", "mask")],
        [
            helper.make_tensor_value_info("probabilities", float_, ["n", len(LABELS)]),
            helper.make_tensor_value_info("embedding", float_, ["n", 384]),
        ],
        g.constants,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)], ir_version=8)
    onnx.checker.check_model(model)
    assert state["encoder.positions.weight"].shape[0] == MAX_TOKENS
    return model
