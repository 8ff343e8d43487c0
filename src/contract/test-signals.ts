import { type Category, isCategory } from "./categories.ts";

/**
 * Test signals are to Safelight what the EICAR file is to virus scanners: harmless strings that set off every
 * consequence, so that an integration can be tested without one offensive word or pixel. Anywhere in a prompt:
 *
 * - `safelight-test:prompt:<category>:<score>`   the prompt stage reports this category and score
 * - `safelight-test:prompt:error`                a prompt detector fails
 * - `safelight-test:image:<category>:<score>`    the built-in generator draws a test card, on which the image stage
 *                                                reports this category and score
 * - `safelight-test:image:error`                 a test card on which an image detector fails
 * - `safelight-test:image:withheld`              the built-in generator withholds the picture, as vendors' filters do
 * - `safelight-test:generator:error`             the built-in generator fails
 * - `safelight-test:generator:delay:<ms>`        the built-in generator takes this long (at most 60000)
 *
 * Image signals take `:attempts=<k>` (only in the first k attempts, so that a retry succeeds) and `:index=<i>` (only for
 * the picture with this index).
 */
export type TestSignal = { readonly span: readonly [number, number] } & (
  | { readonly stage: "prompt"; readonly effect: "score"; readonly category: Category; readonly score: number }
  | { readonly stage: "prompt"; readonly effect: "error" }
  | (ImageScope &
      (
        | { readonly stage: "image"; readonly effect: "score"; readonly category: Category; readonly score: number }
        | { readonly stage: "image"; readonly effect: "error" | "withheld" }
      ))
  | { readonly stage: "generator"; readonly effect: "error" }
  | { readonly stage: "generator"; readonly effect: "delay"; readonly ms: number }
);

interface ImageScope {
  /** Acts in attempts 1 to `attempts`. */
  readonly attempts: number;
  /** Acts on this picture only; undefined: on all. */
  readonly index: number | undefined;
}

const WORD = "[a-z0-9_-]+(?:\\.[a-z0-9_-]+)*";
const SIGNAL = new RegExp(
  `\\bsafelight-test:([a-z]+):([a-z_]+(?::(?!attempts=|index=)${WORD})*)((?::(?:attempts|index)=\\d{1,4})*)`,
  "gi",
);

/** Every well-formed test signal in a text, in order. What is not well-formed is ordinary text. */
export function readTestSignals(text: string): readonly TestSignal[] {
  if (!/safelight-test:/i.test(text)) return [];
  const signals: TestSignal[] = [];
  for (const match of text.matchAll(SIGNAL)) {
    const [whole, stage = "", what = "", options = ""] = match;
    const span = [match.index, match.index + whole.length] as const;
    const signal = parse(stage.toLowerCase(), what.toLowerCase(), options.toLowerCase());
    if (signal) signals.push({ span, ...signal });
  }
  return signals;
}

type WithoutSpan<T> = T extends unknown ? Omit<T, "span"> : never;

function parse(stage: string, what: string, options: string): WithoutSpan<TestSignal> | undefined {
  const cut = what.lastIndexOf(":");
  const head = cut < 0 ? what : what.slice(0, cut);
  const tail = cut < 0 ? undefined : what.slice(cut + 1);
  const scored = tail !== undefined && isCategory(head) && /^(?:0(?:\.\d+)?|1(?:\.0+)?)$/.test(tail);
  switch (stage) {
    case "prompt":
      if (options !== "") return undefined;
      if (what === "error") return { stage, effect: "error" };
      return scored ? { stage, effect: "score", category: head, score: Number(tail) } : undefined;
    case "image": {
      const scope = {
        attempts: option(options, "attempts") ?? Number.POSITIVE_INFINITY,
        index: option(options, "index"),
      };
      if (what === "error" || what === "withheld") return { stage, effect: what, ...scope };
      return scored ? { stage, effect: "score", category: head, score: Number(tail), ...scope } : undefined;
    }
    case "generator":
      if (options !== "") return undefined;
      if (what === "error") return { stage, effect: "error" };
      if (head === "delay" && tail !== undefined && /^\d{1,5}$/.test(tail)) {
        return { stage, effect: "delay", ms: Math.min(Number(tail), 60_000) };
      }
      return undefined;
    default:
      return undefined;
  }
}

function option(options: string, name: string): number | undefined {
  const found = new RegExp(`:${name}=(\\d+)`).exec(options);
  return found ? Number(found[1]) : undefined;
}
