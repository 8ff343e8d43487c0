import { z } from "zod";
import { promptSchema } from "../../../contract/generation.ts";
import { type Limits, perLimits } from "../../../contract/limits.ts";
import { fromBase64 } from "../../base64.ts";
import { ParameterError, validParameters } from "./errors.ts";

/** What is judged together and gets one result. */
export interface ModerationInput {
  readonly text: string | undefined;
  readonly images: readonly { readonly param: string; readonly bytes: Uint8Array }[];
}

export interface ModerationRequest {
  readonly model: string | null | undefined;
  /** One for each result. */
  readonly inputs: readonly ModerationInput[];
}

/** Of strings, or of parts of one input, in one request. */
const MOST = 1_000;
/** Inputs of one request that are judged at the same time. */
const AT_ONCE = 4;
const DATA_URL = /^data:image\/[a-z0-9.+-]+;base64,/i;

const Body = z.strictObject({ input: z.unknown().optional(), model: z.string().min(1).max(200).nullish() });

/**
 * Reads `POST /v1/moderations`: a string, strings that are judged one by one, or parts of one input. The texts of parts are judged
 * as one text, line by line.
 * @throws ParameterError naming the input: wrong form, too long, no picture, an address that would have to be fetched
 */
export function readModerationRequest(body: unknown, limits: Limits): ModerationRequest {
  const { input, model } = validParameters(body, Body);
  const { Text, Texts, Parts } = inputSchemas(limits);
  if (Array.isArray(input) && input.some((entry) => typeof entry === "object" && entry !== null)) {
    const { input: parts } = validParameters({ input }, Parts);
    const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
    const images = parts.flatMap((part, i) => {
      const param = `input[${i}].image_url.url`;
      return part.type === "image_url" ? [{ param, bytes: readDataUrl(part.image_url.url, param) }] : [];
    });
    const text = texts.length === 0 ? undefined : texts.join("\n");
    if (text !== undefined) validParameters({ input: text }, Text);
    return { model, inputs: [{ text, images }] };
  }
  const given = input === undefined ? {} : { input };
  const { input: texts } = Array.isArray(input) ? validParameters(given, Texts) : validParameters(given, Text);
  return { model, inputs: [texts].flat().map((text) => ({ text, images: [] })) };
}

/**
 * Inputs to be judged at the same time: a few, with no more text together than one may have, so that none waits for the others
 * until its time is over.
 */
export function* groupsOf(inputs: readonly ModerationInput[], limits: Limits): Generator<readonly ModerationInput[]> {
  let group: ModerationInput[] = [];
  let characters = 0;
  for (const input of inputs) {
    const length = input.text?.length ?? 0;
    if (group.length === AT_ONCE || (group.length > 0 && characters + length > limits.prompt_characters)) {
      yield group;
      group = [];
      characters = 0;
    }
    group.push(input);
    characters += length;
  }
  if (group.length > 0) yield group;
}

/** The forms that `input` has: one text, several, or parts of one input. */
const inputSchemas = perLimits((limits) => {
  const text = promptSchema(limits);
  return {
    Text: z.object({ input: text }),
    Texts: z.object({ input: some(text) }),
    Parts: z.object({ input: some(partSchema(text)) }),
  };
});

function some<S extends z.ZodType>(entry: S) {
  return z
    .array(entry)
    .min(1, { error: "must not be empty" })
    .max(MOST, { error: `must have at most ${MOST} entries` });
}

function partSchema(text: z.ZodType<string>) {
  return z.discriminatedUnion(
    "type",
    [
      z.strictObject({ type: z.literal("text"), text }),
      z.strictObject({
        type: z.literal("image_url"),
        image_url: z.strictObject({ url: z.string(), detail: z.enum(["auto", "low", "high"]).optional() }),
      }),
    ],
    { error: 'must be {"type": "text", "text"} or {"type": "image_url", "image_url": {"url"}}' },
  );
}

function readDataUrl(url: string, param: string): Uint8Array {
  const wrong = (detail: string) =>
    new ParameterError("invalid_request", param, "invalid_image_url", `"${param}" ${detail}`);
  if (/^https?:/i.test(url)) {
    throw wrong("must be a data: URL with the picture in base64: Safelight does not fetch addresses that callers name");
  }
  const start = DATA_URL.exec(url)?.[0].length;
  if (start === undefined) throw wrong("must begin with data:image/<type>;base64,");
  const bytes = fromBase64(url.slice(start));
  if (!bytes) throw wrong("is not valid base64");
  return bytes;
}
