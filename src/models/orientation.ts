import sharp from "sharp";

/** The tag 0x0112. */
const ORIENTATION_AT = 18;

/** EXIF orientation as libvips reads it, which is how the picture was judged: 1, upright, where there is none. */
export async function orientationOf(bytes: Uint8Array): Promise<number> {
  return (await sharp(bytes, { limitInputPixels: false }).metadata()).orientation ?? 1;
}

/**
 * A TIFF structure that says nothing but how to turn the picture; undefined where it stands upright.
 * @see CIPA DC-008 (Exif 2.32), section 4.6.4
 */
export function minimalExif(orientation: number): Uint8Array | undefined {
  if (!(orientation >= 2 && orientation <= 8)) return undefined;
  // the header, one field in the first directory (tag, type SHORT, one value), and no further directory
  const tiff = Buffer.from("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0", "latin1");
  tiff.writeUInt16LE(orientation, ORIENTATION_AT);
  return tiff;
}
