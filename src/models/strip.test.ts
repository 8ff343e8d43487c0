import fc from "fast-check";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeApng } from "../../test/pictures/apng.ts";
import {
  jpegSegment,
  ladenGif,
  ladenJpeg,
  ladenPng,
  ladenWebp,
  MARK,
  riffChunk,
  TRAILING,
  withExif,
} from "../../test/pictures/laden.ts";
import { animation, picture, pngChunk, rgbaNoise, seeds, withPngChunks } from "../../test/pictures/seeds.ts";
import { DEFAULT_LIMITS } from "../contract/limits.ts";
import type { ReleasedImage } from "./blur.ts";
import { pngChunks } from "./containers.ts";
import { decodeImage } from "./decode.ts";
import { stripImage } from "./strip.ts";

const decode = (bytes: Uint8Array) => decodeImage(bytes, { ...DEFAULT_LIMITS, frames_judged: 256 });

let plain: Readonly<Record<string, Buffer>>;
beforeAll(async () => {
  plain = await seeds();
});

async function strip(bytes: Uint8Array): Promise<ReleasedImage> {
  const { mediaType, width, height } = await decode(bytes);
  return stripImage({ bytes, mediaType, width, height });
}

/** Of all that the picture may look like. */
async function looks(bytes: Uint8Array) {
  const { width, height, frameCount, frames } = await decode(bytes);
  return { width, height, frameCount, frames: frames.map(({ index, rgb }) => ({ index, rgb: Buffer.from(rgb) })) };
}

/** Bytes of a TIFF structure with one number in it. */
const ONE_FIELD = 26;

async function expectBare({ bytes }: ReleasedImage): Promise<void> {
  expect(Buffer.from(bytes).includes(MARK)).toBe(false);
  const { exif, xmp, iptc, orientation, comments, tifftagPhotoshop } = await sharp(bytes).metadata();
  expect({ xmp, iptc, comments, tifftagPhotoshop }).toEqual({});
  const head = exif?.includes("Exif\0\0") ? 6 : 0;
  expect(exif && exif.length - head).toBe((orientation ?? 1) === 1 ? undefined : ONE_FIELD);
}

/** Strips, and holds what is left against what there was. */
async function expectStripped(laden: Uint8Array): Promise<ReleasedImage> {
  expect(Buffer.from(laden).includes(MARK)).toBe(true);
  const stripped = await strip(laden);
  await expectBare(stripped);
  expect(await looks(stripped.bytes)).toEqual(await looks(laden));
  expect(Buffer.from((await strip(stripped.bytes)).bytes)).toEqual(Buffer.from(stripped.bytes));
  return stripped;
}

const timing = async (bytes: Uint8Array) => {
  const { delay, loop, pages } = await sharp(bytes, { animated: true }).metadata();
  return { delay, loop, pages };
};

