import { SafelightError } from "../../contract/errors.ts";
import type { Session, Tensor, Tensors } from "../session.ts";

/** Whether a tower can be fed several at once: its first dimension may vary. */
export function batchOf(session: Session, input: string, most: number): number {
  const first = session.inputs.find(({ name }) => name === input)?.shape[0];
  return typeof first === "number" && first > 0 ? first : most;
}

/** The output of that name, or the only one. @throws SafelightError `detector_failed` */
export function vectorsOf(id: string, outputs: Tensors, name: string, count: number): readonly Float32Array[] {
  const all = Object.values(outputs);
  const tensor: Tensor | undefined = outputs[name] ?? (all.length === 1 ? all[0] : undefined);
  if (!tensor) throw failed(id, `has no output ${name}; it has ${Object.keys(outputs).join(", ")}`);
  const { dims, data } = tensor;
  const length = data.length / count;
  if (dims.length !== 2 || dims[0] !== count || length < 1) {
    throw failed(id, `answered ${name} in the shape [${dims.join(", ")}] instead of [${count}, n]`);
  }
  return Array.from({ length: count }, (_, i) => unit(id, data.subarray(i * length, (i + 1) * length)));
}

/** The vector in the same direction of length 1. */
function unit(id: string, vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  if (!(length > 0 && length < Number.POSITIVE_INFINITY)) throw failed(id, "answered with a vector of no direction");
  return vector.map((value) => value / length);
}

/** The direction between several: what stands for all of them together. */
export function meanOf(id: string, vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) {
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (vector[i] ?? 0);
  }
  return unit(id, sum);
}

/** Of two vectors of length 1: the cosine of the angle between them. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function failed(id: string, what: string): SafelightError {
  return new SafelightError("detector_failed", `model ${id} ${what}`);
}
