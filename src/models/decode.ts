import sharp, { type Metadata, type OutputInfo, type SharpOptions } from "sharp";
import type { DecodedImage, Frame, MediaType } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type { Limits } from "../contract/limits.ts";
import { composed, readAnimation } from "./apng.ts";
import { decodeBmp, readBmpHeader } from "./bmp.ts";
import { asPngWithProfile, isFaithful, withDeclaredColour, withProfile } from "./colour.ts";
import { isAnimatedPng } from "./containers.ts";
import { RgbFrame } from "./frame.ts";
import {
  checkSize,
  type HeaderLimits,
  identify,
  profileOfAvif,
  readHeader,
  unjudgeable,
  unreadable,
} from "./header.ts";
import { chooseFrames } from "./sampling.ts";
import { small, viewsOf, whole } from "./views.ts";

/** Pictures are decoded once, so that libvips' cache of results could only hold on to what should be forgotten. */
sharp.cache(false);

/** No picture within the default limits takes a tenth of this. */
const PATIENCE_SECONDS = 20;

/** Of 8 and 16 bits, without a sign. A TIFF may have others, and nobody says which of their values are black and white. */
const WHOLE_SAMPLES: ReadonlySet<string> = new Set(["uchar", "ushort"]);

export type DecodeLimits = HeaderLimits & Pick<Limits, "frames_judged">;

/** A picture whose header is read and within the limits. */
interface Opened {
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  /** Milliseconds that each frame is shown for, where they are told. */
  readonly delays?: readonly number[];
  /** What viewers show of several pictures in one file. */
  readonly primary?: number;
  /** @param chosen indices in rising order @returns what each may look like */
  frames(chosen: readonly number[]): Promise<readonly Frame[]>;
}

/**
 * Decodes a picture within hard limits, which are held against its header before any pixel is decoded. What the bytes
 * are decides, not what anyone calls them. libvips works in its own threads.
 *
 * Every warning of a decoder fails the picture: half a picture must not be judged as if it were whole. What viewers may see
 * differently (transparent parts, a profile that turns the colours) comes as several frames of one index.
 * @throws SafelightError `image_too_large` naming the value and the limit; `image_unreadable` for anything that is not a
 *   whole PNG, JPEG, WebP, GIF, AVIF, TIFF or BMP, and for what only some viewers would show so
 * @see docs/formats.md
 */
export async function decodeImage(bytes: Uint8Array, limits: DecodeLimits): Promise<DecodedImage> {
  const mediaType = identify(bytes, limits);
  const picture = await open(bytes, mediaType, limits);
  const { width, height, frameCount, delays, primary } = picture;
  const chosen = chooseFrames(frameCount, limits.frames_judged, delays, primary);
  const [digest, frames] = await Promise.all([sha256(bytes), picture.frames(chosen)]);
  const [first] = frames;
  if (first?.width !== width || first.height !== height) throw unreadable(mediaType);
  return { digest, bytes, mediaType, width, height, frameCount, frames };
}

function open(bytes: Uint8Array, mediaType: MediaType, limits: DecodeLimits): Promise<Opened> | Opened {
  if (mediaType === "image/bmp") return openBmp(bytes, limits);
  if (mediaType === "image/png" && isAnimatedPng(bytes)) return openAnimatedPng(bytes, limits);
  return openWithLibvips(bytes, mediaType, limits);
}

async function openWithLibvips(bytes: Uint8Array, mediaType: MediaType, limits: DecodeLimits): Promise<Opened> {
  const source = mediaType === "image/png" ? await declaredColour(bytes) : bytes;
  const profile = mediaType === "image/avif" ? profileOfAvif(bytes) : undefined;
  const header = await readHeader(source, mediaType);
  const frameCount = header.pages ?? 1;
  const { width, height } = header.autoOrient;
  checkSize(header.width, header.height, frameCount, limits);
  return {
    width,
    height,
    frameCount,
    ...(header.delay ? { delays: header.delay } : {}),
    ...(header.pagePrimary === undefined ? {} : { primary: header.pagePrimary }),
    async frames(chosen) {
      const views = await Promise.all(
        chosen.map(async (index) => {
          if (!profile) return decodePage(source, mediaType, index, header, limits);
          const described = await decodeDescribed(bytes, index, header, profile, limits);
          // Where both stand, browsers go by the profile that is embedded.
          return header.icc
            ? [...(await decodePage(source, mediaType, index, header, limits)), ...described]
            : described;
        }),
      );
      return views.flat();
    },
  };
}