describe("a picture that is stripped keeps its pixels, its colours and its orientation, and nothing else:", () => {
  test.each([1, 6])("every JPEG, orientation %i", async (orientation) => {
    for (const name of Object.keys(plain).filter((each) => each.startsWith("jpeg"))) {
      const laden = await ladenJpeg(plain[name] as Buffer, orientation);
      const { mediaType, bytes } = await expectStripped(laden);
      expect(mediaType, name).toBe("image/jpeg");
      expect((await sharp(bytes).metadata()).orientation ?? 1).toBe(orientation);
    }
  });

  test.each([1, 6])("every PNG, orientation %i", async (orientation) => {
    for (const name of Object.keys(plain).filter((each) => each.startsWith("png"))) {
      const { mediaType, bytes } = await expectStripped(await ladenPng(plain[name] as Buffer, orientation));
      expect(mediaType, name).toBe("image/png");
      expect((await sharp(bytes).metadata()).orientation ?? 1).toBe(orientation);
    }
  });

  test.each([1, 6])("every WebP, orientation %i", async (orientation) => {
    const profiled = picture().withIccProfile("p3");
    const extended = [
      await profiled.clone().webp().toBuffer(),
      await profiled.clone().webp({ lossless: true }).toBuffer(),
      await profiled.clone().ensureAlpha(0.5).webp().toBuffer(),
    ];
    for (const webp of extended) {
      const { mediaType, bytes } = await expectStripped(await ladenWebp(webp, orientation));
      expect(mediaType).toBe("image/webp");
      const { icc, orientation: kept } = await sharp(bytes).metadata();
      expect([kept ?? 1, icc !== undefined]).toEqual([orientation, true]);
      const [flags, before] = [bytes[20] ?? 0, webp[20] ?? 0];
      expect(flags).toBe(before | (orientation === 1 ? 0 : 0x08)); // EXIF, and XMP no longer
    }
  });

  test.each(["avif", "avif, alpha", "tiff", "tiff, LZW", "tiff, 16 bits", "tiff, CMYK", "tiff, bilevel"])(
    "%s, which becomes a PNG, upright",
    async (name) => {
      const format = name.startsWith("avif") ? "avif" : "tiff";
      const laden = await withExif(sharp(plain[name]).keepIccProfile(), 6).toFormat(format).toBuffer();
      const { mediaType, bytes } = await expectStripped(laden);
      expect(mediaType).toBe("image/png");
      expect((await sharp(bytes).metadata()).orientation).toBeUndefined();
    },
  );

  test("every BMP, which becomes a PNG", async () => {
    for (const name of Object.keys(plain).filter((each) => each.startsWith("bmp"))) {
      const { mediaType } = await expectStripped(Buffer.concat([plain[name] as Buffer, TRAILING]));
      expect(mediaType, name).toBe("image/png");
    }
  });

  test.each([0, 1, 7])("animations that are shown %i times, with the time of each frame", async (loop) => {
    const delay = [40, 250, 100];
    for (const format of ["gif", "webp"] as const) {
      const moving = await sharp(await animation(format, 3), { animated: true })
        .toFormat(format, { loop, delay })
        .toBuffer();
      const laden = format === "gif" ? ladenGif(moving) : await ladenWebp(moving, 1);
      const { mediaType, bytes } = await expectStripped(laden);
      expect(mediaType).toBe(`image/${format}`);
      expect(await timing(bytes)).toEqual(await timing(laden));
    }
  });

  test("a still GIF, and one with a transparent colour", async () => {
    for (const name of ["gif", "gif, transparent"]) await expectStripped(ladenGif(plain[name] as Buffer));
  });

  test("a CMYK JPEG keeps Adobe's segment and its profile, a PNG its profile without the name", async () => {
    const cmyk = await picture().toColourspace("cmyk").withIccProfile("cmyk").jpeg().toBuffer();
    const stripped = await expectStripped(await ladenJpeg(cmyk, 1));
    expect(Buffer.from(stripped.bytes).includes("Adobe\0")).toBe(true);
    expect((await sharp(stripped.bytes).metadata()).icc).toEqual((await sharp(cmyk).metadata()).icc);

    const p3 = plain["png, Display P3"] as Buffer;
    const named = Buffer.concat(
      [...pngChunks(p3)].map(({ type, start, end, data }) =>
        type === "iCCP"
          ? pngChunk(type, Buffer.concat([Buffer.from(MARK), data.subarray(data.indexOf(0)), Buffer.from(MARK)]))
          : p3.subarray(start, end),
      ),
    );
    const { bytes } = await expectStripped(Buffer.concat([p3.subarray(0, 8), named]));
    expect((await sharp(bytes).metadata()).icc).toEqual((await sharp(p3).metadata()).icc);
  });

  test("a JPEG with restart markers in its scan", async () => {
    const jpeg = Buffer.from(RESTARTS, "base64");
    expect(jpeg.includes("\xff\xd3", 0, "latin1")).toBe(true);
    await expectStripped(await ladenJpeg(jpeg, 6));
  });

  test("a JPEG loses the thumbnail in its JFIF segment, and tables that no scan uses", async () => {
    const jpeg = plain["jpeg"] as Buffer;
    const jfif = Buffer.concat([
      Buffer.from("JFIF\0\x01\x01\0\0\x01\0\x01\x02\x01", "latin1"),
      Buffer.from(`${MARK}..`),
    ]);
    const idle = jpegSegment(0xdb, Buffer.concat([Buffer.from([3]), Buffer.alloc(60, 7), Buffer.from(MARK)]));
    const laden = Buffer.concat([
      jpeg.subarray(0, 2),
      jpegSegment(0xe0, jfif),
      jpeg.subarray(2, -2),
      idle,
      jpeg.subarray(-2),
    ]);
    expect((await strip(laden)).bytes).toHaveLength(jpeg.length + 18);
    await expectStripped(laden);
  });
});

/** 24 × 16, grey, with a restart marker after every block. */
const RESTARTS =
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H///" +
  "/6/+b9//j/wAALCAAQABgBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIh" +
  "MUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhI" +
  "WGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/90ABAAB/9oACAEB" +
  "AAA/AIoYkSJflGcZJIr/0EwPQflX/9FMDHTiv//SaPuj6V//009q/9RK/9k=";

