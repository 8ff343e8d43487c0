import { SafelightError } from "../../contract/errors.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What models of one family take. A list holds the values of an option; an option without a list is not taken. */
export interface Family {
  /** Characters in a prompt. */
  readonly promptMost: number;
  /** Pictures in one call. */
  readonly picturesMost: number;
  /** The sizes there are; a grid, where sides are free within it; `any`, where nothing is known. */
  readonly sizes: readonly Size[] | Grid | "any";
  readonly quality?: readonly string[];
  readonly style?: readonly string[];
  readonly background?: readonly string[];
  readonly moderation?: readonly string[];
  readonly output_format?: readonly string[];
  readonly response_format?: readonly string[];
  readonly streams: boolean;
}

interface Grid {
  /** Both sides are multiples of this. */
  readonly step: number;
  readonly sideMost: number;
  /** Of the longer to the shorter side. */
  readonly ratioMost: number;
  readonly pixelsLeast: number;
  readonly pixelsMost: number;
}

const GPT_IMAGE = {
  promptMost: 32_000,
  picturesMost: 10,
  background: ["auto", "opaque", "transparent"],
  moderation: ["auto", "low"],
  output_format: ["png", "jpeg", "webp"],
  streams: true,
} as const;

const square = (side: number): Size => ({ width: side, height: side });

/**
 * The models of OpenAI, and whoever speaks their protocol.
 * @see https://developers.openai.com/api/docs/guides/image-generation, and `ImageGenerateParams` of the `openai` package
 */
export const FAMILIES = {
  "gpt-image-2": {
    ...GPT_IMAGE,
    sizes: { step: 16, sideMost: 3_840, ratioMost: 3, pixelsLeast: 655_360, pixelsMost: 8_294_400 },
    quality: ["auto", "low", "medium", "high", "xhigh", "max"],
  },
  "gpt-image-1": {
    ...GPT_IMAGE,
    sizes: [square(1_024), { width: 1_536, height: 1_024 }, { width: 1_024, height: 1_536 }],
    quality: ["auto", "low", "medium", "high"],
  },
  "dall-e-3": {
    promptMost: 4_000,
    picturesMost: 1,
    sizes: [square(1_024), { width: 1_792, height: 1_024 }, { width: 1_024, height: 1_792 }],
    quality: ["standard", "hd"],
    style: ["vivid", "natural"],
    response_format: ["b64_json", "url"],
    streams: false,
  },
  "dall-e-2": {
    promptMost: 1_000,
    picturesMost: 10,
    sizes: [square(256), square(512), square(1_024)],
    quality: ["standard"],
    response_format: ["b64_json", "url"],
    streams: false,
  },
  compatible: {
    promptMost: 32_000,
    picturesMost: 10,
    sizes: "any",
    quality: ["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"],
    style: ["vivid", "natural"],
    background: GPT_IMAGE.background,
    moderation: GPT_IMAGE.moderation,
    output_format: GPT_IMAGE.output_format,
    response_format: ["b64_json", "url", "none"],
    streams: true,
  },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof FAMILIES;
// the keys of a literal object are its own
export const FAMILY_NAMES = Object.keys(FAMILIES) as readonly FamilyName[];

export function familyOf(model: string): FamilyName {
  if (/^(?:gpt-image-1|chatgpt-image)/.test(model)) return "gpt-image-1";
  if (model.startsWith("gpt-image-")) return "gpt-image-2";
  return FAMILY_NAMES.find((name) => name.startsWith("dall-e") && model.startsWith(name)) ?? "compatible";
}

/**
 * The size to ask for: the one that is wanted, or else the nearest that the model makes, first by shape, then by pixels.
 * @param exact whether another size than the wanted one is out of the question
 * @throws SafelightError `provider_rejected` when it is, and the model does not make it
 */
export function sizeFor({ sizes }: Family, wanted: Size, exact: boolean): Size {
  const { width, height } = wanted;
  if (sizes === "any") return { width, height };
  const found = "step" in sizes ? onGrid(sizes, wanted) : nearest(sizes, wanted);
  if (!exact || (found.width === width && found.height === height)) return found;
  const [what, there] = "step" in sizes ? ["nearest size is", [found]] : ["sizes are", sizes];
  const list = there.map((size) => `${size.width}x${size.height}`).join(", ");
  throw new SafelightError(
    "provider_rejected",
    `the model makes no pictures of ${width}x${height}: its ${what} ${list}`,
  );
}

function nearest(sizes: readonly Size[], wanted: Size): Size {
  const off = (size: Size): readonly [number, number] => [
    Math.abs(Math.log(size.width / size.height / (wanted.width / wanted.height))),
    Math.abs(Math.log((size.width * size.height) / (wanted.width * wanted.height))),
  ];
  const [first = wanted] = sizes.toSorted((a, b) => {
    const [[shapeA, areaA], [shapeB, areaB]] = [off(a), off(b)];
    return Math.abs(shapeA - shapeB) > 1e-9 ? shapeA - shapeB : areaA - areaB;
  });
  return first;
}

/** Keeps the shape as well as the grid lets it, and changes the pixels only as far as they must. */
function onGrid({ step, sideMost, ratioMost, pixelsLeast, pixelsMost }: Grid, { width, height }: Size): Size {
  const ratio = Math.min(ratioMost, Math.max(1 / ratioMost, width / height));
  const widest = Math.min(sideMost, sideMost * ratio);
  const pixels = Math.min(pixelsMost, Math.max(pixelsLeast, width * height));
  const ideal = Math.min(widest, Math.sqrt(pixels * ratio));
  const candidates: Size[] = [];
  for (const w of near(ideal, step))
    for (const h of near(ideal / ratio, step)) candidates.push({ width: w, height: h });
  const fitting = candidates.filter(
    ({ width: w, height: h }) =>
      Math.max(w, h) <= sideMost &&
      Math.max(w, h) <= ratioMost * Math.min(w, h) &&
      w * h >= pixelsLeast &&
      w * h <= pixelsMost,
  );
  return nearest(fitting, { width: ideal, height: ideal / ratio });
}

/** Multiples of the step around a length. */
function near(length: number, step: number): number[] {
  const first = Math.max(1, Math.floor(length / step) - 1);
  return [0, 1, 2, 3].map((i) => (first + i) * step);
}
