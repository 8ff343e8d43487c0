// Makes what a fresh clone lacks: the packages, the pinned Node, the built page. Plain JavaScript that needs nothing
// installed and runs on Node 20. All talk is on stderr: stdout belongs to the command that follows.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, "node_modules");
const INSTALLED = join(MODULES, ".safelight-setup");
const BUILT = join(MODULES, ".safelight-web");
const PINNED_NODE = join(MODULES, "node", "bin", process.platform === "win32" ? "node.exe" : "node");
/** From here on Node runs TypeScript without a flag. */
const LEAST_NODE = [22, 18];

/** A set-up that did not work, in words for the person who waits for it. */
export class SetupError extends Error {}

/**
 * @param {{ web: boolean }} wanted
 * @returns {Promise<string>} the Node to run TypeScript with
 * @throws {SetupError}
 */
export async function setUp(wanted) {
  if (!isReady(wanted)) {
    const release = await takeLock();
    try {
      if (!isInstalled()) await install();
      if (!existsSync(PINNED_NODE)) await fetchPinnedNode();
      if (wanted.web && !isBuilt()) await buildWeb();
    } finally {
      release();
    }
  }
  return nodeToUse();
}

function isReady(wanted) {
  return isInstalled() && existsSync(PINNED_NODE) && (!wanted.web || isBuilt());
}

// ---- packages

function isInstalled() {
  return stamp(INSTALLED) === wantedInstallation();
}

function wantedInstallation() {
  return digestOf(["package-lock.json", "web/package.json"]);
}

async function install() {
  const wanted = wantedInstallation();
  if (!installedByHand()) {
    const npm = npmCommand();
    // Not `npm ci`: newer ones refuse a lock file that lacks an optional package of another platform. --no-save keeps the
    // lock file as it is, and each package to the version and the digest in it.
    const flags = [
      "install",
      "--no-save",
      "--prefer-offline",
      "--include=dev",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
    ];
    // onnxruntime-node would fetch GPU libraries that nothing here uses.
    const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
    await step("installing packages (npm install, a minute or two)", npm[0], [...npm.slice(1), ...flags], { env });
  }
  writeFileSync(INSTALLED, wanted);
}

/** Whether somebody has run `npm ci` already: what lies in node_modules is what the lock file says. */
function installedByHand() {
  try {
    const wanted = packagesIn(join(ROOT, "package-lock.json"));
    const there = packagesIn(join(MODULES, ".package-lock.json"));
    return wanted.every(([path, { version, optional }]) => {
      const found = there.find(([other]) => other === path)?.[1].version;
      return found === undefined ? optional : found === version;
    });
  } catch {
    return false;
  }
}

function packagesIn(lock) {
  const { packages } = JSON.parse(readFileSync(lock, "utf8"));
  return Object.entries(packages)
    .filter(([path, { link }]) => path.includes("node_modules/") && !link)
    .map(([path, entry]) => [
      path,
      { version: entry.version, optional: entry.optional === true || entry.devOptional === true },
    ]);
}

/** The npm that runs this script, with its own Node: the pinned one is about to be replaced. */
function npmCommand() {
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  if (npm && node && existsSync(npm) && existsSync(node)) return [node, npm];
  return [process.platform === "win32" ? "npm.cmd" : "npm"];
}

// ---- the pinned Node

/** The package `node` fetches its binary in an install script, which npm may be told not to run. */
async function fetchPinnedNode() {
  const folder = join(MODULES, "node");
  if (!existsSync(join(folder, "installArchSpecificPackage.js"))) return;
  try {
    await step("fetching the pinned Node", process.execPath, ["installArchSpecificPackage"], { cwd: folder });
  } catch (error) {
    if (!runsTypeScript()) throw error;
  }
}

function nodeToUse() {
  if (existsSync(PINNED_NODE)) return PINNED_NODE;
  if (runsTypeScript()) {
    tell(`the pinned Node could not be installed; going on with this one, ${process.version}`);
    return process.execPath;
  }
  throw new SetupError(
    `The pinned Node could not be installed, and this one, ${process.version}, is older than ${LEAST_NODE.join(".")}. ` +
      "Install Node 24, then try again.",
  );
}

function runsTypeScript() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
}

// ---- the web page

const WEB_SOURCES = [
  "web/src",
  "web/public",
  "web/index.html",
  "web/vite.config.ts",
  "web/package.json",
  "src/contract",
];

function isBuilt() {
  return existsSync(join(ROOT, "web/dist/index.html")) && stamp(BUILT) === wantedBuild();
}

function wantedBuild() {
  return digestOf(["package-lock.json", ...WEB_SOURCES]);
}

async function buildWeb() {
  const wanted = wantedBuild();
  const vite = join(MODULES, "vite", "bin", "vite.js");
  const args = [vite, "build", "--logLevel", "warn"];
  await step("building the web page (vite build)", nodeToUse(), args, { cwd: join(ROOT, "web") });
  writeFileSync(BUILT, wanted);
}

// ---- one set-up at a time

/** A file outside of the checkout, so that `npm ci` does not sweep it away and git does not see it. */
async function takeLock() {
  const name = createHash("sha256").update(ROOT).digest("hex").slice(0, 16);
  const lock = join(tmpdir(), `safelight-setup-${name}-${process.getuid?.() ?? 0}`);
  let told = false;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw new SetupError(`Cannot write ${lock}: ${error.message}`);
    }
    const holder = Number(stamp(lock));
    if (holder > 0 && !isRunning(holder)) takeAway(lock, holder);
    else if (!told) tell(`another set-up of this folder is under way (process ${holder || "unknown"}); waiting for it`);
    told = true;
    await sleep(250);
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Only one of those who see the dead holder's lock gets to rename it. */
function takeAway(lock, holder) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  if (Number(stamp(aside)) === holder) rmSync(aside, { force: true });
  else renameSync(aside, lock);
}

// ---- small things

export function tell(text) {
  process.stderr.write(`safelight: ${text}\n`);
}

function stamp(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Of the contents of files and folders, with their names. */
function digestOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    for (const file of filesIn(path))
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(ROOT, file)))
        .update("\0");
  }
  return hash.digest("hex");
}

function filesIn(path) {
  const found = statSync(join(ROOT, path), { throwIfNoEntry: false });
  if (!found) return [];
  if (!found.isDirectory()) return [path];
  const entries = readdirSync(join(ROOT, path)).sort();
  return entries.flatMap((entry) => filesIn(`${path}/${entry}`));
}

/** Runs one part of the set-up: a line with its time when it works, everything it said when it does not. */
async function step(what, program, args, { cwd = ROOT, env = process.env } = {}) {
  mkdirSync(cwd, { recursive: true });
  const start = performance.now();
  process.stderr.write(`safelight: ${what} … `);
  const said = [];
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], shell: program.endsWith(".cmd") });
  child.stdout.on("data", (chunk) => said.push(chunk));
  child.stderr.on("data", (chunk) => said.push(chunk));
  const stop = (signal) => child.kill(signal);
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const problem = await new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : `exit ${signal ?? code}`));
  });
  process.off("SIGINT", stop).off("SIGTERM", stop);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stderr.write(problem ? `failed after ${seconds} s\n` : `${seconds} s\n`);
  if (problem) throw new SetupError(`${Buffer.concat(said).toString().trim()}\n${what}: ${problem}`.trim());
}
