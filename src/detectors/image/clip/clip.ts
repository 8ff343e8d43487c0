import { createHash } from "node:crypto";
import { type Category, isCategory } from "../../../contract/categories.ts";
import type { DecodedImage, ImageDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Evidence, Finding } from "../../../contract/report.ts";
import { type ImageEncoder, openImageEncoder } from "../../../models/clip/encoder.ts";
import type { OpenContext } from "../../context.ts";
import { heatOf, regionOf } from "../heat.ts";
import { type Calibration, conceptsDigest, probability, readScale, type Scale, scalesOf, textsOf } from "./anchors.ts";
import { CONCEPTS, type Concept, type Concepts } from "./concepts.ts";
import { findModelFolder } from "./model.ts";
import { CELLS, occluded } from "./occlusion.ts";
import type { ClipOptions } from "./options.ts";
import { textVectors } from "./vectors.ts";

/** Changes with whatever is made of the model's vectors. */
const CODE_VERSION = "1";

const AS_IT_IS: Calibration = { slope: 1, offset: 0 };

export interface ClipDetector extends ImageDetector {
  /**
   * What scores are made of, before calibration: of each category, in the frame that shows most of it. @throws as
   * `inspect`
   */
  logOdds(image: DecodedImage, signal: AbortSignal): Promise<ReadonlyMap<Category, number>>;
}

/**
 * Open-vocabulary detection: the whole picture, stretched to the model's size, is compared with what the categories are
 * in words. It covers the categories and concepts that the options name, and no other.
 * @throws SafelightError `config_invalid` when the model is missing or not the pinned one, or nothing is to be looked
 * for
 */
export async function openClip(options: ClipOptions, context: OpenContext): Promise<ClipDetector> {
  const concepts = conceptsOf(options);
  const folder = await findModelFolder(options, context);
  const encoder = await openImageEncoder(folder, poolOf(options));
  try {
    const scales = scalesOf(concepts, await textVectors(folder, textsOf(concepts)));
    return new Clip(encoder, scales, options, versionOf(encoder, concepts, options, folder.files));
  } catch (error) {
    await encoder.close();
    throw error;
  }
}

/**
 * What the options ask for: concepts that ship, and those that are written there. @throws SafelightError
 * `config_invalid`
 */
export function conceptsOf({ categories, concepts, calibration }: ClipOptions): Concepts {
  const all = new Map<Category, Concept>(categories.map((category) => [category, CONCEPTS[category]]));
  for (const [category, given] of Object.entries(concepts)) {
    if (!isCategory(category) || given === undefined) continue;
    const { prompts, against = [] } = "prompts" in given ? given : { prompts: given };
    all.set(category, { prompts, against });
  }
  if (all.size === 0) throw new SafelightError("config_invalid", "clip: name categories or concepts to look for");
  const idle = Object.keys(calibration).filter((category) => !isCategory(category) || !all.has(category));
  if (idle.length === 0) return all;
  throw new SafelightError("config_invalid", `clip: calibration of ${idle.join(", ")}, which is not looked for`);
}

export function poolOf({ threads, sessions }: ClipOptions) {
  return { ...(threads === undefined ? {} : { threads }), ...(sessions === undefined ? {} : { sessions }) };
}

function versionOf(
  { sha256 }: ImageEncoder,
  concepts: Concepts,
  { calibration, logit_scale, explain_from }: ClipOptions,
  files: object,
): string {
  const rest = createHash("sha256");
  rest.update(JSON.stringify([conceptsDigest(concepts), calibration, logit_scale, explain_from, files]));
  return `${CODE_VERSION}.${sha256.slice(0, 12)}.${rest.digest("hex").slice(0, 12)}`;
}

interface Found {
  readonly scale: Scale;
  readonly score: number;
  readonly label: string;
  /** Place among the frames that are judged. */
  readonly frame: number;
  readonly logOdds: number;
}

class Clip implements ClipDetector {
  readonly id = "clip";
  readonly version: string;
  readonly categories: readonly Category[];
  readonly #encoder: ImageEncoder;
  readonly #scales: readonly Scale[];
  readonly #options: ClipOptions;

  constructor(encoder: ImageEncoder, scales: readonly Scale[], options: ClipOptions, version: string) {
    this.#encoder = encoder;
    this.#scales = scales;
    this.#options = options;
    this.version = version;
    this.categories = scales.map(({ category }) => category);
  }

  async inspect(image: DecodedImage, signal: AbortSignal): Promise<readonly Finding[]> {
    const pictures = await this.#shrunk(image);
    const vectors = await this.#encoder.embed(pictures, signal);
    const found = this.#scales.map((scale) => this.#worst(scale, vectors));
    const where = await this.#where(found, image, pictures, signal);
    return found.map(({ scale: { category }, score, label }, i): Finding => {
      const evidence = where[i];
      return { category, score, label, ...(evidence ? { evidence } : {}) };
    });
  }

  async logOdds(image: DecodedImage, signal: AbortSignal): Promise<ReadonlyMap<Category, number>> {
    const vectors = await this.#encoder.embed(await this.#shrunk(image), signal);
    return new Map(this.#scales.map((scale) => [scale.category, this.#worst(scale, vectors).logOdds]));
  }

  close(): Promise<void> {
    return this.#encoder.close();
  }

  #shrunk({ frames }: DecodedImage): Promise<readonly Uint8Array[]> {
    const { width, height } = this.#encoder;
    return Promise.all(frames.map((frame) => frame.shrunk(width, height)));
  }

  /** The frame with the highest score decides. */
  #worst(scale: Scale, vectors: readonly Float32Array[]): Found {
    const { calibration, logit_scale } = this.#options;
    const readings = vectors.map((vector) => readScale(scale, vector, logit_scale));
    const frame = readings.reduce(
      (worst, { logOdds }, i) => (logOdds > (readings[worst]?.logOdds ?? 0) ? i : worst),
      0,
    );
    const { logOdds, nearest } = readings[frame] ?? { logOdds: Number.NaN, nearest: "" };
    const score = probability(logOdds, calibration[scale.category] ?? AS_IT_IS);
    return { scale, score, label: nearest, frame, logOdds };
  }

  /**
   * The place of each finding. Only the frame of the strongest one is looked at again, however many findings there are.
   */
  async #where(
    found: readonly Found[],
    { frames, frameCount }: DecodedImage,
    pictures: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<readonly (Evidence | undefined)[]> {
    const nameOf = (frame: number) => (frameCount > 1 ? frames[frame]?.index : undefined);
    const strongest = found.reduce((most, each) => (each.score > most.score ? each : most));
    const picture = pictures[strongest.frame];
    const explained = strongest.score >= this.#options.explain_from && picture !== undefined;
    const hidden = explained ? await this.#hidden(picture, signal) : [];
    return found.map(({ scale, score, frame, logOdds }) => {
      const index = nameOf(frame);
      if (explained && frame === strongest.frame && score >= this.#options.explain_from) {
        const lost = hidden.map((vector) => logOdds - readScale(scale, vector, this.#options.logit_scale).logOdds);
        const heat = heatOf(lost, CELLS, CELLS);
        if (heat) return { heat, region: regionOf(heat, index) };
      }
      return index === undefined ? undefined : { region: { x: 0, y: 0, width: 1, height: 1, frame: index } };
    });
  }

  #hidden(picture: Uint8Array, signal: AbortSignal): Promise<readonly Float32Array[]> {
    const { width, height } = this.#encoder;
    return this.#encoder.embed(occluded(picture, width, height), signal);
  }
}
