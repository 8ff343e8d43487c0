import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { World } from "./world.ts";

const VIOLENT = "a duel safelight-test:prompt:violence:0.9";

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.remove());

describe("the program", () => {
  test("shows help, and its version", async () => {
    const help = await world.run(["--help"]);
    expect(help).toMatchObject({ status: 0, err: "" });
    expect(help.out).toContain("check image");
    const version = await world.run(["--version"]);
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("every command shows help with examples", async () => {
    for (const words of ["serve", "generate", "check text", "check image", "config", "policy check", "policy show"]) {
      const { status, out } = await world.run([...words.split(" "), "--help"]);
      expect(status).toBe(0);
      expect(out).toContain(`usage: safelight ${words}`);
      expect(out).toMatch(/examples:\n {2}\S/);
    }
  });

  test.each([
    [["chekc", "text", "x"], 'there is no command "chekc"'],
    [["check", "txt", "x"], 'there is no command "check txt"; did you mean "check text"?'],
    [["check", "text", "--polcy", "x"], "check text: there is no option --polcy; did you mean --policy?"],
    [["check", "text"], "check text: needs a prompt"],
    [["check", "text", "two", "words"], "put the prompt in quotes"],
    [["check", "image"], "check image: needs a file"],
    [["check", "text", "x", "--policy", "defualt"], 'did you mean "default"?'],
    [["generate", "x"], "generate: needs --out FILE"],
    [["generate", "x", "--out", "no/such/a.png"], "--out: there is no folder"],
    [["generate", "x", "--out", "a.png", "--width", "100"], "--width: must be a multiple of 8 (found 100)"],
    [["generate", "x", "--out", "a.png", "--n", "0"], "--n: must be at least 1 (found 0)"],
    [["generate", "", "--out", "a.png"], "prompt: must not be empty"],
    [["serve", "--port", "http"], "--port: must be a whole number from 0 to 65535"],
    [["config", "--config", "no.yaml"], "no.yaml: the configuration named by --config: there is no such file"],
    [["policy", "show", "defualt"], 'there is no policy "defualt"; did you mean "default"?'],
  ])("%j is bad usage", async (args, message) => {
    const { status, out, err } = await world.run(args);
    expect(err).toContain(message);
    expect(err).not.toMatch(/\n\s+at /);
    expect({ status, out }).toEqual({ status: 2, out: "" });
  });

  test("a mistake in the configuration or a policy gives file, line, key and the nearest, and no stack", async () => {
    world.write("bad.yaml", "policies: [policies]\nlimts: {}\n");
    const config = await world.run(["check", "text", "x", "--config", "bad.yaml"]);
    expect(config).toEqual({
      status: 2,
      out: "",
      err: 'safelight: bad.yaml:2:1: limts: unknown key; did you mean "limits"?\n',
    });
    world.write(
      "bad-policy.yaml",
      readFileSync(world.path("policies/default.yaml"), "utf8").replace("warn: 0.5", "wran: 0.5"),
    );
    const policy = await world.run(["policy", "check", "bad-policy.yaml"]);
    expect(policy).toEqual({
      status: 2,
      out: "",
      err: 'bad-policy.yaml:8:16: prompt.categories.violence.wran: unknown key; did you mean "warn"?\n',
    });
  });
});

describe("check text", () => {
  test("allowed: 0, with the prompt", async () => {
    expect(await world.run(["check", "text", "a harbour"])).toEqual({ status: 0, out: "allow   a harbour\n", err: "" });
  });

  test("flagged: 1, with the category, the score and the limit", async () => {
    const { status, out } = await world.run(["check", "text", VIOLENT]);
    expect(status).toBe(1);
    expect(out).toContain("block   violence 0.90, limit 0.80 (test-signals");
  });

  test("could not tell: 3", async () => {
    const { status, out } = await world.run(["check", "text", "safelight-test:prompt:error"]);
    expect(status).toBe(3);
    expect(out).toContain("could not tell");
  });

  test("marks the offending words where colours are wanted", async () => {
    const { out } = await world.run(["check", "text", VIOLENT], "", { FORCE_COLOR: "1" });
    expect(out).toMatch(/a duel (?:\u001b\[\d+m)+safelight-test:prompt:violence:0\.9\u001b/);
    const plain = await world.run(["check", "text", VIOLENT], "", { NO_COLOR: "1" });
    expect(plain.out).not.toContain("\u001b");
  });

  test("--json gives scores, reasons and the policy", async () => {
    const { status, out } = await world.run(["check", "text", VIOLENT, "--json"]);
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      action: "block",
      scores: { violence: 0.9 },
      reasons: [{ category: "violence", score: 0.9, threshold: 0.8, action: "block", evidence: { span: [7, 41] } }],
      policy: { name: "default", version: "1" },
    });
  });

  test("reads a long prompt from stdin", async () => {
    const { status, out } = await world.run(["check", "text", "-"], "two\nlines\n");
    expect({ status, out }).toEqual({ status: 0, out: "allow   two\nlines\n" });
  });
});

describe("check text --jsonl", () => {
  const LINES = [
    '{"id": 1, "text": "a harbour"}',
    "",
    "not json",
    '{"id": 2}',
    `{"id": 3, "text": ${JSON.stringify(VIOLENT)}, "tags": ["a"]}`,
    "[1]",
    '{"id": 4, "text": ""}',
    '{"id": 5, "text": 7}',
    '{"id": 6, "text": "\\ud800"}',
  ];

  test("a line out for each line in, in order; a bad one has an error and its number, and makes 3", async () => {
    const { status, out } = await world.run(["check", "text", "--jsonl", "-"], LINES.join("\n"));
    expect(status).toBe(3);
    const answers = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers).toMatchObject([
      { id: 1, action: "allow", scores: {}, reasons: [] },
      { error: { line: 3, code: "invalid_request", detail: "the line is not JSON" } },
      { id: 2, error: { line: 4, detail: "text: is missing" } },
      { id: 3, tags: ["a"], action: "block", scores: { violence: 0.9 } },
      { error: { line: 6, detail: expect.stringContaining("must be a JSON object") } },
      { id: 4, error: { line: 7, detail: "text: must not be empty" } },
      { id: 5, error: { line: 8, detail: "text: must be text" } },
      { id: 6, error: { line: 9, detail: expect.stringContaining("lone surrogate") } },
    ]);
    expect(answers.some((answer) => "text" in answer)).toBe(false);
  });

  test("bytes that are no text, and the status of good lines", async () => {
    const bad = await world.run(["check", "text", "--jsonl", "-"], Buffer.from([0x22, 0xff, 0x0a]));
    expect(JSON.parse(bad.out)).toMatchObject({ error: { line: 1, detail: "the line is not UTF-8 text" } });
    world.write("lines.jsonl", `{"text": "a"}\n{"text": ${JSON.stringify(VIOLENT)}}\n`);
    expect((await world.run(["check", "text", "--jsonl", "lines.jsonl"])).status).toBe(1);
    expect((await world.run(["check", "text", "--jsonl", "no.jsonl"])).status).toBe(2);
  });

  test("answers each line before the next one comes", async () => {
    const running = world.start(["check", "text", "--jsonl", "-"]);
    for (const id of [1, 2, 3]) {
      running.child.stdin.write(`{"id": ${id}, "text": "a harbour"}\n`);
      await running.until("stdout", new RegExp(`"id":${id},`));
    }
    running.child.stdin.end();
    expect((await running.ended).status).toBe(0);
  });

  test("reads no further than its answers are taken", async () => {
    const running = world.start(["check", "text", "--jsonl", "-"]);
    running.child.stdout.pause();
    const line = `${JSON.stringify({ text: "a harbour", filler: "x".repeat(1000) })}\n`;
    let written = 0;
    while (written < 50_000_000 && running.child.stdin.write(line.repeat(100))) written += line.length * 100;
    await sleep(1500);
    while (written < 50_000_000 && running.child.stdin.write(line.repeat(100))) written += line.length * 100;
    expect(written).toBeLessThan(10_000_000);
    running.child.kill("SIGKILL");
    await running.ended;
  });

  test("a reader that has seen enough is no error", async () => {
    const running = world.start(["check", "text", "--jsonl", "-"]);
    running.child.stdin.write('{"text": "a"}\n');
    await running.until("stdout", /allow/);
    running.child.stdout.destroy();
    running.child.stdin.end('{"text": "a"}\n'.repeat(1000));
    expect((await running.ended).err).not.toMatch(/EPIPE|Error/);
  });

  test("SIGINT ends it although stdin goes on", async () => {
    const running = world.start(["check", "text", "--jsonl", "-"]);
    running.child.stdin.write('{"text": "a"}\n');
    await running.until("stdout", /allow/);
    running.child.kill("SIGINT");
    expect((await running.ended).status).toBe(3);
  });
});

