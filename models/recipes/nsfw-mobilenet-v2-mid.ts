/**
 * Makes `models/nsfw-mobilenet-v2-mid/model.onnx` from the MobileNetV2Mid weights inside the npm package nsfwjs (MIT).
 *
 *   node models/recipes/nsfw-mobilenet-v2-mid.ts           writes the file
 *   node models/recipes/nsfw-mobilenet-v2-mid.ts --check   exit 1 unless the file is, byte for byte, what this script makes
 *
 * The source is a TensorFlow.js graph model whose weights are uint8 with one scale and minimum for each tensor. They stay
 * uint8 in the ONNX file (4.3 MB instead of 17 MB) behind DequantizeLinear, which ONNX Runtime folds into float constants
 * when it opens the file with `session.disable_quant_qdq` set, as `src/models/session-worker.mjs` does: the running network is
 * then the same as from a float file. Measured on two cores: opened in 100 ms, a float file in 100 ms, Cast-Mul-Add
 * (which folds without the setting) in 190 to 290 ms; 15.6 ms a picture for all three. Without the setting the
 * network is right as well, but takes 36 ms.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { z } from "zod";
import { OnnxGraph } from "./onnx.ts";

const SIDE = 224;
const CLASSES = 5;
const OUT = new URL("../nsfw-mobilenet-v2-mid/model.onnx", import.meta.url);
const MANIFEST = new URL("../manifest.json", import.meta.url);
const FOLDER = "../models/mobilenet_v2_mid";

const Ints = z.object({ list: z.object({ i: z.array(z.coerce.number()) }) });
const Node = z.object({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).default([]),
  attr: z
    .object({
      strides: Ints.optional(),
      dilations: Ints.optional(),
      ksize: Ints.optional(),
      /** Base64, as all strings of a TensorFlow.js graph. */
      padding: z.object({ s: z.string() }).optional(),
      fused_ops: z.object({ list: z.object({ s: z.array(z.string()) }) }).optional(),
    })
    .default({}),
});
type Node = z.infer<typeof Node>;
const Weight = z.object({
  name: z.string(),
  shape: z.array(z.number()),
  quantization: z.object({ dtype: z.literal("uint8"), min: z.number(), scale: z.number() }),
});
const Source = z.object({
  modelTopology: z.object({ node: z.array(Node) }),
  weightsManifest: z.tuple([z.object({ paths: z.array(z.string()), weights: z.array(Weight) })]),
});

interface Tensor {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
  readonly min: number;
  readonly scale: number;
}

function readSource(): { nodes: readonly Node[]; weights: ReadonlyMap<string, Tensor> } {
  // nsfwjs exports no path to these files, so they are found from its entry point, `dist/cjs/index.js`.
  const require = createRequire(createRequire(import.meta.url).resolve("nsfwjs"));
  const source = Source.parse(require(`${FOLDER}/model.min.js`));
  const [group] = source.weightsManifest;
  const data = Buffer.concat(
    group.paths.map((path) => Buffer.from(z.string().parse(require(`${FOLDER}/${path}.min.js`)), "base64")),
  );
  const weights = new Map<string, Tensor>();
  let offset = 0;
  for (const { name, shape, quantization } of group.weights) {
    const length = shape.reduce((product, side) => product * side, 1);
    weights.set(name, { shape, values: data.subarray(offset, offset + length), ...quantization });
    offset += length;
  }
  if (offset !== data.length) throw new Error(`${data.length} bytes of weights, but the tensors hold ${offset}`);
  return { nodes: source.modelTopology.node, weights };
}

/** `order[k]` is the axis of the source that becomes axis k. */
function transpose({ shape, values, ...affine }: Tensor, order: readonly number[]): Tensor {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
  const turned = order.map((axis) => shape[axis] ?? 1);
  const out = new Uint8Array(values.length);
  const at = turned.map(() => 0);
  for (let i = 0; i < out.length; i++) {
    out[i] = values[order.reduce((sum, axis, k) => sum + (at[k] ?? 0) * (strides[axis] ?? 0), 0)] ?? 0;
    for (let k = at.length - 1; k >= 0; k--) {
      at[k] = (at[k] ?? 0) + 1;
      if ((at[k] ?? 0) < (turned[k] ?? 0)) break;
      at[k] = 0;
    }
  }
  return { shape: turned, values: out, ...affine };
}

