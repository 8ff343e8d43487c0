import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

const CLI = join(import.meta.dirname, "../../src/cli/safelight.ts");

/** Test signals alone judge here: quick to open, and every consequence can be asked for. */
const POLICY = `
schema: safelight.policy/1
name: default
version: "1"
prompt:
  detectors: {test-signals: {}}
  categories:
    violence: {warn: 0.5, block: 0.8}
image:
  detectors: {test-card: {}}
  categories:
    violence: {warn: 0.3, blur: 0.5, block: 0.8}
`;

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder with a configuration and a policy, to run the real command line in. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "safelight cli "));

  constructor() {
    mkdirSync(join(this.folder, "policies"));
    this.write("policies/default.yaml", POLICY);
    this.write("safelight.yaml", "policies: [policies]\nserver: {port: 0}\n");
  }

  write(file: string, content: string | Uint8Array): void {
    writeFileSync(join(this.folder, file), content);
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return new Running(
      spawn(process.execPath, [CLI, ...args], {
        cwd: this.folder,
        env: { PATH: process.env["PATH"], ...env },
        stdio: ["pipe", "pipe", "pipe"],
      }),
    );
  }

  /** Runs to the end. `input` is all of stdin. */
  async run(args: readonly string[], input: string | Uint8Array = "", env: Readonly<Record<string, string>> = {}) {
    const running = this.start(args, env);
    running.child.stdin.end(input);
    return running.ended;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

export class Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly ended: Promise<Ended>;
  #out = "";
  #err = "";

  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.child = child;
    child.stdin.on("error", () => {}); // it may end before it has read everything
    child.stdout.on("data", (chunk) => {
      this.#out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      this.#err += chunk;
    });
    this.ended = once(child, "close").then(([status]) => ({ status, out: this.#out, err: this.#err }));
  }

  /** Waits until a stream holds a match. @throws when the process ends before */
  async until(stream: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(stream === "stdout" ? this.#out : this.#err);
      if (found) return found;
      if (this.child.exitCode !== null) throw new Error(`ended with ${this.child.exitCode}: ${this.#err}`);
      await Promise.race([once(this.child[stream], "data"), once(this.child, "close")]);
    }
  }
}
