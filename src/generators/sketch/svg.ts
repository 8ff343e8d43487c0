import type { Hex } from "./colour.ts";

/** A number as short as it can be without moving a line visibly. */
export function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export type Point = readonly [x: number, y: number];

export function polygon(points: readonly Point[], fill: Hex, more = ""): string {
  return `<path d="M${points.map(([x, y]) => `${n(x)} ${n(y)}`).join("L")}Z" fill="${fill}"${more}/>`;
}

/** A smooth line through the points, as path commands after the first point. */
export function curve(points: readonly Point[]): string {
  const at = (i: number): Point => points[Math.min(points.length - 1, Math.max(0, i))] ?? [0, 0];
  let path = "";
  for (let i = 0; i < points.length - 1; i++) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    path += `C${n(b[0] + (c[0] - a[0]) / 6)} ${n(b[1] + (c[1] - a[1]) / 6)} ${n(c[0] - (d[0] - b[0]) / 6)} ${n(c[1] - (d[1] - b[1]) / 6)} ${n(c[0])} ${n(c[1])}`;
  }
  return path;
}

/** What lies below a smooth line. */
export function below(points: readonly Point[], bottom: number, fill: string, more = ""): string {
  const [first = [0, 0], last = [0, 0]] = [points[0], points.at(-1)];
  return `<path d="M${n(first[0])} ${n(bottom)}L${n(first[0])} ${n(first[1])}${curve(points)}L${n(last[0])} ${n(bottom)}Z" fill="${fill}"${more}/>`;
}

export function line(points: readonly Point[], stroke: Hex, width: number, more = ""): string {
  const [first = [0, 0]] = points;
  return `<path d="M${n(first[0])} ${n(first[1])}${curve(points)}" fill="none" stroke="${stroke}" stroke-width="${n(width)}" stroke-linecap="round"${more}/>`;
}

export function ellipse(x: number, y: number, rx: number, ry: number, fill: string, more = ""): string {
  return `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(rx)}" ry="${n(ry)}" fill="${fill}"${more}/>`;
}

export function rect(x: number, y: number, width: number, height: number, fill: string, more = ""): string {
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${fill}"${more}/>`;
}

export function opacity(value: number): string {
  return ` opacity="${Math.round(value * 1000) / 1000}"`;
}

/** From the top to the bottom of what it fills. */
export function vertical(
  id: string,
  stops: readonly (readonly [offset: number, colour: Hex, opacity?: number])[],
): string {
  return `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${stops.map(stop).join("")}</linearGradient>`;
}

export function radial(
  id: string,
  stops: readonly (readonly [offset: number, colour: Hex, opacity?: number])[],
): string {
  return `<radialGradient id="${id}">${stops.map(stop).join("")}</radialGradient>`;
}

function stop([offset, colour, alpha]: readonly [number, Hex, number?]): string {
  return `<stop offset="${offset}" stop-color="${colour}"${alpha === undefined ? "" : ` stop-opacity="${alpha}"`}/>`;
}
