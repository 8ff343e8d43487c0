import { execFileSync, type SpawnSyncOptions, spawnSync } from "node:child_process";
import { accessSync, chmodSync, chownSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

const DEBIAN = "/usr/lib/postgresql";

/** Where PostgreSQL's programs are. Undefined, said aloud, where there are none; in CI that is an error. */
export function findPostgres(): string | undefined {
  const newest = () => readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  const packaged = exists(DEBIAN) ? newest().map((version) => join(DEBIAN, version, "bin")) : [];
  const found = [...(process.env["PATH"] ?? "").split(":"), ...packaged].find(
    (folder) => exists(join(folder, "initdb")) && exists(join(folder, "postgres")),
  );
  if (found) return found;
  const told = "No PostgreSQL found: install the package postgresql, or put its programs into PATH.";
  if (process.env["CI"]) throw new Error(told);
  console.warn(`\n*** ${told} THE TESTS THAT NEED IT ARE SKIPPED. ***\n`);
  return undefined;
}

export interface TestPostgres {
  /** The URL of a new, empty database. */
  database(): Promise<string>;
  stop(): void;
}

/** A server of its own on a free port of loopback, in a temporary folder. PostgreSQL refuses root: then it runs as `postgres`. */
export async function startPostgres(programs: string): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "safelight-postgres-"));
  const as = process.getuid?.() === 0 ? userNamed("postgres") : {};
  chmodSync(folder, 0o755);
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid ?? as.uid);
  const data = join(folder, "data");
  const port = await freePort();
  run(join(programs, "initdb"), ["-D", data, "-U", "safelight", "--auth=trust", "--no-sync"], { ...as, cwd: folder });
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`;
  run(join(programs, "pg_ctl"), ["-D", data, "-o", options, "-l", join(folder, "log"), "-w", "start"], {
    ...as,
    cwd: folder,
    stdio: "ignore",
  });
  let databases = 0;
  return {
    async database() {
      const name = `scans_${++databases}`;
      const client = new pg.Client({ host: "127.0.0.1", port, user: "safelight", database: "postgres" });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return `postgres://safelight@127.0.0.1:${port}/${name}`;
    },
    stop() {
      run(join(programs, "pg_ctl"), ["-D", data, "-m", "immediate", "-w", "stop"], { ...as, cwd: folder });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function run(program: string, argv: readonly string[], options: SpawnSyncOptions): void {
  const { status, stderr, error } = spawnSync(program, argv, { encoding: "utf8", ...options });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${error?.message ?? String(stderr)}`);
}

function userNamed(name: string): { uid?: number; gid?: number } {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined) execFileSync("useradd", ["--system", name]);
  return uid === undefined ? userNamed(name) : { uid: Number(uid), gid: Number(gid) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

function exists(path: string): boolean {
  try {
    accessSync(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}
