import type { LinearModel, Link } from "./linear.ts";

/** "SLW2": the form of the file, little-endian throughout. */
const MAGIC = 0x32_57_4c_53;
const HEAD = 16;

/**
 * The file `weights.bin`: magic, features, outputs, dimensions of the encoder; the buckets; scales, bias, slopes,
 * intercepts; the weights for the encoder's vector; the weights of the features.
 */
export function encodeWeights(buckets: Uint32Array, linear: LinearModel): Uint8Array {
  const { outputs, scales, bias, slopes, intercepts, weights, dense } = linear;
  const bytes = new Uint8Array(HEAD + 4 * (buckets.length + 4 * outputs + dense.length) + weights.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, buckets.length, true);
  view.setUint32(8, outputs, true);
  view.setUint32(12, dense.length / outputs, true);
  let at = HEAD;
  for (const bucket of buckets) {
    view.setUint32(at, bucket, true);
    at += 4;
  }
  for (const values of [scales, bias, slopes, intercepts, dense]) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  bytes.set(new Uint8Array(weights.buffer, weights.byteOffset, weights.length), at);
  return bytes;
}

/** `undefined` when the bytes are no such file. */
export function decodeWeights(
  bytes: Uint8Array,
  link: Link,
): { readonly buckets: Uint32Array; readonly linear: LinearModel } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD || view.getUint32(0, true) !== MAGIC) return undefined;
  const features = view.getUint32(4, true);
  const outputs = view.getUint32(8, true);
  const dimensions = view.getUint32(12, true);
  const floats = outputs * (4 + dimensions);
  if (bytes.length !== HEAD + 4 * (features + floats) + features * outputs) return undefined;
  const buckets = Uint32Array.from({ length: features }, (_, i) => view.getUint32(HEAD + 4 * i, true));
  const read = (first: number, length: number) =>
    Float32Array.from({ length }, (_, i) => view.getFloat32(HEAD + 4 * (features + first + i), true));
  const [scales, bias, slopes, intercepts] = [0, 1, 2, 3].map((which) => read(which * outputs, outputs));
  if (!scales || !bias || !slopes || !intercepts) return undefined;
  const dense = read(4 * outputs, outputs * dimensions);
  const weights = new Int8Array(bytes.buffer, bytes.byteOffset + HEAD + 4 * (features + floats), features * outputs);
  return { buckets, linear: { link, outputs, weights, dense, scales, bias, slopes, intercepts } };
}