describe("generate and check image", () => {
  test("one picture is written under its name, with progress on stderr, and is allowed when checked", async () => {
    const made = await world.run(["generate", "two boats", "--out", "boats.png", "--seed", "7"]);
    expect(made.status).toBe(0);
    expect(made.out).toBe("allow   boats.png  seed 7\n");
    expect(made.err).toContain("making 1 picture");
    expect(readFileSync(world.path("boats.png")).subarray(1, 4).toString()).toBe("PNG");
    const checked = await world.run(["check", "image", "boats.png"]);
    expect(checked).toMatchObject({ status: 0, out: "allow   boats.png  512×512\n" });
    const stdin = await world.run(["check", "image", "-", "--json"], readFileSync(world.path("boats.png")));
    expect(JSON.parse(stdin.out)).toMatchObject({ file: "-", action: "allow", image: { width: 512, height: 512 } });
  });

  test("a file that is there is not written over, unless told to", async () => {
    world.write("mine.png", "precious");
    const refused = await world.run(["generate", "two boats", "--out", "mine.png"]);
    expect(refused.status).toBe(2);
    expect(refused.err).toContain("mine.png is there already");
    expect(readFileSync(world.path("mine.png"), "utf8")).toBe("precious");
    expect((await world.run(["generate", "two boats", "--out", "mine.png", "--force"])).status).toBe(0);
    expect(readFileSync(world.path("mine.png"), "latin1")).toContain("PNG");
  });

  test("of several, those that may be shown are written, numbered; --json is the record with the files", async () => {
    const prompt = "two boats safelight-test:image:violence:0.9:index=1";
    const { status, out } = await world.run(["generate", prompt, "-n", "3", "--out", "b.png", "--json"]);
    expect(status).toBe(1);
    const record = JSON.parse(out);
    expect(record).toMatchObject({
      state: "complete",
      action: "block",
      images: [
        { action: "allow", file: "b-1.png" },
        { action: "block", file: null },
        { action: "allow", file: "b-3.png" },
      ],
    });
    expect(["b-1.png", "b-2.png", "b-3.png"].map((file) => existsSync(world.path(file)))).toEqual([true, false, true]);
  });

  test("a refused prompt makes nothing: 1; a generator that fails: 3", async () => {
    const refused = await world.run(["generate", VIOLENT, "--out", "refused.png"]);
    expect(refused.status).toBe(1);
    expect(refused.out).toContain("violence 0.90, limit 0.80");
    expect(existsSync(world.path("refused.png"))).toBe(false);
    const failed = await world.run(["generate", "safelight-test:generator:error", "--out", "failed.png"]);
    expect(failed.status).toBe(3);
    expect(failed.err).toMatch(/safelight: .+\n$/);
  });

  test("SIGINT ends a generation, and nothing is written: 3", async () => {
    const running = world.start(["generate", "safelight-test:generator:delay:30000", "--out", "slow.png"]);
    await running.until("stderr", /making 1 picture/);
    running.child.kill("SIGINT");
    const { status, err } = await running.ended;
    expect(status).toBe(3);
    expect(err).toMatch(/safelight: the generation was cancelled\n$/);
    expect(existsSync(world.path("slow.png"))).toBe(false);
  });

  test("files that cannot be judged do not keep the others from it: 3", async () => {
    world.write("cut.png", readFileSync(world.path("boats.png")).subarray(0, 300));
    world.write("empty.png", "");
    const files = ["no.png", "cut.png", "empty.png", ".", "boats.png"];
    const { status, out, err } = await world.run(["check", "image", ...files, "--json"]);
    expect(status).toBe(3);
    const answers = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers.map(({ file, action, error }) => [file, action ?? error.code])).toEqual([
      ["no.png", "image_unreadable"],
      ["cut.png", "image_unreadable"],
      ["empty.png", "image_unreadable"],
      [".", "image_unreadable"],
      ["boats.png", "allow"],
    ]);
    expect(err).toContain("no.png: there is no such file");
  });
});

