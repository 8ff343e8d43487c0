import sharp, { type Sharp } from "sharp";

/** What people do to a picture that they pass on, from its encoded bytes to those of the copy. */
export interface Copy {
  readonly name: string;
  make(bytes: Uint8Array): Promise<Uint8Array>;
}

const JPEG = 90;

function saved(name: string, change: (picture: Sharp, width: number, height: number) => Sharp): Copy {
  return {
    name,
    async make(bytes) {
      const upright = sharp(bytes).autoOrient().flatten({ background: "#808080" }).toColourspace("srgb");
      const { data, info } = await upright.png({ compressionLevel: 1 }).toBuffer({ resolveWithObject: true });
      return await change(sharp(data), info.width, info.height).toBuffer();
    },
  };
}

const resized = (scale: number) =>
  saved(`resized × ${scale}`, (picture, width) =>
    picture.resize({ width: Math.max(16, Math.round(width * scale)) }).jpeg({ quality: JPEG }),
  );

/** @param from where the cut begins, as a share of what is cut off: 0.5 keeps the middle */
const cropped = (percent: number, from: number, where: string) =>
  saved(`cropped by ${percent} %, ${where}`, (picture, width, height) => {
    const [across, down] = [(width * percent) / 100, (height * percent) / 100];
    return picture
      .extract({
        left: Math.round(across * from),
        top: Math.round(down * from),
        width: Math.round(width - across),
        height: Math.round(height - down),
      })
      .jpeg({ quality: JPEG });
  });

function lettered(picture: Sharp, width: number, height: number): Sharp {
  const size = Math.min(width, height) / 9;
  const text = `<text x="50%" y="50%" font-size="${size}" font-family="sans-serif" font-weight="bold" text-anchor="middle" fill="#fff" fill-opacity="0.45" stroke="#000" stroke-opacity="0.3" transform="rotate(-30 ${width / 2} ${height / 2})">PREVIEW ONLY</text>`;
  return picture.composite([{ input: svg(width, height, text) }]).jpeg({ quality: JPEG });
}

function captioned(picture: Sharp, width: number, height: number): Sharp {
  const tall = height * 0.08;
  const text = `<rect y="${height - tall}" width="${width}" height="${tall}" fill="#000"/><text x="50%" y="${height - tall * 0.25}" font-size="${tall * 0.7}" font-family="sans-serif" text-anchor="middle" fill="#fff">when you see it</text>`;
  return picture.composite([{ input: svg(width, height, text) }]).jpeg({ quality: JPEG });
}

function cornerMark(picture: Sharp, width: number, height: number): Sharp {
  const size = Math.min(width, height) / 18;
  const text = `<text x="${width * 0.97}" y="${height * 0.97}" font-size="${size}" font-family="sans-serif" text-anchor="end" fill="#fff" fill-opacity="0.8">pictures.example</text>`;
  return picture.composite([{ input: svg(width, height, text) }]).jpeg({ quality: JPEG });
}

function svg(width: number, height: number, content: string): Buffer {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`);
}

/** Copies that should be found. */
export const COPIES: readonly Copy[] = [
  ...[95, 75, 50, 30].map((quality) => saved(`JPEG ${quality}`, (picture) => picture.jpeg({ quality }))),
  ...[80, 40].map((quality) => saved(`WebP ${quality}`, (picture) => picture.webp({ quality }))),
  ...[0.25, 0.5, 0.75, 1.5, 2].map(resized),
  cropped(2, 0.5, "all around"),
  cropped(4, 0.5, "all around"),
  cropped(5, 0.5, "all around"),
  cropped(3, 0, "right and bottom"),
  cropped(5, 0, "right and bottom"),
  saved("small mark in a corner", cornerMark),
  saved("watermark across", lettered),
  saved("caption over the lowest 8 %", captioned),
  saved("brightness × 1.2", (picture) => picture.linear(1.2, 0).jpeg({ quality: JPEG })),
  saved("brightness × 0.8", (picture) => picture.linear(0.8, 0).jpeg({ quality: JPEG })),
  saved("contrast × 1.3", (picture) => picture.linear(1.3, -38).jpeg({ quality: JPEG })),
  saved("contrast × 0.7", (picture) => picture.linear(0.7, 38).jpeg({ quality: JPEG })),
  saved("grey", (picture) => picture.greyscale().jpeg({ quality: JPEG })),
  saved("blurred, 2 pixels", (picture) => picture.blur(2).jpeg({ quality: JPEG })),
  saved("cropped by 2 %, × 0.5, watermark, JPEG 60", (picture, width, height) => {
    const [left, top] = [Math.round(width * 0.01), Math.round(height * 0.01)];
    const smaller = picture
      .extract({ left, top, width: width - 2 * left, height: height - 2 * top })
      .resize(Math.max(16, Math.round(width / 2)), Math.max(16, Math.round(height / 2)), { fit: "fill" });
    return cornerMark(smaller, Math.max(16, Math.round(width / 2)), Math.max(16, Math.round(height / 2))).jpeg({
      quality: 60,
    });
  }),
];

/** Copies that only `orientations: true` finds. */
export const TURNED: readonly Copy[] = [
  saved("mirrored", (picture) => picture.flop().jpeg({ quality: JPEG })),
  saved("upside down", (picture) => picture.rotate(180).jpeg({ quality: JPEG })),
  saved("turned by 90°", (picture) => picture.rotate(90).jpeg({ quality: JPEG })),
];
