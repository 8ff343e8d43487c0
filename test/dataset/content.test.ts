import { describe, expect, test } from "vitest";
import { contentOf } from "../../src/dataset/layouts/content.ts";

const hex = (digits: string, ...more: readonly string[]) =>
  Buffer.concat([Buffer.from(digits, "hex"), ...more.map((text) => Buffer.from(text))]);
const zeros = (n: number) => "\0".repeat(n);

describe("the first bytes tell", () => {
  test.each([
    ["PNG", hex("89504e470d0a1a0a"), "picture"],
    ["JPEG", hex("ffd8ffe0"), "picture"],
    ["WebP", Buffer.from(`RIFF${zeros(4)}WEBPVP8 `), "picture"],
    ["TIFF", Buffer.from("II*\0"), "picture"],
    ["BMP", hex("424d", zeros(12), "\x28\0\0\0"), "picture"],
    ["HEIC", Buffer.from(`${zeros(4)}ftypheic`), "opaque"],
    ["ZIP", Buffer.from("PK\x03\x04"), "opaque"],
    ["PDF", Buffer.from("%PDF-1.7"), "opaque"],
    ["SVG", Buffer.from('<?xml version="1.0"?><svg xmlns="x">'), "opaque"],
    ["gzip", hex("1f8b0800"), "opaque"],
    ["compress", hex("1f9d90"), "opaque"],
    ["Zstandard", hex("28b52ffd"), "opaque"],
    ["LZ4", hex("04224d18"), "opaque"],
    ["pickle", hex("80049500"), "opaque"],
    ["NumPy", hex("93", "NUMPY\x01"), "opaque"],
    ["HDF5", hex("894844460d0a1a0a"), "opaque"],
    ["PNM", Buffer.from("P6\n# made by hand\n12 # wide\n7\n255\n"), "opaque"],
    ["PFM", Buffer.from("PF\n12 7\n-1.0\n"), "opaque"],
    ["PCX", hex("0a050108"), "opaque"],
    ["DDS", hex("444453207c000000"), "opaque"],
    ["ICNS", hex("69636e7300001000"), "opaque"],
    ["QOI", hex("716f6966", zeros(8), "\x03\0"), "opaque"],
    ["SGI", hex("01da0101"), "opaque"],
    ["JPEG 2000", hex("ff4fff51"), "opaque"],
    ["PostScript", Buffer.from("%!PS-Adobe-3.0 EPSF-3.0"), "opaque"],
    ["DIB", hex("28000000", zeros(8), "\x01\0\x18\0"), "opaque"],
    ["XPM", Buffer.from("/* XPM */\nstatic char"), "opaque"],
    ["XBM", Buffer.from("#define a_width 16\n#define a_height 16\n"), "opaque"],
    ["OpenEXR", hex("762f3101"), "opaque"],
    ["Radiance HDR", Buffer.from("#?RADIANCE\n"), "opaque"],
    ["DICOM", Buffer.from(`${zeros(128)}DICM`), "opaque"],
    ["Matroska", hex("1a45dfa3"), "opaque"],
    ["FLV", Buffer.from("FLV\x01\x05"), "opaque"],
  ])("%s", (format, bytes, kind) => {
    expect(contentOf(bytes)).toEqual({ kind, format });
  });

  test("a tar archive, of any age", () => {
    const block = Buffer.alloc(512);
    block.write("a.png");
    block.write("00000000000\0", 124);
    block.write(" ".repeat(8), 148);
    block.write(
      `${block
        .reduce((a, b) => a + b, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    expect(contentOf(block)).toEqual({ kind: "archive", format: "tar" });
    block[0] = 0x62;
    expect(contentOf(block)).toBeUndefined();
  });
});

test.each([
  "",
  "\n",
  "a photograph of a red boat",
  "BMW builds cars, and BM is no picture",
  "P3 is a colour space, P6 a processor",
  "P1\n\nparking level one",
  "Pf. 12 coins",
  "SIMPLE is better than complex",
  "DDS stands for direct digital synthesis",
  "icns files are for icons",
  "qoif is what it begins with",
  "gimp xcf files are layered",
  "FLV was a format",
  "RIFF of the day: AVI",
  "LZIP compresses",
  "#define MAX 16",
  "#!/bin/sh\necho",
  "#?what",
  "/* XPM is old */",
  "% a comment in TeX",
  "PARTS: 1",
  "ARROWS point",
  "7zip is a program",
  '{"caption":"a dog"}',
  "file_name,text\na.png,a dog\n",
  "\ufeffwith a byte order mark",
  "Zeichen: äöüß, 犬, собака",
  `${"x".repeat(128)} DICM`,
  "0".repeat(1_024),
])("%j is text", (text) => {
  expect(contentOf(Buffer.from(text))).toBeUndefined();
});
