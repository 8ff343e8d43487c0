import type { Category } from "../../../contract/categories.ts";
import type { Reason } from "../../../contract/decision.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { GenerationRecord, ImageOutcome } from "../../../contract/generation.ts";
import type { Picture } from "../../../pipeline/parts.ts";
import { GENERATIONS } from "../../answer.ts";
import { Base64 } from "../../json.ts";
import { openaiCategory } from "./categories.ts";
import type { OpenAIError } from "./errors.ts";
import type { ImagesRequest } from "./parameters.ts";
import { type EncodedPicture, encodePicture } from "./pictures.ts";

/** A generation that has ended, and what came of it for the one who asked. */
export interface Ended {
  readonly record: GenerationRecord;
  /** By index, as released. */
  readonly pictures: ReadonlyMap<number, Picture>;
  /** Where this server is reached. */
  readonly origin: string;
}

/** Safelight counts no tokens. Clients that add tokens up expect the member to be there. */
export const NO_TOKENS = {
  total_tokens: 0,
  input_tokens: 0,
  output_tokens: 0,
  input_tokens_details: { text_tokens: 0, image_tokens: 0 },
  output_tokens_details: { text_tokens: 0, image_tokens: 0 },
} as const;

/** The outcomes that are shown, in order: those are what OpenAI's member `data` holds. */
export function shownImages({ record, pictures }: Ended): readonly ImageOutcome[] {
  return record.images.filter(({ index }) => pictures.has(index));
}

/** The pictures of a complete generation of which at least one is shown. */
export async function imagesAnswer(ended: Ended, asked: ImagesRequest): Promise<object> {
  const shown = shownImages(ended);
  const data =
    asked.as === "url" ? shown.map((image) => ({ url: pictureUrl(ended, image) })) : await inBase64(ended, asked);
  const formats = new Set(data.map((entry) => ("format" in entry ? entry.format : undefined)));
  const [format] = formats.size === 1 ? formats : [];
  return {
    created: seconds(ended.record.created_at),
    ...(asked.encoding.opaque ? { background: "opaque" } : {}),
    ...(format === undefined ? {} : { output_format: format }),
    size: sizeOf(ended, shown[0]),
    data: data.map((entry) => ("url" in entry ? entry : { b64_json: entry.b64_json })),
    usage: NO_TOKENS,
    safelight: safelightMember(ended, asked),
  };
}

async function inBase64(ended: Ended, asked: ImagesRequest) {
  const shown = shownImages(ended);
  const encoded = await Promise.all(shown.map((image) => encodedOf(ended, image, asked)));
  return encoded.map((picture) => ({ b64_json: new Base64(picture), format: picture.format }));
}

export function encodedOf({ pictures }: Ended, { index }: ImageOutcome, asked: ImagesRequest): Promise<EncodedPicture> {
  const picture = pictures.get(index);
  if (!picture) throw new SafelightError("internal", `picture ${index} is not shown`);
  return encodePicture(picture, asked.encoding);
}

function pictureUrl({ record, origin }: Ended, { index }: ImageOutcome): string {
  return `${origin}${GENERATIONS}/${record.id}/images/${index}`;
}

/** As it came, which need not be as it was asked for. */
export function sizeOf({ record }: Ended, image: ImageOutcome | undefined): string {
  return `${image?.width ?? record.request.width}x${image?.height ?? record.request.height}`;
}

export function seconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}

/** What OpenAI's answers have no place for: why, for each picture that was asked for. */
export function safelightMember(ended: Ended, { ignored }: ImagesRequest): object {
  const { record, origin } = ended;
  const places = new Map(shownImages(ended).map(({ index }, place) => [index, place]));
  return {
    id: record.id,
    url: `${origin}${GENERATIONS}/${record.id}`,
    state: record.state,
    action: record.action,
    policy: record.policy,
    generator: record.generator,
    notice: record.notice,
    reasons: record.prompt?.reasons ?? [],
    warnings: record.warnings,
    images: record.images.map(({ index, action, blurred, seed, reasons }) => ({
      index,
      /** Its place in `data`; null when it is not shown. */
      data: places.get(index) ?? null,
      action,
      blurred,
      seed,
      reasons,
    })),
    attempts: record.attempts,
    cost: record.cost,
    ignored,
  };
}

/** The refusal that a record stands for: of the prompt, or of every picture. Undefined when there is something to show. */
export function refusalOf(ended: Ended, asked: ImagesRequest): OpenAIError | undefined {
  const { record } = ended;
  if (record.state === "refused" || record.state === "held") {
    return refusal("input", record.prompt?.reasons ?? [], asked, record.state === "held");
  }
  if (record.state !== "complete" || shownImages(ended).length > 0) return undefined;
  const held = record.images.every(({ action }) => action === "review");
  return refusal(
    "output",
    record.images.flatMap(({ reasons }) => reasons),
    asked,
    held,
  );
}

/** @see OpenAI's refusals: code `moderation_blocked` of the GPT image models, `content_policy_violation` of DALL·E */
function refusal(stage: "input" | "output", reasons: readonly Reason[], { dallE }: ImagesRequest, held: boolean) {
  const what = stage === "input" ? "Your prompt" : "Every picture that was made";
  const fate = held ? "is held until a person has decided" : "was rejected by the safety system";
  return {
    message: `${what} ${fate}. ${reasons[0]?.message ?? "The policy decided so."}`,
    type: "image_generation_user_error",
    param: stage === "input" ? "prompt" : null,
    code: dallE ? "content_policy_violation" : "moderation_blocked",
    moderation_details: { moderation_stage: stage, categories: categoriesOf(reasons) },
  };
}

function categoriesOf(reasons: readonly Reason[]): string[] {
  const named = reasons.filter((reason): reason is Reason & { category: Category } => reason.category !== null);
  return [...new Set(named.map(({ category, label }) => openaiCategory(category, label) ?? category))];
}

export function failureOf({ record }: Ended): SafelightError {
  const { code, detail, vendor } = record.error ?? { code: "internal" as const, detail: "the record has no error" };
  return new SafelightError(code, detail, vendor ? { vendor } : {});
}
