import { ascii } from "./containers.ts";
import { minimalExif } from "./orientation.ts";

const [SOI, EOI, SOS, DRI, DHT, DQT, DAC, COM] = [0xd8, 0xd9, 0xda, 0xdd, 0xc4, 0xdb, 0xcc, 0xfe];
const TABLES: ReadonlySet<number> = new Set([DQT, DHT, DAC, DRI]);
const JFIF = Buffer.from("JFIF\0", "latin1");
const JFIF_LENGTH = 14;
const ADOBE = "Adobe";
const ADOBE_LENGTH = 12;
const ICC = "ICC_PROFILE\0";

/**
 * A JPEG with what a decoder needs: JFIF without its thumbnail, the ICC profile, Adobe's colour transform, the orientation, frame, tables and
 * scans. It ends with its first EOI: previews, gain maps and further pictures behind it go.
 * @returns undefined when it cannot be walked to there, or has a segment that is neither needed nor known to be idle
 * @see ITU-T T.81, annex B
 */
export function strippedJpeg(bytes: Uint8Array, orientation: number): Uint8Array | undefined {
  const head = new Head();
  const body: Uint8Array[] = [];
  /** Not yet followed by a scan: behind the last one they would be idle. */
  let tables: Uint8Array[] = [];
  let scans = 0;
  for (let at = 2; ; ) {
    if (bytes[at] !== 0xff) return undefined;
    while (bytes[at + 1] === 0xff) at++; // fill bytes
    const marker = bytes[at + 1];
    if (marker === undefined) return undefined;
    if (marker === EOI) break;
    const end = at + 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
    if (end < at + 4 || end > bytes.length) return undefined;
    const whole = bytes.subarray(at, end);
    if (TABLES.has(marker) || isFrame(marker)) tables.push(whole);
    else if (marker === SOS) {
      const scanned = endOfScan(bytes, end);
      body.push(...tables, bytes.subarray(at, scanned));
      tables = [];
      scans += 1;
      at = scanned;
      continue;
    } else if (marker >= 0xe0 && marker <= 0xef) {
      if (scans === 0) head.take(marker, whole.subarray(4));
    } else if (marker !== COM) return undefined;
    at = end;
  }
  const profile = head.profile();
  if (scans === 0 || !profile) return undefined;
  const exif = minimalExif(orientation);
  return Buffer.concat([
    Buffer.from([0xff, SOI]),
    ...(head.jfif ? [segment(0xe0, head.jfif)] : []),
    ...(exif ? [segment(0xe1, Buffer.concat([Buffer.from("Exif\0\0", "latin1"), exif]))] : []),
    ...profile.map((part) => segment(0xe2, part)),
    ...(head.adobe ? [segment(0xee, head.adobe)] : []),
    ...body,
    Buffer.from([0xff, EOI]),
  ]);
}

/** What stands in the application segments before the first scan. As decoders do, the last of a kind holds. */
class Head {
  jfif: Uint8Array | undefined;
  adobe: Uint8Array | undefined;
  readonly #profile: Uint8Array[] = [];

  take(marker: number, data: Uint8Array): void {
    if (marker === 0xe0 && data.length >= JFIF_LENGTH && ascii(data, 0, 5) === "JFIF\0") {
      // identifier, version, units and density; then the thumbnail's size
      this.jfif = Buffer.concat([JFIF, data.subarray(JFIF.length, JFIF_LENGTH - 2), Buffer.alloc(2)]);
    } else if (marker === 0xee && data.length >= ADOBE_LENGTH && ascii(data, 0, 5) === ADOBE) {
      this.adobe = data.subarray(0, ADOBE_LENGTH);
    } else if (marker === 0xe2 && ascii(data, 0, ICC.length) === ICC) this.#profile.push(data);
  }

  /**
   * The parts of the ICC profile, in order.
   * @returns undefined when they do not make one whole: decoders do not agree on what then holds
   * @see ICC.1:2022, annex B.4
   */
  profile(): readonly Uint8Array[] | undefined {
    const [place, count] = [ICC.length, ICC.length + 1];
    const parts = this.#profile.toSorted((a, b) => (a[place] ?? 0) - (b[place] ?? 0));
    const sound = parts.every((part, i) => part[place] === i + 1 && part[count] === parts.length);
    return sound ? parts : undefined;
  }
}

function segment(marker: number, data: Uint8Array): Uint8Array {
  const length = data.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 0xff]), data]);
}

/** SOF0 to SOF15, which lie around three others. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== 0xc8 && marker !== DAC;
}

/** Where the next marker stands that is no part of a scan's data, as RST and stuffed zeros are; the end, if there is none. */
function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 2)) {
    const next = bytes[at + 1] ?? 0;
    if (next !== 0 && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}
