import { hash } from "node:crypto";
import { deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { ascii, type Part, pngChunk, pngChunks, SIGNATURE } from "./containers.ts";

/** CIE xy of white, red, green and blue. */
type Chromaticities = readonly [white: Xy, red: Xy, green: Xy, blue: Xy];
type Xy = readonly [x: number, y: number];

const SRGB: Chromaticities = [
  [0.3127, 0.329],
  [0.64, 0.33],
  [0.3, 0.6],
  [0.15, 0.06],
];
const SRGB_GAMMA = 0.45455;

/** Codes of ITU-T H.273, as PNG's `cICP` and AVIF's `nclx` tell them. */
export interface ColourDescription {
  readonly primaries: number;
  readonly transfer: number;
}

const D65: Xy = [0.3127, 0.329];
const C: Xy = [0.31, 0.316];
const NTSC: Chromaticities = [D65, [0.63, 0.34], [0.31, 0.595], [0.155, 0.07]];

/** Of ITU-T H.273, table 2, those that differ from sRGB's. What is not told or not known is shown as sRGB's. */
const PRIMARIES: Readonly<Record<number, Chromaticities>> = {
  4: [C, [0.67, 0.33], [0.21, 0.71], [0.14, 0.08]],
  5: [D65, [0.64, 0.33], [0.29, 0.6], [0.15, 0.06]],
  6: NTSC,
  7: NTSC,
  8: [C, [0.681, 0.319], [0.243, 0.692], [0.145, 0.049]],
  9: [D65, [0.708, 0.292], [0.17, 0.797], [0.131, 0.046]],
  11: [
    [0.314, 0.351],
    [0.68, 0.32],
    [0.265, 0.69],
    [0.15, 0.06],
  ],
  12: [D65, [0.68, 0.32], [0.265, 0.69], [0.15, 0.06]],
  22: [D65, [0.63, 0.34], [0.295, 0.605], [0.155, 0.077]],
};
const XYZ_PRIMARIES = 10;

/** From 0 to 1: how much light a value stands for. */
type Curve = (value: number) => number;

const fromSrgb: Curve = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/**
 * Of ITU-T H.273, table 3, those that viewers convert. BT.709, BT.601 and BT.2020 (1, 6, 14, 15) are shown as sRGB (13), and so is
 * what is not told or not known.
 */
const TRANSFERS: Readonly<Record<number, Curve>> = {
  4: (value) => value ** 2.2,
  5: (value) => value ** 2.8,
  7: (value) => (value < 0.0913 ? value / 4 : ((value + 0.1115) / 1.1115) ** (1 / 0.45)),
  8: (value) => value,
};
const HIGH_DYNAMIC_RANGE = [16, 18];
/** Logarithms, colours beyond the range, and cinema: hardly any viewer shows them. */
const UNUSUAL_TRANSFERS = [9, 10, 11, 12, 17];

/**
 * The ICC profile that shows what H.273's codes say.
 * @returns undefined for what is shown as sRGB
 * @throws Error for what viewers do not agree on
 */
export function profileOfDescription({ primaries, transfer }: ColourDescription): Buffer | undefined {
  const remedy = "send it in sRGB or Display P3";
  if (HIGH_DYNAMIC_RANGE.includes(transfer))
    throw new Error(`it is of high dynamic range, which looks different in every viewer; ${remedy}`);
  if (UNUSUAL_TRANSFERS.includes(transfer))
    throw new Error(`its transfer function ${transfer} (H.273) is shown by hardly any viewer; ${remedy}`);
  if (primaries === XYZ_PRIMARIES)
    throw new Error(`its primaries ${primaries} (H.273) are shown by hardly any viewer; ${remedy}`);
  const chromaticities = PRIMARIES[primaries];
  const curve = TRANSFERS[transfer];
  if (!chromaticities && !curve) return undefined;
  return rgbProfile(curveTag(curve ?? fromSrgb), chromaticities ?? SRGB);
}

/**
 * The one ICC profile that shows what is said of several pictures in a file.
 * @throws Error for what viewers do not agree on
 */
export function profileOfDescriptions(all: readonly ColourDescription[]): Buffer | undefined {
  const [profile, ...more] = all.map(profileOfDescription).filter((one) => one !== undefined);
  if (profile && more.some((other) => !other.equals(profile)))
    throw new Error("it describes its colours in several ways, of which viewers choose one");
  return profile;
}

/** Below these differences a PNG looks the same, whatever a viewer makes of them. */
const GAMMA_TOLERANCE = 0.02;
const XY_TOLERANCE = 0.005;

/**
 * A PNG as browsers see it where it tells its colours without a profile: libvips does not look at the chunks cICP, gAMA and cHRM, by
 * which a picture can be made that is black for one viewer and none for another. What they say is put into it as an ICC profile.
 * @returns the bytes themselves, unless they say something that is not near to sRGB
 * @throws Error when what they say is no colour, or one that viewers do not agree on
 * @see https://www.w3.org/TR/png-3/#11addnlcolinfo
 */
export async function withDeclaredColour(png: Uint8Array): Promise<Uint8Array> {
  const before: Part[] = [];
  for (const part of pngChunks(png)) {
    if (part.type === "IDAT") break;
    before.push(part);
  }
  const view = (type: string) => {
    const data = before.find((part) => part.type === type)?.data;
    return data && new DataView(data.buffer, data.byteOffset, data.byteLength);
  };
  const header = view("IHDR");
  const grey = ((header?.getUint8(9) ?? 0) & 2) === 0;
  const inThree = async () => (grey ? await inColour(png, header?.getUint8(8) === 16) : png);
  const cicp = view("cICP");
  const described =
    cicp?.byteLength === 4
      ? profileOfDescription({ primaries: cicp.getUint8(0), transfer: cicp.getUint8(1) })
      : undefined;
  const measured = view("iCCP") || view("sRGB") ? undefined : profileOfMeasures(view("gAMA"), view("cHRM"));
  if (described && (view("iCCP") || measured)) {
    // What knows cICP goes by it, and the others by the rest.
    if (!(await isFaithful(described)))
      throw new Error("it describes its colours in several ways, of which viewers choose one");
  } else if (described) return withProfile(await inThree(), described);
  return measured ? withProfile(await inThree(), measured) : png;
}

/** @returns undefined for what is near to sRGB */
function profileOfMeasures(gamma?: DataView, white?: DataView): Buffer | undefined {
  if ((!gamma && !white) || gamma?.byteLength === 0) return undefined;
  const exponent = gamma?.byteLength === 4 ? gamma.getUint32(0) / 100_000 : SRGB_GAMMA;
  const xy = (at: number): Xy => [(white?.getUint32(at) ?? 0) / 100_000, (white?.getUint32(at + 4) ?? 0) / 100_000];
  const primaries: Chromaticities = white?.byteLength === 32 ? [xy(0), xy(8), xy(16), xy(24)] : SRGB;
  const sameGamma = Math.abs(exponent / SRGB_GAMMA - 1) <= GAMMA_TOLERANCE;
  const samePrimaries = primaries.flat().every((value, i) => Math.abs(value - (SRGB.flat()[i] ?? 0)) <= XY_TOLERANCE);
  return sameGamma && samePrimaries ? undefined : rgbProfile(gammaTag(exponent), primaries);
}

/** A grey PNG as one of three channels: Little CMS is exact with profiles of those only. */
async function inColour(png: Uint8Array, deep: boolean): Promise<Uint8Array> {
  const picture = sharp(png, { failOn: "warning", autoOrient: true }).toColourspace(deep ? "rgb16" : "srgb");
  return await picture.png({ compressionLevel: 1 }).toBuffer();
}

/** A picture as a PNG that has this profile, in place of any of its own. Upright, if the picture is told to be. */
export async function asPngWithProfile(picture: Sharp, deep: boolean, icc: Uint8Array): Promise<Uint8Array> {
  const png = await picture
    .toColourspace(deep ? "rgb16" : "srgb")
    .png({ compressionLevel: 0 })
    .toBuffer();
  return withProfile(png, icc);
}

/** A PNG with an ICC profile put in behind its header. */
export function withProfile(png: Uint8Array, icc: Uint8Array): Uint8Array {
  const chunk = pngChunk("iCCP", Buffer.concat([Buffer.from("icc\0\0", "latin1"), deflateSync(icc)]));
  const header = SIGNATURE.length + 25;
  return Buffer.concat([png.subarray(0, header), chunk, png.subarray(header)]);
}

/**
 * @param curve a tag of type `curv`
 * @throws Error for chromaticities that span no colours
 */
function rgbProfile(curve: Buffer, chromaticities: Chromaticities): Buffer {
  const [white, ...primaries] = chromaticities;
  const columns = primaries.map(xyzOf);
  const matrix = transposed(columns);
  const whiteXyz = xyzOf(white);
  const scale = times(inverse(matrix), whiteXyz);
  const adapt = adaptation(whiteXyz, D50);
  const [r = [], g = [], b = []] = columns.map((column, i) =>
    times(
      adapt,
      column.map((value) => value * (scale[i] ?? 0)),
    ),
  );
  return displayProfile([
    ["rXYZ", xyzTag(r)],
    ["gXYZ", xyzTag(g)],
    ["bXYZ", xyzTag(b)],
    ["rTRC", curve],
    ["gTRC", curve],
    ["bTRC", curve],
  ]);
}

const D50 = [0.9642, 1, 0.8249];
/** @see ICC.1:2022, annex E: the Bradford transform */
const BRADFORD = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];

