import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withNclx, withSequenceColours } from "../../test/pictures/avif.ts";
import { picture } from "../../test/pictures/seeds.ts";
import { declaredColours } from "./avif.ts";

const LINEAR = { primaries: 9, transfer: 8 };
const SRGB = { primaries: 1, transfer: 13 };
const UNSPECIFIED = { primaries: 2, transfer: 2 };

describe("what an encoder writes", () => {
  const grain = picture(64, 48);
  const alike = () => grain.clone().avif({ effort: 0 }).toBuffer();
  const lossless = () => grain.clone().avif({ effort: 0, lossless: true }).toBuffer();

  test("is read from the box, and without one from the sequence header", async () => {
    expect(declaredColours(await lossless())).toEqual([SRGB]);
    expect(declaredColours(withNclx(await lossless(), LINEAR))).toEqual([LINEAR]);
    expect(declaredColours(await alike())).toEqual([SRGB]);
    expect(declaredColours(withSequenceColours(await alike(), LINEAR))).toEqual([LINEAR]);
    const ten = await grain.clone().avif({ effort: 0, bitdepth: 10 }).toBuffer();
    expect(declaredColours(withSequenceColours(ten, LINEAR))).toEqual([LINEAR]);
  });

  test("a box is stronger than the sequence header", async () => {
    expect(declaredColours(withSequenceColours(await lossless(), LINEAR))).toEqual([SRGB]);
  });

  test("the mask of a transparent picture and a profile say nothing", async () => {
    const mask = await grain.clone().ensureAlpha(0.5).avif({ effort: 0 }).toBuffer();
    expect(declaredColours(mask)).toEqual([SRGB, UNSPECIFIED]);
    const profile = await grain.clone().withIccProfile("p3").avif({ effort: 0 }).toBuffer();
    expect(declaredColours(profile)).toEqual([SRGB]);
  });

  test("what follows the end of the picture changes nothing", async () => {
    const file = withNclx(await lossless(), LINEAR);
    for (const more of [await lossless(), Buffer.alloc(40, 1), Buffer.from("\0\0\0\x04meta", "latin1")])
      expect(declaredColours(Buffer.concat([file, more]))).toEqual([LINEAR]);
  });

  test("damage anywhere before the pixels never hangs, and is an Error where it is none of an AVIF", async () => {
    const file = await grain.clone().ensureAlpha(0.5).avif({ effort: 0, lossless: true }).toBuffer();
    const damage = fc.array(fc.tuple(fc.nat(file.indexOf("mdat") + 30), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(damage, fc.nat(file.length), (bytes, cut) => {
        const damaged = Buffer.from(file.subarray(0, cut % 3 ? file.length : cut));
        for (const [at, value] of bytes) if (at < damaged.length) damaged[at] = value;
        try {
          declaredColours(damaged);
        } catch (cause) {
          expect(cause).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Big-endian numbers of the given bytes. */
function n(size: number, ...values: readonly number[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt(value));
      return bytes.subarray(8 - size);
    }),
  );
}

function box(type: string, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([n(4, body.length + 8), Buffer.from(type, "latin1"), body]);
}

const nclx = (primaries: number, transfer: number) =>
  box("colr", Buffer.from("nclx"), n(2, primaries, transfer, 6), n(1, 128));

interface Described {
  readonly type: string;
  /** From 1. */
  readonly properties?: readonly number[];
  readonly content?: Uint8Array;
}

/** A file of items, numbered from 1 on, of which the first is the primary one. */
function file(items: readonly Described[], properties: readonly Uint8Array[], wide = false): Buffer {
  const id = wide ? 4 : 2;
  const infe = ({ type }: Described, i: number) =>
    box("infe", n(1, wide ? 3 : 2), n(3, 0), n(id, i + 1), n(2, 0), Buffer.from(type, "latin1"), n(1, 0));
  const ipma = items.map(({ properties: own = [] }, i) =>
    Buffer.concat([n(id, i + 1), n(1, own.length), n(wide ? 2 : 1, ...own.map((at) => at + (wide ? 0x8000 : 0x80)))]),
  );
  let at = 0;
  const places = items.map(({ content = Buffer.alloc(0) }, i) => {
    const place = Buffer.concat([n(id, i + 1), n(2, 1, 0, 1), n(4, at, content.length)]); // in idat, one extent
    at += content.length;
    return place;
  });
  return Buffer.concat([
    box("ftyp", Buffer.from("avif\0\0\0\0avifmif1")),
    box(
      "meta",
      n(4, 0),
      box("pitm", n(1, wide ? 1 : 0), n(3, 0), n(id, 1)),
      box("iinf", n(1, wide ? 1 : 0), n(3, 0), n(wide ? 4 : 2, items.length), ...items.map(infe)),
      box(
        "iprp",
        box("ipco", ...properties),
        box("ipma", n(1, wide ? 1 : 0), n(3, wide ? 1 : 0), n(4, items.length), ...ipma),
      ),
      box("iloc", n(1, wide ? 2 : 1), n(3, 0), n(1, 0x44, 0), n(id, items.length), ...places),
      box("idat", ...items.map(({ content = Buffer.alloc(0) }) => content)),
    ),
  ]);
}

/** An AV1 unit with its length. */
const unit = (kind: number, body: Uint8Array) => Buffer.concat([n(1, (kind << 3) | 2, body.length), body]);

/** A sequence header for moving pictures, with all that may stand before its colours. */
function sequenceHeader(flags: readonly boolean[], primaries: number, transfer: number): Buffer {
  let bits = "";
  let used = 0;
  const put = (value: number, count: number) => {
    bits += value.toString(2).padStart(count, "0");
  };
  const choose = (): boolean => {
    const flag = flags[used++ % flags.length] ?? false;
    put(flag ? 1 : 0, 1);
    return flag;
  };
  put(2, 3); // of up to 12 bits
  put(0, 2);
  let model = false;
  if (choose()) {
    put(1, 32);
    put(25, 32);
    if (choose()) put(0b00110, 5); // uvlc: 5
    model = choose();
    if (model) {
      put(9, 5);
      put(1, 32);
      put(0, 10);
    }
  }
  const delay = choose();
  put(1, 5); // two operating points
  for (const level of [5, 12]) {
    put(0, 12);
    put(level, 5);
    if (level > 7) choose();
    if (model && choose()) put(0, 21);
    if (delay && choose()) put(0, 4);
  }
  put(5, 4);
  put(6, 4);
  put(63, 6);
  put(47, 7);
  if (choose()) put(0, 7);
  put(0, 3 + 4);
  const order = choose();
  if (order) put(0, 2);
  const choosesTools = choose();
  const forced = choosesTools || choose();
  if (forced && !choose()) put(1, 1);
  if (order) put(6, 3);
  put(0, 3);
  if (choose()) put(0, 1);
  choose(); // mono_chrome
  put(1, 1);
  put(primaries, 8);
  put(transfer, 8);
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8 + 32, "0").match(/.{8}/g) ?? [];
  return unit(1, Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2))));
}

describe("every form of the file", () => {
  const still = sequenceHeader([false], 9, 8);

  test("a sequence header for moving pictures is walked to its colours, whatever stands before them", () => {
    const delimiter = unit(2, Buffer.alloc(0));
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 24 }), fc.nat(255), fc.nat(255), (flags, p, t) => {
        const content = Buffer.concat([delimiter, sequenceHeader(flags, p, t), unit(6, Buffer.alloc(8))]);
        expect(declaredColours(file([{ type: "av01", content }], []))).toEqual([{ primaries: p, transfer: t }]);
      }),
    );
  });

  test("wide and narrow numbers say the same", () => {
    const items = [{ type: "av01", properties: [2] }];
    for (const wide of [false, true])
      expect(declaredColours(file(items, [nclx(1, 16), nclx(12, 13)], wide))).toEqual([
        { primaries: 12, transfer: 13 },
      ]);
  });

  test("tiles without a box count by their sequence header, beside the box of their grid", () => {
    const items = [
      { type: "grid", properties: [1] },
      { type: "av01", content: still },
      { type: "av01", content: still },
    ];
    expect(declaredColours(file(items, [nclx(1, 13)]))).toEqual([SRGB, LINEAR]);
  });

  test("what a gain map would show on bright screens does not count, unless it is the picture", () => {
    const [base, toneMapped] = [
      { type: "av01", properties: [1] },
      { type: "tmap", properties: [2] },
    ];
    const colours = [nclx(1, 13), nclx(9, 16)];
    expect(declaredColours(file([base, toneMapped], colours))).toEqual([SRGB]);
    expect(declaredColours(file([toneMapped, base], colours))).toEqual([{ primaries: 9, transfer: 16 }, SRGB]);
  });

  test.each<[string, readonly Described[], RegExp]>([
    ["no primary picture", [], /primary/],
    ["no sequence header", [{ type: "av01", content: unit(6, Buffer.alloc(8)) }], /no sequence header/],
    ["nothing but other units", [{ type: "av01", content: Buffer.alloc(999, unit(5, n(1, 0))) }], /more than 32 units/],
    ["a length without an end", [{ type: "av01", content: n(1, 10, ...Array(9).fill(255)) }], /no end/],
    ["too many items", Array.from({ length: 1_001 }, () => ({ type: "mime" })), /more than 1000 items/],
  ])("%s is an error", (_, items, message) => {
    expect(() => declaredColours(file(items, []))).toThrow(message);
  });
});
