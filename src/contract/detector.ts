import type { Category } from "./categories.ts";
import type { Probe } from "./probe.ts";
import type { Finding } from "./report.ts";

/** The text under judgement, exactly as the caller wrote it. */
export interface Prompt {
  readonly text: string;
}

/** One frame of a decoded picture, upright, in sRGB, without alpha. */
export interface Frame {
  /** Index in the file: 0 for a still picture. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** `height × width × 3` bytes, row by row, R G B. */
  readonly rgb: Uint8Array;
  /**
   * The frame stretched to exactly `width × height`, as `height × width × 3` values R G B from 0 to 255, not rounded, by
   * bilinear interpolation with corners aligned. Computed once for each size, however many detectors ask: do not change it.
   */
  resized(width: number, height: number): Promise<Float32Array>;
  /**
   * The frame stretched to exactly `width × height`, as bytes like `rgb`, each the average of what it stands for (cubic, with
   * antialiasing). Computed once for each size: do not change it.
   */
  shrunk(width: number, height: number): Promise<Uint8Array>;
}

export const MEDIA_TYPES = [
  "image/png",
  "image/jpeg",
  "image/webp",
  "image/gif",
  "image/avif",
  "image/tiff",
  "image/bmp",
] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];

/** A picture, decoded once within hard limits and shared by all detectors. */
export interface DecodedImage {
  /** `sha256:<hex>` of the encoded bytes: what was judged. */
  readonly digest: string;
  readonly bytes: Uint8Array;
  /** The same as base64, in pieces, where it came so from a generator. */
  readonly base64?: readonly Uint8Array[];
  readonly mediaType: MediaType;
  readonly width: number;
  readonly height: number;
  /**
   * Frames in the file; `frames` holds at most a sample of them, evenly spread, the first always among them. A frame that
   * viewers may see differently stands in it several times, as it looks over grey first: docs/formats.md says when. It is
   * empty where nobody looks at the pixels; a detector always gets some.
   */
  readonly frameCount: number;
  readonly frames: readonly Frame[];
}

/** Is told how many units of a vendor's service were used, in the units that `price_per_unit` is for; once for each call. */
export type Meter = (units: number) => void;

/** Examines one text or one picture and reports scores by category. It never decides. */
export interface Detector<Input> {
  /** Stable; written into every decision, together with the version. */
  readonly id: string;
  /** Of the code, the model or the lists: whatever changes the scores changes the version. */
  readonly version: string;
  /** What it can score. Honest: a policy that requires a category counts on this list. */
  readonly categories: readonly Category[];
  /**
   * @returns what it saw, with scores in [0, 1]; a covered category that is missing scored 0.
   * @throws when it cannot tell. The pipeline turns that into an `unknown` report; it never means safe.
   */
  inspect(input: Input, signal: AbortSignal, meter?: Meter): Promise<readonly Finding[]>;
  /** Absent where judging something harmless costs nothing: that is the probe then. This one is never billed. */
  probe?: Probe;
  /** Releases sessions and connections. */
  close?(): Promise<void>;
}

export type TextDetector = Detector<Prompt>;
export type ImageDetector = Detector<DecodedImage>;
