import { createHash } from "node:crypto";
import sharp, { type Sharp } from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { animation, HEIGHT, picture, pngBomb, rgbNoise, seeds, WIDTH } from "../../test/pictures/seeds.ts";
import { SafelightError } from "../contract/errors.ts";
import { DEFAULT_LIMITS } from "../contract/limits.ts";
import { decodeImage } from "./decode.ts";

const decode = (bytes: Uint8Array, limits = {}) => decodeImage(bytes, { ...DEFAULT_LIMITS, ...limits });
const unreadable = (detail: RegExp) =>
  expect.objectContaining({ code: "image_unreadable", detail: expect.stringMatching(detail) });
const tooLarge = (detail: RegExp) =>
  expect.objectContaining({ code: "image_too_large", detail: expect.stringMatching(detail) });

/** Mean of each channel over a frame. */
function means(rgb: Uint8Array): number[] {
  const sums = [0, 0, 0];
  rgb.forEach((value, i) => {
    sums[i % 3] = (sums[i % 3] ?? 0) + value;
  });
  return sums.map((sum) => sum / (rgb.length / 3));
}

let files: Readonly<Record<string, Buffer>>;
beforeAll(async () => {
  files = await seeds();
});

describe("what decodes", () => {
  test("every accepted format and variant gives upright sRGB bytes of the right size", async () => {
    for (const [name, bytes] of Object.entries(files)) {
      const image = await decode(bytes);
      expect([image.width, image.height], name).toEqual([WIDTH, HEIGHT]);
      expect(image.digest).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
      expect(image.bytes).toBe(bytes);
      expect(image.mediaType, name).toBe(`image/${name.split(",")[0]}`);
      const indices = image.frames.map(({ index }) => index);
      for (const [i, frame] of image.frames.entries()) {
        expect(frame.rgb, name).toHaveLength(WIDTH * HEIGHT * 3);
        if (indices.indexOf(frame.index) !== i) continue; // over another background
        for (const mean of means(frame.rgb)) expect(Math.abs(mean - 147), name).toBeLessThan(22);
      }
    }
  });

  test("a lossless picture keeps its bytes, 16 bits are rounded to 8", async () => {
    const rgb = rgbNoise(WIDTH, HEIGHT);
    expect((await decode(files["png"] as Buffer)).frames[0]?.rgb).toEqual(Buffer.from(rgb));
    const wide = (await decode(files["png, 16 bits"] as Buffer)).frames[0]?.rgb ?? [];
    expect(Math.max(...rgb.map((value, i) => Math.abs(value - (wide[i] ?? -1))))).toBeLessThanOrEqual(1);
  });

  test("transparency is seen over neutral grey", async () => {
    const clear = await sharp({ create: { width: 3, height: 2, channels: 4, background: "#ff000000" } })
      .png()
      .toBuffer();
    expect(new Set((await decode(clear)).frames[0]?.rgb)).toEqual(new Set([128]));
  });

  test("EXIF orientation is applied", async () => {
    const left = Buffer.alloc(20 * 10 * 3, 250);
    for (let y = 0; y < 10; y++) left.fill(5, y * 60, y * 60 + 30); // dark left half
    const turned = await sharp(left, { raw: { width: 20, height: 10, channels: 3 } })
      .withMetadata({ orientation: 6 }) // to be shown turned 90° clockwise: the left half comes to the top
      .png()
      .toBuffer();
    const image = await decode(turned);
    expect([image.width, image.height]).toEqual([10, 20]);
    expect(image.frames[0]?.rgb[0]).toBe(5);
    expect(image.frames[0]?.rgb.at(-1)).toBe(250);
  });

  test("an embedded profile is converted: sRGB's green, written as Display P3, comes back as it was", async () => {
    const p3 = await sharp({ create: { width: 4, height: 4, channels: 3, background: "#00ff00" } })
      .png()
      .withIccProfile("p3", { attach: true })
      .toBuffer();
    const [r = 9, g = 0, b = 9] = (await decode(p3)).frames[0]?.rgb ?? [];
    expect([r < 4, g > 251, b < 4]).toEqual([true, true, true]);
  });

  test("one pixel can be looked at, in any size", async () => {
    const dot = await sharp({ create: { width: 1, height: 1, channels: 3, background: "#102030" } })
      .png()
      .toBuffer();
    const frame = (await decode(dot)).frames[0];
    expect(await frame?.resized(224, 224)).toEqual(
      Float32Array.from({ length: 224 * 224 * 3 }, (_, i) => [16, 32, 48][i % 3] ?? 0),
    );
  });

  test("a resized frame is computed once", async () => {
    const frame = (await decode(files["jpeg"] as Buffer)).frames[0];
    const [one, two] = await Promise.all([frame?.resized(64, 48), frame?.resized(64, 48)]);
    expect(one).toBe(two);
    expect(one).toHaveLength(64 * 48 * 3);
  });

  test("what is transparent is seen over grey, then over white, over black, and without its alpha, each look once", async () => {
    const fill = (alpha: number, colour: number) =>
      sharp(Buffer.from(Array.from({ length: 40 * 30 }, () => [colour, colour, colour, alpha]).flat()), {
        raw: { width: 40, height: 30, channels: 4 },
      });
    const looks = async (bytes: Uint8Array) => (await decode(bytes)).frames.map(({ rgb }) => rgb[0]);
    expect(await looks(await fill(0, 200).png().toBuffer())).toEqual([128, 255, 0, 200]);
    expect(await looks(await fill(0, 255).webp({ lossless: true, exact: true }).toBuffer())).toEqual([128, 255, 0]);
    expect(await looks(await fill(255, 200).png().toBuffer())).toEqual([200]);
    const hidden = Buffer.from(Array.from({ length: 40 * 30 }, () => [128, 128, 128, 0]).flat());
    for (let at = 3; at < hidden.length / 2; at += 4) hidden[at] = 255; // grey paper, of which one half is not there
    const png = await sharp(hidden, { raw: { width: 40, height: 30, channels: 4 } })
      .png()
      .toBuffer();
    const [grey, white] = (await decode(png)).frames;
    expect(new Set(grey?.rgb)).toEqual(new Set([128]));
    expect(new Set(white?.rgb)).toEqual(new Set([128, 255]));
  });

  test("the looks of a large transparent picture are made smaller, but for the first", async () => {
    const png = await sharp({ create: { width: 1500, height: 300, channels: 4, background: "#ff000080" } })
      .png()
      .toBuffer();
    expect((await decode(png)).frames.map(({ width, height }) => [width, height])).toEqual([
      [1500, 300],
      [1024, 205],
      [1024, 205],
      [1024, 205],
    ]);
  });

  test("an animation gives frames at evenly spaced moments, the first and the last among them", async () => {
    for (const format of ["gif", "webp", "png"] as const) {
      const image = await decode(files[`${format}, animated`] as Buffer);
      expect(image.frameCount, format).toBe(12);
      expect(
        image.frames.map((frame) => frame.index),
        format,
      ).toEqual([0, 1, 3, 4, 6, 7, 9, 11]);
      expect(new Set(image.frames.map((frame) => Buffer.from(frame.rgb).toString("base64"))).size, format).toBe(8);
      const few = await decode(files[`${format}, animated`] as Buffer, { frames_judged: 1 });
      expect(few.frames.map((frame) => frame.index)).toEqual([0]);
    }
  });

  test("a frame that is shown for long is among them, wherever it stands", async () => {
    const delay = Array.from({ length: 40 }, (_, i) => (i === 22 ? 4_000 : 20));
    const strip = Buffer.concat(delay.map((_, i) => rgbNoise(8, 8, i)));
    const raw = { width: 8, height: 8 * 40, channels: 3, pageHeight: 8 } as const;
    for (const format of ["gif", "webp"] as const) {
      const bytes = await sharp(strip, { raw }).toFormat(format, { delay }).toBuffer();
      expect(
        (await decode(bytes)).frames.map(({ index }) => index),
        format,
      ).toContain(22);
    }
  });

  test("CMYK and YCCK are seen in their colours, as photographs of Adobe's programs store them", async () => {
    const ink = await sharp({ create: { width: 16, height: 16, channels: 3, background: "#d02030" } })
      .toColourspace("cmyk")
      .jpeg({ quality: 100 })
      .toBuffer();
    const [r = 0, g = 255, b = 255] = (await decode(ink)).frames[0]?.rgb ?? [];
    expect([r > 180, g < 80, b < 90]).toEqual([true, true, true]);
  });

  test("a photograph with a gain map for bright screens is judged as other screens show it", async () => {
    const bright = await (picture() as Sharp & { withGainMap(): Sharp }).withGainMap().jpeg().toBuffer(); // not in its types
    const plain = bright.subarray(0, bright.lastIndexOf(Buffer.from([0xff, 0xd8, 0xff]))); // the map comes last
    expect((await sharp(bright).metadata()).gainMap).toBeDefined();
    expect((await sharp(plain).metadata()).gainMap).toBeUndefined();
    expect((await decode(bright)).frames[0]?.rgb).toEqual((await decode(plain)).frames[0]?.rgb);
  });

  test("pages of a TIFF may differ in size", async () => {
    const image = await decode(await twoPageTiff(4, 4));
    expect(image.frameCount).toBe(2);
    expect(image.frames.map(({ width, height }) => [width, height])).toEqual([
      [2, 2],
      [4, 4],
    ]);
  });
});

