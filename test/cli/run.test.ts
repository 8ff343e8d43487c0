import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** A made-up checkout with the real scripts, a pretended npm, and a command line that tells what it got. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "safelight clone "));
  cpSync(join(import.meta.dirname, "../../scripts"), join(root, "scripts"), { recursive: true });
  write("package-lock.json", JSON.stringify({ packages: { "": {}, "node_modules/zod": { version: "4.0.0" } } }));
  write("web/package.json", "{}");
  write(
    "src/cli/safelight.ts",
    `const [code = "0", ...rest]: string[] = process.argv.slice(2);
     process.on("SIGTERM", () => process.exit(7));
     console.log(JSON.stringify({ rest, cwd: process.cwd(), exec: process.execPath }));
     if (code === "wait") setInterval(() => {}, 1000);
     else process.exit(Number(code));`,
  );
  write(
    "npm.cjs",
    `const fs = require("node:fs");
     fs.appendFileSync("npm.log", process.argv.slice(2).join(" ") + " " + process.env.ONNXRUNTIME_NODE_INSTALL + "\\n");
     if (fs.existsSync("broken")) { console.error("npm error something specific"); process.exit(1); }
     fs.mkdirSync("node_modules/node/bin", { recursive: true });
     setTimeout(() => {
       fs.rmSync("node_modules/node/bin/node", { force: true });
       fs.symlinkSync(${JSON.stringify(process.execPath)}, "node_modules/node/bin/node");
     }, 300);`,
  );
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

function environment(env: Readonly<Record<string, string>> = {}) {
  const npm = { npm_execpath: join(root, "npm.cjs"), npm_node_execpath: process.execPath };
  return { PATH: process.env["PATH"], ...npm, ...env };
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ status: unknown; out: string; err: string }>((resolve) => {
    const options = { cwd: root, env: environment(env) };
    execFile(process.execPath, ["scripts/run.mjs", ...args], options, (error, out, err) => {
      resolve({ status: error ? error.code : 0, out, err });
    });
  });
}

function npmCalls(): readonly string[] {
  const log = join(root, "npm.log");
  return existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
}

describe("the npm scripts", () => {
  test("set up once, with talk on stderr alone, and hand over arguments, folder and exit status", async () => {
    const first = await run(["cli", "3", "a b", "--json"]);
    expect(first.status).toBe(3);
    expect(JSON.parse(first.out)).toEqual({ rest: ["a b", "--json"], cwd: root, exec: process.execPath });
    expect(first.err).toMatch(/^safelight: installing packages .* … \d+\.\d s\n$/);
    expect(npmCalls()).toEqual([expect.stringMatching(/^install --no-save .* skip$/)]);
    const second = await run(["cli", "0"]);
    expect(second).toMatchObject({ status: 0, err: "" });
    expect(npmCalls()).toHaveLength(1);
  });

  test("set up again when the lock file has changed", async () => {
    await run(["cli", "0"]);
    rmSync(join(root, "node_modules/node/bin/node"));
    write("package-lock.json", JSON.stringify({ packages: { "node_modules/zod": { version: "4.0.1" } } }));
    expect((await run(["cli", "0"])).status).toBe(0);
    expect(npmCalls()).toHaveLength(2);
  });

  test("leave alone what somebody has installed with npm", async () => {
    const installed = { "node_modules/zod": { version: "4.0.0" }, "node_modules/extra": { version: "1.0.0" } };
    write("node_modules/.package-lock.json", JSON.stringify({ packages: installed }));
    expect((await run(["cli", "0"])).status).toBe(0);
    expect(npmCalls()).toEqual([]);
  });

  test("run the command line in the folder where npm was called", async () => {
    const { out } = await run(["cli", "0"], { INIT_CWD: join(root, "web") });
    expect(JSON.parse(out).cwd).toBe(join(root, "web"));
  });

  test("show all that npm said when it failed", async () => {
    write("broken", "");
    const { status, out, err } = await run(["cli", "0"]);
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toMatch(/failed after \d+\.\d s\nsafelight: npm error something specific\n.*exit 1\n$/s);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test("take over the set-up from one that died in the middle of it", async () => {
    const child = spawn(process.execPath, ["scripts/run.mjs", "cli", "0"], { cwd: root, env: environment() });
    while (npmCalls().length === 0) await sleep(20);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect((await run(["cli", "0"])).status).toBe(0);
    expect(npmCalls()).toHaveLength(2);
  });

  test("set up once when two start together", async () => {
    const both = await Promise.all([run(["cli", "0"]), run(["cli", "0"])]);
    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    expect(npmCalls()).toHaveLength(1);
  });

  test("pass signals on, and the status back", async () => {
    await run(["cli", "0"]);
    const child = spawn(process.execPath, ["scripts/run.mjs", "cli", "wait"], { cwd: root, env: environment() });
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([7, null]);
  });

  test("name the benchmarks that there are", async () => {
    write("bench/nsfw.ts", "");
    write("bench/support/harness.ts", "");
    const { status, err } = await run(["bench", "nfsw"]);
    expect({ status, err }).toEqual({ status: 2, err: 'safelight: there is no benchmark "nfsw"; there are nsfw\n' });
  });
});
