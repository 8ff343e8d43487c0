import { n } from "../svg.ts";

/** Capital letters as strokes on a grid of 4 by 6, so that no font is needed. Strokes are parted by spaces. */
const STROKES: Readonly<Record<string, string>> = {
  A: "0,6;0,2;2,0;4,2;4,6 0,4;4,4",
  B: "0,0;0,6;3,6;4,5;4,4;3,3;0,3 3,3;4,2;4,1;3,0;0,0",
  C: "4,1;3,0;1,0;0,1;0,5;1,6;3,6;4,5",
  D: "0,0;0,6;2.5,6;4,4.5;4,1.5;2.5,0;0,0",
  E: "4,0;0,0;0,6;4,6 0,3;3,3",
  F: "4,0;0,0;0,6 0,3;3,3",
  G: "4,1;3,0;1,0;0,1;0,5;1,6;3,6;4,5;4,3;2.4,3",
  H: "0,0;0,6 4,0;4,6 0,3;4,3",
  I: "1,0;3,0 2,0;2,6 1,6;3,6",
  J: "4,0;4,5;3,6;1,6;0,5",
  K: "0,0;0,6 4,0;0,3.4;4,6",
  L: "0,0;0,6;4,6",
  M: "0,6;0,0;2,3;4,0;4,6",
  N: "0,6;0,0;4,6;4,0",
  O: "1,0;3,0;4,1;4,5;3,6;1,6;0,5;0,1;1,0",
  P: "0,6;0,0;3,0;4,1;4,2;3,3;0,3",
  Q: "1,0;3,0;4,1;4,5;3,6;1,6;0,5;0,1;1,0 2.6,4.4;4.2,6.3",
  R: "0,6;0,0;3,0;4,1;4,2;3,3;0,3 2,3;4,6",
  S: "4,1;3,0;1,0;0,1;0,2;1,3;3,3;4,4;4,5;3,6;1,6;0,5",
  T: "0,0;4,0 2,0;2,6",
  U: "0,0;0,5;1,6;3,6;4,5;4,0",
  V: "0,0;2,6;4,0",
  W: "0,0;1,6;2,2.5;3,6;4,0",
  X: "0,0;4,6 4,0;0,6",
  Y: "0,0;2,3;4,0 2,3;2,6",
  Z: "0,0;4,0;0,6;4,6",
  0: "1,0;3,0;4,1;4,5;3,6;1,6;0,5;0,1;1,0 3.4,1.6;0.6,4.4",
  1: "0.6,1.4;2,0;2,6 0.6,6;3.4,6",
  2: "0,1;1,0;3,0;4,1;4,2;0,6;4,6",
  3: "0,0;4,0;2,2.4;4,3.6;4,5;3,6;1,6;0,5",
  4: "3,6;3,0;0,4;4,4",
  5: "4,0;0,0;0,2.6;3,2.6;4,3.6;4,5;3,6;0,6",
  6: "4,0.6;3,0;1,0;0,1;0,5;1,6;3,6;4,5;4,3.6;3,2.6;0,2.6",
  7: "0,0;4,0;1.4,6",
  8: "1,0;3,0;4,1;4,2;3,3;1,3;0,2;0,1;1,0 1,3;0,4;0,5;1,6;3,6;4,5;4,4;3,3",
  9: "4,3.4;1,3.4;0,2.4;0,1;1,0;3,0;4,1;4,5;3,6;1,6;0,5.4",
  ".": "2,5.8;2,6",
  "-": "0.6,3;3.4,3",
  _: "0,6;4,6",
  ":": "2,1.6;2,1.8 2,4.8;2,5",
  "%": "4,0;0,6 0.6,0.4;0.7,0.5 3.3,5.5;3.4,5.6",
  "·": "2,2.9;2,3.1",
  " ": "",
};

const ADVANCE = 6;
const HEIGHT = 6;

/** @returns the width that a text takes at this height of its capitals. */
export function textWidth(text: string, height: number): number {
  return ((text.length * ADVANCE - (ADVANCE - 4)) * height) / HEIGHT;
}

/** A text with its upper left corner at `x`, `y`. Letters that are not known are left blank. */
export function lettering(text: string, x: number, y: number, height: number, colour: string, weight = 0.16): string {
  const unit = height / HEIGHT;
  let path = "";
  for (const [i, letter] of [...text.toUpperCase()].entries()) {
    for (const stroke of (STROKES[letter] ?? "").split(" ")) {
      if (stroke === "") continue;
      const points = stroke.split(";").map((pair) => pair.split(",").map(Number));
      path += `M${points.map(([px = 0, py = 0]) => `${n(x + (i * ADVANCE + px) * unit)} ${n(y + py * unit)}`).join("L")}`;
    }
  }
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${n(height * weight)}" stroke-linecap="round" stroke-linejoin="round"/>`;
}