type Matrix = readonly (readonly number[])[];

function adaptation(from: readonly number[], to: readonly number[]): Matrix {
  const [a, b] = [times(BRADFORD, from), times(BRADFORD, to)];
  const scaled = BRADFORD.map((row, i) => row.map((value) => (value * (b[i] ?? 0)) / (a[i] ?? 0)));
  const back = inverse(BRADFORD);
  return transposed(transposed(scaled).map((column) => times(back, column)));
}

function xyzOf([x, y]: Xy): number[] {
  if (!(y > 0)) throw new Error("a chromaticity that is no colour");
  return [x / y, 1, (1 - x - y) / y];
}

function times(matrix: Matrix, vector: readonly number[]): number[] {
  return matrix.map((row) => row.reduce((sum, value, i) => sum + value * (vector[i] ?? 0), 0));
}

function transposed(matrix: Matrix): number[][] {
  return [0, 1, 2].map((i) => matrix.map((row) => row[i] ?? 0));
}

function inverse(m: Matrix): Matrix {
  const [[a = 0, b = 0, c = 0] = [], [d = 0, e = 0, f = 0] = [], [g = 0, h = 0, i = 0] = []] = m;
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  if (!(Math.abs(determinant) > 1e-9)) throw new Error("chromaticities that span no colours");
  return [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ].map((row) => row.map((value) => value / determinant));
}

