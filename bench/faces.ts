/**
 * What the face detector of scans finds: one face (a photograph of NASA's) at different sizes on photographs without any, and
 * how often it sees one where there is none. And what it costs.
 *
 *   node bench/faces.ts [--json]
 */
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { photographs, piece, random } from "../scripts/sample-data-set.ts";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import { decodeImage } from "../src/models/decode.ts";
import { openFaces } from "../src/models/faces/faces.ts";
import { report, round } from "./support/harness.ts";

const SIDE = 512;
/** Of the head's height. The picture is half as high again. */
const SIZES = [32, 48, 64, 96, 128, 192, 256];
const EACH = 40;
const FACELESS = 420;
const never = new AbortController().signal;

const face = readFileSync(new URL("../test/pictures/face.jpg", import.meta.url));
const grounds = await photographs();
const faces = await openFaces({ threads: 1 });

async function ground(seed: number): Promise<Buffer> {
  const photograph = grounds[seed % grounds.length];
  if (!photograph) throw new RangeError("no photograph");
  return piece(photograph, SIDE, random(seed), 0);
}

async function count(encoded: Uint8Array): Promise<number> {
  const [frame] = (await decodeImage(encoded, DEFAULT_LIMITS)).frames;
  if (!frame) throw new RangeError("no frame");
  return (await faces.find(frame, never)).length;
}

try {
  const rows = [];
  for (const size of SIZES) {
    const height = Math.min(SIDE, Math.round(size * 2.2));
    const pasted = await sharp(face).resize(height, height).png().toBuffer();
    let found = 0;
    for (let i = 0; i < EACH; i++) {
      const chance = random(i + 1);
      const [left, top] = [chance(), chance()].map((part) => Math.floor(part * (SIDE - height))) as [number, number];
      const encoded = await sharp(await ground(i))
        .composite([{ input: pasted, left, top }])
        .jpeg()
        .toBuffer();
      if ((await count(encoded)) > 0) found += 1;
    }
    rows.push({ "head, pixels of 512": size, pictures: EACH, found, recall: `${Math.round((100 * found) / EACH)} %` });
  }
  let wrong = 0;
  const encoded = await Promise.all(Array.from({ length: FACELESS }, (_, i) => ground(1_000 + i)));
  for (const bytes of encoded) if ((await count(bytes)) > 0) wrong += 1;
  const frames = await Promise.all(encoded.slice(0, 100).map((bytes) => decodeImage(bytes, DEFAULT_LIMITS)));
  const before = process.cpuUsage();
  for (const {
    frames: [frame],
  } of frames)
    if (frame) await faces.find(frame, never);
  const { user, system } = process.cpuUsage(before);
  report("Faces", rows, {
    "pictures without a face, and one was seen": `${wrong} of ${FACELESS}`,
    "CPU, ms a picture": round((user + system) / 1_000 / frames.length, 2),
  });
} finally {
  await faces.close();
}
