import { tmpdir } from "node:os";
import { imagingWithin } from "../../src/app/imaging.ts";
import { PolicySet } from "../../src/app/policy-set.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { DecodedImage } from "../../src/contract/detector.ts";
import type { Limits } from "../../src/contract/limits.ts";
import { judgeBytes } from "../../src/pipeline/judge.ts";
import type { Case, Seeds } from "./mutate.ts";

/** A case that takes longer than this hangs, as far as anybody who waits can tell. */
const PATIENCE_MS = 30_000;

export type Outcome = "judged" | "unreadable" | "too large";

export interface Judge {
  /** @throws Error saying which promise is broken */
  judge(one: Case, seeds: Seeds): Promise<Outcome>;
  close(): Promise<void>;
}

/** The real judge: the default policy with the detectors that ship, from bytes to a decision. */
export async function openJudge(): Promise<Judge> {
  const { config } = loadConfig({ cwd: tmpdir(), env: {}, flags: {} });
  const set = await new PolicySet(config).open();
  const loaded = set.policies.get(config.default_policy);
  if (!loaded) throw new Error("no default policy");
  const { image: detectors } = set.stages(loaded);
  const imaging = imagingWithin(config.limits);
  const known = new Map<string, Promise<DecodedImage>>();
  const seedOf = (name: string, seeds: Seeds) => {
    const decoded = known.get(name) ?? imaging.decode(seeds[name] ?? Buffer.alloc(0));
    known.set(name, decoded);
    return decoded;
  };
  return {
    async judge(one, seeds) {
      const work = judgeBytes(one.bytes, imaging, loaded.policy, detectors, AbortSignal.timeout(PATIENCE_MS));
      const { image, judgement } = await withinPatience(work);
      const required = detectors.map(({ name }) => name).sort();
      demand(same(judgement.reports.map(({ detector }) => detector).sort(), required), "a detector without a report");
      for (const report of judgement.reports)
        if (report.state === "unknown")
          demand(report.because.length > 0 && report.detail !== "", "unknown without a cause");
      if (!image) {
        demand(judgement.action === "block", `unreadable, and the action is ${judgement.action}`);
        const causes = new Set(
          judgement.reports.map((report) => (report.state === "unknown" ? report.because : "scored")),
        );
        const [cause] = causes;
        demand(
          causes.size === 1 && (cause === "image_unreadable" || cause === "image_too_large"),
          `causes ${[...causes]}`,
        );
        return cause === "image_too_large" ? "too large" : "unreadable";
      }
      checkFrames(image, config.limits);
      for (const report of judgement.reports)
        demand(report.state === "scored", `decoded, and ${report.detector} says ${JSON.stringify(report)}`);
      if (one.sameAs !== undefined) checkSame(image, await seedOf(one.sameAs, seeds));
      return "judged";
    },
    close: async () => set.retire(),
  };
}

function demand(kept: boolean, broken: string): asserts kept {
  if (!kept) throw new Error(broken);
}

function same(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, i) => value === other[i]);
}

async function withinPatience<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function checkFrames({ width, height, frameCount, frames }: DecodedImage, limits: Limits): void {
  const indices = [...new Set(frames.map(({ index }) => index))];
  demand(frameCount <= limits.image_frames, `${frameCount} frames`);
  demand(
    indices.length >= Math.min(frameCount, limits.frames_judged),
    `${indices.length} of ${frameCount} frames judged`,
  );
  demand(indices[0] === 0 && indices.every((index) => index < frameCount), `frames ${indices}`);
  demand(width * height <= limits.image_pixels, `${width} × ${height} pixels`);
  for (const frame of frames) demand(frame.rgb.length === frame.width * frame.height * 3, "a frame of another length");
}

function checkSame(image: DecodedImage, seed: DecodedImage): void {
  demand(
    image.frames.length === seed.frames.length && image.frameCount === seed.frameCount,
    "other frames than its seed's",
  );
  image.frames.forEach(({ index, rgb }, i) => {
    const other = seed.frames[i];
    demand(other?.index === index && Buffer.compare(rgb, other.rgb) === 0, `frame ${index} differs from its seed's`);
  });
}