describe("a picture that has nothing to strip", () => {
  test("is handed out as it is, base64 too; a stripped one without", async () => {
    const base64 = [Buffer.from("the base64")];
    for (const name of ["jpeg", "jpeg, progressive", "png", "png, palette", "webp", "webp, animated", "gif"]) {
      const { mediaType, width, height } = await decode(plain[name] as Buffer);
      const image = { bytes: plain[name] as Buffer, base64, mediaType, width, height };
      expect(await stripImage(image), name).toBe(image);
      const laden = { ...image, bytes: Buffer.concat([image.bytes, TRAILING]) };
      const stripped = await stripImage(laden);
      expect(Buffer.from(stripped.bytes), name).toEqual(image.bytes);
      expect(stripped.base64).toBeUndefined();
    }
  });
});

describe("a picture that cannot be walked to its end is encoded anew, without loss:", () => {
  const doubled = (type: string, data: Uint8Array) => [pngChunk(type, data), pngChunk(type, data)];
  const physical = Buffer.from([0, 0, 1, 0, 0, 0, 1, 0, 1]);

  async function expectEncodedAnew(odd: Uint8Array, mediaType: string): Promise<ReleasedImage> {
    const { mediaType: was, width, height } = await decode(odd);
    const stripped = await stripImage({ bytes: odd, mediaType: was, width, height });
    expect(stripped.mediaType).toBe(mediaType);
    expect(Buffer.from(stripped.bytes).includes(MARK)).toBe(false);
    return stripped;
  }

  test("a JPEG with a segment that is not known", async () => {
    const jpeg = plain["jpeg"] as Buffer;
    const odd = Buffer.concat([
      jpeg.subarray(0, 2),
      jpegSegment(0xe2, Buffer.from(`ICC_PROFILE\0\x02\x02${MARK}`, "latin1")), // the second of two
      jpeg.subarray(2),
    ]);
    const { bytes } = await expectEncodedAnew(odd, "image/png");
    expect(await looks(bytes)).toEqual(await looks(odd));
  });

  test("a GIF whose frame has two controls, and an animated PNG", async () => {
    const gif = plain["gif, animated"] as Buffer;
    const control = gif.indexOf(Buffer.from("21f904", "hex"));
    const twice = Buffer.concat([gif.subarray(0, control), gif.subarray(control, control + 8), gif.subarray(control)]);
    const again = await expectEncodedAnew(twice, "image/webp");
    expect((await looks(again.bytes)).frames).toEqual((await looks(gif)).frames);
    expect(await timing(again.bytes)).toEqual(await timing(gif));

    const frames = [0, 1, 2].map((i) => ({ rgba: rgbaNoise(16, 16, i), width: 16, height: 16, delay: 10 + i }));
    const png = await encodeApng(frames);
    const image = { mediaType: "image/png", width: 16, height: 16 } as const;
    const odd = withPngChunks(png, ...doubled("pHYs", physical));
    const webp = await stripImage({ ...image, bytes: odd });
    expect(webp.mediaType).toBe("image/webp");
    expect((await looks(webp.bytes)).frames).toEqual((await looks(png)).frames);
    expect(await timing(webp.bytes)).toEqual({ delay: [100, 110, 120], loop: 0, pages: 3 });
  });
});

test("of several pages, the one that viewers show is left", async () => {
  const pages = await sharp(await animation("webp", 3), { animated: true })
    .tiff()
    .toBuffer();
  expect((await decode(pages)).frameCount).toBe(3);
  const stripped = await looks((await strip(pages)).bytes);
  expect(stripped.frames).toEqual((await looks(pages)).frames.slice(0, 1));
});

