import type { Action } from "../../../src/contract/actions.ts";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import { plural } from "./format.ts";

export type Picture = GenerationAnswer["images"][number];

/** What a person sees of a picture, which is coarser than the action: a warned picture is shown like a clear one. */
export type PictureKind = "clear" | "warned" | "blurred" | "held" | "blocked" | "withheld";

/** How strongly something is drawn. */
export type Tone = "allow" | "warn" | "blur" | "review" | "block" | "unknown";

export const ACTION_TITLES: Readonly<Record<Action, string>> = {
  allow: "Allowed",
  warn: "Warned",
  blur: "Blurred",
  review: "Held for review",
  block: "Blocked",
};

export function pictureKind(answer: GenerationAnswer, picture: Picture): PictureKind {
  const trial = answer.trials.find((it) => it.attempt === picture.attempt && it.index === picture.index);
  if (trial?.withheld != null) return "withheld";
  switch (picture.action) {
    case "block":
      return "blocked";
    case "review":
      return "held";
    default:
      if (picture.blurred) return "blurred";
      return picture.action === "warn" ? "warned" : "clear";
  }
}

/** One line on why: the strongest reason's own words. */
export function pictureReason(picture: Picture): string {
  return picture.reasons[0]?.message ?? "No check found anything against it.";
}

export const KINDS: Readonly<Record<PictureKind, { readonly title: string; readonly tone: Tone }>> = {
  clear: { title: "Clear", tone: "allow" },
  warned: { title: "Shown with a warning", tone: "warn" },
  blurred: { title: "Blurred", tone: "blur" },
  held: { title: "Held for review", tone: "review" },
  blocked: { title: "Blocked", tone: "block" },
  withheld: { title: "Withheld by the generator", tone: "unknown" },
};

export interface Verdict {
  readonly tone: Tone;
  readonly title: string;
  readonly detail: string;
}

/** The whole generation in one sentence or two. Also what a screen reader announces. */
export function verdictOf(answer: GenerationAnswer): Verdict {
  switch (answer.state) {
    case "running":
      return { tone: "unknown", title: "Still running", detail: "The decision is not made yet." };
    case "cancelled":
      return { tone: "unknown", title: "Cancelled", detail: "The generation was stopped. Nothing was released." };
    case "failed":
      return {
        tone: "unknown",
        title: "Failed",
        detail: answer.error?.detail ?? "The generation failed. Nothing was released.",
      };
    case "refused":
      return {
        tone: "block",
        title: "Prompt refused",
        detail: `${warning(answer, null)} Nothing was generated or released.`,
      };
    case "held":
      return {
        tone: "review",
        title: "Prompt held for review",
        detail: `${warning(answer, null)} Nothing is generated until a person has decided.`,
      };
    case "complete":
      return verdictOfPictures(answer);
    default:
      return answer.state satisfies never;
  }
}

/** The server's plain words: the strongest warning about the prompt, or about the picture with this index. */
function warning(answer: GenerationAnswer, index: number | null): string {
  const stage = index === null ? "prompt" : "image";
  const text = answer.warnings.find((it) => it.stage === stage && it.index === index)?.message ?? "";
  return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
}

const ORDER = ["clear", "warned", "blurred", "held", "blocked", "withheld"] as const satisfies readonly PictureKind[];

const COUNTED: Readonly<Record<PictureKind, string>> = {
  clear: "clear",
  warned: "shown with a warning",
  blurred: "blurred",
  held: "held for review",
  blocked: "blocked",
  withheld: "withheld by the generator",
};

function verdictOfPictures(answer: GenerationAnswer): Verdict {
  const kinds = answer.images.map((picture) => pictureKind(answer, picture));
  const present = ORDER.filter((kind) => kinds.includes(kind));
  const worst = present.at(-1) ?? "clear";
  const warned = answer.prompt?.action === "warn";
  const again = answer.attempts > 1 ? ` It took ${answer.attempts} attempts.` : "";
  return {
    tone: warned && worst === "clear" ? "warn" : KINDS[worst].tone,
    title: `${titleOfPictures(kinds, present)}${warned ? ", prompt warned" : ""}`,
    detail: `${detailOfPictures(answer, worst, warned)}${again}`,
  };
}

/** "Picture blurred", "4 pictures clear", "3 pictures clear, 1 blocked". */
function titleOfPictures(kinds: readonly PictureKind[], present: readonly PictureKind[]): string {
  const [first = "clear", ...rest] = present;
  if (kinds.length === 1) return `Picture ${COUNTED[first]}`;
  const count = (kind: PictureKind) => kinds.filter((it) => it === kind).length;
  const head = `${plural(count(first), "picture")} ${COUNTED[first]}`;
  return [head, ...rest.map((kind) => `${count(kind)} ${COUNTED[kind]}`)].join(", ");
}

function detailOfPictures(answer: GenerationAnswer, worst: PictureKind, warned: boolean): string {
  if (worst !== "clear") {
    const told = answer.images.find((picture) => pictureKind(answer, picture) === worst);
    return told ? warning(answer, told.index) : "";
  }
  return warned ? warning(answer, null) : "The prompt and every picture passed the checks of the policy.";
}
