import sharp from "sharp";
import type { Action } from "../../../contract/actions.ts";
import { categoryTitle } from "../../../contract/categories.ts";
import type { Reason } from "../../../contract/decision.ts";
import { lettering, textWidth } from "../../../generators/sketch/paint/lettering.ts";
import { rect } from "../../../generators/sketch/svg.ts";
import type { Picture } from "../../../pipeline/parts.ts";

/** What became of a prompt or a picture, and why: never a word of the prompt. */
export interface Notice {
  /** `Refused`, `Held for review`, `Blurred`. */
  readonly what: string;
  /** `violence`; undefined when there is no more to say. */
  readonly why: string | undefined;
  readonly score: number | undefined;
}

const WHAT: Readonly<Record<Action, string>> = {
  allow: "Allowed",
  warn: "Allowed",
  blur: "Blurred",
  review: "Held for review",
  block: "Refused",
};

/** @param reasons the strongest first */
export function noticeOf(action: Action, reasons: readonly Reason[]): Notice {
  const [reason] = reasons;
  const what = WHAT[action];
  if (!reason) return { what, why: undefined, score: undefined };
  if (reason.label === "withheld") return { what, why: "the generator withheld it", score: undefined };
  if (reason.score === null) return { what, why: "a required check could not tell", score: undefined };
  return { what, why: reason.category === null ? undefined : categoryTitle(reason.category), score: reason.score };
}

/** `Refused: violence (score 0.97)` */
export function inOneLine({ what, why, score }: Notice): string {
  const end = score === undefined ? "" : ` (score ${score.toFixed(2)})`;
  return why === undefined ? `${what}${end}` : `${what}: ${why}${end}`;
}

/** A picture that says so, in letters that need no font. */
export async function drawNotice(notice: Notice, id: string, width: number, height: number): Promise<Picture> {
  const { what, why, score } = notice;
  const side = Math.min(width, height);
  const rows = [
    { text: what, size: side * 0.1, colour: "#ffd43b" },
    { text: why ?? "", size: side * 0.065, colour: "#f1f3f5" },
    { text: score === undefined ? "" : `score ${score.toFixed(2)}`, size: side * 0.055, colour: "#f1f3f5" },
    { text: `safelight · ${id}`, size: side * 0.028, colour: "#868e96" },
  ].filter(({ text }) => text !== "");
  let y = height / 2 - rows.reduce((sum, { size }) => sum + size * 1.8, 0) / 2;
  let drawn = "";
  for (const { text, size, colour } of rows) {
    drawn += centred(text, width, y, size, colour);
    y += size * 1.8;
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${rect(0, 0, width, height, "#212529")}${drawn}</svg>`;
  return { bytes: await sharp(Buffer.from(svg)).removeAlpha().png().toBuffer(), mediaType: "image/png" };
}

/** The same picture with the notice on a band along its lower edge. */
export async function withBand(picture: Picture, notice: Notice): Promise<Picture> {
  const image = sharp(picture.bytes);
  const { width, height } = await image.metadata();
  const tall = Math.max(12, Math.round(Math.min(width, height) * 0.09));
  const text = inOneLine(notice).replace(" (", " · ").replace(")", "");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${tall}">${rect(0, 0, width, tall, "#000000", ' opacity="0.75"')}${centred(text, width, tall * 0.28, tall * 0.44, "#ffd43b")}</svg>`;
  const drawn = image.composite([{ input: Buffer.from(svg), left: 0, top: Math.max(0, height - tall) }]);
  const isJpeg = picture.mediaType === "image/jpeg";
  const bytes = await (isJpeg ? drawn.jpeg({ quality: 85 }) : drawn.png()).toBuffer();
  return { bytes, mediaType: isJpeg ? "image/jpeg" : "image/png" };
}

function centred(text: string, width: number, y: number, size: number, colour: string): string {
  const fitted = Math.min(size, (size * width * 0.92) / Math.max(1, textWidth(text, size)));
  return lettering(text, (width - textWidth(text, fitted)) / 2, y + (size - fitted) / 2, fitted, colour, 0.17);
}
