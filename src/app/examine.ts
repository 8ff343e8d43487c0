import sharp from "sharp";
import { type LoadedPolicy, loadPolicies } from "../config/policies.ts";
import type { Config, GeneratorConfig, ImageDetectorConfig, TextDetectorConfig } from "../config/schema.ts";
import type { Detector } from "../contract/detector.ts";
import { type ErrorCode, SafelightError, type VendorFault } from "../contract/errors.ts";
import type { ImageGenerator } from "../contract/generator.ts";
import type { ProbeRun } from "../contract/probe.ts";
import { adviceFor } from "./advice.ts";
import { OpenDetectors, openImage, openText } from "./detectors.ts";
import { openGenerator } from "./generators.ts";
import { imagingWithin } from "./imaging.ts";
import { SharedQuestions } from "./probe-run.ts";

/** What came of looking at one configured part. */
export interface Finding {
  /** `policies`, `store`, `generator`, `text detector` or `image detector`. */
  readonly part: string;
  /** As the configuration names it; empty where there is only one. */
  readonly name: string;
  readonly kind: string | null;
  /** `untried`: nothing was found wrong, and nothing proven. */
  readonly state: "ok" | "wrong" | "untried";
  /** What was proven, or what is wrong. */
  readonly detail: string;
  /** What may help. */
  readonly advice: string | null;
  readonly code: ErrorCode | null;
  readonly vendor: VendorFault | null;
}

export interface Thoroughness {
  /** Whether it may cost money: paid services are then asked, and every generator makes a picture. */
  readonly deep: boolean;
  /** Milliseconds for each part. A deep probe of a generator has the time that a request has. */
  readonly timeoutMs: number;
}

const SAMPLE_TEXT = "a red boat on a lake";
const SAMPLE_SIDE = 256;
/** A size that every image model makes. */
const PICTURE_SIDE = 1024;
const SEED = 1;

/** Looks at everything that a configuration names, all at once, and tells it in the order of the configuration. */
export async function* examine(config: Config, how: Thoroughness, signal: AbortSignal): AsyncGenerator<Finding, void> {
  const policies = await look({ part: "policies", name: "", kind: null }, signal, async () => {
    const names = [...loadPolicies(config).keys()];
    return `${names.length === 1 ? "one" : names.length} valid: ${names.join(", ")}`;
  });
  const loaded = policies.state === "ok" ? [...loadPolicies(config).values()] : [];
  const run = new SharedQuestions(how.deep);
  const within = AbortSignal.any([signal, AbortSignal.timeout(how.timeoutMs)]);
  const findings = [
    look({ part: "store", name: "", kind: null }, within, () => probeStore(config.data)),
    ...Object.entries(config.generators).map(([name, one]) => {
      const time = how.deep ? Math.max(one.timeout_ms, how.timeoutMs) : how.timeoutMs;
      const part = { part: "generator", name, kind: one.kind };
      return look(part, AbortSignal.any([signal, AbortSignal.timeout(time)]), (each) => probeGenerator(one, run, each));
    }),
    ...inUse(loaded, "prompt", config.detectors.text).map(([name, one]) =>
      look({ part: "text detector", name, kind: one.kind }, within, (each) => probeText(one, config, run, each)),
    ),
    ...inUse(loaded, "image", config.detectors.image).map(([name, one]) =>
      look({ part: "image detector", name, kind: one.kind }, within, (each) => probeImage(one, config, run, each)),
    ),
  ];
  try {
    yield policies;
    for (const finding of findings) {
      const told = await finding;
      signal.throwIfAborted();
      yield told;
    }
  } finally {
    run.end();
  }
}

/** @param work says what it proved, or undefined when it could not try */
export async function look(
  what: Pick<Finding, "part" | "name" | "kind">,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<string | undefined>,
): Promise<Finding> {
  const nothing = { advice: null, code: null, vendor: null };
  try {
    const detail = await Promise.race([work(signal), whenAborted(signal)]);
    if (detail !== undefined) return { ...what, ...nothing, state: "ok", detail };
    return { ...what, ...nothing, state: "untried", detail: "only making a picture would tell: --deep makes one" };
  } catch (error) {
    if (signal.aborted) return { ...what, ...nothing, ...OUT_OF_TIME };
    const failure = error instanceof SafelightError ? error : unforeseen(error);
    const { code, detail, vendor } = failure;
    return { ...what, state: "wrong", detail, advice: adviceFor(failure), code, vendor: vendor ?? null };
  }
}

