import { readFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sketched } from "../../models/recipes/pdq/pictures.ts";
import { World } from "./world.ts";

const world = new World();

beforeAll(async () => {
  for (const [name, prompt] of Object.entries({ boat: "a red boat on a lake", castle: "a castle, winter" })) {
    const { rgb, width, height } = await sketched(prompt, prompt, 512, 512, 3);
    const picture = sharp(rgb, { raw: { width, height, channels: 3 } });
    world.write(`${name}.png`, await picture.clone().png().toBuffer());
    world.write(`${name}.jpg`, await picture.resize(300).jpeg().toBuffer());
  }
  world.write("broken.png", "no picture");
});
afterAll(() => world.remove());

describe("safelight hashes", () => {
  test("add makes a list, and match finds copies by it", async () => {
    const added = await world.run([
      ...["hashes", "add", "./known.txt", "boat.png", "--category", "custom:banned", "--note", "ticket 4711"],
    ]);
    expect(added.status, added.err).toBe(0);
    expect(added.out).toMatch(/^added {3}sha256:[0-9a-f]{64} {2}custom:banned {2}boat\.png\nadded {3}pdq:/);
    expect(readFileSync(world.path("known.txt"), "utf8")).toContain(",custom:banned,ticket 4711\n");

    const copy = await world.run(["hashes", "match", "boat.jpg", "castle.png", "--list", "known.txt"]);
    expect(copy.status).toBe(1);
    expect(copy.out).toMatch(
      /^known {4}boat\.jpg\n {2}custom:banned {2}known, line \d+ \(pdq, \d+ bits off\): ticket 4711\nunknown {2}castle\.png\n$/,
    );
    expect((await world.run(["hashes", "match", "castle.jpg", "--list", "known.txt"])).status).toBe(0);

    const again = await world.run(["hashes", "add", "./known.txt", "boat.png", "--category", "custom:banned"]);
    expect(again.out).toMatch(/^known {3}sha256/);
  });

  test("match takes hashes, and answers in JSON", async () => {
    const hash = /pdq:[0-9a-f]{64}/.exec(readFileSync(world.path("known.txt"), "utf8"))?.[0] ?? "";
    const { out, status } = await world.run(["hashes", "match", hash, "--list", "known.txt", "--json"]);
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      given: hash,
      known: true,
      matches: [{ category: "custom:banned", by: "pdq", distance: 0, score: 1, note: "ticket 4711" }],
    });
  });

  test("match uses the lists of the configuration", async () => {
    expect((await world.run(["hashes", "match", "boat.png"])).err).toMatch(/needs --list FILE/);
    world.write(
      "with.yaml",
      "policies: [policies]\nserver: {port: 0}\ndetectors: {ours: {kind: hashes, lists: [./known.txt]}}\n",
    );
    const { status, err } = await world.run(["hashes", "match", "boat.png", "--config", "with.yaml"]);
    expect(status, err).toBe(1);
  });

  test("a picture that cannot be read is told, and the others are looked up", async () => {
    const { status, out, err } = await world.run(["hashes", "match", "broken.png", "boat.png", "--list", "known.txt"]);
    expect(status).toBe(3);
    expect(out).toMatch(/^known {4}boat\.png/);
    expect(err).toContain("broken.png");
    expect((await world.run(["hashes", "match", "gone.png", "--list", "known.txt"])).err).toContain("no such file");
  });

  test.each<[string, readonly string[], RegExp]>([
    ["no picture", ["hashes", "add", "./known.txt"], /needs a list and a picture/],
    ["a list that is no file", ["hashes", "add", "known", "boat.png"], /write \.\/known\.txt/],
    ["no such category", ["hashes", "add", "./a.txt", "boat.png", "--category", "violins"], /"violins" is none/],
    ["no category at all", ["hashes", "add", "./a.txt", "boat.png"], /no category of its own/],
    ["too far", ["hashes", "match", "boat.png", "--list", "known.txt", "--distance", "48"], /from 0 to 47/],
    ["nothing to match", ["hashes", "match", "--list", "known.txt"], /needs a picture or a hash/],
    ["a hash with too many bits", ["hashes", "match", "f".repeat(64), "--list", "known.txt"], /is it a SHA-256/],
  ])("%s: says what is wrong, exit 2", async (_name, args, message) => {
    const { status, err } = await world.run(args);
    expect(err).toMatch(message);
    expect(status).toBe(2);
  });
});
