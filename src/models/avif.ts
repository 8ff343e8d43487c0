import type { ColourDescription } from "./colour.ts";
import { ascii } from "./containers.ts";

/** libheif reads no file with more. */
const ITEMS = 1_000;

/** Bytes and units at the start of an item in which its sequence header must be. */
const OPENING = 65_536;
const UNITS = 32;

/** Kinds of units: what describes frames, and what they begin with. */
const SEQUENCE_HEADER = 1;
const FRAME = [3, 6];

/** What a gain map would make of the picture on a bright screen. Everybody else shows the picture under it. */
const TONE_MAPPED = "tmap";

interface Box {
  readonly type: string;
  readonly view: DataView;
}

interface Item {
  readonly type: string;
  readonly colours: ColourDescription[];
}

/**
 * What an AVIF says its colours are, each once: in the boxes `colr` of type `nclx` that belong to its pictures, tiles and masks, and for
 * those without one in the AV1 sequence header, as browsers read it. Not told counts as unspecified (2). ICC profiles are left to libheif.
 * @throws Error for a file that is not built as an AVIF is
 * @see ISO/IEC 14496-12, 8.11 (boxes); ISO/IEC 23008-12, 6.5.5 and 9.3 (`colr`, `ipma`); https://aomediacodec.github.io/av1-avif/
 */
export function declaredColours(bytes: Uint8Array): readonly ColourDescription[] {
  const file = viewOf(bytes);
  // As libheif and browsers do: a second one, or whatever follows it, is no part of the picture.
  const meta = first(boxes(file), "meta");
  const inside = [...boxes(part(meta, 4))];
  const primary = primaryItem(first(inside, "pitm"));
  const items = itemsOf(first(inside, "iinf"));
  if (!items.has(primary)) throw new Error("its primary picture is not there");
  addColours(items, first(inside, "iprp"));
  const locations = locationsOf(first(inside, "iloc"));
  const idat = inside.find(({ type }) => type === "idat")?.view;
  const all: ColourDescription[] = [];
  for (const [id, { type, colours }] of items) {
    if (type === TONE_MAPPED && id !== primary) continue;
    all.push(...colours);
    if (type === "av01" && colours.length === 0) all.push(...inSequenceHeaders(opening(locations.get(id), file, idat)));
  }
  return all.filter(
    (one, i) => all.findIndex((other) => one.primaries === other.primaries && one.transfer === other.transfer) === i,
  );
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @throws RangeError beyond the end, as all that reads a DataView does */
function part(view: DataView, start: number, length = view.byteLength - start): DataView {
  if (start + length > view.byteLength) throw new RangeError("it is cut short");
  return new DataView(view.buffer, view.byteOffset + start, length);
}

function textOf(view: DataView, start: number): string {
  return ascii(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), start, start + 4);
}

/** @throws Error for a box that is longer than what it is in, once it is reached */
function* boxes(view: DataView): Generator<Box> {
  for (let start = 0; start + 8 <= view.byteLength; ) {
    const short = view.getUint32(start);
    const header = short === 1 ? 16 : 8;
    const size = short === 1 ? Number(view.getBigUint64(start + 8)) : short === 0 ? view.byteLength - start : short;
    if (size < header) throw new Error("a box is shorter than its header");
    yield { type: textOf(view, start + 4), view: part(view, start + header, size - header) };
    start += size;
  }
}

function first(all: Iterable<Box>, wanted: string): DataView {
  for (const { type, view } of all) if (type === wanted) return view;
  throw new Error(`it has no box ${wanted}`);
}

/** A number of 0 to 8 bytes. */
function numberAt(view: DataView, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + view.getUint8(at + i);
  return value;
}

function primaryItem(pitm: DataView): number {
  return numberAt(pitm, 4, pitm.getUint8(0) === 0 ? 2 : 4);
}

