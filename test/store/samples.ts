import type { Reason } from "../../src/contract/decision.ts";
import type { GenerationRecord, ImageOutcome, StoredPicture, Trial } from "../../src/contract/generation.ts";
import { digestOf } from "../../src/store/blobs/disk.ts";
import type { PictureToKeep } from "../../src/store/store.ts";

/** Bytes that differ for each seed. */
export function picture(seed: number, size = 1_000): PictureToKeep {
  const bytes = new Uint8Array(size);
  for (let i = 0, state = seed + 1; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return keep(bytes);
}

export function keep(bytes: Uint8Array): PictureToKeep {
  return { digest: digestOf(bytes), bytes, media_type: "image/png" };
}

export function stored({ digest, media_type, bytes }: PictureToKeep): StoredPicture {
  return { digest, media_type, bytes: bytes.length };
}

export const PROMPT = "a f.o.r.b.i.d.d.e.n word in a quiet field";

export function reason(over: Partial<Reason> = {}): Reason {
  return {
    stage: "prompt",
    category: "violence",
    score: 0.75,
    threshold: 0.5,
    margin: 0.25,
    action: "warn",
    detector: "rules",
    label: "block-list",
    evidence: { span: [2, 19], term: "forbidden", list: "words", disguises: ["separators"] },
    message: 'The prompt says "f.o.r.b.i.d.d.e.n", that is “forbidden”: violence.',
    ...over,
  };
}

export function outcome(
  index: number,
  released: StoredPicture | null,
  original: StoredPicture | null = null,
): ImageOutcome {
  return {
    index,
    attempt: 1,
    seed: 7,
    width: 512,
    height: 512,
    media_type: "image/png",
    blurred: original !== null,
    released,
    original,
    action: "allow",
    reasons: [],
    coverage: [{ category: "gore", state: "scored", required: true, score: 0, detectors: ["nsfw"] }],
  };
}

function trial(): Trial {
  return {
    attempt: 1,
    index: 0,
    seed: 7,
    digest: `sha256:${"0".repeat(64)}`,
    width: 512,
    height: 512,
    withheld: null,
    action: "allow",
    reasons: [],
    coverage: [],
    reports: [
      {
        state: "scored",
        detector: "text-in-image",
        version: "1",
        categories: ["hate"],
        duration_ms: 4.5,
        findings: [
          {
            category: "hate",
            score: 0.25,
            evidence: { term: "scrawl", region: { x: 0, y: 0, width: 1, height: 0.5 } },
          },
        ],
      },
    ],
  };
}

let made = 0;

/** A complete generation with one prompt finding and no pictures, unless told otherwise. */
export function record(over: Partial<GenerationRecord> = {}): GenerationRecord {
  made++;
  return {
    id: `gen_${String(made).padStart(6, "0")}`,
    state: "complete",
    action: "warn",
    created_at: "2026-03-04T05:06:07.089Z",
    finished_at: "2026-03-04T05:06:08.089Z",
    policy: { name: "default", version: "1", digest: `sha256:${"a".repeat(64)}` },
    generator: "sketch",
    notice: null,
    request: {
      prompt: PROMPT,
      prompt_digest: digestOf(Buffer.from(PROMPT)),
      prompt_characters: PROMPT.length,
      negative_prompt: "ugly",
      width: 512,
      height: 512,
      n: 1,
      seed: 7,
      steps: null,
      guidance_scale: null,
    },
    prompt: {
      action: "warn",
      reasons: [reason()],
      coverage: [{ category: "violence", state: "scored", required: true, score: 0.75, detectors: ["rules"] }],
      reports: [
        {
          state: "scored",
          detector: "rules",
          version: "1",
          categories: ["violence"],
          duration_ms: 0.25,
          findings: [
            { category: "violence", score: 0.75, evidence: { span: [2, 19], term: "forbidden", list: "words" } },
          ],
        },
      ],
    },
    negative_prompt: "ugly, blood",
    images: [],
    warnings: [
      { stage: "prompt", category: "violence", action: "warn", index: null, message: "Mind 'Forbidden' things." },
    ],
    attempts: 1,
    trials: [trial()],
    timings: { prompt_ms: 1, generation_ms: 2, image_ms: 3, total_ms: 6, moderation_share: 0.5 },
    cost: { amount: 0, currency: "USD", parts: [] },
    error: null,
    expires_at: null,
    ...over,
  };
}

/** A record that names these pictures as released, one an image. */
export function recordOf(pictures: readonly PictureToKeep[], over: Partial<GenerationRecord> = {}): GenerationRecord {
  return record({ images: pictures.map((of, index) => outcome(index, stored(of))), ...over });
}
