import { mkdirSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { qualityOf } from "../../src/app/clip-quality.ts";
import type { Category } from "../../src/contract/categories.ts";
import { addModel } from "../../src/models/installed/add.ts";
import { digestOf, pinOf } from "../../src/models/installed/pinned.ts";
import { tinyClip, writeTinyClip } from "../detectors/clip/tiny-clip.ts";
import { World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = new World();
  const source = world.path("tiny-source");
  await writeTinyClip(source);
  const pins = Object.keys(tinyClip()).map(async (name) => [name, await pinOf(`${source}/${name}`)] as const);
  const sha256 = digestOf(Object.fromEntries(await Promise.all(pins)));
  const signal = AbortSignal.timeout(20_000);
  await addModel({ source, cwd: "/", sha256, id: "tiny", data: world.path("data"), signal, attempt: async () => {} });
  const concepts = { "custom:red": ["red"], "custom:blue": ["blue"], "custom:odd": ["a thing"] };
  const detectors = { clip: { kind: "clip", model: "tiny", concepts } };
  world.write("safelight.yaml", JSON.stringify({ policies: ["policies"], detectors }));
});
afterAll(() => world.remove());

async function pictures(
  folder: string,
  n: number,
  colour: (i: number) => readonly [number, number, number],
  height = 8,
) {
  mkdirSync(world.path(folder), { recursive: true });
  for (let i = 0; i < n; i++) {
    const [r, g, b] = colour(i);
    const create = { width: 8 + (i % 5), height, channels: 3, background: { r, g, b } } as const;
    world.write(`${folder}/${i}.png`, await sharp({ create }).png().toBuffer());
  }
}

test("what can be told from harmless pictures holds up and gets a calibration; what cannot does not", async () => {
  await pictures("harmless", 210, (i) => [i, i, i]);
  await pictures("unsafe/custom:red", 24, (i) => [120 + 5 * i, 20 + i, 20]);
  await pictures("unsafe/custom:odd", 24, (i) => [i, i, i], 9);
  world.write("harmless/notes.txt", "no picture");
  const { status, out, err } = await world.run(["models", "calibrate", "--harmless", "harmless", "--unsafe", "unsafe"]);
  expect({ status, err }).toEqual({ status: 0, err: expect.stringMatching(/^left out notes.txt: /) });
  expect(out).toMatch(/^custom:red +24 +210 +1\.000 +1\.000 +0\.000 +yes$/m);
  expect(out).toMatch(/^custom:odd +24 +210 .* no$/m);
  expect(out).toContain("Not measured: custom:blue.");
  const { calibration } = parse(out.slice(out.indexOf("calibration:"))) as { calibration: Record<string, unknown> };
  expect(Object.keys(calibration)).toEqual(["custom:red"]);
});

test("mistakes are told", async () => {
  const run = async (...args: string[]) => (await world.run(["models", "calibrate", ...args])).err;
  const folders = ["--harmless", "harmless", "--unsafe", "unsafe"];
  expect(await run("--unsafe", "unsafe")).toContain("needs --harmless FOLDER and --unsafe FOLDER");
  expect(await run("nsfw", ...folders)).toContain('there is no detector "nsfw" of kind clip');
  expect(await run("--harmless", "nowhere", "--unsafe", "unsafe")).toContain("--harmless: there is no folder");
  mkdirSync(world.path("unsafe/weapons"), { recursive: true });
  expect(await run(...folders)).toContain("--unsafe: weapons is none of the detector's categories: custom:red");
});

test("no picture is measured by a calibration that has seen it, and a copy counts once", () => {
  const category: Category = "weapons";
  const known = (i: number, unsafe: boolean, logOdds: number) => ({
    digest: `sha256:${i.toString(16)}${(i % 16).toString(16)}`,
    category: unsafe ? category : null,
    logOdds: new Map([[category, logOdds]]),
  });
  const all = [
    ...Array.from({ length: 40 }, (_, i) => known(i, true, 4 + (i % 3))),
    ...Array.from({ length: 400 }, (_, i) => known(100 + i, false, -4 - (i % 3))),
  ];
  const [one] = qualityOf([...all, ...all], [category]);
  expect(one).toMatchObject({ unsafe: 40, harmless: 400, auroc: 1, recall: 1, false_positive_rate: 0, holds: true });
  const [swapped] = qualityOf(
    all.map((each) => ({ ...each, category: each.category === null ? category : null })),
    [category],
  );
  expect(swapped).toMatchObject({ auroc: 0, holds: false });
  expect(qualityOf(all.slice(0, 40), [category])).toEqual([]);
});