function itemsOf(iinf: DataView): Map<number, Item> {
  const items = new Map<number, Item>();
  for (const { type, view } of boxes(part(iinf, iinf.getUint8(0) === 0 ? 6 : 8))) {
    if (type !== "infe") continue;
    const version = view.getUint8(0);
    const idSize = version < 3 ? 2 : 4;
    const kind = version < 2 ? "" : textOf(part(view, 4 + idSize + 2, 4), 0);
    items.set(numberAt(view, 4, idSize), { type: kind, colours: [] });
    if (items.size > ITEMS) throw new Error(`it has more than ${ITEMS} items`);
  }
  return items;
}

/** Gives each item what its properties say. */
function addColours(items: ReadonlyMap<number, Item>, iprp: DataView): void {
  const [...parts] = boxes(iprp);
  const properties = [...boxes(first(parts, "ipco"))].map(colourOf);
  for (const { type, view } of parts) {
    if (type !== "ipma") continue;
    const idSize = view.getUint8(0) === 0 ? 2 : 4;
    const indexSize = view.getUint8(3) & 1 ? 2 : 1;
    const count = view.getUint32(4);
    for (let i = 0, at = 8; i < count; i++) {
      const item = items.get(numberAt(view, at, idSize));
      const indices = view.getUint8(at + idSize);
      at += idSize + 1;
      for (const end = at + indices * indexSize; at < end; at += indexSize) {
        const index = numberAt(view, at, indexSize) & (indexSize === 2 ? 0x7fff : 0x7f); // without the bit "essential"
        const colour = properties[index - 1];
        if (colour && item) item.colours.push(colour);
      }
    }
  }
}

function colourOf({ type, view }: Box): ColourDescription | undefined {
  if (type !== "colr" || textOf(view, 0) !== "nclx") return undefined;
  return { primaries: view.getUint16(4), transfer: view.getUint16(6) };
}

interface Location {
  readonly inIdat: boolean;
  /** In bytes; of length 0 to the end. */
  readonly extents: readonly (readonly [start: number, length: number])[];
}

function locationsOf(iloc: DataView): ReadonlyMap<number, Location> {
  const version = iloc.getUint8(0);
  const [offsetSize, lengthSize] = [iloc.getUint8(4) >> 4, iloc.getUint8(4) & 15];
  const [baseSize, indexSize] = [iloc.getUint8(5) >> 4, version === 0 ? 0 : iloc.getUint8(5) & 15];
  const idSize = version < 2 ? 2 : 4;
  const count = numberAt(iloc, 6, idSize);
  const locations = new Map<number, Location>();
  let at = 6 + idSize;
  const next = (size: number) => {
    const value = numberAt(iloc, at, size);
    at += size;
    return value;
  };
  for (let i = 0; i < count; i++) {
    const id = next(idSize);
    const method = version === 0 ? 0 : next(2) & 15;
    if (method > 1 || next(2) !== 0) throw new Error("an item is not in the file itself");
    const base = next(baseSize);
    const extents: [number, number][] = [];
    for (let left = next(2); left > 0; left--) {
      next(indexSize);
      extents.push([base + next(offsetSize), next(lengthSize)]);
      if (extents.length > ITEMS) throw new Error(`an item is in more than ${ITEMS} pieces`);
    }
    locations.set(id, { inIdat: method === 1, extents });
    if (locations.size > ITEMS) throw new Error(`it has more than ${ITEMS} items`);
  }
  return locations;
}

/** The first bytes of an item. */
function opening(location: Location | undefined, file: DataView, idat: DataView | undefined): Uint8Array {
  const source = location?.inIdat ? idat : file;
  if (!location || !source) throw new Error("an item has no content");
  const pieces: Uint8Array[] = [];
  let left = OPENING;
  for (const [start, length] of location.extents) {
    const { buffer, byteOffset, byteLength } = part(source, start, length === 0 ? undefined : length);
    pieces.push(new Uint8Array(buffer, byteOffset, Math.min(byteLength, left)));
    left -= Math.min(byteLength, left);
    if (left === 0) break;
  }
  return Buffer.concat(pieces);
}

