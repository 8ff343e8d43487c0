import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WEB = join(ROOT, "web");

/** Where screenshots go; git ignores it. */
export const OUTPUT = join(ROOT, "test-output", "playground");

export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The system's Chromium. Undefined, said aloud, where there is none; in CI that is an error. */
export function findChromium(): string | undefined {
  const named = process.env["CHROMIUM_PATH"];
  const folders = (process.env["PATH"] ?? "").split(":");
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const usual = ["/usr/bin", ...folders].flatMap((folder) => names.map((name) => join(folder, name)));
  const found = [...(named ? [named] : []), ...usual].find(isExecutable);
  if (found) return found;
  const told = "No Chromium found: set CHROMIUM_PATH, or install chromium.";
  if (process.env["CI"]) throw new Error(told);
  console.warn(`\n*** ${told} THE BROWSER TESTS ARE SKIPPED. ***\n`);
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Builds the page when its sources are newer than the last build. */
export function buildPage(): void {
  const built = join(WEB, "dist", "index.html");
  const sources = [
    join(WEB, "index.html"),
    join(WEB, "vite.config.ts"),
    ...files(join(WEB, "src")),
    ...files(join(WEB, "public")),
  ];
  if (existsSync(built) && sources.every((file) => statSync(file).mtimeMs < statSync(built).mtimeMs)) return;
  execFileSync(process.execPath, [join(ROOT, "node_modules", "vite", "bin", "vite.js"), "build"], {
    cwd: WEB,
    stdio: "pipe",
  });
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

export interface TestServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The real Safelight, as a process of its own, on a free port and with a data folder that goes away with it.
 * @param file what stands in its `safelight.yaml`
 */
export async function startSafelight(file = "", env: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const data = mkdtempSync(join(tmpdir(), "safelight-browser-"));
  writeFileSync(join(data, "safelight.yaml"), file);
  const child = spawn(process.execPath, [join(ROOT, "src", "cli", "safelight.ts"), "serve"], {
    cwd: data,
    env: { ...process.env, PORT: "0", HOST: "127.0.0.1", SAFELIGHT_DATA: data, SAFELIGHT_CONFIG: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = async () => {
    await ended(child);
    rmSync(data, { recursive: true, force: true });
  };
  try {
    return { url: await listening(child), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      const url = /listening on (http:\/\/\S+)/.exec(said)?.[1];
      if (url) resolve(url);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`safelight serve ended with ${code}: ${said}`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await exit;
  clearTimeout(force);
}
