import { readFile } from "node:fs/promises";
import { ACTIONS, type Action } from "../../../contract/actions.ts";
import { categoryTitle } from "../../../contract/categories.ts";
import type { Scan, ScanItem } from "../../../contract/scan.ts";
import { hasUnjudged, SCAN_PROBLEMS, type ScanProblemCode } from "../../../contract/scan-problems.ts";
import { lopsided } from "../../scan/concepts.ts";
import type { ReportData } from "./gather.ts";

/** Thresholds of the image stage, by category: the slider starts there. */
export type Thresholds = Readonly<Record<string, Readonly<Partial<Record<Action, number>>>>>;

/**
 * `report.html`: one file that loads nothing. Pictures are small, blurred until they are clicked, and shown to nobody but who has
 * the file.
 * @param thumbnail JPEG bytes for the items that have one
 */
export async function* reportPage(
  data: ReportData,
  thresholds: Thresholds,
  thumbnail: (item: ScanItem) => Promise<Uint8Array | undefined>,
): AsyncGenerator<string> {
  const [style, view] = await Promise.all([asset("view.css"), asset("view.js")]);
  const { scan } = data;
  yield `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>Scan of ${escaped(scan.source)}</title><style>${style}</style></head>
<body><main>${header(scan)}${coverage(scan)}
<section id="thresholds" hidden><h2>Thresholds</h2><p>How high the pictures score, and what another threshold would reject.</p>
<div class="controls"><label>Category <select id="category"></select></label>
<label>Threshold <input id="threshold" type="range" min="0.01" max="1" step="0.01"> <output id="value"></output></label></div>
<div id="histogram"></div><p id="flips" role="status"></p></section>
<section><h2>Pictures</h2><p id="shown"></p>
<div class="controls" id="filters"></div><ul id="pictures"></ul><button id="more" type="button" hidden>Show more</button></section>
<section id="duplicates" hidden><h2>Copies</h2><p>${copies(data)}</p><div id="groups"></div></section>
${concepts(scan)}${problems(data)}</main>
<script type="application/json" id="data">${forScript({ thresholds, histograms: Object.fromEntries(data.histograms), pictures: scan.summary?.pictures ?? 0 })}</script>
<script type="application/json" id="items">[`;
  yield* withThumbnails(data.items, thumbnail);
  yield ']</script>\n<script type="application/json" id="copies">[';
  for (const [i, group] of data.groups.entries()) {
    yield i === 0 ? "[" : ",[";
    yield* withThumbnails(group, thumbnail);
    yield "]";
  }
  yield `]</script><script>${view}</script></body></html>\n`;
}

async function* withThumbnails(
  items: readonly ScanItem[],
  thumbnail: (item: ScanItem) => Promise<Uint8Array | undefined>,
): AsyncGenerator<string> {
  for (const [i, item] of items.entries()) {
    const bytes = await thumbnail(item);
    const thumb = bytes ? Buffer.from(bytes).toString("base64") : null;
    yield `${i === 0 ? "" : ",\n"}${forScript({ ...item, thumb })}`;
  }
}

function header(scan: Scan): string {
  const { summary, source, layout, policy, finished_at } = scan;
  if (!summary) return "";
  const tiles = ACTIONS.filter(
    (action) => (summary.actions[action] ?? 0) > 0 || action === "allow" || action === "block",
  )
    .map(
      (action) =>
        `<div class="tile" data-action="${action}"><b>${count(summary.actions[action] ?? 0)}</b><span>${action}</span></div>`,
    )
    .join("");
  const what =
    summary.pictures === 0
      ? "No picture was found."
      : `Not everything could be judged: ${count(summary.unjudged)} pictures are open.`;
  const open = hasUnjudged(summary) ? `<p class="note">${what}</p>` : "";
  return `<header><p class="kicker">Safelight · data-set scan</p><h1>${escaped(source)}</h1>
<p>${count(summary.pictures)} pictures, layout ${layout ?? "unknown"}, policy ${escaped(policy.name)} ${escaped(policy.version)}, ${escaped(finished_at?.slice(0, 10) ?? "")}.</p>
<div class="tiles">${tiles}</div>${open}</header>`;
}

function coverage({ summary }: Scan): string {
  const missing = summary?.coverage.image.filter(({ state }) => state === "not_covered") ?? [];
  if (missing.length === 0) return "";
  const names = missing.map(({ category }) => escaped(categoryTitle(category))).join(", ");
  return `<p class="note">Nobody looked in the pictures for: ${names}.</p>`;
}

function copies({ groups, scan }: ReportData): string {
  const { groups: all, same_bytes, near } = scan.summary?.copies ?? { groups: 0, same_bytes: 0, near: 0 };
  const shown =
    groups.length < all
      ? ` The first ${count(groups.length)} of ${count(all)} groups are here, all of them in copies.jsonl.`
      : "";
  return `What is there twice is learnt twice. ${count(same_bytes)} pictures have the bytes of another one, ${near === null ? "and looks were not compared in so large a set" : `${count(near)} look like another one`}; the largest of each group comes first.${shown}`;
}

/** Most of them, in a table: what the set teaches, and how often. */
function concepts({ summary }: Scan): string {
  const all = summary?.concepts ?? [];
  if (all.length < 2) return "";
  const uneven = lopsided(all);
  const note = uneven
    ? `<p class="note">Lopsided: an epoch shows ${folder(uneven.most.folder)} ${count(uneven.most.shown)} times, and ${folder(uneven.least.folder)} ${count(uneven.least.shown)} times.</p>`
    : "";
  const rows = all.map(
    (each) =>
      `<tr><td>${folder(each.folder)}</td><td>${each.role}</td><td class="n">${count(each.pictures)}</td><td class="n">× ${count(each.repeats)}</td></tr>`,
  );
  return `<section><h2>What it teaches</h2>${note}<div class="scroll"><table><tr><th>Folder</th><th>Role</th><th>Pictures</th><th>Repeats</th></tr>${rows.join("")}</table></div></section>`;
}

function folder(name: string): string {
  return name === "" ? "<i>no folder</i>" : `<code>${escaped(name)}</code>`;
}

function problems({ problems: list, scan }: ReportData): string {
  const counts = Object.entries(scan.summary?.problems ?? {}).map(([code, n]) => {
    const { title, unjudged } = SCAN_PROBLEMS[code as ScanProblemCode];
    return `<tr><td>${title}${unjudged ? " <small>(not judged)</small>" : ""}</td><td class="n">${count(n ?? 0)}</td></tr>`;
  });
  if (counts.length === 0) return "";
  const rows = list.map(
    ({ key, detail }) => `<tr><td><code>${escaped(key)}</code></td><td>${escaped(detail)}</td></tr>`,
  );
  const others =
    rows.length === 0
      ? ""
      : `<h3>Files that are no pictures</h3><div class="scroll"><table>${rows.join("")}</table></div>`;
  return `<section><h2>What else is wrong</h2><table>${counts.join("")}</table>${others}</section>`;
}

function asset(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), "utf8");
}

/** JSON that cannot end the element it stands in. */
function forScript(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function count(n: number): string {
  return n.toLocaleString("en-US");
}
