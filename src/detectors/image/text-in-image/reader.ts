import type { Frame } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import { findModel, readCompanion } from "../../../models/manifest.ts";
import { type Model, openModel } from "../../../models/session.ts";
import type { Box } from "./box.ts";
import { type Letter, lettersOf } from "./letters.ts";
import { linesOf } from "./lines.ts";
import { STRIP_HEIGHT, stripOf } from "./strip.ts";

const DETECTION = "text-detection-ppocrv6-tiny";
const RECOGNITION = "text-recognition-ppocrv6-small";
/** The longest side that is searched, in pixels: larger frames are shrunk to it, and read from their own pixels. */
const SEARCHED = 736;
/**
 * A line that was read with less confidence may stand on its head: drawn text was read with 0.93 and more the right way
 * up, with 0.90 and less on its head.
 */
const SURE = 0.92;
/** Lines this much higher than wide are taken to stand upright on their side. */
const UPENDED = 1.5;

/** A line that was read. `box` lies in the frame, in pixels, turned so that the text runs along its width. */
export interface ReadLine {
  readonly box: Box;
  readonly letters: readonly Letter[];
}

export interface ReaderOptions {
  readonly max_lines: number;
  readonly threads?: number | undefined;
  readonly sessions?: number | undefined;
}

/** Finds lines of text in a frame with a small model, and reads them with a larger one, which does not run without lines. */
export interface Reader {
  /** Of the models. */
  readonly version: string;
  /**
   * @returns lines from the top to the bottom
   * @throws SafelightError `detector_failed` for more than `max_lines`, or when a model fails; the signal's reason
   */
  read(frame: Frame, signal: AbortSignal): Promise<readonly ReadLine[]>;
  close(): Promise<void>;
}

/** @throws SafelightError `config_invalid` when a file of the models is missing or another one */
export async function openReader({ threads, sessions, max_lines }: ReaderOptions): Promise<Reader> {
  const pool = { ...(threads === undefined ? {} : { threads }), ...(sessions === undefined ? {} : { sessions }) };
  const listed = await readCompanion(await findModel(RECOGNITION), "characters.txt");
  const classes = ["", ...new TextDecoder().decode(listed).split("\n").slice(0, -1)];
  const detection = await openModel(DETECTION, pool);
  try {
    const recognition = await openModel(RECOGNITION, pool);
    return {
      version: [detection, recognition].map(({ entry }) => entry.sha256.slice(0, 8)).join("."),
      async read(frame, signal) {
        const boxes = await search(detection, frame, max_lines, signal);
        const lines: ReadLine[] = [];
        for (const box of inReadingOrder(boxes)) {
          signal.throwIfAborted();
          lines.push(await readLine(recognition, classes, frame, box, signal));
        }
        return lines;
      },
      async close() {
        await Promise.all([detection.close(), recognition.close()]);
      },
    };
  } catch (error) {
    await detection.close();
    throw error;
  }
}

async function search(model: Model, frame: Frame, most: number, signal: AbortSignal): Promise<readonly Box[]> {
  const scale = Math.min(1, SEARCHED / Math.max(frame.width, frame.height));
  const [width, height] = [frame.width, frame.height].map((side) => Math.max(1, Math.round(side * scale))) as [
    number,
    number,
  ];
  const rgb = scale === 1 ? frame.rgb : await frame.shrunk(width, height);
  const pixels = { dims: [1, height, width, 3], data: new Float32Array(rgb) };
  const { text } = await model.run({ pixels }, signal);
  if (text?.data.length !== width * height) {
    throw new SafelightError("detector_failed", `model ${DETECTION} answered in another shape than it should`);
  }
  const boxes = linesOf(text.data, width, height);
  if (boxes.length > most) {
    const detail = `there are ${boxes.length} lines of text, more than max_lines allows (${most})`;
    throw new SafelightError("detector_failed", detail);
  }
  const [across, down] = [frame.width / width, frame.height / height];
  return boxes.map((box) => ({
    ...box,
    x: box.x * across,
    y: box.y * down,
    width: box.width * across,
    height: box.height * down,
  }));
}

/** Reads a line as it stands, from its side if it is higher than wide, and on its head as well if that went badly. */
async function readLine(
  model: Model,
  classes: readonly string[],
  frame: Frame,
  box: Box,
  signal: AbortSignal,
): Promise<ReadLine> {
  const upended = box.height > UPENDED * box.width;
  const first = upended ? turned({ ...box, width: box.height, height: box.width }, Math.PI / 2) : box;
  let best: { line: ReadLine; confidence: number } | undefined;
  for (const each of [first, turned(first, Math.PI)]) {
    const strip = stripOf(frame, each);
    const { index, probability } = await model.run(
      { pixels: { dims: [1, STRIP_HEIGHT, strip.width, 3], data: strip.pixels } },
      signal,
    );
    if (!index || index.data.length !== probability?.data.length) {
      throw new SafelightError("detector_failed", `model ${RECOGNITION} answered in another shape than it should`);
    }
    const letters = lettersOf(index.data, probability.data, classes);
    const confidence = confidenceOf(letters);
    if (!best || confidence > best.confidence) best = { line: { box: each, letters }, confidence };
    if (best.confidence >= SURE) break;
  }
  return best?.line ?? { box, letters: [] };
}

function turned(box: Box, by: number): Box {
  return { ...box, angle: box.angle + by };
}

/** The mean of the letters'; 0 for none. */
export function confidenceOf(letters: readonly Letter[]): number {
  return letters.reduce((sum, { confidence }) => sum + confidence, 0) / Math.max(1, letters.length);
}

/** From the top to the bottom, and in one row from the left to the right, along the slant that most lines have. */
function inReadingOrder(boxes: readonly Box[]): readonly Box[] {
  const slants = boxes.map(({ angle }) => angle).sort((a, b) => a - b);
  const slant = slants[slants.length >> 1] ?? 0;
  const [cos, sin] = [Math.cos(slant), Math.sin(slant)];
  const placed = boxes.map((box) => ({ box, along: box.x * cos + box.y * sin, down: box.y * cos - box.x * sin }));
  const rows: (typeof placed)[] = [];
  for (const one of placed.toSorted((a, b) => a.down - b.down)) {
    const row = rows.at(-1);
    const last = row?.at(-1);
    if (row && last && one.down - last.down < Math.min(one.box.height, last.box.height) / 2) row.push(one);
    else rows.push([one]);
  }
  return rows.flatMap((row) => row.toSorted((a, b) => a.along - b.along).map(({ box }) => box));
}