function unforeseen(error: unknown): SafelightError {
  const name = error instanceof Error ? error.name : typeof error;
  return new SafelightError("internal", `something went wrong inside Safelight (${name})`, { cause: error });
}

const OUT_OF_TIME = {
  state: "wrong",
  detail: "it gave no answer in time",
  advice: "--timeout gives it longer; the network or a firewall may swallow what is sent",
} as const;

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

type Named<One> = readonly (readonly [name: string, config: One])[];

/** Every detector that a policy uses, with that policy's options, and those that the configuration sets up for none. */
function inUse<Stage extends "prompt" | "image", One extends LoadedPolicy[Stage][string]>(
  loaded: readonly LoadedPolicy[],
  stage: Stage,
  configured: Readonly<Record<string, One>>,
): Named<One> {
  const names = new Map<One, string>();
  for (const policy of loaded) {
    for (const [name, one] of Object.entries(policy[stage]) as [string, One][]) {
      const own = one === configured[name];
      if (!names.has(one)) names.set(one, own ? name : `${name} (policy ${policy.policy.name})`);
    }
  }
  for (const [name, one] of Object.entries(configured)) {
    const builtIn = name === one.kind && Object.keys(one.written).length === 0;
    if (!names.has(one) && !builtIn) names.set(one, `${name} (no policy uses it)`);
  }
  return [...names].map(([one, name]) => [name, one]);
}

async function probeStore(folder: string): Promise<string> {
  const { openStore } = await import("../store/embedded.ts");
  const store = await openStore(folder);
  try {
    await store.check();
    return "records and pictures can be written";
  } finally {
    await store.close();
  }
}

async function probeGenerator(
  config: GeneratorConfig,
  run: ProbeRun,
  signal: AbortSignal,
): Promise<string | undefined> {
  const generator = await openGenerator(config);
  try {
    const proven = await generator.probe?.(signal, run);
    return run.deep ? await makeOne(generator, signal) : proven;
  } finally {
    await generator.close?.();
  }
}

async function makeOne(generator: ImageGenerator, signal: AbortSignal): Promise<string> {
  const [answer] = await generator.generate(
    {
      prompt: SAMPLE_TEXT,
      negativePrompt: "",
      width: PICTURE_SIDE,
      height: PICTURE_SIDE,
      images: [{ index: 0, seed: SEED }],
      attempt: 1,
    },
    signal,
  );
  return answer?.kind === "image" ? "made a picture" : "answered, and withheld the picture by its own filter";
}

async function probeText(config: TextDetectorConfig, { limits }: Config, run: ProbeRun, signal: AbortSignal) {
  return probeDetector(await openText(config, limits), async () => ({ text: SAMPLE_TEXT }), run, signal);
}

async function probeImage(
  config: ImageDetectorConfig,
  { limits, data, detectors }: Config,
  run: ProbeRun,
  signal: AbortSignal,
) {
  const picture = async () => {
    const create = { width: SAMPLE_SIDE, height: SAMPLE_SIDE, channels: 3, background: "#7aa6c2" } as const;
    return imagingWithin(limits).decode(await sharp({ create }).png().toBuffer());
  };
  const others = new OpenDetectors(limits, data, detectors.text);
  try {
    const detector = await openImage(config, limits, data, others.textDetectors());
    return await probeDetector(detector, picture, run, signal);
  } finally {
    await others.close();
  }
}

async function probeDetector<Input>(
  detector: Detector<Input>,
  sample: () => Promise<Input>,
  run: ProbeRun,
  signal: AbortSignal,
): Promise<string> {
  try {
    const proven = await detector.probe?.(signal, run);
    if (proven !== undefined && !run.deep) return proven;
    await detector.inspect(await sample(), signal);
    return "judged a harmless sample";
  } finally {
    await detector.close?.();
  }
}
