import type { GenerationRecord } from "../../../src/contract/generation.ts";
import type { SentRequest } from "../api/client.ts";

/** The form as it stands, also where it is not valid yet: an emptied number field is an empty string. */
export interface Draft {
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly width: number | "";
  readonly height: number | "";
  readonly n: number | "";
  /** Null: another one each time. */
  readonly seed: number | null;
  /** Null: the server's default. */
  readonly policy: string | null;
  readonly generator: string | null;
}

export const EMPTY_DRAFT: Draft = {
  prompt: "",
  negative_prompt: "",
  width: 512,
  height: 512,
  n: 1,
  seed: null,
  policy: null,
  generator: null,
};

/** Names of the fields that can show an error of their own. */
export const FIELDS = ["prompt", "negative_prompt", "width", "height", "n", "seed", "policy", "generator"] as const;

/** What is sent for it. The server judges the values; an empty number becomes 0, which it refuses with the limits. */
export function requestOf(draft: Draft, b64: boolean): SentRequest {
  return {
    prompt: draft.prompt,
    negative_prompt: draft.negative_prompt,
    width: draft.width === "" ? 0 : draft.width,
    height: draft.height === "" ? 0 : draft.height,
    n: draft.n === "" ? 0 : draft.n,
    ...(draft.seed === null ? {} : { seed: draft.seed }),
    ...(draft.policy === null ? {} : { policy: draft.policy }),
    ...(draft.generator === null ? {} : { generator: draft.generator }),
    b64,
  };
}

/** The form that would repeat a stored generation. */
export function draftOf(record: GenerationRecord): Draft {
  const { prompt, negative_prompt, width, height, n, seed } = record.request;
  return {
    prompt: prompt ?? "",
    negative_prompt: negative_prompt ?? "",
    width,
    height,
    n,
    seed,
    policy: record.policy.name,
    generator: record.generator,
  };
}

export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

export const SIZES = [
  { id: "square", label: "Square", width: 512, height: 512 },
  { id: "tall", label: "Tall", width: 512, height: 768 },
  { id: "wide", label: "Wide", width: 768, height: 512 },
  { id: "large", label: "Large", width: 1024, height: 1024 },
] as const;

export function sizeOf(draft: Pick<Draft, "width" | "height">): string {
  return SIZES.find((size) => size.width === draft.width && size.height === draft.height)?.id ?? "custom";
}
