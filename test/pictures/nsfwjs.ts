import { createRequire } from "node:module";

export type Backend = "wasm" | "cpu";

export interface Nsfwjs {
  /** Probabilities by class, of `height × width × 3` bytes R G B. */
  classify(rgb: Uint8Array, width: number, height: number): Promise<ReadonlyMap<string, number>>;
}

/**
 * nsfwjs itself, with its MobileNetV2Mid, on TensorFlow.js: what our detector is held against. Its packages are
 * development dependencies; they are loaded here only.
 */
export async function openNsfwjs(backend: Backend): Promise<Nsfwjs> {
  // All of them by `require`, so that nsfwjs and the backend meet in one copy of TensorFlow.js.
  const require = createRequire(import.meta.url);
  const tf = require("@tensorflow/tfjs") as typeof import("@tensorflow/tfjs");
  if (backend === "wasm") require("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend(backend);
  await tf.ready();
  if (tf.getBackend() !== backend) throw new Error(`TensorFlow.js runs on ${tf.getBackend()} instead of ${backend}`);
  const { load } = require("nsfwjs/core") as typeof import("nsfwjs/core");
  const { MobileNetV2MidModel } =
    require("nsfwjs/models/mobilenet_v2_mid") as typeof import("nsfwjs/models/mobilenet_v2_mid");
  const { info } = console;
  console.info = () => {}; // nsfwjs advertises its documentation on stdout
  const model = await load("MobileNetV2Mid", { modelDefinitions: [MobileNetV2MidModel] });
  console.info = info;
  return {
    async classify(rgb, width, height) {
      const image = tf.tensor3d(rgb, [height, width, 3], "int32");
      const classes = await model.classify(image);
      image.dispose();
      return new Map(classes.map(({ className, probability }) => [className, probability]));
    },
  };
}