describe("what is refused", () => {
  test("nothing, and what is no picture", async () => {
    await expect(decode(new Uint8Array())).rejects.toEqual(unreadable(/empty.*0 bytes/));
    await expect(decode(Buffer.from("hello"))).rejects.toEqual(
      unreadable(/no known image format; accepted are PNG, JPEG/),
    );
    for (const [name, text] of [
      ["SVG", '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
      ["SVG", "\n<!-- a --><svg/>"],
      ["HTML", "<!doctype html><svg></svg>"],
      ["PDF", "%PDF-1.7"],
      ["ICO", "\0\0\x01\0"],
      ["JPEG XL", "\0\0\0\x0cJXL "],
    ] as const) {
      await expect(decode(Buffer.from(text))).rejects.toEqual(
        unreadable(new RegExp(`content is ${name}; accepted are`)),
      );
    }
    const heic = Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1");
    await expect(decode(heic)).rejects.toEqual(unreadable(/content is HEIC/));
  });

  test("an AVIF image sequence", async () => {
    const avis = Buffer.from(files["avif"] as Buffer);
    avis.write("avis", 8, "latin1");
    await expect(decode(avis)).rejects.toEqual(unreadable(/AVIF image sequence/));
  });

  test("a JPEG with pictures beside the first, of ink without Adobe's segment, or with 12 bits", async () => {
    const entry = (type: number) => [
      type >> 24,
      (type >> 16) & 255,
      (type >> 8) & 255,
      type & 255,
      ...Array(12).fill(0),
    ];
    const mpf = (type: number) => {
      const tag = [0xb0, 0x02, 0, 7, 0, 0, 0, 32, 0, 0, 0, 26];
      const data = [...Buffer.from("MPF\0MM\0*\0\0\0\x08", "latin1"), 0, 1, ...tag, 0, 0, 0, 0];
      const body = [...data, ...entry(0x03_0000), ...entry(type)];
      return Buffer.from([0xff, 0xe2, 0, body.length + 2, ...body]);
    };
    const jpeg = files["jpeg"] as Buffer; // one of the seeds, as are those below
    const with_ = (type: number) => Buffer.concat([jpeg.subarray(0, 2), mpf(type), jpeg.subarray(2), jpeg]);
    await expect(decode(with_(0x02_0002))).rejects.toEqual(unreadable(/multi-picture JPEG \(MPO\) with 2 pictures/));
    expect((await decode(with_(0x01_0001))).frameCount).toBe(1); // a preview

    const ink = files["jpeg, CMYK"] as Buffer;
    const adobe = ink.indexOf(Buffer.from([0xff, 0xee]));
    const without = Buffer.concat([ink.subarray(0, adobe), ink.subarray(adobe + 2 + ink.readUInt16BE(adobe + 2))]);
    await expect(decode(without)).rejects.toEqual(unreadable(/CMYK JPEG .* no Adobe segment/));

    const deep = Buffer.from(jpeg);
    deep[deep.indexOf(Buffer.from([0xff, 0xc0])) + 4] = 12;
    await expect(decode(deep)).rejects.toEqual(unreadable(/begins as JPEG/));
  });

  test("a GIF with a frame that reaches beyond its screen, which viewers crop or do not", async () => {
    const wide = Buffer.from(files["gif"] as Buffer);
    wide.writeUInt16LE(WIDTH - 1, 6);
    await expect(decode(wide)).rejects.toEqual(unreadable(/begins as GIF/));
    wide.writeUInt16LE(9_000, 6); // larger than any frame: libvips would not believe it, a browser shows it
    await expect(decode(wide)).rejects.toEqual(unreadable(/begins as GIF/));
    wide.writeUInt16LE(9_000, 8);
    await expect(decode(wide)).rejects.toEqual(tooLarge(/9000 × 9000 = 81000000 pixels/));
  });

  test("anything cut short, wherever", async () => {
    for (const [name, bytes] of Object.entries(files)) {
      for (let k = 0; k < 12; k++) {
        const cut = bytes.subarray(0, Math.floor((bytes.length * (k + 0.97)) / 12));
        if (bytes.length - cut.length <= 12) continue; // what holds pixels is whole
        await expect(decode(cut), `${name} cut to ${cut.length} of ${bytes.length}`).rejects.toEqual(unreadable(/./));
      }
    }
  });

  test("a PNG whose pixels do not match their checksum", async () => {
    const bad = Buffer.from(files["png"] as Buffer);
    bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1;
    await expect(decode(bad)).rejects.toEqual(unreadable(/begins as PNG, but is damaged or cut short/));
  });

  test("too many bytes, pixels or frames, from the header alone, naming value and limit", async () => {
    await expect(decode(files["png"] as Buffer, { image_bytes: 100 })).rejects.toEqual(
      tooLarge(/has \d+ bytes; the limit is 100 \(image_bytes\)/),
    );
    await expect(decode(pngBomb(8000, 5000))).rejects.toEqual(
      tooLarge(/8000 × 5000 = 40000000 pixels; the limit is 32000000 \(image_pixels\)/),
    );
    for (const side of [100_000, 0x7fff_ffff])
      await expect(decode(pngBomb(side, side))).rejects.toEqual(tooLarge(/pixels/));
    await expect(decode(files["gif, animated"] as Buffer, { image_frames: 11 })).rejects.toEqual(
      tooLarge(/has 12 frames; the limit is 11 \(image_frames\)/),
    );
    await expect(decode(files["webp, animated"] as Buffer, { image_pixels: WIDTH * HEIGHT * 12 - 1 })).rejects.toEqual(
      tooLarge(/96 × 80 × 12 frames = 92160 pixels/),
    );
    for (const format of ["jpeg", "webp", "gif", "avif", "tiff"]) {
      await expect(decode(files[format] as Buffer, { image_pixels: 100 }), format).rejects.toEqual(tooLarge(/96 × 80/));
    }
  });

  test("a page of a TIFF that is larger than the first one says", async () => {
    await expect(decode(await twoPageTiff(40, 40), { image_pixels: 100 })).rejects.toEqual(
      tooLarge(/frame 1 .* limit of 100 \(image_pixels\)/),
    );
  });

  test("40 megapixels that are really there", async () => {
    const flat = { width: 8000, height: 5000, channels: 3, background: "#456" } as const;
    await expect(decode(await sharp({ create: flat }).jpeg({ quality: 10 }).toBuffer())).rejects.toEqual(
      tooLarge(/40000000/),
    );
  });
});

describe("what pretends", () => {
  test("the bytes decide what it is, and what comes after a whole picture changes nothing", async () => {
    const polyglot = Buffer.concat([files["gif"] as Buffer, Buffer.from("<script>alert(1)</script><svg/>PK\x03\x04")]);
    const image = await decode(polyglot);
    expect(image.mediaType).toBe("image/gif");
    expect(image.frames[0]?.rgb).toEqual((await decode(files["gif"] as Buffer)).frames[0]?.rgb);
  });

  test("a signature in front of something else is not enough", async () => {
    const magic = {
      png: "\x89PNG\r\n\x1a\n",
      jpeg: "\xff\xd8\xff",
      gif: "GIF89a",
      webp: "RIFF\0\0\0\0WEBP",
      tiff: "II*\0",
    };
    for (const [name, signature] of Object.entries(magic)) {
      for (const rest of [Buffer.from("<svg/>"), Buffer.from(rgbNoise(20, 20)), files["png"] as Buffer]) {
        const fake = Buffer.concat([Buffer.from(signature, "latin1"), rest]);
        await expect(decode(fake), name).rejects.toBeInstanceOf(SafelightError);
      }
    }
  });

  test("mutated pictures decode in full or are refused; nothing crashes, hangs or throws anything else", async () => {
    let state = 20_240_607;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let refused = 0;
    for (const [name, bytes] of Object.entries(files)) {
      for (let round = 0; round < 25; round++) {
        let mutant = Buffer.from(bytes);
        for (let change = 0; change <= random(6); change++) {
          const at = random(round % 2 ? Math.min(200, mutant.length) : mutant.length); // every other round: the header
          const kind = random(4);
          if (kind === 0) mutant[at] = random(256);
          else if (kind === 1) mutant.fill(random(2) * 255, at, at + random(8));
          else if (kind === 2) mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(at + random(16))]);
          else mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(random(mutant.length))]);
        }
        try {
          const image = await decode(mutant, { image_pixels: 1_000_000 });
          for (const frame of image.frames) expect(frame.rgb).toHaveLength(frame.width * frame.height * 3);
        } catch (error) {
          expect(error, name).toBeInstanceOf(SafelightError);
          expect(["image_unreadable", "image_too_large"], name).toContain((error as SafelightError).code);
          refused += 1;
        }
      }
    }
    expect(refused).toBeGreaterThan(250);
  }, 60_000);

  test("random bytes are refused", async () => {
    for (let i = 0; i < 50; i++) {
      await expect(decode(crypto.getRandomValues(new Uint8Array(i * 40)))).rejects.toEqual(unreadable(/./));
    }
  });
});

