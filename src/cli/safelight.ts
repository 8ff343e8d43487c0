#!/usr/bin/env node
import { constants } from "node:os";
import { processIo } from "./io.ts";
import { main } from "./main.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) process.exit(128 + constants.signals[signal]);
    interrupted.abort(signal);
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
