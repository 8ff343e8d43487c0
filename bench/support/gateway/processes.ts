import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Job, Measured } from "./load.ts";

const START_MS = 30_000;
/** Of the clock ticks in `/proc`: 100 a second on every Linux that Node runs on. */
const TICK_MS = 10;
const ROOT = resolve(import.meta.dirname, "../../..");

/** Processes that end with the benchmark, and the folder they work in. */
export class Processes {
  readonly folder: string;
  readonly #children: ChildProcess[] = [];
  readonly #listening = new Map<number, ChildProcess>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async within<T>(work: (processes: Processes) => Promise<T>): Promise<T> {
    const processes = new Processes(await mkdtemp(join(tmpdir(), "safelight-bench-")));
    try {
      return await work(processes);
    } finally {
      await Promise.all(processes.#children.map(ended));
      await rm(processes.folder, { recursive: true });
    }
  }

  /** @param args what Node runs, from the repository's root. @returns its port, which it tells by `listening on <url>` */
  async server(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
    const { child, said } = this.#start(name, args, env);
    const told = await until(
      `${name} to listen`,
      child,
      said,
      async () => /listening on http:\S+:(\d+)/.exec(said())?.[1],
    );
    this.#listening.set(Number(told), child);
    return Number(told);
  }

  /** One that tells nothing: it is ready when its port answers. */
  async serverAt(
    port: number,
    name: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { child, said } = this.#start(name, args, env);
    await until(`${name} to listen`, child, said, async () => ((await answers(port)) ? true : undefined));
    this.#listening.set(port, child);
  }

  /** Milliseconds that the server at this port has computed so far, in all its threads; undefined where there is no `/proc`. */
  cpuMs(port: number): number | undefined {
    const path = `/proc/${this.#listening.get(port)?.pid}/stat`;
    if (!existsSync(path)) return undefined;
    const [, fields = ""] = /\) (.*)/s.exec(readFileSync(path, "utf8")) ?? []; // after the name, which may hold anything
    const [user, system] = fields.split(" ").slice(11, 13).map(Number); // utime and stime, proc_pid_stat(5)
    return ((user ?? Number.NaN) + (system ?? Number.NaN)) * TICK_MS;
  }

  /** Safelight with these settings, and a data folder of its own. */
  async safelight(name: string, settings: object, policies: Readonly<Record<string, string>> = {}): Promise<number> {
    for (const [file, text] of Object.entries(policies)) await writeFile(join(this.folder, file), text);
    const config = join(this.folder, `${name}.yaml`);
    await writeFile(config, JSON.stringify(settings)); // JSON is YAML
    const env = { PORT: "0", SAFELIGHT_DATA: join(this.folder, `${name}-data`), SAFELIGHT_CONFIG: config };
    return this.server(name, ["src/cli/safelight.ts", "serve"], env);
  }

  loadGenerator(): (job: Job) => Promise<Measured> {
    const child = fork(join(import.meta.dirname, "load.ts"));
    this.#children.push(child);
    return async (job) => {
      child.send(job);
      const [measured] = (await once(child, "message")) as [Measured];
      return measured;
    };
  }

  #start(name: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const path = join(this.folder, `${name}.log`);
    const file = openSync(path, "a");
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, NODE_ENV: "production", ...env },
      stdio: ["ignore", file, file],
    });
    this.#children.push(child);
    return { child, said: () => readFileSync(path, "utf8") };
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function until<T>(what: string, child: ChildProcess, said: () => string, look: () => Promise<T | undefined>) {
  for (const end = performance.now() + START_MS; performance.now() < end; await sleep(20)) {
    const found = await look();
    if (found !== undefined) return found;
    if (child.exitCode !== null) break;
  }
  throw new Error(`waited in vain for ${what}: ${said()}`);
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    return await once(socket, "connect").then(
      () => true,
      () => false,
    );
  } finally {
    socket.destroy();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  child.kill("SIGTERM");
  await exit;
  clearTimeout(timer);
}
