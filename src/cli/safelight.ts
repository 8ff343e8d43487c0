#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { constants } from "node:os";
import { setFlagsFromString } from "node:v8";
import { processIo } from "./io.ts";
import { main } from "./main.ts";

// Pictures lie outside the heap. By default V8 marks the whole heap after each 64 MiB of them, which are a few dozen pictures.
setFlagsFromString("--external-memory-accounted-in-global-limit");
enableCompileCache(); // the commands are loaded after this, from what the last run compiled

/** One Ctrl-C may come several times: from the terminal, and from npm, which passes on what the terminal sent to both. */
const ECHO_MS = 500;

const interrupted = new AbortController();
let first = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (!interrupted.signal.aborted) {
      first = performance.now();
      interrupted.abort(new DOMException(`interrupted by ${signal}`, "AbortError"));
    } else if (performance.now() - first > ECHO_MS) {
      process.exit(128 + constants.signals[signal]);
    }
  });
}
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(); // the reader, `head` for instance, has seen enough
    throw error;
  });
}

const status = await main(process.argv.slice(2), processIo(interrupted.signal));
process.exitCode = status;
process.stdout.write("", () => process.exit(status));