describe("whatever stands between the parts that are needed", () => {
  const junk = fc.uint8Array({ minLength: 16, maxLength: 300 });
  const gaps = fc.array(fc.tuple(fc.nat(), junk), { minLength: 1, maxLength: 4 });
  const runs = { numRuns: 40 };

  /** Puts each piece before one of the parts that begin at `starts`. */
  function between(bytes: Uint8Array, starts: readonly number[], pieces: readonly (readonly [number, Uint8Array])[]) {
    const placed = pieces.map(([n, piece]) => [starts[n % starts.length] ?? 0, piece] as const);
    const cuts = [...placed].sort(([a], [b]) => a - b);
    const out: Uint8Array[] = [];
    let copied = 0;
    for (const [at, piece] of cuts) {
      out.push(bytes.subarray(copied, at), piece);
      copied = at;
    }
    return Buffer.concat([...out, bytes.subarray(copied)]);
  }
  const expectGone = async (laden: Uint8Array, clean: Uint8Array, mediaType: ReleasedImage["mediaType"]) => {
    const image = { mediaType, width: 96, height: 80 } as const;
    expect(Buffer.from((await stripImage({ ...image, bytes: laden })).bytes)).toEqual(Buffer.from(clean));
  };

  test("of a PNG does not survive", async () => {
    const png = plain["png"] as Buffer;
    const starts = [...pngChunks(png)].slice(1).map(({ start }) => start);
    const type = fc
      .stringMatching(/^[a-z][a-z][A-Z][a-zA-Z]$/)
      .filter((name) => !/^(tRNS|gAMA|cHRM|sRGB|iCCP|cICP|sBIT|bKGD|pHYs|mDCV|cLLI|acTL|eXIf)$/.test(name));
    await fc.assert(
      fc.asyncProperty(gaps, type, junk, async (pieces, name, behind) => {
        const chunks = pieces.map(([n, data]) => [n, pngChunk(name, data)] as const);
        await expectGone(Buffer.concat([between(png, starts, chunks), behind]), png, "image/png");
      }),
      runs,
    );
  });

  test("of a JPEG does not survive, between the scans of a progressive one neither", async () => {
    const jpeg = plain["jpeg, progressive"] as Buffer;
    const starts = jpegMarkers(jpeg);
    expect(starts.length).toBeGreaterThan(12);
    const marker = fc.constantFrom(0xe0, 0xe1, 0xe2, 0xe5, 0xed, 0xee, 0xef, 0xfe);
    await fc.assert(
      fc.asyncProperty(gaps, marker, junk, async (pieces, kind, behind) => {
        const segments = pieces.map(([n, data]) => [n, jpegSegment(kind, data)] as const);
        await expectGone(Buffer.concat([between(jpeg, starts, segments), behind]), jpeg, "image/jpeg");
      }),
      runs,
    );
  });

  test("of a WebP does not survive, in its frames neither", async () => {
    const type = fc.stringMatching(/^[a-z]{4}$/);
    const webp = plain["webp, animated"] as Buffer;
    const starts: number[] = [];
    for (let at = 30; at < webp.length; at += 8 + webp.readUInt32LE(at + 4) + (webp.readUInt32LE(at + 4) % 2))
      starts.push(at);
    await fc.assert(
      fc.asyncProperty(gaps, type, junk, async (pieces, name, behind) => {
        const chunks = pieces.map(([n, data]) => [n, riffChunk(name, data)] as const);
        const laden = between(webp, starts, chunks);
        const frame = laden.lastIndexOf("ANMF");
        const inside = riffChunk(name, behind);
        laden.writeUInt32LE(laden.readUInt32LE(frame + 4) + inside.length, frame + 4);
        const whole = Buffer.concat([laden, inside]);
        whole.writeUInt32LE(whole.length - 8, 4);
        await expectGone(Buffer.concat([whole, behind]), webp, "image/webp");
      }),
      runs,
    );
  });

  test("of a GIF does not survive", async () => {
    const gif = plain["gif"] as Buffer;
    const start = gif.indexOf(Buffer.from("2c00000000", "hex"));
    const block = fc.uint8Array({ minLength: 16, maxLength: 255 });
    const label = fc.constantFrom(0xfe, 0x01, 0xff);
    await fc.assert(
      fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 5 }), label, junk, async (blocks, kind, behind) => {
        const parts = blocks.map((data) => Buffer.concat([Buffer.from([data.length]), data]));
        const extension = Buffer.concat([Buffer.from([0x21, kind]), ...parts, Buffer.from([0])]);
        const laden = Buffer.concat([gif.subarray(0, start), extension, gif.subarray(start), behind]);
        await expectGone(laden, gif, "image/gif");
      }),
      runs,
    );
  });
});

/** Where segments begin, with those between scans, and the end. */
function jpegMarkers(jpeg: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 2; at < jpeg.length; ) {
    const next = jpeg[at + 1] ?? 0;
    if (jpeg[at] !== 0xff || next === 0 || (next >= 0xd0 && next <= 0xd7)) {
      at += 1;
      continue;
    }
    starts.push(at);
    at += next === 0xd9 ? 2 : 2 + jpeg.readUInt16BE(at + 2);
  }
  return starts;
}
