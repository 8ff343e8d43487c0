import { severity } from "../contract/actions.ts";
import { type Reason, UNSCORED } from "../contract/decision.ts";
import type { DecodedImage, Prompt } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type { Judgement } from "../contract/generation.ts";
import type { Report } from "../contract/report.ts";
import { decide } from "../policy/decide.ts";
import type { Policy } from "../policy/schema.ts";
import { runDetector, type StageDetector, unreadable } from "./detect.ts";
import type { FindingsCache } from "./findings-cache.ts";
import type { Imaging } from "./parts.ts";

type OnReport = (report: Report) => void;

/** A prompt's judgement, perhaps in two steps, so that slow checks may overlap with the generation. */
export interface PromptVerdicts {
  /** From the detectors that do not overlap. */
  readonly early: Judgement;
  /** From all. Undefined when `early` is the last word: nothing overlaps, or it stops the generation already. */
  readonly late: Promise<Judgement> | undefined;
}

/** Whether nothing may be generated: the prompt is refused, or waits for a person. */
export function stops(judgement: Judgement): boolean {
  return severity(judgement.action) >= severity("review");
}

/** Runs all of a policy's prompt detectors at once. Slow ones are aborted when the others stop the generation already. */
export async function judgePrompt(
  prompt: Prompt,
  policy: Policy,
  detectors: readonly StageDetector<Prompt>[],
  signal: AbortSignal,
  onReport: OnReport = () => {},
): Promise<PromptVerdicts> {
  const run = async (detector: StageDetector<Prompt>, until: AbortSignal) => {
    const report = await runDetector(detector, prompt, until);
    onReport(report);
    return report;
  };
  const left = new AbortController();
  const slow = detectors.filter((detector) => detector.overlap);
  const untilLeft = slow.length > 0 ? AbortSignal.any([signal, left.signal]) : signal;
  const slowReports = Promise.all(slow.map((detector) => run(detector, untilLeft)));
  slowReports.catch(() => {});
  const fast = detectors.filter((detector) => !detector.overlap);
  const fastReports = await Promise.all(fast.map((detector) => run(detector, signal)));
  const early = judgementOf(
    "prompt",
    fastReports,
    slow.length === 0 ? policy.prompt : withoutSlow(policy.prompt, slow),
  );
  if (slow.length === 0) return { early, late: undefined };
  if (stops(early)) {
    left.abort();
    return { early, late: undefined };
  }
  const late = slowReports.then((reports) => judgementOf("prompt", [...fastReports, ...reports], policy.prompt));
  late.catch(() => {});
  return { early, late };
}

/** The stage's policy while its slow detectors are still out: what only they can tell is not missed yet. */
function withoutSlow(stage: Policy["prompt"], slow: readonly StageDetector<Prompt>[]): Policy["prompt"] {
  const out = new Set(slow.map((detector) => detector.name));
  const theirs = new Set(slow.flatMap((detector) => detector.detector.categories));
  return {
    ...stage,
    detectors: Object.fromEntries(Object.entries(stage.detectors).filter(([name]) => !out.has(name))),
    require: stage.require.filter((category) => !theirs.has(category)),
  };
}

/** @param cache absent: every detector looks, also at a picture that it has seen */
export async function judgeImage(
  image: DecodedImage,
  policy: Policy,
  detectors: readonly StageDetector<DecodedImage>[],
  signal: AbortSignal,
  { onReport = () => {}, cache }: { onReport?: OnReport; cache?: FindingsCache | undefined } = {},
): Promise<Judgement> {
  const memory = cache && { cache, digest: image.digest };
  const reports = await Promise.all(
    detectors.map(async (detector) => {
      const report = await runDetector(detector, image, signal, memory);
      onReport(report);
      return report;
    }),
  );
  return judgementOf("image", reports, policy.image);
}

/**
 * Decodes and judges what a generator made. Bytes that are no picture leave every detector without a verdict, and are
 * blocked whatever the policy: there is nothing that could be shown.
 */
export async function judgeBytes(
  bytes: Uint8Array,
  imaging: Imaging,
  policy: Policy,
  detectors: readonly StageDetector<DecodedImage>[],
  signal: AbortSignal,
  { onReport = () => {}, cache }: { onReport?: OnReport; cache?: FindingsCache | undefined } = {},
): Promise<{ image: DecodedImage | undefined; judgement: Judgement }> {
  let image: DecodedImage;
  try {
    image = await (needsPixels(policy, detectors) ? imaging.decode(bytes) : imaging.recognise(bytes));
  } catch (error) {
    const reports = detectors.map((detector) => unreadable(detector, error));
    reports.forEach(onReport);
    const { reasons, coverage } = decide("image", reports, policy.image);
    return {
      image: undefined,
      judgement: { action: "block", reasons: [noPicture(error), ...reasons], coverage, reports },
    };
  }
  return { image, judgement: await judgeImage(image, policy, detectors, signal, { onReport, cache }) };
}

/** A detector looks at them, what nobody has judged is blurred, or the picture may be encoded anew to strip it. */
function needsPixels({ image }: Policy, detectors: readonly StageDetector<DecodedImage>[]): boolean {
  return detectors.length > 0 || image.metadata === "strip" || decide("image", [], image).action === "blur";
}

function noPicture(error: unknown): Reason {
  const known = error instanceof SafelightError ? error : undefined;
  return {
    ...UNSCORED,
    stage: "image",
    action: "block",
    label: known?.code ?? "image_unreadable",
    message: `What the generator answered cannot be shown: ${known?.detail ?? "it is no readable picture"}.`,
  };
}

function judgementOf(
  stage: "prompt" | "image",
  reports: readonly Report[],
  policy: Policy["prompt"] | Policy["image"],
): Judgement {
  return { ...decide(stage, reports, policy), reports: [...reports] };
}
