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
    ["LZ4", hex("02214c18"), "opaque"],
    ["PNM", Buffer.from("PF\n12 7\n-1.0\n"), "opaque"],
    ["PNM", Buffer.from("Pf 12 7 .5\n"), "opaque"],
    ["lzip", hex("4c5a495001"), "opaque"],
    ["PCX", hex("0a054108"), "opaque"],
    ["ICNS", hex("69636e7301000000"), "opaque"],
    ["QOI", hex("716f6966", "\0\0\0\x05\0\0\0\x04\x09\x07"), "opaque"],
    ["QOI", hex("716f6966", "\x10\0\0\0\0\0\0\x01\x03\0"), "opaque"],
    ["PostScript", hex("c5d0d3c6"), "opaque"],
    ["DIB", hex("0c000000", "\x05\0\x04\0\x01\0\x18\0"), "opaque"],
    ["DIB", hex("6c000000", zeros(8), "\x07\0\x20\0"), "opaque"],
    ["CUR or TGA", hex("00000200"), "opaque"],
    ["Sun raster", hex("59a66a95"), "opaque"],
    ["FITS", Buffer.from(`SIMPLE  = ${"T".padStart(20)}${" ".repeat(50)}BITPIX`), "opaque"],
    ["FITS", Buffer.from("SIMPLE  T / as Pillow has it"), "opaque"],
    ["FITS", Buffer.from(`SIMPLE  ${"T".padStart(72)}BITPIX`), "opaque"],
    ["Radiance HDR", Buffer.from("#?RGBE\r\n"), "opaque"],
    ["GIMP XCF", Buffer.from("gimp xcf v011\0"), "opaque"],
    ["WMF", hex("d7cdc69a"), "opaque"],
    ["DjVu", Buffer.from("AT&TFORM"), "opaque"],
    ["DCX", hex("b168de3a"), "opaque"],
    ["FLIC", hex("0000000012af", zeros(10)), "opaque"],
    ["PIXAR", hex("80e80000"), "opaque"],
    ["BLP", hex("424c503201000000"), "opaque"],
    ["FTEX", hex("46544558", zeros(4), "\x05\0\0\0"), "opaque"],
    ["MSP", hex("4c696e53", "\x05\0\x04\0"), "opaque"],
    ["GIMP brush", hex("0000001c00000002", "\0\0\0\x05\0\0\0\x04\0\0\0\x01GIMP"), "opaque"],
    ["SPIDER", hex("412000000000000000000000000000003f800000"), "opaque"],
    ["SPIDER", hex("000020410000000000000000000000000000803f"), "opaque"],
    ["McIDAS", hex("0000000000000004"), "opaque"],
    ["IM", Buffer.from(`Image type: RGB image\r\nName: x\r\n${zeros(9)}\x1a`), "opaque"],
    ["IM Tools", Buffer.from("* made by hand\nwidth 5\nheight 4\npixel n8\n\x0c"), "opaque"],
    ["IPTC", hex("1c033c"), "opaque"],
    ["OLE", hex("d0cf11e0a1b11ae1"), "opaque"],
    ["PNM", Buffer.from("P1 2 2 1 0 0 1"), "opaque"],
    ["PNM", Buffer.from("P6\n1# inside a number\n2 # \r7\n2#\n55\n"), "opaque"],
    ["PNM", Buffer.from("P5 +5 0_4 2_5_5\n"), "opaque"],
    ["PNM", Buffer.from(`P6 #${"x".repeat(2_000)}\n5 4 255\n`), "opaque"],
    ["PNM", Buffer.from(`P6 5${" ".repeat(2_000)}4 255\n`), "opaque"],
    ["PNM", Buffer.from("P0CMYK5 4\n255\n"), "opaque"],
    ["PNM", Buffer.from("PyRGBA 5 4 255\n"), "opaque"],
    ["PNM", Buffer.from("P7\nWIDTH 5\nHEIGHT 4\n"), "opaque"],
    ["PNM", Buffer.from("P7 332\n#XVVERSION\n"), "opaque"],
    ["XBM", Buffer.from("/* GIMP */\n#define height 4\n#define x 3\n#define a b_width 5\n"), "opaque"],
    ["pickle", hex("8002"), "opaque"],
    ["pickle", hex("8003"), "opaque"],
    ["pickle", hex("8005"), "opaque"],
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
    expect(contentOf(block.subarray(0, 511))).toBeUndefined();
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
  "P2 is on level 3, 400 places",
  "P3\n# a heading in Markdown\n\nand text\n",
  "P4 2",
  `P5\n# ${"a long heading ".repeat(100)}\ntext`.slice(0, 900),
  `P6 ${"is a chip; ".repeat(200)}`,
  "P7 wide",
  "Pyramids 5 4 3",
  "PyPI 1 2 3",
  "SIMPLE  = True",
  "SIMPLE = T",
  "QOI and qoif\nare pictures",
  "LinSpace(0, 1)",
  "DanMachi fan art",
  "BLP1 is a format of games",
  "FTEX is one, too",
  "Image type: photograph\nName: a dog\n",
  "width 5\nheight 4\npixel n8\n",
  "#define WIDTH 640\n#define HEIGHT 480\n",
  "#define max_width 640\nint height = 480;\n",
  "/* a comment */\n#define one 1\n#include <width.h>\n#define height 4\n",
  "gimp xcf v011",
  "AT&T FORM 7",
  "%! TeX\n",
  "\r\n\tindented\n",
  "( 0 0 0 )",
  "4\n",
  "import pickle\nprint(1)\n",
  "2026-11-27T03:46:28Z INFO started\n",
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
