import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSketch } from "../../src/generators/sketch/sketch.ts";
import { World } from "./world.ts";

const world = new World();
let clean: Uint8Array;
let bad: Uint8Array;

async function draw(prompt: string): Promise<Uint8Array> {
  const sketch = await openSketch({});
  const images = [{ index: 0, seed: 1 }];
  const request = { prompt, negativePrompt: "", width: 256, height: 256, images, attempt: 1 };
  const [made] = await sketch.generate(request, new AbortController().signal);
  if (made?.kind !== "image") throw new Error("there is no picture");
  return made.bytes;
}

beforeAll(async () => {
  [clean, bad] = await Promise.all([draw("a red boat"), draw("safelight-test:image:violence:0.9")]);
});
afterAll(() => world.remove());

let sets = 0;
/** A DreamBooth folder with two good pictures and a bad one. */
function dataSet(): string {
  const folder = `set ${++sets}`;
  mkdirSync(world.path(folder));
  world.write(join(folder, "dataset_info.json"), '{"instance_prompt":"a red boat"}');
  world.write(join(folder, "a.png"), clean);
  world.write(join(folder, "b.png"), bad);
  world.write(join(folder, "c.png"), clean);
  return folder;
}

const DEFAULT = ["--policy", "default"];

describe("safelight scan", () => {
  test("reports, and changes nothing", async () => {
    const set = dataSet();
    const { status, out, err } = await world.run(["scan", set, ...DEFAULT, "--out", `out of ${set}`]);
    expect(status, err).toBe(0);
    expect(out).toMatch(/3 pictures in .*set 1 \(dreambooth\), policy default 1/);
    expect(out).toMatch(/violence: block 1/);
    expect(readdirSync(world.path(set)).sort()).toEqual(["a.png", "b.png", "c.png", "dataset_info.json"]);
    const results = readFileSync(world.path(`out of ${set}/results.jsonl`), "utf8")
      .trim()
      .split("\n");
    expect(results.map((line) => JSON.parse(line)).map(({ key, action }) => [key, action])).toEqual([
      ["a.png", "allow"],
      ["b.png", "block"],
      ["c.png", "allow"],
    ]);
    const table = readFileSync(world.path(`out of ${set}/results.csv`), "utf8").split("\n");
    expect(table[0]).toMatch(/^key,action,/);
    expect(table[2]).toMatch(/^b\.png,block,yes,violence,0\.9,/);
  });

  test("judges anew what was judged under laxer limits or options", async () => {
    const frames = await Promise.all([clean, bad].map((png) => sharp(png).removeAlpha().raw().toBuffer()));
    const animated = await sharp(Buffer.concat(frames), {
      raw: { width: 256, height: 512, channels: 3, pageHeight: 256 },
    })
      .webp({ lossless: true, delay: [100, 100] })
      .toBuffer();
    mkdirSync(world.path("moving"));
    world.write("moving/a.webp", animated);
    const under = async (settings: string) => {
      world.write("settings.yaml", settings);
      const { out } = await world.run(["scan", "moving", ...DEFAULT, "--config", "settings.yaml"]);
      return /allow {3}(\d)/.exec(out)?.[1];
    };
    expect(await under("limits: { frames_judged: 1 }\n")).toBe("1");
    expect(await under("limits: { frames_judged: 2 }\n")).toBe("0");
    expect(await under("limits: { frames_judged: 1 }\n")).toBe("1");
  });

  test("says what is there twice, in the summary, in copies.jsonl and on the page", async () => {
    const set = dataSet();
    const { out } = await world.run(["scan", set, ...DEFAULT, "--out", `out of ${set}`]);
    expect(out).toContain("1 × It is a copy of another one (1 to the byte): copies.jsonl");
    expect(JSON.parse(readFileSync(world.path(`out of ${set}/copies.jsonl`), "utf8"))).toEqual([
      { key: "a.png", same_bytes: false, distance: 0 },
      { key: "c.png", same_bytes: true, distance: 0 },
    ]);
    expect(readFileSync(world.path(`out of ${set}/report.html`), "utf8")).toContain(
      "1 pictures have the bytes of another one",
    );
  });

  test("writes what a media-analysis job of Rekognition writes, and judges by what one has written", async () => {
    const set = dataSet();
    world.write(`${set}/broken.png`, clean.subarray(0, 500));
    await world.run(["scan", set, ...DEFAULT, "--out", `out of ${set}`]);
    const lines = readFileSync(world.path(`out of ${set}/media-analysis.jsonl`), "utf8")
      .trim()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { "source-ref": world.path(`${set}/a.png`), "detect-moderation-labels": { ModerationModelVersion: "7.0" } },
      {
        "source-ref": world.path(`${set}/b.png`),
        "detect-moderation-labels": {
          ModerationLabels: expect.arrayContaining([
            { Name: "Physical Violence", ParentName: "Graphic Violence", Confidence: 90, TaxonomyLevel: 3 },
          ]),
        },
      },
      { "source-ref": world.path(`${set}/c.png`) },
    ]);
    expect(JSON.parse(readFileSync(world.path(`out of ${set}/media-analysis-summary.json`), "utf8"))).toMatchObject({
      version: "1.0",
      statistics: { "total-json-lines": 4, "valid-json-lines": 3, "invalid-json-lines": 1 },
      errors: [{ "line-number": 3, "source-ref": world.path(`${set}/broken.png`), code: "UNREADABLE" }],
    });

    const label = { Name: "Physical Violence", ParentName: "Graphic Violence", Confidence: 60, TaxonomyLevel: 3 };
    const answer = { ModerationLabels: [label], ModerationModelVersion: "7.0", ContentTypes: [] };
    const wrong = { ModerationLabels: [{ Name: 3 }] };
    world.write(
      "results.jsonl",
      [
        { "source-ref": `${set}/a.png`, "detect-moderation-labels": answer },
        { "source-ref": `${set}/c.png`, "detect-moderation-labels": { ...answer, ModerationLabels: [] } },
        { "source-ref": `${set}/b.png`, "detect-moderation-labels": wrong },
      ]
        .map((line) => JSON.stringify(line))
        .join("\n"),
    );
    const { status } = await world.run(["scan", "results.jsonl", ...DEFAULT, "--out", "out of results"]);
    expect(status).toBe(3);
    const items = readFileSync(world.path("out of results/results.jsonl"), "utf8").trim().split("\n");
    expect(items.map((line) => JSON.parse(line))).toMatchObject([
      {
        key: `${set}/a.png`,
        action: "blur",
        reasons: [
          { category: "violence", detector: "rekognition", label: "Graphic Violence/Physical Violence", score: 0.6 },
        ],
      },
      { key: `${set}/c.png`, action: "allow" },
    ]);
    expect(readFileSync(world.path("out of results/problems.jsonl"), "utf8")).toContain("metadata_invalid");
  });

  test("--exit-code says whether anything is rejected", async () => {
    const set = dataSet();
    expect((await world.run(["scan", set, ...DEFAULT, "--exit-code"])).status).toBe(1);
    rmSync(world.path(`${set}/b.png`));
    expect((await world.run(["scan", set, ...DEFAULT, "--exit-code"])).status).toBe(0);
  });

  test("nothing is written into the data set itself, whatever it is called", async () => {
    const set = dataSet();
    symlinkSync(world.path(set), world.path(`alias of ${set}`));
    const before = readdirSync(world.path(set));
    for (const place of [set, `${set}/held`, `alias of ${set}`, `alias of ${set}/held`]) {
      for (const option of ["--quarantine", "--out"]) {
        const { status, err } = await world.run(["scan", set, ...DEFAULT, option, place]);
        expect(status, `${option} ${place}`).toBe(2);
        expect(err).toContain(`${option} must not lie inside the data set`);
      }
    }
    const inS3 = ["s3://bucket/dogs/", "--quarantine", "s3://bucket/dogs"];
    expect(await world.run(["scan", ...inS3])).toMatchObject({ status: 2 });
    expect(readdirSync(world.path(set))).toEqual(before);
  });

  test("3 when something could not be judged, whatever else was found", async () => {
    const set = dataSet();
    world.write(`${set}/broken.png`, clean.subarray(0, 500));
    symlinkSync("/etc/hostname", world.path(`${set}/link.png`));
    const { status, out } = await world.run(["scan", set, ...DEFAULT, "--exit-code"]);
    expect(status).toBe(3);
    expect(out).toContain("Not everything could be judged.");
  });

  test("verify lets a training start only on what was judged", async () => {
    const set = dataSet();
    const out = `out of ${set}`;
    await world.run(["scan", set, ...DEFAULT, "--out", out]);
    const verify = () => world.run(["scan", "verify", `${out}/manifest.json`, set]);
    expect(await verify()).toMatchObject({ status: 1, out: expect.stringContaining("rejected   b.png") });
    rmSync(world.path(`${set}/b.png`));
    expect(await verify()).toMatchObject({ status: 0, out: "" });
    world.write(`${set}/a.png`, bad);
    expect(await verify()).toMatchObject({ status: 1, out: expect.stringMatching(/^changed {4}a\.png/) });
    const key = JSON.parse(readFileSync(world.path(`${out}/manifest.json`), "utf8")).signature.public_key;
    const stranger = `${"A".repeat(43)}=`;
    const pinned = (trusted: string) =>
      world.run(["scan", "verify", `${out}/manifest.json`, set, "--public-key", trusted]);
    expect((await pinned(key)).status).toBe(1);
    expect(await pinned(stranger)).toMatchObject({ status: 2, err: expect.stringContaining("another key") });
  });

  test("quarantine moves what is rejected, and undo brings it back", async () => {
    const set = dataSet();
    const out = `out of ${set}`;
    const { status, err } = await world.run(["scan", set, ...DEFAULT, "--out", out, "--quarantine", `held of ${set}`]);
    expect(status, err).toBe(0);
    expect(err).toContain("1 files moved");
    expect(readdirSync(world.path(`held of ${set}`))).toEqual(["b.png"]);
    expect((await world.run(["scan", "verify", `${out}/manifest.json`, set])).status).toBe(0);
    expect((await world.run(["scan", "undo", out])).status).toBe(0);
    expect(readFileSync(world.path(`${set}/b.png`)).equals(bad)).toBe(true);
    expect(await world.run(["scan", "undo", set])).toMatchObject({
      status: 2,
      err: expect.stringContaining("nothing"),
    });
  });

  test("a quarantine that broke off goes on with the same command, and one undo brings all back", async () => {
    const set = dataSet();
    const rows = ["a.png", "b.png", "d.png"].map((name) => `{"file_name":"${name}","text":"a boat"}\n`);
    rmSync(world.path(`${set}/dataset_info.json`));
    world.write(`${set}/metadata.jsonl`, rows.join(""));
    world.write(`${set}/d.png`, bad);
    const command = ["scan", set, ...DEFAULT, "--out", `out of ${set}`, "--quarantine", `held of ${set}`];
    expect((await world.run(command)).status).toBe(0);
    // as a crash would have left it after the first file
    const journal = world.path(`out of ${set}/consequences.jsonl`);
    const steps = readFileSync(journal, "utf8").split("\n");
    writeFileSync(journal, steps.slice(0, 1 + steps.findIndex((step) => step.includes('"left"'))).join("\n"));
    renameSync(world.path(`held of ${set}/d.png`), world.path(`${set}/d.png`));
    world.write(`${set}/metadata.jsonl`, rows.join(""));
    const { status, err } = await world.run(command);
    expect(err).toMatch(/going on with scan_.*\n1 files moved .*; 1 archives and metadata files are without them/);
    expect(status).toBe(0);
    expect(readFileSync(world.path(`${set}/metadata.jsonl`), "utf8")).toBe(rows[0]);
    expect((await world.run(["scan", "verify", `out of ${set}/manifest.json`, set])).status).toBe(0);
    expect((await world.run(command)).err).not.toContain("going on");
    expect((await world.run(["scan", "undo", `out of ${set}`])).status).toBe(0);
    expect(readdirSync(world.path(set)).sort()).toEqual(["a.png", "b.png", "c.png", "d.png", "metadata.jsonl"]);
    expect(readFileSync(world.path(`${set}/metadata.jsonl`), "utf8")).toBe(rows.join(""));
  });

  test("3 where there is no picture at all: nothing was judged", async () => {
    mkdirSync(world.path("nothing"));
    const { status, out } = await world.run(["scan", "nothing", ...DEFAULT, "--out", "out of nothing"]);
    expect(status).toBe(3);
    expect(out).toContain("No picture was found: is this the right place?");
    expect((await world.run(["scan", "verify", "out of nothing/manifest.json", "nothing"])).status).toBe(3);
  });

  test("remove takes out for good, when told to", async () => {
    const set = dataSet();
    expect((await world.run(["scan", set, ...DEFAULT, "--remove"])).status).toBe(2);
    expect(existsSync(world.path(`${set}/b.png`))).toBe(true);
    const { status, err } = await world.run(["scan", set, ...DEFAULT, "--remove", "--yes"]);
    expect(status, err).toBe(0);
    expect(existsSync(world.path(`${set}/b.png`))).toBe(false);
  });

  test.each([
    [["scan"], "takes one folder"],
    [["scan", "no such folder"], "not a folder"],
    [["scan", ".", "--layout", "zip"], "--layout must be one of"],
    [["scan", ".", "--min-side", "-1"], "--min-side"],
    [["scan", "policies", "--policy", "defualt"], "default"],
    [["scan", "."], "the data folder"],
    [["scan", ".", "--quarantine", "held"], "inside the data set"],
    [["scan", ".", "--out", "out"], "inside the data set"],
    [["scan", "s3://No/x"], "s3://bucket/prefix"],
    [["scan", "verify"], "takes a manifest"],
    [["scan", "verify", "safelight.yaml"], "no manifest"],
    [["scan", "verify", "x", "--public-key", "short"], "32 bytes in base64"],
    [["scan", "undo"], "takes the folder"],
    [["worker"], "DATABASE_URL"],
  ])("%j is told what is wrong", async (args, words) => {
    const { status, err } = await world.run(args);
    expect(err).toContain(words);
    expect(status).toBe(2);
  });
});