async function declaredColour(png: Uint8Array): Promise<Uint8Array> {
  try {
    return await withDeclaredColour(png);
  } catch (cause) {
    throw unjudgeable("image/png", cause);
  }
}

/** The pages of a TIFF differ in all that a header says. */
async function decodePage(
  bytes: Uint8Array,
  mediaType: MediaType,
  page: number,
  first: Metadata,
  limits: DecodeLimits,
): Promise<readonly Frame[]> {
  // Each is held against the limit once more.
  const how = { page, pages: 1, failOn: "warning", autoOrient: true, limitInputPixels: limits.image_pixels } as const;
  try {
    const header = mediaType === "image/tiff" && page > 0 ? await sharp(bytes, how).metadata() : first;
    if (!WHOLE_SAMPLES.has(header.depth))
      throw unjudgeable(
        mediaType,
        new Error(`its samples are of type ${header.depth}, which viewers scale as they like`),
      );
    const seen = inSrgb(bytes, how, header).timeout({ seconds: PATIENCE_SECONDS });
    const { data, info } = await seen.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    const views =
      info.channels === 4 ? await viewsOf(page, info.width, info.height, data) : [rgbFrame(page, data, info)];
    if (!header.icc || (await isFaithful(header.icc))) return views;
    if (header.space === "grey16")
      throw new Error("16 bits of grey with a profile that turns them into something else");
    const plain = sharp(bytes, { ...how, ignoreIcc: true })
      .removeAlpha()
      .toColourspace("srgb");
    return [...views, await small(page, await whole(page, plain.timeout({ seconds: PATIENCE_SECONDS })))];
  } catch (cause) {
    throw pageError(mediaType, page, cause, limits);
  }
}

function pageError(mediaType: MediaType, page: number, cause: unknown, limits: DecodeLimits): SafelightError {
  if (cause instanceof SafelightError) return cause;
  if (cause instanceof Error && cause.message.includes("exceeds pixel limit")) {
    return new SafelightError(
      "image_too_large",
      `frame ${page} of the image has more pixels than the limit of ${limits.image_pixels} (image_pixels)`,
      { cause },
    );
  }
  return unreadable(mediaType, cause);
}

/** A picture in an AVIF by what the file says its colours are, whether or not it embeds a profile. */
async function decodeDescribed(
  avif: Uint8Array,
  page: number,
  { depth }: Metadata,
  profile: Uint8Array,
  limits: DecodeLimits,
): Promise<readonly Frame[]> {
  const how = { page, pages: 1, failOn: "warning", autoOrient: true, limitInputPixels: limits.image_pixels } as const;
  let png: Uint8Array;
  try {
    const picture = sharp(avif, { ...how, ignoreIcc: true }).timeout({ seconds: PATIENCE_SECONDS });
    png = await asPngWithProfile(picture, depth === "ushort", profile);
  } catch (cause) {
    throw pageError("image/avif", page, cause, limits);
  }
  const views = await decodePage(png, "image/png", 0, await readHeader(png, "image/png"), limits);
  return views.map(({ width, height, rgb }) => new RgbFrame(page, width, height, rgb));
}

function rgbFrame(index: number, data: Buffer, { width, height, channels }: OutputInfo): Frame {
  if (channels !== 3) throw new Error(`${channels} channels after conversion to sRGB`);
  return new RgbFrame(index, width, height, data);
}

/** sharp turns 16 bits with a profile into Display P3, and leaves them there unless it is told where to go. */
function inSrgb(bytes: Uint8Array, how: SharpOptions, { space, hasProfile }: Metadata) {
  const picture = sharp(bytes, how).toColourspace("srgb");
  return space === "rgb16" && hasProfile ? picture.withIccProfile("srgb", { attach: false }) : picture;
}

