import sharp from "sharp";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import { blurImage, type ReleasedImage } from "../src/models/blur.ts";
import { decodeImage } from "../src/models/decode.ts";
import { measure, report } from "./support/harness.ts";

const RADIUS = 0.06;
const REGIONS = [
  { x: 0.1, y: 0.2, width: 0.3, height: 0.4 },
  { x: 0.6, y: 0.5, width: 0.2, height: 0.2 },
];

const rows = [];
for (const [side, iterations] of [
  [512, 40],
  [1024, 20],
] as const) {
  const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
  const png = await sharp({ create: { width: side, height: side, channels: 3, background: "#888", noise } })
    .png()
    .toBuffer();
  const image = await decodeImage(png, DEFAULT_LIMITS);
  const check = ({ width, height, bytes }: ReleasedImage) => {
    if (width !== side || height !== side || bytes.length < 500) throw new Error("wrong answer: not worth timing");
  };
  for (const style of ["blur", "pixelate"] as const) {
    for (const [name, extent] of [
      ["the whole picture", { style }],
      ["two regions", { style, regions: REGIONS }],
    ] as const) {
      const run = () => blurImage(image, RADIUS, extent);
      rows.push(await measure(`${style}, ${name}, ${side} × ${side}`, run, { iterations, check }));
    }
  }
}
report("blur: decoded pixels to the JPEG that is answered", rows);
