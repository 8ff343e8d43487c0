import type { LinearModel, Link } from "./linear.ts";

/** "SLW1": the form of the file, little-endian throughout. */
const MAGIC = 0x31_57_4c_53;
const HEAD = 12;

/** The file `weights.bin`: magic, features, outputs; the buckets; scales, bias, slopes, intercepts; the weights. */
export function encodeWeights(buckets: Uint32Array, linear: LinearModel): Uint8Array {
  const { outputs, scales, bias, slopes, intercepts, weights } = linear;
  const bytes = new Uint8Array(HEAD + 4 * buckets.length + 16 * outputs + weights.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, buckets.length, true);
  view.setUint32(8, outputs, true);
  let at = HEAD;
  for (const bucket of buckets) {
    view.setUint32(at, bucket, true);
    at += 4;
  }
  for (const values of [scales, bias, slopes, intercepts]) {
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
  if (bytes.length !== HEAD + 4 * features + 16 * outputs + features * outputs) return undefined;
  const buckets = Uint32Array.from({ length: features }, (_, i) => view.getUint32(HEAD + 4 * i, true));
  const floats = (which: number) =>
    Float32Array.from({ length: outputs }, (_, k) =>
      view.getFloat32(HEAD + 4 * features + 4 * (which * outputs + k), true),
    );
  const weights = new Int8Array(bytes.buffer, bytes.byteOffset + bytes.length - features * outputs, features * outputs);
  const [scales, bias, slopes, intercepts] = [floats(0), floats(1), floats(2), floats(3)];
  return { buckets, linear: { link, outputs, weights, scales, bias, slopes, intercepts } };
}
