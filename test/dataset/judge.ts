import { createHash } from "node:crypto";
import { strongest } from "../../src/contract/actions.ts";
import { type Decision, type Reason, UNSCORED } from "../../src/contract/decision.ts";
import { SafelightError } from "../../src/contract/errors.ts";
import type { DataSetJudge, PictureVerdict } from "../../src/dataset/scan/judge.ts";

/** A picture, as {@link textJudge} understands it: what it says is what it shows. */
export function shows(what: "nothing" | "gore" | "hate" | "unknown" | "garbage", note = ""): string {
  return `picture of ${what}; ${note}`;
}

function reason(stage: "prompt" | "image", category: "gore" | "hate", action: "warn" | "review" | "block"): Reason {
  const message = `it has ${category}`;
  return { ...UNSCORED, stage, category, score: 0.9, threshold: 0.5, margin: 0.4, action, detector: "fake", message };
}

function decision(stage: "prompt" | "image", text: string): Decision {
  const reasons: Reason[] = [
    ...(text.includes("gore") ? [reason(stage, "gore", "block")] : []),
    ...(text.includes("hate") ? [reason(stage, "hate", "review")] : []),
    ...(text.includes("unknown")
      ? [{ ...UNSCORED, stage, action: "review" as const, detector: "fake", label: "x", message: "could not tell" }]
      : []),
  ];
  return { action: strongest(reasons.map((r) => r.action)), reasons, coverage: [] };
}

function scoresOf(text: string): PictureVerdict["scores"] {
  return { ...(text.includes("gore") ? { gore: 0.95 } : {}), ...(text.includes("hate") ? { hate: 0.75 } : {}) };
}

export interface TextJudge extends DataSetJudge {
  /** The content of each picture that was looked at. */
  readonly seen: string[];
}

/** Judges pictures that are texts, and counts how often it looked. */
export function textJudge(version = "1", look: (text: string) => Promise<void> = async () => {}): TextJudge {
  const seen: string[] = [];
  return {
    seen,
    policy: { name: "dataset", version: "1", digest: `sha256:${"0".repeat(64)}` },
    detectors: { prompt: [`fake=fake@${version}`], image: [`fake=fake@${version}`] },
    fingerprint: version,
    onUnknown: { image: "review", prompt: "review" },
    limits: { pictureBytes: 10_000, captionCharacters: 200 },
    thresholds: { gore: { warn: 0.5, block: 0.9 }, hate: { review: 0.7 } },
    coverage: () => ({ image: [], prompt: [] }),
    async picture(bytes, labels): Promise<PictureVerdict> {
      const text = `${Buffer.from(bytes)}${labels ?? ""}`;
      seen.push(text);
      await look(text);
      if (text.includes("garbage")) throw new SafelightError("image_unreadable", "it is no picture");
      const hash = createHash("sha256").update(bytes).digest("hex");
      return {
        ...decision("image", text),
        ...{ mediaType: "image/png", width: 512, height: 512, frames: 1, scores: scoresOf(text) },
        pdq: { hash, quality: 100 },
        faces: Number(/(\d+) faces/.exec(text)?.[1] ?? 0),
        complete: !text.includes("unknown"),
      };
    },
    caption: async (text) => decision("prompt", text),
  };
}