/** @see ICC.1:2022, 10.31 and 10.6 */
function xyzTag(xyz: readonly number[]): Buffer {
  const tag = Buffer.from("XYZ \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "latin1");
  xyz.forEach((value, i) => {
    tag.writeInt32BE(Math.round(Math.min(32_767, Math.max(-32_768, value)) * 65_536), 8 + i * 4);
  });
  return tag;
}

/** @param fileGamma the exponent that encoded the values, as in gAMA */
function gammaTag(fileGamma: number): Buffer {
  if (!(fileGamma > 0)) throw new Error("a gamma of 0");
  const tag = Buffer.from("curv\0\0\0\0\0\0\0\x01\0\0\0\0", "latin1");
  tag.writeUInt16BE(Math.min(65_535, Math.max(1, Math.round(256 / fileGamma))), 12);
  return tag;
}

const CURVE_POINTS = 1_024;

function curveTag(curve: Curve): Buffer {
  const tag = Buffer.alloc(12 + CURVE_POINTS * 2);
  tag.write("curv", 0, "latin1");
  tag.writeUInt32BE(CURVE_POINTS, 8);
  for (let i = 0; i < CURVE_POINTS; i++)
    tag.writeUInt16BE(Math.round(curve(i / (CURVE_POINTS - 1)) * 65_535), 12 + i * 2);
  return tag;
}

/** @see ICC.1:2022, 7: a version 2 display profile */
function displayProfile(tags: readonly (readonly [string, Buffer])[]): Buffer {
  const all = [["wtpt", xyzTag(D50)] as const, ...tags];
  const header = Buffer.alloc(132 + all.length * 12);
  header.writeUInt32BE(0x0210_0000, 8);
  header.write("mntrRGB XYZ ", 12, "latin1");
  header.write("acsp", 36, "latin1");
  xyzTag(D50).copy(header, 68, 8);
  header.writeUInt32BE(all.length, 128);
  let at = header.length;
  all.forEach(([name, data], i) => {
    header.write(name, 132 + i * 12, "latin1");
    header.writeUInt32BE(at, 136 + i * 12);
    header.writeUInt32BE(data.length, 140 + i * 12);
    at += data.length;
  });
  header.writeUInt32BE(at, 0);
  return Buffer.concat([header, ...all.map(([, data]) => data)]);
}

/** Of 0 to 255: the 90th percentile of what a profile may change, over colours spread evenly. Display P3 and Adobe RGB change 48. */
const FAITHFUL = 60;
const LEVELS = [0, 16, 48, 96, 144, 192, 232, 255];
const REMEMBERED = 64;
const known = new Map<string, Promise<boolean>>();

/**
 * Whether a picture looks much the same to viewers that apply its profile and to those that do not. A profile can turn any picture
 * into any other; what trains on a data set mostly does not apply it, and browsers do.
 * @param icc an embedded profile; those of CMYK and other spaces count as faithful, as there is no showing without
 */
export function isFaithful(icc: Uint8Array): Promise<boolean> {
  const key = hash("sha256", icc);
  let verdict = known.get(key);
  if (!verdict) {
    verdict = changeOf(icc).then((change) => change <= FAITHFUL);
    known.set(key, verdict);
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
  }
  return verdict;
}

/** @returns the 90th percentile of the largest change of a channel, from 0 to 255 */
export async function changeOf(icc: Uint8Array): Promise<number> {
  const space = ascii(icc, 16, 20);
  if (space !== "RGB " && space !== "GRAY") return 0;
  const grey = space === "GRAY";
  const colours = grey
    ? Array.from({ length: 256 }, (_, i) => [i])
    : LEVELS.flatMap((r) => LEVELS.flatMap((g) => LEVELS.map((b) => [r, g, b])));
  const plain = await sharp(Uint8Array.from(colours.flat()), {
    raw: { width: colours.length, height: 1, channels: grey ? 1 : 3 },
  })
    .toColourspace(grey ? "b-w" : "srgb")
    .png()
    .toBuffer();
  const seen = await sharp(withProfile(plain, icc)).toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  const { channels } = seen.info;
  const changes = colours
    .map((colour, i) =>
      Math.max(
        ...Array.from({ length: channels }, (_, c) =>
          Math.abs((seen.data[i * channels + c] ?? 0) - (colour[grey ? 0 : c] ?? 0)),
        ),
      ),
    )
    .sort((a, b) => a - b);
  return changes[Math.floor(changes.length * 0.9)] ?? 0;
}
