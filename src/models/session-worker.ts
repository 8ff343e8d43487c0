/**
 * A thread that holds one ONNX session. onnxruntime-node computes on the thread that calls it (14 ms for one picture), so it
 * must not be the thread that serves requests.
 */
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { FromWorker, Tensor, Tensors, ToWorker } from "./session-messages.ts";

if (!parentPort) throw new Error("this file runs in a worker thread");
const port = parentPort;
/** The other side sets it to 1 with every message; 0 says that ONNX Runtime is not at work. */
const busy: unknown = workerData;
let session: InferenceSession | undefined;

async function open(model: Uint8Array, threads: number): Promise<void> {
  session = await InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Weights that are stored as uint8 behind DequantizeLinear become float constants now, not in every run.
    extra: { session: { disable_quant_qdq: "1" } },
  });
  const zeros: Record<string, Tensor> = {};
  for (const { name, ...input } of session.inputMetadata) {
    if (!input.isTensor || input.type !== "float32") throw new Error(`input ${name} is not a float32 tensor`);
    const dims = input.shape.map((length) => (typeof length === "number" ? length : 1));
    zeros[name] = { dims, data: new Float32Array(dims.reduce((product, length) => product * length, 1)) };
  }
  await run(zeros); // the first run allocates: better now than under the first request
}

async function run(feeds: Tensors): Promise<Tensors> {
  if (!session) throw new Error("no model is open");
  const inputs: Record<string, OrtTensor> = {};
  for (const [name, { dims, data }] of Object.entries(feeds)) inputs[name] = new OrtTensor("float32", data, dims);
  const outputs: Record<string, Tensor> = {};
  for (const [name, { dims, data }] of Object.entries(await session.run(inputs))) {
    if (!(data instanceof Float32Array)) throw new Error(`output ${name} is not a float32 tensor`);
    outputs[name] = { dims, data };
  }
  return outputs;
}

async function answer(message: ToWorker): Promise<FromWorker> {
  switch (message.kind) {
    case "open":
      await open(message.model, message.threads);
      return { kind: "done", outputs: {} };
    case "run":
      return { kind: "done", outputs: await run(message.feeds) };
    default:
      return message satisfies never;
  }
}

async function serve(message: ToWorker | { readonly kind: "close" }): Promise<void> {
  if (message.kind === "close") {
    await session?.release();
    port.close();
    return;
  }
  let reply: FromWorker;
  try {
    reply = await answer(message);
  } catch (error) {
    reply = { kind: "failed", because: String(error) };
  }
  if (busy instanceof Int32Array) {
    Atomics.store(busy, 0, 0);
    Atomics.notify(busy, 0);
  }
  port.postMessage(reply);
}

let served = Promise.resolve();
port.on("message", (message: ToWorker | { readonly kind: "close" }) => {
  served = served.then(() => serve(message)); // in order: `close` waits for the run before it
});
