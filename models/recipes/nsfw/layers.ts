/**
 * Writes the two other models of the npm package nsfwjs (MIT) as ONNX, for `bench/nsfw.ts`, which compares them.
 * Neither ships. Both are Keras layers in TensorFlow.js's format, with uint8 weights that are float32 here.
 *
 *   node models/recipes/nsfw/layers.ts FOLDER          writes mobilenet_v2.onnx and inception_v3.onnx
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { OnnxGraph } from "../onnx.ts";

const LAYER_MODELS = { mobilenet_v2: { side: 224 }, inception_v3: { side: 299 } } as const;
type LayerModel = keyof typeof LAYER_MODELS;

const Pair = z.tuple([z.int(), z.int()]);
const Layer = z.object({
  name: z.string(),
  class_name: z.string(),
  config: z.object({
    kernel_size: Pair.optional(),
    pool_size: Pair.optional(),
    strides: Pair.optional(),
    padding: z.union([z.enum(["same", "valid"]), z.tuple([Pair, Pair])]).optional(),
    epsilon: z.number().optional(),
    activation: z.string().optional(),
    max_value: z.number().nullish(),
  }),
  inbound_nodes: z.array(z.array(z.tuple([z.string()]).rest(z.unknown()))),
});
type Layer = z.infer<typeof Layer>;
const Source = z.object({
  modelTopology: z.object({ model_config: z.object({ config: z.object({ layers: z.array(Layer) }) }) }),
  weightsManifest: z.tuple([
    z.object({
      paths: z.array(z.string()),
      weights: z.array(
        z.object({
          name: z.string(),
          shape: z.array(z.int()),
          quantization: z.object({ dtype: z.literal("uint8"), min: z.number(), scale: z.number() }),
        }),
      ),
    }),
  ]),
});

interface Weight {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

function read(model: LayerModel): { layers: readonly Layer[]; weights: ReadonlyMap<string, Weight> } {
  const require = createRequire(createRequire(import.meta.url).resolve("nsfwjs"));
  const folder = `../models/${model}`;
  const { modelTopology, weightsManifest } = Source.parse(require(`${folder}/model.min.js`));
  const [group] = weightsManifest;
  const data = Buffer.concat(
    group.paths.map((path) => Buffer.from(z.string().parse(require(`${folder}/${path}.min.js`)), "base64")),
  );
  const weights = new Map<string, Weight>();
  let offset = 0;
  for (const { name, shape, quantization } of group.weights) {
    const end = offset + shape.reduce((product, side) => product * side, 1);
    const values = Array.from(data.subarray(offset, end), (value) => value * quantization.scale + quantization.min);
    weights.set(name, { shape, values });
    offset = end;
  }
  if (offset !== data.length) throw new Error(`${data.length} bytes of weights, but the tensors hold ${offset}`);
  return { layers: modelTopology.model_config.config.layers, weights };
}

/** H, W, in, out becomes out, in, H, W. Of a depthwise kernel, whose out is 1, in and out change places. */
function kernelOf({ shape, values }: Weight, depthwise: boolean): Weight {
  const [height = 0, width = 0, inputs = 0, outputs = 0] = shape;
  const [first, second] = depthwise ? [inputs, outputs] : [outputs, inputs];
  const turned = new Array<number>(values.length);
  let to = 0;
  for (let a = 0; a < first; a++) {
    for (let b = 0; b < second; b++) {
      const [i, o] = depthwise ? [a, b] : [b, a];
      for (let at = 0; at < height * width; at++) turned[to++] = values[(at * inputs + i) * outputs + o] ?? 0;
    }
  }
  return { shape: [first, second, height, width], values: turned };
}

/** Before and after, height then width, as ONNX wants them: top, left, bottom, right. */
function padsOf({ config, name }: Layer, [height, width]: readonly [number, number]): readonly number[] {
  const { padding, strides } = config;
  if (padding === "valid") return [0, 0, 0, 0];
  if (padding !== "same" || strides?.some((stride) => stride !== 1)) throw new Error(`${name}: padding is not known`);
  const before = [Math.floor((height - 1) / 2), Math.floor((width - 1) / 2)] as const;
  return [...before, height - 1 - before[0], width - 1 - before[1]];
}

/**
 * @returns an ONNX file from `pixels`, float32 `[n, side, side, 3]` R G B from 0 to 255, to `probabilities`, `[n, 5]`
 */