function openBmp(bytes: Uint8Array, limits: DecodeLimits): Opened {
  const header = judgeable("image/bmp", () => readBmpHeader(bytes));
  const { width, height, icc } = header;
  checkSize(width, height, 1, limits);
  return {
    width,
    height,
    frameCount: 1,
    async frames() {
      try {
        const views = await viewsOf(0, width, height, await bmpInRgba(bytes));
        if (!icc || (await isFaithful(icc))) return views;
        return [...views, ...(await viewsOf(0, width, height, await decodeBmp(bytes, header)))];
      } catch (cause) {
        throw unjudgeable("image/bmp", cause);
      }
    },
  };
}

/** @returns `height × width × 4` bytes R G B A in sRGB @throws Error */
export async function bmpInRgba(bytes: Uint8Array): Promise<Uint8Array> {
  const header = readBmpHeader(bytes);
  const rgba = await decodeBmp(bytes, header);
  if (!header.icc) return rgba;
  const { width, height } = header;
  const png = await sharp(rgba, { raw: { width, height, channels: 4 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
  return inRgba(withProfile(png, header.icc));
}

function openAnimatedPng(bytes: Uint8Array, limits: DecodeLimits): Opened {
  const animation = judgeable("image/png", () => readAnimation(bytes));
  const { width, height, still } = animation;
  const stills = still ? [still] : [];
  const frameCount = stills.length + animation.frames.length;
  checkSize(width, height, frameCount, limits);
  return {
    width,
    height,
    frameCount,
    primary: stills.length,
    delays: [...stills.map(() => 0), ...animation.frames.map(({ delayMs }) => delayMs)],
    async frames(chosen) {
      const last = chosen.at(-1) ?? 0;
      const views: Frame[] = [];
      try {
        for (const png of stills) views.push(...(await viewsOf(0, width, height, await frameInRgba(png))));
        let index = stills.length;
        for await (const canvas of composed(animation, frameInRgba)) {
          if (chosen.includes(index)) views.push(...(await viewsOf(index, width, height, canvas)));
          if (index === last) break;
          index += 1;
        }
      } catch (cause) {
        throw unjudgeable("image/png", cause);
      }
      return views;
    },
  };
}

/**
 * What viewers show of a picture that is neither a BMP nor moves, upright, in sRGB as it was judged; with alpha, if it has any. It must have
 * been held against the limits before.
 * @throws Error
 */
export async function uprightInSrgb(
  bytes: Uint8Array,
  mediaType: MediaType,
): Promise<{ data: Uint8Array; info: OutputInfo }> {
  const how = { failOn: "warning", autoOrient: true, limitInputPixels: false } as const;
  let source = mediaType === "image/png" ? await withDeclaredColour(bytes) : bytes;
  let header = await sharp(source, how).metadata();
  const profile = mediaType === "image/avif" && !header.icc ? profileOfAvif(bytes) : undefined;
  if (profile) {
    source = await asPngWithProfile(sharp(bytes, how), header.depth === "ushort", profile);
    header = await sharp(source, how).metadata();
  }
  const picture = inSrgb(source, how, header);
  return await picture
    .timeout({ seconds: PATIENCE_SECONDS })
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
}

/** One frame of an animation. @returns `height × width × 4` bytes R G B A */
export async function frameInRgba(png: Uint8Array): Promise<Uint8Array> {
  const source = await withDeclaredColour(png);
  const { icc } = await sharp(source).metadata();
  if (icc && !(await isFaithful(icc))) throw new Error("an animation with colours that only some viewers show so");
  return inRgba(source);
}

async function inRgba(png: Uint8Array): Promise<Uint8Array> {
  const header = await sharp(png).metadata();
  const picture = inSrgb(png, { failOn: "warning" }, header).ensureAlpha();
  return await picture.timeout({ seconds: PATIENCE_SECONDS }).raw({ depth: "uchar" }).toBuffer();
}

function judgeable<T>(mediaType: MediaType, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unjudgeable(mediaType, cause);
  }
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return `sha256:${Buffer.from(hash).toString("hex")}`;
}
