import { z } from "zod";
import { ActionSchema } from "../../contract/actions.ts";
import { SafelightError } from "../../contract/errors.ts";
import type { GeneratedImage } from "../../contract/generator.ts";
import { readEvents } from "../../outbound/events.ts";
import { bodyOf, isName, told } from "../../outbound/fault.ts";
import { LongText } from "../../outbound/long-json.ts";
import { decodeBase64, decodeLong, fetchPicture, type Trust } from "../../outbound/picture.ts";
import { GENERATOR } from "../../outbound/role.ts";

const EntrySchema = z.object({
  b64_json: z.union([z.string(), z.instanceof(LongText)]).nullish(),
  url: z.string().nullish(),
  /** Azure's, by harm. */
  content_filter_results: z
    .record(z.string(), z.object({ filtered: z.boolean().nullish() }).nullish().catch(null))
    .nullish()
    .catch(null),
});
type Entry = z.output<typeof EntrySchema>;

/** What is needed of an answer; servers leave out and add as they like. */
export const AnswerSchema = z.object({
  data: z.array(EntrySchema),
  output_format: z.string().nullish().catch(null),
  /** Another Safelight's: its `data` holds only what it shows, and this says which pictures those are. */
  safelight: z
    .object({ images: z.array(z.object({ data: z.int().min(0).nullable(), action: ActionSchema })) })
    .nullish(),
});
type Answer = z.output<typeof AnswerSchema>;

/**
 * One for each picture that was asked for, in order.
 * @param format what was asked for: png, jpeg or webp
 */
export async function readPictures(
  answer: Answer,
  wanted: number,
  format: string,
  trust: Trust,
  signal: AbortSignal,
): Promise<GeneratedImage[]> {
  const { output_format } = answer;
  const entries = entriesOf(answer);
  if (entries.length !== wanted)
    throw new SafelightError("provider_failed", `it was asked for ${wanted} pictures and gave ${entries.length}`);
  return Promise.all(
    entries.map(async (entry): Promise<GeneratedImage> => {
      if ("kind" in entry) return entry;
      const filter = filterOf(entry);
      if (filter !== undefined) return { kind: "withheld", reason: filter };
      const { b64_json, url } = entry;
      if (b64_json != null) return picture(b64_json, output_format ?? format);
      if (url == null) throw new SafelightError("provider_failed", "its answer has a picture without b64_json and url");
      const bytes = await fetchPicture(GENERATOR, url, trust, signal);
      if (bytes.length === 0) throw new SafelightError("provider_failed", "a picture at the address it gives is empty");
      return { kind: "image", bytes, mediaType: `image/${output_format ?? format}` };
    }),
  );
}

function entriesOf({ data, safelight }: Answer): readonly (Entry | Extract<GeneratedImage, { kind: "withheld" }>)[] {
  if (!safelight) return data;
  return safelight.images.map(({ data: place, action }) => {
    if (place === null) return { kind: "withheld", reason: `safelight: ${action}` };
    const entry = data[place];
    if (!entry) throw new SafelightError("provider_failed", "one of the pictures that it shows is missing");
    return entry;
  });
}

/** What Azure's filter found in a picture that it would not show. */
function filterOf({ content_filter_results }: Entry): string | undefined {
  const found = Object.entries(content_filter_results ?? {}).filter(([, result]) => result?.filtered === true);
  if (found.length === 0) return undefined;
  const harms = found.flatMap(([harm]) => (isName(harm) ? [harm] : [])).slice(0, 8);
  return `content_filter (${harms.join(", ")})`;
}

function picture(base64: string | LongText, format: string): GeneratedImage {
  const mediaType = /^[a-z]{2,8}$/.test(format) ? `image/${format}` : "image/png";
  if (typeof base64 !== "string") return { kind: "image", ...decodeLong(GENERATOR, base64), mediaType };
  return { kind: "image", bytes: decodeBase64(GENERATOR, base64), mediaType };
}

const EventSchema = z.object({
  type: z.string().nullish(),
  b64_json: z.string().nullish(),
  partial_image_index: z.int().min(0).nullish(),
  output_format: z.string().nullish(),
});

/**
 * Reads a stream to its finished picture. Unfinished ones nobody has judged: they go no further than this line, and only
 * how many there were is told.
 * @param partials how many unfinished ones were asked for
 * @throws SafelightError when it ends without a picture, or with an error
 */
export async function readStream(
  chunks: AsyncIterable<Uint8Array>,
  { format, partials }: { readonly format: string; readonly partials: number },
  onProgress: (fraction: number) => void,
): Promise<GeneratedImage> {
  for await (const { name, data } of readEvents(chunks)) {
    if (data === "[DONE]") break;
    const value = parsed(data);
    const event = EventSchema.safeParse(value).data;
    const type = event?.type ?? name;
    if (name === "error" || type === "error" || (isObject(value) && isObject(value["error"])))
      throw told(GENERATOR, value);
    if (type === "image_generation.partial_image")
      onProgress(Math.min(1, ((event?.partial_image_index ?? 0) + 1) / (partials + 1)));
    if (type === "image_generation.completed" && event?.b64_json != null)
      return picture(event.b64_json, event.output_format ?? format);
  }
  throw new SafelightError("provider_failed", "its stream ended without a picture");
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new SafelightError("provider_failed", "its stream holds an event that is not JSON");
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Codes of refusals: of OpenAI's models past and present, and of Azure's filter before them. */
const REFUSALS = new Set([
  "moderation_blocked",
  "content_policy_violation",
  "image_content_policy_violation",
  "content_filter",
  "contentFilter",
  "ResponsibleAIPolicyViolation",
]);

const RefusalSchema = z.object({
  error: z.object({
    code: z.string(),
    moderation_details: z
      .object({ moderation_stage: z.string().nullish(), categories: z.array(z.string()).nullish() })
      .nullish()
      .catch(null),
  }),
});

/** The reason of a refusal, such as `moderation_blocked (input: sexual)`; undefined for any other failure. */
export function refusalIn(error: unknown): string | undefined {
  const body = bodyOf(error);
  // in a stream the error may come without the object around it
  const refusal = RefusalSchema.safeParse(isObject(body) && !isObject(body["error"]) ? { error: body } : body).data
    ?.error;
  if (refusal === undefined || !REFUSALS.has(refusal.code)) return undefined;
  const { moderation_stage: stage, categories } = refusal.moderation_details ?? {};
  const named = (categories ?? []).filter(isName).slice(0, 8).join(", ");
  const details = [isName(stage) ? stage : "", named].filter((part) => part !== "").join(": ");
  return details === "" ? refusal.code : `${refusal.code} (${details})`.slice(0, 200);
}