test("decoding leaves the event loop free: the work is done in other threads", async () => {
  const big = await picture(1024, 1024).png().toBuffer();
  const mine = process.threadCpuUsage();
  const everyones = process.cpuUsage();
  await Promise.all(Array.from({ length: 8 }, () => decode(big)));
  const { user, system } = process.threadCpuUsage(mine);
  const all = process.cpuUsage(everyones);
  expect(user + system).toBeLessThan((all.user + all.system) / 4);
});

test("256 frames are within the limits, 257 are not", async () => {
  await expect(decode(await animation("gif", 257, 8, 8))).rejects.toEqual(tooLarge(/257 frames/));
  expect((await decode(await animation("gif", 256, 8, 8))).frames).toHaveLength(8);
});

test.each([
  ["32 bits", 32, 1, "uint"],
  ["a sign", 16, 2, "short"],
  ["a point", 32, 3, "float"],
] as const)(
  "samples of a TIFF with %s are refused: nobody says how viewers show them",
  async (_name, bits, kind, type) => {
    const page = tiffPage(8, 4, 4, { next: false, bits, kind });
    const reason = expect.stringMatching(new RegExp(`cannot be judged: its samples are of type ${type}`));
    await expect(decode(Buffer.concat([TIFF_HEAD, page]))).rejects.toMatchObject({
      code: "image_unreadable",
      detail: reason,
    });
  },
);

