import type { CurvePoint, Evaluation } from "../evaluate.ts";
import type { CalibrationBin, Confusion } from "../metrics.ts";

/** Ten hues that stay apart for colour-blind eyes, on light and dark ground (after Paul Tol). */
const HUES = [
  "#4477aa",
  "#ee6677",
  "#228833",
  "#ccbb44",
  "#66ccee",
  "#aa3377",
  "#999933",
  "#44aa99",
  "#882255",
  "#bbbbbb",
];
/** More curves than that nobody can tell apart. */
const MOST_CURVES = 10;
const SIZE = 360;
const MARGIN = { left: 48, right: 12, top: 12, bottom: 42 };
const INNER = { width: SIZE - MARGIN.left - MARGIN.right, height: SIZE - MARGIN.top - MARGIN.bottom };

const STYLE = `<style>
  text { font: 12px system-ui, sans-serif; fill: #556; }
  .grid { stroke: #8893a833; } .axis { stroke: #8893a8; } .curve { fill: none; stroke-width: 2; }
  @media (prefers-color-scheme: dark) { text { fill: #b9c0cf; } }
</style>`;

/** The x and y of a plot run from 0 to 1. */
function x(value: number): string {
  return (MARGIN.left + value * INNER.width).toFixed(1);
}

function y(value: number): string {
  return (MARGIN.top + (1 - value) * INNER.height).toFixed(1);
}

/** Precision against recall, one curve for each class. */
export function precisionRecallSvg({ curves, metrics }: Evaluation): string {
  const shown = metrics.classes
    .map(({ name, auprc }, k) => ({ name, auprc, curve: curves[k] ?? [] }))
    .filter(({ curve }) => curve.length > 0)
    .slice(0, MOST_CURVES);
  const paths = shown.map(({ curve }, i) => `<path class="curve" stroke="${HUES[i]}" d="${path(curve)}"/>`);
  const legend = shown.map(
    ({ name, auprc }, i) =>
      `<g transform="translate(${MARGIN.left + 8} ${SIZE - MARGIN.bottom - 10 - 17 * (shown.length - 1 - i)})">` +
      `<line x2="18" y1="-4" y2="-4" stroke="${HUES[i]}" stroke-width="3"/>` +
      `<text x="24">${escaped(shortened(name))} ${auprc?.toFixed(3) ?? ""}</text></g>`,
  );
  return plot("Precision against recall", "recall", "precision", [...paths, ...legend].join(""));
}

function path(curve: readonly CurvePoint[]): string {
  const [first] = curve;
  if (!first) return "";
  const start = `M${x(0)} ${y(first.precision)}`;
  return start + curve.map(({ recall, precision }) => `L${x(recall)} ${y(precision)}`).join("");
}

/** What the model said against what was true: a calibrated model stays on the diagonal. */
export function calibrationSvg(name: string, bins: readonly CalibrationBin[]): string {
  const most = Math.max(...bins.map(({ rows }) => rows));
  const dots = bins.map(({ said, true: has, rows }) => {
    const radius = (3 + 7 * Math.sqrt(rows / most)).toFixed(1);
    return `<circle cx="${x(said)}" cy="${y(has)}" r="${radius}" fill="${HUES[0]}" fill-opacity=".7"><title>${rows} texts</title></circle>`;
  });
  const line = bins.map(({ said, true: has }, i) => `${i === 0 ? "M" : "L"}${x(said)} ${y(has)}`).join("");
  const ideal = `<line class="axis" stroke-dasharray="4 4" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>`;
  return plot(
    `Calibration of ${name}`,
    "probability that the model gave",
    "share that has the class",
    `${ideal}<path class="curve" stroke="${HUES[0]}" d="${line}"/>${dots.join("")}`,
  );
}

function plot(title: string, across: string, up: string, content: string): string {
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const grid = ticks.flatMap((tick) => [
    `<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${y(0)}" y2="${y(1)}"/>`,
    `<line class="grid" x1="${x(0)}" x2="${x(1)}" y1="${y(tick)}" y2="${y(tick)}"/>`,
    `<text x="${x(tick)}" y="${SIZE - MARGIN.bottom + 16}" text-anchor="middle">${tick}</text>`,
    `<text x="${MARGIN.left - 6}" y="${Number(y(tick)) + 4}" text-anchor="end">${tick}</text>`,
  ]);
  const labels = [
    `<text x="${x(0.5)}" y="${SIZE - 6}" text-anchor="middle">${across}</text>`,
    `<text transform="translate(12 ${y(0.5)}) rotate(-90)" text-anchor="middle">${up}</text>`,
  ];
  return svg(SIZE, SIZE, title, [...grid, content, ...labels].join(""));
}

const CELL = 64;
const MOST_CELLS = 30;

/** Actual classes down, predicted ones across; in multi-label mode each class has a matrix of its own, one beside the other. */
export function confusionSvg(confusion: Confusion): string {
  if (confusion.type === "multi_class")
    return matrixSvg(confusion.labels, confusion.labels, confusion.confusion_matrix);
  const rows = confusion.confusion_matrix.map(([without, having]) => [...(without ?? []), ...(having ?? [])]);
  return matrixSvg(confusion.labels, ["rightly not", "wrongly", "missed", "rightly"], rows);
}

function matrixSvg(down: readonly string[], across: readonly string[], cells: readonly (readonly number[])[]): string {
  const size = Math.max(down.length, across.length) > 12 ? CELL / 2 : CELL;
  const left = 150;
  const top = 96;
  const shown = cells.slice(0, MOST_CELLS).map((row) => row.slice(0, MOST_CELLS));
  const drawn = shown.flatMap((row, i) => {
    const sum = row.reduce((total, count) => total + count, 0);
    const name = `<text x="${left - 8}" y="${top + i * size + size / 2 + 4}" text-anchor="end">${escaped(shortened(down[i] ?? ""))}</text>`;
    const boxes = row.map((count, j) => {
      const share = sum === 0 ? 0 : count / sum;
      const place = `x="${left + j * size}" y="${top + i * size}"`;
      const text = `<text x="${left + j * size + size / 2}" y="${top + i * size + size / 2 + 4}" text-anchor="middle" style="fill:${share > 0.55 ? "#fff" : "currentColor"}">${count}</text>`;
      return `<rect ${place} width="${size - 2}" height="${size - 2}" rx="4" fill="#4477aa" fill-opacity="${(0.06 + 0.94 * share).toFixed(2)}"><title>${(100 * share).toFixed(1)} %</title></rect>${text}`;
    });
    return [name, ...boxes];
  });
  const heads = across.slice(0, MOST_CELLS).map((name, j) => {
    const at = `translate(${left + j * size + size / 2 + 4} ${top - 8}) rotate(-40)`;
    return `<text transform="${at}">${escaped(shortened(name))}</text>`;
  });
  const width = left + Math.min(across.length, MOST_CELLS) * size + 70;
  return svg(width, top + shown.length * size + 8, "Confusion matrix", [...heads, ...drawn].join(""));
}

function svg(width: number, height: number, title: string, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"><title>${escaped(title)}</title>${STYLE}${content}</svg>\n`;
}

function shortened(name: string): string {
  return name.length > 22 ? `${name.slice(0, 21)}…` : name;
}

export function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (sign) => entities[sign] ?? sign);
}
