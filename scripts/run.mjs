// What the npm scripts call: makes the set-up where it is missing or outdated, then hands over to the pinned Node.
//
//   node scripts/run.mjs start [options]       the server, as `safelight serve`
//   node scripts/run.mjs cli <arguments>       the command line, in the folder where npm was called
//   node scripts/run.mjs test [filters]        every test, or those whose file names match
//   node scripts/run.mjs bench [names] [--json and other options of a benchmark]
//   node scripts/run.mjs fuzz [--cases N]      damaged pictures of every format
//   node scripts/run.mjs setup                 nothing but the set-up
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { ROOT, SetupError, setUp, tell } from "./setup.mjs";

const CLI = join(ROOT, "src/cli/safelight.ts");

const MODES = {
  start: async (args) => handOver(await setUp({ web: true }), [CLI, "serve", ...args]),
  cli: async (args) => {
    const node = await setUp({ web: args.includes("serve") });
    process.chdir(process.env.INIT_CWD ?? process.cwd());
    return handOver(node, [CLI, ...args]);
  },
  test: async (args) => {
    const node = await setUp({ web: true });
    return handOver(node, [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", ...args]);
  },
  bench,
  fuzz: async (args) => handOver(await setUp({ web: false }), [join(ROOT, "test/fuzz/fuzz.ts"), ...args]),
  setup: async () => {
    await setUp({ web: true });
    return 0;
  },
};

async function bench(args) {
  const all = readdirSync(join(ROOT, "bench"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length));
  const first = args.findIndex((arg) => arg.startsWith("-"));
  const named = first < 0 ? args : args.slice(0, first);
  const flags = args.slice(named.length);
  const unknown = named.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    tell(`there is no benchmark ${JSON.stringify(unknown)}; there are ${all.join(", ")}`);
    return 2;
  }
  const node = await setUp({ web: false });
  let worst = 0;
  for (const name of named.length > 0 ? named : all) {
    worst = Math.max(worst, await child(node, [join(ROOT, "bench", `${name}.ts`), ...flags]));
  }
  return worst;
}

/** Becomes the program where Node can do that, and else stands in front of it. */
async function handOver(node, args) {
  if (process.execve && existsSync(node)) process.execve(node, [node, ...args], process.env);
  return child(node, args);
}

/** Runs a program with this one's streams and signals. @returns its exit status */
function child(node, args) {
  return new Promise((resolve, reject) => {
    const running = spawn(node, args, { stdio: "inherit" });
    const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"];
    const forward = (signal) => running.kill(signal);
    for (const signal of forwarded) process.on(signal, forward);
    running.on("error", reject);
    running.on("exit", (code, signal) => {
      for (const name of forwarded) process.off(name, forward);
      resolve(signal ? 128 + constants.signals[signal] : (code ?? 1));
    });
  });
}

const [mode = "", ...args] = process.argv.slice(2);
if (!Object.hasOwn(MODES, mode)) {
  tell(`usage: node scripts/run.mjs ${Object.keys(MODES).join("|")} [arguments]`);
  process.exit(2);
}
if (mode !== "cli") process.chdir(ROOT);
try {
  process.exitCode = await MODES[mode](args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  tell(error.message);
  process.exitCode = 1;
}
