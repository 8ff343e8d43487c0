import type { Frame, ImageDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Finding } from "../../../contract/report.ts";
import { readTestCard, TEST_CARD_GRID, type TestCard } from "../../../contract/test-card.ts";

/** Reports what a test card says. It covers no category: on every other picture it has nothing to tell. */
export async function openTestCard(): Promise<ImageDetector> {
  return {
    id: "test-card",
    version: "1",
    categories: [],
    async inspect(image) {
      const findings: Finding[] = [];
      for (const frame of image.frames) {
        const card = findTestCard(frame);
        if (card?.kind === "error") throw new SafelightError("detector_failed", "a test card asked for this failure");
        if (card) findings.push(finding(card.category, card.score, image.frameCount > 1 ? frame.index : undefined));
      }
      return findings;
    },
  };
}

function finding(category: Finding["category"], score: number, frame: number | undefined): Finding {
  const region = { x: 0, y: 0, width: 1, height: 1, ...(frame === undefined ? {} : { frame }) };
  return { category, score, label: "test-card", evidence: { region } };
}

export function findTestCard(frame: Frame): TestCard | undefined {
  const cellWidth = (TEST_CARD_GRID.width / TEST_CARD_GRID.columns) * frame.width;
  const cellHeight = (TEST_CARD_GRID.height / TEST_CARD_GRID.rows) * frame.height;
  const left = TEST_CARD_GRID.x * frame.width;
  const top = TEST_CARD_GRID.y * frame.height;
  return readTestCard((column, row) => {
    let sum = 0;
    for (const [dx, dy] of PROBES) {
      sum += lightness(frame, left + (column + dx) * cellWidth, top + (row + dy) * cellHeight);
    }
    return sum / PROBES.length;
  });
}

/** Places within a cell, away from its edges, where resizing and compression mix neighbours. */
const PROBES = [
  [0.5, 0.5],
  [0.34, 0.34],
  [0.66, 0.34],
  [0.34, 0.66],
  [0.66, 0.66],
] as const;

/** Bilinear; `x` and `y` in pixels from the top left corner of the picture. */
function lightness(frame: Frame, x: number, y: number): number {
  const column = Math.floor(x - 0.5);
  const row = Math.floor(y - 0.5);
  const right = x - 0.5 - column;
  const below = y - 0.5 - row;
  return (
    (luma(frame, column, row) * (1 - right) + luma(frame, column + 1, row) * right) * (1 - below) +
    (luma(frame, column, row + 1) * (1 - right) + luma(frame, column + 1, row + 1) * right) * below
  );
}

function luma({ width, height, rgb }: Frame, column: number, row: number): number {
  const x = Math.min(Math.max(column, 0), width - 1);
  const y = Math.min(Math.max(row, 0), height - 1);
  const at = (y * width + x) * 3;
  return 0.299 * (rgb[at] ?? 0) + 0.587 * (rgb[at + 1] ?? 0) + 0.114 * (rgb[at + 2] ?? 0);
}