describe("config and policy", () => {
  test("config says where each value comes from", async () => {
    const { out } = await world.run(["config", "--host", "127.0.0.2"], "", { SAFELIGHT_DATA: "records" });
    expect(out).toMatch(/^server\.host: "127\.0\.0\.2" +# flag --host$/m);
    expect(out).toMatch(/^server\.port: 0 +# safelight\.yaml:2$/m);
    expect(out).toMatch(/^data: ".*records" +# env SAFELIGHT_DATA$/m);
    expect(out).toMatch(/^limits\.prompt_characters: 4000 +# default$/m);
    const json = JSON.parse((await world.run(["config", "--json"])).out);
    expect(json).toMatchObject({ settings: { server: { port: 0 } }, sources: { "server.port": "safelight.yaml:2" } });
  });

  test("schemas are JSON Schema", async () => {
    for (const args of [
      ["config", "--schema"],
      ["policy", "schema"],
    ]) {
      const schema = JSON.parse((await world.run(args)).out);
      expect(schema).toMatchObject({ type: "object", additionalProperties: false });
    }
  });

  test("policy show prints what policy check accepts", async () => {
    const shown = await world.run(["policy", "show"]);
    expect(shown.out).toContain("on_unknown: block");
    world.write("shown.yaml", shown.out);
    const checked = await world.run(["policy", "check", "shown.yaml", "--json"]);
    expect(JSON.parse(checked.out)).toMatchObject({ ok: true, name: "default" });
    expect(shown.out).toContain(JSON.parse(checked.out).digest);
  });
});

describe("serve", () => {
  test("says where it listens, answers, and ends on SIGTERM although it comes twice", async () => {
    const running = world.start(["serve"]);
    const [, url = ""] = await running.until("stderr", /^listening on (http:\/\/127\.0\.0\.1:\d+)$/m);
    await running.until("stderr", /curl/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const busy = await world.run(["serve", "--port", new URL(url).port]);
    expect(busy).toMatchObject({ status: 2, out: "" });
    expect(busy.err).toContain(`cannot listen on 127.0.0.1 port ${new URL(url).port}`);
    running.child.kill("SIGTERM");
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ status: 0, out: "" });
  });
});
