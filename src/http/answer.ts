import type { Context } from "hono";
import { SafelightError } from "../contract/errors.ts";
import type { GenerationAnswer, GenerationRecord } from "../contract/generation.ts";
import type { Picture } from "../pipeline/parts.ts";
import { answerJson, Base64 } from "./json.ts";
import { answerProblem } from "./problem.ts";

export const GENERATIONS = "/api/v1/generations";

/** A {@link GenerationAnswer} as it goes into JSON. */
export interface Answer extends Omit<GenerationAnswer, "images"> {
  readonly images: readonly (Omit<GenerationAnswer["images"][number], "b64"> & { readonly b64: Base64 | null })[];
}

/** Builds answers for one request: where it came in, and under which id. */
export function answerOf(
  record: GenerationRecord,
  pictures: ReadonlyMap<number, Picture>,
  origin: string,
  requestId: string,
): Answer {
  const url = `${origin}${GENERATIONS}/${record.id}`;
  return {
    ...record,
    timings: rounded(record.timings),
    images: record.images.map((image) => {
      const picture = pictures.get(image.index);
      return {
        ...image,
        b64: picture ? new Base64(picture) : null,
        url: image.released ? `${url}/images/${image.index}` : null,
      };
    }),
    url,
    request_id: requestId,
  };
}

function rounded(timings: GenerationRecord["timings"]): GenerationRecord["timings"] {
  const to = (value: number, digits: number) => Number(value.toFixed(digits));
  return {
    prompt_ms: to(timings.prompt_ms, 3),
    generation_ms: to(timings.generation_ms, 3),
    image_ms: to(timings.image_ms, 3),
    total_ms: to(timings.total_ms, 3),
    moderation_share: to(timings.moderation_share, 4),
  };
}

/** `Server-Timing`, as browsers' developer tools show it. */
export function serverTiming({ timings }: Pick<GenerationRecord, "timings">): string {
  const moderation = timings.total_ms * timings.moderation_share;
  const parts: [string, number, string?][] = [
    ["prompt", timings.prompt_ms],
    ["generation", timings.generation_ms],
    ["image", timings.image_ms],
    ["moderation", moderation, `${(timings.moderation_share * 100).toFixed(1)} % of the total`],
    ["total", timings.total_ms],
  ];
  return parts.map(([name, ms, text]) => `${name};dur=${ms.toFixed(2)}${text ? `;desc="${text}"` : ""}`).join(", ");
}

/** The status and the form that a record's state asks for: refusals and failures are problems that carry the whole record. */
export function answerGeneration(c: Context, answer: Answer): Response {
  c.header("Server-Timing", serverTiming(answer));
  c.header("Safelight-Policy", `${answer.policy.name}; digest="${answer.policy.digest}"`);
  if (answer.action) c.header("Safelight-Action", answer.action);
  switch (answer.state) {
    case "complete":
      return answerJson(c, answer);
    case "running":
    case "held":
      c.header("Location", answer.url);
      return c.json(answer, 202);
    case "refused":
      return answerProblem(c, new SafelightError("prompt_blocked", refusal(answer)), answer);
    case "failed":
    case "cancelled": {
      const { code, detail, vendor } = answer.error ?? { code: "internal" as const, detail: "the record has no error" };
      return answerProblem(c, new SafelightError(code, detail, vendor ? { vendor } : {}), answer);
    }
  }
}

function refusal(answer: Answer): string {
  return answer.prompt?.reasons[0]?.message ?? "the policy blocks it";
}
