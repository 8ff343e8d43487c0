import { categoryTitle } from "../../contract/categories.ts";
import { TEST_CARD_GRID, type TestCard, testCardCells } from "../../contract/test-card.ts";
import { lettering, textWidth } from "./paint/lettering.ts";
import { n, rect } from "./svg.ts";

const BARS = ["#bfbfbf", "#bfbf00", "#00bfbf", "#00bf00", "#bf00bf", "#bf0000", "#0000bf"] as const;
const UNDER_BARS = ["#0000bf", "#131313", "#bf00bf", "#131313", "#00bfbf", "#131313", "#bfbfbf"] as const;

/** The card as SVG: colour bars that everybody knows for a test, what it stands for in letters, and the code below. */
export function drawTestCard(card: TestCard, width: number, height: number): string {
  const bars = (colours: readonly string[], y: number, tall: number) =>
    colours.map((colour, i) => rect((i * width) / 7, y * height, width / 7 + 0.5, tall * height, colour)).join("");
  const title = card.kind === "error" ? "DETECTOR ERROR" : categoryTitle(card.category);
  const figure = card.kind === "error" ? "" : `${Math.round(card.score * 100)} %`;
  const side = Math.min(width, height);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${rect(0, 0, width, height, "#131313")}${bars(BARS, 0, 0.2)}${bars(UNDER_BARS, 0.2, 0.03)}${centred("TEST", width, height * 0.265, Math.min(height * 0.12, side * 0.14), width * 0.8, "#ffffff", 0.2)}${centred(`${title}  ${figure}`.trim(), width, height * 0.43, Math.min(height * 0.055, side * 0.06), width * 0.92, "#ffd43b", 0.17)}${code(card, width, height)}${centred("safelight test card", width, height * 0.9625, Math.min(height * 0.02, side * 0.02), width * 0.9, "#9aa0aa", 0.16)}</svg>`;
}

function centred(
  text: string,
  width: number,
  y: number,
  height: number,
  room: number,
  colour: string,
  weight: number,
): string {
  const fitted = Math.min(height, (height * room) / Math.max(1, textWidth(text, height)));
  return lettering(text, (width - textWidth(text, fitted)) / 2, y + (height - fitted) / 2, fitted, colour, weight);
}

function code(card: TestCard, width: number, height: number): string {
  const { columns, x, y } = TEST_CARD_GRID;
  const cell = {
    width: (TEST_CARD_GRID.width / columns) * width,
    height: (TEST_CARD_GRID.height / TEST_CARD_GRID.rows) * height,
  };
  const [left, top] = [x * width, y * height];
  let white = "";
  for (const [i, isWhite] of testCardCells(card).entries()) {
    if (!isWhite) continue;
    white += `M${left + (i % columns) * cell.width} ${top + Math.floor(i / columns) * cell.height}h${cell.width}v${cell.height}h${-cell.width}z`;
  }
  const pad = Math.min(width, height) * 0.012;
  return `${rect(left - pad, top - pad, TEST_CARD_GRID.width * width + 2 * pad, TEST_CARD_GRID.height * height + 2 * pad, "#000000")}<path d="${white}" fill="#ffffff" shape-rendering="crispEdges"/><rect x="${n(left - pad)}" y="${n(top - pad)}" width="${n(TEST_CARD_GRID.width * width + 2 * pad)}" height="${n(TEST_CARD_GRID.height * height + 2 * pad)}" fill="none" stroke="#ffd43b" stroke-width="${n(Math.max(1, pad * 0.4))}"/>`;
}
