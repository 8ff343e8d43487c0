import type { Action } from "../../../src/contract/actions.ts";
import type { Category } from "../../../src/contract/categories.ts";
import type { PolicyDetail, StageDetail } from "../api/client.ts";
import type { Tone } from "../result/outcome.ts";

export interface Example {
  readonly title: string;
  readonly shows: string;
  readonly prompt: string;
  readonly n: number;
  /** Of its dot. */
  readonly tone: Tone;
}

export const SCENES: readonly Example[] = [
  {
    title: "Fox at dusk",
    shows: "A prompt and a picture that pass.",
    prompt: "A red fox in a snowy forest at dusk, watercolour",
    n: 1,
    tone: "allow",
  },
  {
    title: "Four harbours",
    shows: "Several pictures, each judged by itself.",
    prompt: "Three sailing boats in a quiet harbour at sunset",
    n: 4,
    tone: "allow",
  },
];

/**
 * One example for every consequence that a policy can have, each set off by a test signal: harmless text that the test
 * detectors answer to (src/contract/test-signals.ts). Categories and scores are chosen from the policy's own thresholds.
 * @param standIn whether the built-in generator draws, which alone understands the signals for pictures
 */
export function consequences(policy: PolicyDetail, standIn: boolean): readonly Example[] {
  const prompts = "test-signals" in policy.prompt.detectors ? promptExamples(policy.prompt) : [];
  const pictures = standIn && "test-card" in policy.image.detectors ? pictureExamples(policy.image) : [];
  return [...prompts, ...pictures, ...(standIn ? [SLOW] : [])];
}

function promptExamples(stage: StageDetail): readonly Example[] {
  return offered([
    fromSignal(scored("prompt", stage, "warn"), {
      title: "Prompt warned",
      shows: "The prompt goes through, with a warning.",
      prompt: (signal) => `A terrace in the evening ${signal} with lanterns`,
      tone: "warn",
    }),
    fromSignal(scored("prompt", stage, "block"), {
      title: "Prompt refused",
      shows: "The prompt is blocked and the words that did it are marked. Nothing is generated.",
      prompt: (signal) => `A field after the storm ${signal}, oil painting`,
      tone: "block",
    }),
    fromSignal(scored("prompt", stage, "review"), {
      title: "Prompt held",
      shows: "Nothing is generated until a person has decided.",
      prompt: (signal) => `A crowd before the town hall ${signal}`,
      tone: "review",
    }),
    fromSignal("safelight-test:prompt:error", {
      title: "Prompt check fails",
      shows: "A check of the prompt fails. Unknown is not safe, so the policy's answer to that applies.",
      prompt: (signal) => `A bowl of fruit ${signal}`,
      tone: "unknown",
    }),
  ]);
}

function pictureExamples(stage: PolicyDetail["image"]): readonly Example[] {
  const block = scored("image", stage, "block");
  const retried = stage.retry.times > 0 ? (block ?? scored("image", stage, "blur")) : undefined;
  return offered([
    fromSignal(scored("image", stage, "warn"), {
      title: "Picture warned",
      shows: "The picture is shown, with a warning.",
      prompt: (signal) => `A harbour at night ${signal}`,
      tone: "warn",
    }),
    fromSignal(scored("image", stage, "blur"), {
      title: "Picture blurred",
      shows: "The picture is blurred on the server; the original is not sent.",
      prompt: (signal) => `People on a sunny beach ${signal}`,
      tone: "blur",
    }),
    fromSignal(retried && `${retried}:attempts=1`, {
      title: "Second try good",
      shows: "The first picture is unsafe, so it is made again with a new seed, and the second is good.",
      prompt: (signal) => `A sailing boat on a calm lake ${signal}`,
      tone: "allow",
    }),
    fromSignal(scored("image", stage, "review"), {
      title: "Picture held",
      shows: "Nobody sees the picture until a person has decided.",
      prompt: (signal) => `A street in the rain ${signal}`,
      tone: "review",
    }),
    fromSignal(block, {
      title: "Picture blocked",
      shows: "The prompt is fine but every try gives an unsafe picture, so none is shown.",
      prompt: (signal) => `A quiet room ${signal}`,
      tone: "block",
    }),
    fromSignal(block && `${block}:index=2`, {
      title: "Mixed set",
      shows: "One of four pictures is blocked; the good three are answered.",
      prompt: (signal) => `Hot air balloons over green hills ${signal}`,
      n: 4,
      tone: "block",
    }),
    fromSignal("safelight-test:image:withheld", {
      title: "Withheld",
      shows: "The generator's own filter keeps the picture back, as vendors' filters do.",
      prompt: (signal) => `A lighthouse on a cliff ${signal}`,
      tone: "unknown",
    }),
    fromSignal("safelight-test:image:error", {
      title: "Picture check fails",
      shows: "A check of the picture fails. Unknown is not safe, so the policy's answer to that applies.",
      prompt: (signal) => `A basket of apples ${signal}`,
      tone: "unknown",
    }),
  ]);
}

const SLOW: Example = {
  title: "Slow, to cancel",
  shows: "The generator takes eight seconds: press Esc to cancel.",
  prompt: "A snail on a garden path safelight-test:generator:delay:8000",
  n: 1,
  tone: "unknown",
};

interface Words extends Pick<Example, "title" | "shows" | "tone"> {
  readonly prompt: (signal: string) => string;
  readonly n?: number;
}

/** No signal, no example: this policy does not have the consequence. */
function fromSignal(signal: string | undefined, { prompt, n = 1, ...words }: Words): Example | undefined {
  return signal === undefined ? undefined : { ...words, n, prompt: prompt(signal) };
}

function offered(examples: readonly (Example | undefined)[]): readonly Example[] {
  return examples.filter((example) => example !== undefined);
}

/** A newcomer's first example need not be about the worst there is. */
const MILD_FIRST: readonly Category[] = ["weapons", "violence", "shocking", "unsafe", "hate"];

/** The test signal for a score that has exactly this consequence; undefined when the stage has no such threshold. */
function scored(name: "prompt" | "image", stage: StageDetail, action: Exclude<Action, "allow">): string | undefined {
  const categories = Object.keys(stage.categories) as Category[];
  const known = categories.filter((category) => !MILD_FIRST.includes(category));
  for (const category of [...MILD_FIRST, ...known]) {
    const levels = stage.categories[category];
    const limit = levels?.[action];
    if (levels === undefined || limit === undefined) continue;
    const above = Object.values(levels).filter((other) => other > limit);
    const next = above.length > 0 ? Math.min(...above) : 1;
    return `safelight-test:${name}:${category}:${Number(((limit + next) / 2).toFixed(3))}`;
  }
  return undefined;
}