function convertLayers(model: LayerModel): Uint8Array {
  const { side } = LAYER_MODELS[model];
  const { layers, weights } = read(model);
  const graph = new OnnxGraph();
  const made = new Map<string, string>();
  const from = (name: string | undefined): string => {
    const found = made.get(name ?? "");
    if (found === undefined) throw new Error(`nothing made ${name}`);
    return found;
  };
  const weight = (name: string): Weight => {
    const found = weights.get(name);
    if (!found) throw new Error(`no weights named ${name}`);
    return found;
  };
  const constant = (name: string, { shape, values }: Weight): string => graph.floats(name, shape, values);
  const activate = ({ config: { activation }, name }: Layer, input: string): string => {
    if (activation === "relu") return graph.node("Relu", [input], `${name}/relu`);
    if (activation === "softmax") return graph.node("Softmax", [input], "probabilities", { axis: { int: 1 } });
    if (activation === undefined || activation === "linear") return input;
    throw new Error(`${name}: activation ${activation} is not known`);
  };
  graph.floats("zero", [], [0]);
  graph.floats("six", [], [6]);

  const convert = (layer: Layer, inputs: readonly string[]): string => {
    const { name, class_name, config } = layer;
    const [input = ""] = inputs;
    switch (class_name) {
      case "InputLayer": {
        const pixels = graph.input("pixels", ["n", side, side, 3]);
        const planes = graph.node("Transpose", [pixels], "planes", { perm: { ints: [0, 3, 1, 2] } });
        return graph.node("Div", [planes, graph.floats("white", [], [255])], "unit");
      }
      case "ZeroPadding2D": {
        const [[top, bottom], [left, right]] = z.tuple([Pair, Pair]).parse(config.padding);
        return graph.node("Pad", [input, graph.whole(`${name}/pads`, [0, 0, top, left, 0, 0, bottom, right])], name);
      }
      case "Conv2D":
      case "DepthwiseConv2D": {
        const depthwise = class_name === "DepthwiseConv2D";
        const kernel = kernelOf(weight(`${name}/${depthwise ? "depthwise_kernel" : "kernel"}`), depthwise);
        const [group = 1, , height = 1, width = 1] = kernel.shape;
        return graph.node("Conv", [input, constant(`${name}/w`, kernel)], name, {
          group: { int: depthwise ? group : 1 },
          kernel_shape: { ints: [height, width] },
          strides: { ints: config.strides ?? [1, 1] },
          pads: { ints: padsOf(layer, [height, width]) },
        });
      }
      case "BatchNormalization": {
        const beta = weight(`${name}/beta`);
        const ones = { shape: beta.shape, values: beta.values.map(() => 1) };
        const scale = weights.get(`${name}/gamma`) ?? ones;
        const [mean, variance] = [weight(`${name}/moving_mean`), weight(`${name}/moving_variance`)];
        const rest = Object.entries({ scale, beta, mean, variance });
        return graph.node(
          "BatchNormalization",
          [input, ...rest.map(([key, of]) => constant(`${name}/${key}`, of))],
          name,
          {
            epsilon: { float: config.epsilon ?? 1e-3 },
          },
        );
      }
      case "ReLU":
        if (config.max_value !== 6) throw new Error(`${name}: only ReLU6 is known`);
        return graph.node("Clip", [input, "zero", "six"], name);
      case "Activation":
        return activate(layer, input);
      case "MaxPooling2D":
      case "AveragePooling2D": {
        const [height, width] = Pair.parse(config.pool_size);
        return graph.node(class_name === "MaxPooling2D" ? "MaxPool" : "AveragePool", [input], name, {
          kernel_shape: { ints: [height, width] },
          strides: { ints: config.strides ?? [1, 1] },
          pads: { ints: padsOf(layer, [height, width]) },
        });
      }
      case "Add":
        return graph.node("Add", inputs, name);
      case "Concatenate":
        return graph.node("Concat", inputs, name, { axis: { int: 1 } });
      case "Flatten": // of one pixel, where the order of height, width and channels does not matter
        return graph.node("Flatten", [input], name);
      case "Dense": {
        const parts = [constant(`${name}/w`, weight(`${name}/kernel`)), constant(`${name}/b`, weight(`${name}/bias`))];
        return activate(layer, graph.node("Gemm", [input, ...parts], name));
      }
      case "Dropout":
        return input;
      default:
        throw new Error(`${class_name} is not known to this recipe`);
    }
  };
  for (const layer of layers) {
    made.set(
      layer.name,
      convert(
        layer,
        (layer.inbound_nodes[0] ?? []).map(([name]) => from(name)),
      ),
    );
  }
  graph.output(from(layers.at(-1)?.name), ["n", 5]);
  return graph.encode(model, 17, { source: `npm nsfwjs, dist/models/${model}`, licence: "MIT" });
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("name the folder to write to");
mkdirSync(folder, { recursive: true });
for (const model of Object.keys(LAYER_MODELS) as LayerModel[]) {
  writeFileSync(join(folder, `${model}.onnx`), convertLayers(model));
}