function convert(): Uint8Array {
  const { nodes, weights } = readSource();
  const graph = new OnnxGraph();
  /** Output of each source node: its name in the ONNX graph, and its height and width while it still has them. */
  const made = new Map<string, { name: string; side: number }>();

  const get = (name: string | undefined) => {
    const found = made.get(name ?? "");
    if (!found) throw new Error(`nothing made ${name}`);
    return found;
  };
  const weight = (name: string | undefined): Tensor => {
    const found = weights.get(name ?? "");
    if (!found) throw new Error(`no weights named ${name}`);
    return found;
  };
  const constant = (name: string, tensor: Tensor): string => {
    const raw = graph.bytes(`${name}/uint8`, tensor.shape, tensor.values);
    const scale = graph.floats(`${name}/scale`, [], [tensor.scale]);
    const zero = Math.round(-tensor.min / tensor.scale);
    if (zero >= 0 && zero <= 255 && Math.abs(zero * tensor.scale + tensor.min) < 1e-6 * tensor.scale)
      return graph.node("DequantizeLinear", [raw, scale, graph.bytes(`${name}/zero`, [], Uint8Array.of(zero))], name);
    // All values of the tensor lie on one side of zero, so that no uint8 stands for it.
    const float = graph.node("Cast", [raw], `${name}/cast`, { to: { int: 1 } });
    const scaled = graph.node("Mul", [float, scale], `${name}/scaled`);
    return graph.node("Add", [scaled, graph.floats(`${name}/min`, [], [tensor.min])], name);
  };
  const scalar = (name: string | undefined): number | undefined => {
    const tensor = weights.get(name ?? "");
    if (tensor?.shape.length !== 0) return undefined;
    return (tensor.values[0] ?? 0) * tensor.scale + tensor.min;
  };
  const activate = (fused: readonly string[], name: string, input: string): string => {
    if (fused.join() === "BiasAdd") return input;
    if (fused.join() !== "BiasAdd,Relu6") throw new Error(`fused operators ${fused.join()} are not known`);
    return graph.node("Clip", [input, "zero", "six"], `${name}/relu6`);
  };

  graph.floats("zero", [], [0]);
  graph.floats("six", [], [6]);

  /** What the classifier pools, before it does: the last thing that still has a place in the picture. */
  let features: { name: string; side: number } | undefined;
  /** The class activation map: the classifier, put to each cell alone. The mean over the cells is what the softmax is given. */
  const mapActivations = (channels: number, w: string, bias: string) => {
    if (!features) throw new Error("the classifier expects pooled features");
    const { name, side } = features;
    const across = graph.node("Transpose", [w], "activations/w", { perm: { ints: [1, 0] } });
    const kernel = graph.node(
      "Reshape",
      [across, graph.whole("activations/shape", [CLASSES, channels, 1, 1])],
      "activations/kernel",
    );
    graph.node("Conv", [name, kernel, bias], "activations", { kernel_shape: { ints: [1, 1] } });
    activations = ["n", CLASSES, side, side];
  };
  let activations: readonly (string | number)[] | undefined;

  let next = 0;
  for (const node of nodes) {
    const [a, b, c] = node.input;
    const name = `n${next}`;
    switch (node.op) {
      case "Const":
        continue;
      case "Placeholder": {
        const pixels = graph.input("pixels", ["n", SIDE, SIDE, 3]);
        const planes = graph.node("Transpose", [pixels], "planes", { perm: { ints: [0, 3, 1, 2] } });
        const unit = graph.node("Div", [planes, graph.floats("white", [], [255])], "unit");
        made.set(node.name, { name: unit, side: SIDE });
        continue;
      }
      case "Mul":
      case "Sub": {
        const left = scalar(a);
        const right = scalar(b);
        const value = left ?? right;
        if (value === undefined || (node.op === "Sub" && right === undefined))
          throw new Error(`${node.op} expects one constant operand, the second for Sub`);
        const { name: input, side } = get(left === undefined ? a : b);
        made.set(node.name, {
          name: graph.node(node.op, [input, graph.floats(`${name}/by`, [], [value])], name),
          side,
        });
        break;
      }
      case "_FusedConv2D":
      case "FusedDepthwiseConv2dNative": {
        const depthwise = node.op !== "_FusedConv2D";
        const { name: input, side } = get(a);
        const kernel = transpose(weight(b), depthwise ? [2, 3, 0, 1] : [3, 2, 0, 1]);
        const [channels = 0, perGroup, height = 0] = kernel.shape;
        const stride = node.attr.strides?.list.i[1] ?? 1;
        if (text(node.attr.padding?.s) !== "SAME" || (depthwise && perGroup !== 1) || kernel.shape[3] !== height)
          throw new Error(`${node.name}: a kind of convolution that this recipe does not know`);
        const out = Math.ceil(side / stride);
        const padding = Math.max(0, (out - 1) * stride + height - side);
        const before = Math.floor(padding / 2);
        const after = padding - before;
        const convolved = graph.node(
          "Conv",
          [input, constant(`${name}/w`, kernel), constant(`${name}/b`, weight(c))],
          name,
          {
            group: { int: depthwise ? channels : 1 },
            kernel_shape: { ints: [height, height] },
            strides: { ints: [stride, stride] },
            pads: { ints: [before, before, after, after] },
          },
        );
        const fused = node.attr.fused_ops?.list.s.map(text) ?? [];
        made.set(node.name, { name: activate(fused, name, convolved), side: out });
        break;
      }
      case "AddV2": {
        const { name: left, side } = get(a);
        made.set(node.name, { name: graph.node("Add", [left, get(b).name], name), side });
        break;
      }
      case "AvgPool": {
        const { name: input, side } = get(a);
        if (node.attr.ksize?.list.i[1] !== side) throw new Error("AvgPool expects to cover the whole plane");
        features = get(a);
        made.set(node.name, { name: graph.node("GlobalAveragePool", [input], name), side: 1 });
        break;
      }
      case "Squeeze":
        made.set(node.name, { name: graph.node("Flatten", [get(a).name], name), side: 1 });
        break;
      case "_FusedMatMul": {
        const [w, bias] = [constant(`${name}/w`, weight(b)), constant(`${name}/b`, weight(c))];
        made.set(node.name, { name: graph.node("Gemm", [get(a).name, w, bias], name), side: 1 });
        mapActivations(weight(b).shape[0] ?? 0, w, bias);
        break;
      }
      case "Softmax":
        made.set(node.name, {
          name: graph.node("Softmax", [get(a).name], "probabilities", { axis: { int: 1 } }),
          side: 1,
        });
        break;
      case "Identity":
        graph.output(get(a).name, ["n", CLASSES]);
        if (activations) graph.output("activations", activations);
        continue;
      default:
        throw new Error(`${node.op} is not known to this recipe`);
    }
    next += 1;
  }
  return graph.encode("nsfw-mobilenet-v2-mid", 17, {
    source: "npm nsfwjs, dist/models/mobilenet_v2_mid",
    licence: "MIT, Copyright (c) 2019 Infinite Red, Inc.",
  });
}

function text(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("latin1");
}

const { values: flags } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const bytes = convert();
const sha256 = createHash("sha256").update(bytes).digest("hex");
if (flags.check) {
  const { models } = z
    .object({ models: z.array(z.object({ id: z.string(), sha256: z.string() })) })
    .parse(JSON.parse(readFileSync(MANIFEST, "utf8")));
  const pinned = models.find(({ id }) => id === "nsfw-mobilenet-v2-mid")?.sha256;
  const same = readFileSync(OUT).equals(bytes) && pinned === sha256;
  console.error(same ? "the file and the manifest are as this recipe makes them" : "the file or the manifest differ");
  process.exitCode = same ? 0 : 1;
} else {
  writeFileSync(OUT, bytes);
}
console.log(JSON.stringify({ bytes: bytes.length, sha256 }));