test("a TIFF of 8 bits, told so, is judged", async () => {
  const page = tiffPage(8, 4, 4, { next: false, bits: 8, kind: 1 });
  expect((await decode(Buffer.concat([TIFF_HEAD, page]))).frames[0]?.rgb[0]).toBe(90);
});

const TIFF_HEAD = Buffer.from("II*\0\x08\0\0\0", "latin1");

/** A page of 2 × 2 and one of the given size. sharp writes only pages of one size. */
async function twoPageTiff(width: number, height: number): Promise<Buffer> {
  const first = tiffPage(8, 2, 2, { next: true, bits: 8, kind: 1 });
  return Buffer.concat([
    TIFF_HEAD,
    first,
    tiffPage(8 + first.length, width, height, { next: false, bits: 8, kind: 1 }),
  ]);
}

/** Uncompressed grey. @param kind of samples: 1 without a sign, 2 with one, 3 floating */
function tiffPage(
  offset: number,
  width: number,
  height: number,
  { next, bits, kind }: { next: boolean; bits: number; kind: number },
): Buffer {
  const size = (width * height * bits) / 8;
  const entries = [
    [256, 4, width],
    [257, 4, height],
    [258, 3, bits],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, offset + 2 + 10 * 12 + 4],
    [277, 3, 1],
    [278, 4, height],
    [279, 4, size],
    [339, 3, kind],
  ];
  const ifd = Buffer.alloc(2 + entries.length * 12 + 4);
  ifd.writeUInt16LE(entries.length, 0);
  entries.forEach(([tag = 0, type = 0, value = 0], i) => {
    ifd.writeUInt16LE(tag, 2 + i * 12);
    ifd.writeUInt16LE(type, 4 + i * 12);
    ifd.writeUInt32LE(1, 6 + i * 12);
    ifd.writeUInt32LE(value, 10 + i * 12);
  });
  ifd.writeUInt32LE(next ? offset + ifd.length + size : 0, ifd.length - 4);
  return Buffer.concat([ifd, Buffer.alloc(size, 90)]);
}
