import sharp, { type Sharp } from "sharp";
import { pngChunk, withPngChunks } from "./seeds.ts";

/** Stands in everything that a laden picture carries beside its pixels. */
export const MARK = "LEAK";

const XMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">${MARK}</rdf:RDF></x:xmpmeta>`;
const JUMBF = Buffer.from(`JP\0\x01\0\0\0\x01\0\0\0\x20jumbc2pa ${MARK}`, "latin1");
const IPTC = Buffer.from(`Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0a\x1c\x02\x78\0\x05${MARK}!`, "latin1");
export const TRAILING = Buffer.from(`PK\x03\x04 ${MARK} behind the end`, "latin1");

/** With a place on earth, an author, and the orientation. */
export function withExif(image: Sharp, orientation: number): Sharp {
  return image
    .withMetadata({ orientation })
    .withExifMerge({
      IFD0: { Artist: MARK, Copyright: MARK },
      IFD2: { UserComment: MARK },
      IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 3230/100", GPSProcessingMethod: MARK },
    })
    .withXmp(XMP);
}

/** A TIFF structure with all that {@link withExif} writes. */
export async function exif(orientation: number): Promise<Buffer> {
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: "#888" } });
  const { exif: whole } = await sharp(await withExif(pixel, orientation).jpeg().toBuffer()).metadata();
  if (!whole) throw new Error("sharp wrote no EXIF");
  return whole.subarray(6);
}

export function jpegSegment(marker: number, data: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

export function riffChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(8 + data.length + (data.length % 2));
  chunk.write(type, "latin1");
  chunk.writeUInt32LE(data.length, 4);
  chunk.set(data, 8);
  return chunk;
}

export async function ladenJpeg(jpeg: Uint8Array, orientation: number): Promise<Buffer> {
  const text = (data: string) => Buffer.from(data, "latin1");
  const segments = [
    jpegSegment(0xe1, Buffer.concat([text("Exif\0\0"), await exif(orientation)])),
    jpegSegment(0xe1, text(`http://ns.adobe.com/xap/1.0/\0${XMP}`)),
    jpegSegment(0xed, IPTC),
    jpegSegment(0xeb, JUMBF),
    jpegSegment(0xe2, text(`MPF\0 ${MARK}`)),
    jpegSegment(0xe0, text(`JFXX\0\x10 ${MARK}`)),
    jpegSegment(0xef, text(MARK)),
    jpegSegment(0xfe, text(`a comment, ${MARK}`)),
  ];
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2), TRAILING]);
}

export async function ladenPng(png: Uint8Array, orientation: number): Promise<Buffer> {
  const text = (type: string, data: string) => pngChunk(type, Buffer.from(data, "latin1"));
  return Buffer.concat([
    withPngChunks(
      png,
      pngChunk("eXIf", await exif(orientation)),
      text("iTXt", `XML:com.adobe.xmp\0\0\0\0\0${XMP}`),
      text("tEXt", `Comment\0${MARK}`),
      text("tEXt", `Raw profile type iptc\0\niptc\n 12\n${MARK}`),
      pngChunk("caBX", JUMBF),
      text("prVt", MARK),
    ),
    TRAILING,
  ]);
}

/** @param webp with the extended header, or there is no room for an orientation */
export async function ladenWebp(webp: Uint8Array, orientation: number): Promise<Buffer> {
  const file = Buffer.concat([
    webp,
    riffChunk("EXIF", await exif(orientation)),
    riffChunk("XMP ", Buffer.from(XMP)),
    riffChunk("C2PA", JUMBF),
    riffChunk("junk", Buffer.from(MARK)),
  ]);
  file.writeUInt32LE(file.length - 8, 4);
  file[20] = (file[20] ?? 0) | 0x0c; // EXIF and XMP
  return Buffer.concat([file, TRAILING]);
}

/** A comment, XMP, a loop that is none, and text to be drawn, before the first picture. */
export function ladenGif(gif: Uint8Array): Buffer {
  const start = 13 + ((gif[10] ?? 0) & 0x80 ? 3 * 2 ** (((gif[10] ?? 0) & 7) + 1) : 0);
  const blocks = (label: number, ...parts: string[]) =>
    Buffer.from(
      `\x21${String.fromCharCode(label)}${parts.map((part) => String.fromCharCode(part.length) + part).join("")}\0`,
      "latin1",
    );
  return Buffer.concat([
    gif.subarray(0, start),
    blocks(0xfe, `a comment, ${MARK}`),
    blocks(0xff, "XMP DataXMP", XMP),
    blocks(0xff, "NETSCAPE2.0", `\x02${MARK}`),
    blocks(0x01, "\0\0\0\0\0\0\0\0\x08\x08\x01\0", MARK),
    gif.subarray(start),
    TRAILING,
  ]);
}
