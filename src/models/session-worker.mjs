// @ts-check
/**
 * A thread that holds one ONNX session. onnxruntime-node computes on the thread that calls it (14 ms for one picture), so it
 * must not be the thread that serves requests.
 *
 * JavaScript, the only file here that is: a thread that starts from TypeScript first loads Node's type stripper for itself,
 * which takes longer (100 ms and more) than everything else it does.
 */
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";

/**
 * @import { Feeds, FromWorker, Port, Tensors, ToWorker } from "./session-messages.ts"
 */

if (!parentPort) throw new Error("this file runs in a worker thread");
const port = parentPort;
/** @type {Int32Array} The other side sets it to 1 with every message; 0 says that ONNX Runtime is not at work. */
const busy = workerData;
/** @type {InferenceSession | undefined} */
let session;

/** @type {(model: Uint8Array, threads: number, warm: Feeds | undefined) => Promise<void>} */
async function open(model, threads, warm) {
  session = await InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableMemPattern: false, // a plan of memory for each shape of input: 10 MB and more, and nothing is faster with it
    extra: {
      session: {
        // Weights that are stored as uint8 behind DequantizeLinear become float constants now, not in every run.
        disable_quant_qdq: "1",
        // Threads that wait sleep: spinning halves the speed of everything else on a busy machine, and its own.
        intra_op: { allow_spinning: "0" },
      },
    },
  });
  await run(warm ?? zeros(session)); // the first run allocates: better now than under the first request
}

/** @type {(of: InferenceSession) => Feeds} */
function zeros(of) {
  /** @type {Record<string, { dims: readonly number[], data: Float32Array | BigInt64Array }>} */
  const feeds = {};
  for (const input of of.inputMetadata) {
    if (!input.isTensor || (input.type !== "float32" && input.type !== "int64")) {
      throw new Error(`input ${input.name} is not a float32 or int64 tensor`);
    }
    const dims = input.shape.map((length) => (typeof length === "number" ? length : 1));
    const size = dims.reduce((product, length) => product * length, 1);
    feeds[input.name] = { dims, data: input.type === "int64" ? new BigInt64Array(size) : new Float32Array(size) };
  }
  return feeds;
}

/** @type {(of: InferenceSession | undefined) => Port[]} */
function ports(of) {
  return (of?.inputMetadata ?? []).flatMap((input) =>
    input.isTensor ? [{ name: input.name, shape: [...input.shape] }] : [],
  );
}

/** @type {(feeds: Feeds) => Promise<Tensors>} */
async function run(feeds) {
  if (!session) throw new Error("no model is open");
  /** @type {Record<string, Tensor>} */
  const inputs = {};
  for (const [name, { dims, data }] of Object.entries(feeds)) {
    inputs[name] = data instanceof BigInt64Array ? new Tensor("int64", data, dims) : new Tensor("float32", data, dims);
  }
  /** @type {Record<string, { dims: readonly number[], data: Float32Array }>} */
  const outputs = {};
  for (const [name, { dims, data }] of Object.entries(await session.run(inputs))) {
    if (!(data instanceof Float32Array)) throw new Error(`output ${name} is not a float32 tensor`);
    outputs[name] = { dims, data };
  }
  return outputs;
}

/** @type {(message: ToWorker) => Promise<Tensors>} */
async function answer(message) {
  if (message.kind === "run") return run(message.feeds);
  await open(message.model, message.threads, message.warm);
  return {};
}

/** @type {(message: ToWorker | { readonly kind: "close" }) => Promise<void>} */
async function serve(message) {
  if (message.kind === "close") {
    await session?.release();
    port.close();
    return;
  }
  /** @type {FromWorker} */
  let reply;
  try {
    reply = { kind: "done", outputs: await answer(message), inputs: message.kind === "open" ? ports(session) : [] };
  } catch (error) {
    reply = { kind: "failed", because: String(error) };
  }
  Atomics.store(busy, 0, 0);
  Atomics.notify(busy, 0);
  port.postMessage(reply);
}

let served = Promise.resolve();
port.on("message", (message) => {
  served = served.then(() => serve(message)); // in order: `close` waits for the run before it
});
