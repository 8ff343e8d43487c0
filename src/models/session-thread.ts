import { Worker } from "node:worker_threads";
import { SafelightError } from "../contract/errors.ts";
import type { Feeds, FromWorker, Port, Tensors, ToWorker } from "./session-messages.ts";

/** One ONNX session in a thread of its own. It does one run at a time; it does not keep the process alive while idle. */
export interface SessionThread {
  readonly alive: boolean;
  readonly inputs: readonly Port[];
  /** @throws SafelightError `detector_failed` */
  run(feeds: Feeds): Promise<Tensors>;
  close(): Promise<void>;
}

type Done = Extract<FromWorker, { readonly kind: "done" }>;

/** Of each thread: 1 while ONNX Runtime may be at work there. */
const atWork = new Set<Int32Array>();

/** A thread that is stopped inside ONNX Runtime takes the process down with SIGABRT, whatever its exit code should be. */
function letThemFinish(): void {
  for (const busy of atWork) Atomics.wait(busy, 0, 1, 5_000);
}

/**
 * Starts the thread, opens the model there, and warms it up.
 * @param reading the bytes of the file, read while the thread starts; they move to the thread and are gone here.
 * @param warm the first run; zeros when absent, one for each length that may vary
 * @throws SafelightError `config_invalid` when ONNX Runtime cannot open it; what `reading` throws
 */
export async function openThread(
  id: string,
  reading: Promise<Uint8Array<ArrayBuffer>>,
  threads: number,
  warm?: Feeds,
): Promise<SessionThread> {
  const busy = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL("./session-worker.mjs", import.meta.url), {
    name: `safelight ${id}`,
    workerData: busy,
    execArgv: [], // flags of the main thread, such as --input-type, have no meaning there, or stop it
  });
  if (atWork.size === 0) process.once("exit", letThemFinish);
  atWork.add(busy);
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  let alive = true;
  let pending: { resolve(done: Done): void; reject(error: Error): void } | undefined;

  const settle = (act: (job: NonNullable<typeof pending>) => void): void => {
    const job = pending;
    pending = undefined;
    worker.unref();
    if (job) act(job);
  };
  worker.on("message", (message: FromWorker) => {
    settle((job) => (message.kind === "done" ? job.resolve(message) : job.reject(new Error(message.because))));
  });
  worker.on("error", (error) => {
    alive = false;
    settle((job) => job.reject(error));
  });
  worker.on("exit", (code) => {
    alive = false;
    atWork.delete(busy);
    if (atWork.size === 0) process.off("exit", letThemFinish);
    settle((job) => job.reject(new Error(`the thread ended with code ${code}`)));
  });
  const ask = (message: ToWorker, transfer: ArrayBuffer[]): Promise<Done> =>
    new Promise((resolve, reject) => {
      if (!alive) throw new Error("the thread has ended");
      pending = { resolve, reject };
      worker.ref();
      Atomics.store(busy, 0, 1);
      worker.postMessage(message, transfer);
    });
  const close = async (): Promise<void> => {
    if (!alive) return;
    worker.ref();
    worker.postMessage({ kind: "close" });
    await ended;
  };

  let inputs: readonly Port[];
  try {
    const model = await reading;
    ({ inputs } = await ask({ kind: "open", model, threads, warm }, [model.buffer]));
  } catch (cause) {
    await worker.terminate();
    if (cause instanceof SafelightError) throw cause;
    throw new SafelightError("config_invalid", `model ${id} cannot be opened`, { cause });
  }
  return {
    get alive() {
      return alive;
    },
    inputs,
    async run(feeds) {
      try {
        return (await ask({ kind: "run", feeds }, [])).outputs;
      } catch (cause) {
        throw new SafelightError("detector_failed", `model ${id} failed to run`, { cause });
      }
    },
    close,
  };
}