/** Before the first frame. @see AV1 Bitstream & Decoding Process Specification, 5.3 (units) */
function inSequenceHeaders(bytes: Uint8Array): ColourDescription[] {
  const view = viewOf(bytes);
  const found: ColourDescription[] = [];
  for (let at = 0, units = 0; at < bytes.length; units++) {
    const head = view.getUint8(at);
    const kind = (head >> 3) & 15;
    if (FRAME.includes(kind)) break;
    if (units === UNITS) throw new Error(`a picture has more than ${UNITS} units before its first frame`);
    at += head & 4 ? 2 : 1; // with its extension
    let size = bytes.length - at;
    if (head & 2) [size, at] = lengthAt(view, at);
    if (kind === SEQUENCE_HEADER) found.push(colourOfSequence(part(view, at, Math.min(size, bytes.length - at))));
    at += size;
  }
  if (found.length === 0) throw new Error("a picture has no sequence header");
  return found;
}

/** @see AV1 Bitstream & Decoding Process Specification, 4.10.5 (leb128) */
function lengthAt(view: DataView, start: number): [length: number, end: number] {
  let length = 0;
  for (let i = 0; i < 8; i++) {
    const byte = view.getUint8(start + i);
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [length, start + i + 1];
  }
  throw new Error("the length of a unit has no end");
}

/** @see AV1 Bitstream & Decoding Process Specification, 5.5.1 and 5.5.2 */
function colourOfSequence(view: DataView): ColourDescription {
  let at = 0;
  const bits = (count: number) => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) value = value * 2 + ((view.getUint8(at >> 3) >> (7 - (at & 7))) & 1);
    return value;
  };
  const flag = () => bits(1) === 1;
  const profile = bits(3);
  flag(); // still_picture
  const reduced = flag();
  if (reduced) bits(5);
  else operatingPoints(bits, flag);
  const [widthBits, heightBits] = [bits(4) + 1, bits(4) + 1];
  bits(widthBits);
  bits(heightBits);
  if (!reduced && flag()) bits(4 + 3); // lengths of frame numbers
  bits(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!reduced) tools(bits, flag);
  bits(3); // enable_superres, enable_cdef, enable_restoration
  const deep = flag();
  if (profile === 2 && deep) flag(); // twelve_bit
  if (profile !== 1) flag(); // mono_chrome
  return flag() ? { primaries: bits(8), transfer: bits(8) } : { primaries: 2, transfer: 2 };
}

type Bits = (count: number) => number;
type Flag = () => boolean;

function operatingPoints(bits: Bits, flag: Flag): void {
  let decoderModel = false;
  let delayBits = 0;
  const timed = flag();
  if (timed) {
    bits(64); // num_units_in_display_tick, time_scale
    if (flag()) variableLength(bits, flag);
    decoderModel = flag();
    if (decoderModel) {
      delayBits = bits(5) + 1;
      bits(32 + 5 + 5);
    }
  }
  const displayDelay = flag();
  for (let left = bits(5) + 1; left > 0; left--) {
    bits(12); // operating_point_idc
    if (bits(5) > 7) flag(); // seq_tier
    if (decoderModel && flag()) bits(2 * delayBits + 1);
    if (displayDelay && flag()) bits(4);
  }
}

function variableLength(bits: Bits, flag: Flag): void {
  let zeros = 0;
  while (!flag()) zeros += 1;
  if (zeros < 32) bits(zeros);
}

function tools(bits: Bits, flag: Flag): void {
  bits(4); // enable_interintra_compound, enable_masked_compound, enable_warped_motion, enable_dual_filter
  const order = flag();
  if (order) bits(2); // enable_jnt_comp, enable_ref_frame_mvs
  const screenContent = flag() || flag(); // chosen by each frame, or forced
  if (screenContent && !flag()) flag(); // seq_choose_integer_mv, seq_force_integer_mv
  if (order) bits(3); // order_hint_bits_minus_1
}
