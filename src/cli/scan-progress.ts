import { ACTIONS, type Action } from "../contract/actions.ts";
import { categoryTitle, isCategory } from "../contract/categories.ts";
import type { Scan, ScanSummary } from "../contract/scan.ts";
import { hasUnjudged, SCAN_PROBLEMS, type ScanProblemCode } from "../contract/scan-problems.ts";
import { lopsided } from "../dataset/scan/concepts.ts";
import { Pace } from "../dataset/scan/pace.ts";
import type { ScanProgress } from "../dataset/scan/scan.ts";
import type { Io } from "./io.ts";
import { printable, shownAction } from "./verdict.ts";

/** How often the line is drawn anew. */
const DRAW_MS = 100;
/** How often there is a line where nobody watches. */
const TELL_MS = 30_000;

/** Tells a person how far a scan is: one line that changes where somebody watches, else a line now and then. */
export class ScanBar {
  readonly #io: Io;
  readonly #counts = new Map<Action, number>();
  readonly #pace = new Pace();
  #unjudged = 0;
  #next = 0;
  #shown = 0;

  constructor(io: Io) {
    this.#io = io;
  }

  show(progress: ScanProgress): void {
    if (progress.phase === "judging" && progress.item) {
      const { action, judged } = progress.item;
      this.#counts.set(action, (this.#counts.get(action) ?? 0) + 1);
      if (!judged) this.#unjudged += 1;
    }
    const now = performance.now();
    const last = progress.phase === "judging" && progress.done === progress.total;
    if (now < this.#next && !last) return;
    this.#next = now + (this.#io.watched ? DRAW_MS : TELL_MS);
    this.#draw(
      progress.phase === "listing" ? `${count(progress.listed)} files listed so far` : this.#judging(progress, now),
    );
  }

  clear(): void {
    if (this.#io.watched && this.#shown > 0) this.#io.err(`\r${" ".repeat(this.#shown)}\r`);
    this.#shown = 0;
  }

  #judging({ done, total }: { readonly done: number; readonly total: number }, now: number): string {
    this.#pace.mark(done, now);
    const { rate } = this.#pace;
    const part = total === 0 ? 1 : done / total;
    const filled = Math.round(part * 20);
    const bar = `${"█".repeat(filled)}${"░".repeat(20 - filled)}`;
    const speed = rate > 0 ? `  ${rate.toFixed(rate < 10 ? 1 : 0)}/s, ${duration((total - done) / rate)} left` : "";
    const seen = ACTIONS.filter((action) => action !== "allow" && this.#counts.has(action))
      .map((action) => `${action} ${count(this.#counts.get(action) ?? 0)}`)
      .concat(this.#unjudged > 0 ? [`not judged ${count(this.#unjudged)}`] : [])
      .join(", ");
    return `${bar} ${(100 * part).toFixed(0)} %  ${count(done)} of ${count(total)}${speed}${seen ? `  ${seen}` : ""}`;
  }

  #draw(text: string): void {
    if (!this.#io.watched) {
      this.#io.err(`${text}\n`);
      return;
    }
    this.#io.err(`\r${text}${" ".repeat(Math.max(0, this.#shown - text.length))}`);
    this.#shown = text.length;
  }
}

/** What a scan found, for a person. */
export function summaryText(io: Io, { summary, layout, source, policy }: Scan): string {
  if (!summary) return "";
  const { pictures, actions, categories, problems, coverage, copies, concepts, faces } = summary;
  const rows = ACTIONS.map((action) => `  ${shownAction(io, action)}  ${count(actions[action] ?? 0)}\n`).join("");
  const harms = Object.entries(categories).map(([category, counts]) => {
    const each = Object.entries(counts ?? {}).map(([action, n]) => `${action} ${count(n ?? 0)}`);
    return `  ${isCategory(category) ? categoryTitle(category) : category}: ${each.join(", ")}\n`;
  });
  const wrong = Object.entries(problems).map(([code, n]) => {
    const { title, unjudged } = SCAN_PROBLEMS[code as ScanProblemCode];
    return `  ${count(n ?? 0)} × ${title}${unjudged ? io.styled("yellow", " (not judged)") : ""}\n`;
  });
  const twice = copies.same_bytes + (copies.near ?? 0);
  const uneven = concepts && lopsided(concepts);
  const notes = [
    ...(faces.one > 0 && faces.several > 0
      ? [`  ${count(faces.several)} × It shows several faces; ${count(faces.one)} show one\n`]
      : []),
    ...(twice > 0
      ? [`  ${count(twice)} × It is a copy of another one (${count(copies.same_bytes)} to the byte): copies.jsonl\n`]
      : []),
    ...(copies.near === null
      ? ["  Copies were found by their bytes alone: the set is too large to compare looks\n"]
      : []),
    ...(uneven
      ? [
          `  Lopsided: an epoch shows ${shownFolder(uneven.most)} ${count(uneven.most.shown)} times, ${shownFolder(uneven.least)} ${count(uneven.least.shown)} times\n`,
        ]
      : []),
  ];
  const uncovered = coverage.image.filter(({ state }) => state === "not_covered").map((c) => categoryTitle(c.category));
  return [
    `${count(pictures)} pictures in ${source} (${layout}), policy ${policy.name} ${policy.version}\n${rows}`,
    ...(harms.length > 0 ? [`By category:\n${harms.join("")}`] : []),
    ...(wrong.length + notes.length > 0 ? [`Also:\n${[...wrong, ...notes].join("")}`] : []),
    ...(uncovered.length > 0 ? [`Nobody looked in the pictures for: ${uncovered.join(", ")}\n`] : []),
    ...(hasUnjudged(summary) ? [io.styled("yellow", `${openText(summary)}\n`)] : []),
  ].join("");
}

function openText({ pictures }: ScanSummary): string {
  return pictures === 0 ? "No picture was found: is this the right place?" : "Not everything could be judged.";
}

export function count(n: number): string {
  return n.toLocaleString("en-US");
}

function shownFolder({ folder }: { readonly folder: string }): string {
  return folder === "" ? "the pictures in no folder" : printable(folder);
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5_400) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}
