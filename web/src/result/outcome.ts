import type { Action } from "../../../src/contract/actions.ts";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";

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
      return { tone: "block", title: "Prompt refused", detail: "Nothing was generated or released." };
    case "held":
      return {
        tone: "review",
        title: "Prompt held for review",
        detail: "Nothing is generated until a person has decided.",
      };
    case "complete":
      return verdictOfPictures(answer);
    default:
      return answer.state satisfies never;
  }
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
  const counts = present.map((kind) => `${kinds.filter((it) => it === kind).length} ${COUNTED[kind]}`);
  const worst = present.at(-1) ?? "clear";
  const again = answer.attempts > 1 ? ` It took ${answer.attempts} attempts.` : "";
  const warned = answer.prompt?.action === "warn" && worst === "clear";
  return {
    tone: warned ? "warn" : KINDS[worst].tone,
    title: present.length === 1 && kinds.length === 1 ? singleTitle(worst, warned) : severalTitle(counts),
    detail: `${singleDetail(answer, worst, warned)}${again}`,
  };
}

function singleTitle(kind: PictureKind, warned: boolean): string {
  if (kind === "clear") return warned ? "Picture clear, prompt warned" : "Clear";
  return kind === "warned" ? "Shown with a warning" : `Picture ${COUNTED[kind]}`;
}

function severalTitle(counts: readonly string[]): string {
  return counts.join(", ");
}

function singleDetail(answer: GenerationAnswer, worst: PictureKind, warned: boolean): string {
  if (warned) return answer.warnings[0]?.message ?? "The prompt earned a warning.";
  if (worst === "clear") return "The prompt and every picture passed the checks of the policy.";
  const told = answer.images.find((picture) => pictureKind(answer, picture) === worst);
  return told ? pictureReason(told) : "";
}
