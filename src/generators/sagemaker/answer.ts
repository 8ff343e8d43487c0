import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import type { GeneratedImage } from "../../contract/generator.ts";
import { sniff } from "../../models/sniff.ts";
import { readJson } from "../../outbound/client.ts";
import { decodeBase64 } from "../../outbound/picture.ts";
import { GENERATOR } from "../../outbound/role.ts";
import type { Slot } from "../calls.ts";
import { readPixels } from "./pixels.ts";

/** The name that Stability's containers give to a prompt that their filter refuses. */
const REFUSED = "invalid_prompts";

const AnswerSchema = z.object({
  /** JumpStart, with `application/json;jpeg`: base64, one for each picture. */
  generated_images: z.array(z.string()).nullish(),
  /** Stability's open models: one picture in base64. */
  generated_image: z.string().nullish(),
  artifacts: z
    .array(z.object({ seed: z.int().nullish(), base64: z.string().nullish(), finishReason: z.string().nullish() }))
    .nullish(),
  error: z.object({ name: z.string().nullish() }).nullish(),
  name: z.string().nullish(),
});

/**
 * What a container answered, in any of its forms.
 * @throws SafelightError `provider_failed` when it is none of them, or not one picture for each slot
 */
export async function readAnswer(body: Uint8Array, slots: readonly Slot[]): Promise<readonly GeneratedImage[]> {
  const seed = slots[0]?.seed;
  const pictures = await readPixels(body);
  if (pictures)
    return asMany(
      pictures.map((bytes) => imageOf(bytes, seed)),
      slots,
    );
  const answer = readJson(GENERATOR, { bytes: body }, AnswerSchema);
  const name = answer.error?.name ?? answer.name;
  if (name === REFUSED) return refusedAll(slots);
  if (name != null || answer.error != null)
    throw new SafelightError("provider_failed", "the model answered that it could not make the picture");
  if (answer.artifacts)
    return asMany(
      answer.artifacts.map((artifact) => artifactOf(artifact, seed)),
      slots,
    );
  const list = answer.generated_images ?? (answer.generated_image == null ? undefined : [answer.generated_image]);
  if (list)
    return asMany(
      list.map((text) => imageOf(decodeBase64(GENERATOR, text), seed)),
      slots,
    );
  throw new SafelightError(
    "provider_failed",
    "its answer holds no pictures: neither generated_images nor generated_image nor artifacts",
  );
}

export function refusedAll(slots: readonly Slot[]): readonly GeneratedImage[] {
  return slots.map(() => ({ kind: "withheld", reason: REFUSED }));
}

/** Whether a container's error says that its filter refused the prompt. */
export function saysRefused(message: string): boolean {
  return /\\?"name\\?"\s*:\s*\\?"invalid_prompts\\?"/.test(message);
}

type Artifact = NonNullable<z.output<typeof AnswerSchema>["artifacts"]>[number];

function artifactOf({ base64, seed, finishReason }: Artifact, asked: number | undefined): GeneratedImage {
  if (finishReason === "CONTENT_FILTERED") return { kind: "withheld", reason: finishReason };
  if (finishReason !== "SUCCESS" || base64 == null)
    throw new SafelightError("provider_failed", "the model did not finish one of the pictures");
  return imageOf(decodeBase64(GENERATOR, base64), seed ?? asked);
}

function imageOf(bytes: Uint8Array, seed: number | undefined): GeneratedImage {
  const mediaType = sniff(bytes)?.mediaType ?? "image/png"; // what it is in truth is found out when it is decoded
  return { kind: "image", bytes, mediaType, ...(seed === undefined || seed < 0 ? {} : { seed }) };
}

function asMany(answers: readonly GeneratedImage[], slots: readonly Slot[]): readonly GeneratedImage[] {
  if (answers.length === slots.length) return answers;
  throw new SafelightError("provider_failed", `it was asked for ${slots.length} pictures and gave ${answers.length}`);
}
