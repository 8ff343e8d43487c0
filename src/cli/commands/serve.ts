import { spawn } from "node:child_process";
import { once } from "node:events";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import type { Io } from "../io.ts";
import { withService } from "../opened.ts";

/** How long requests under way may take to end once the server is told to stop. */
const GRACE_MS = 10_000;

export const command = defineCommand({
  usage: "[options]",
  about: "starts the HTTP API, the dialects and the web page",
  options: {
    port: { type: "string", value: "PORT", about: "8080 if nothing says otherwise; 0: any free one" },
    host: {
      type: "string",
      value: "ADDRESS",
      about: "127.0.0.1 if nothing says otherwise; 0.0.0.0: reachable from outside",
    },
    open: { type: "boolean", about: "open the page in a browser" },
  },
  examples: [
    ["safelight serve", "then open http://127.0.0.1:8080"],
    ["safelight serve --port 9000 --data /var/lib/safelight", ""],
    ["PORT=9000 HOST=0.0.0.0 safelight serve", ""],
  ],
  async run(parsed, io) {
    if (parsed.positionals.length > 0) throw new UsageError("serve: takes no argument");
    return withService(parsed, io, async (service, config) => {
      const { startServer } = await import("../../http/server.ts");
      const server = await startServer(service, config);
      io.err(`listening on ${server.url}\n`);
      const page =
        config.server.public_url ?? server.url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
      io.err(welcome(io, page));
      if (parsed.values.open) openPage(page, io);
      if (!io.signal.aborted) await once(io.signal, "abort");
      io.err(`stopping: requests in progress have ${GRACE_MS / 1000} s to end; stop again to end them now\n`);
      await within(GRACE_MS, server.close());
      return EXIT.allowed;
    });
  },
});

function welcome(io: Io, page: string): string {
  const row = (name: string, text: string) => `  ${io.styled("bold", name.padEnd(6), "err")} ${text}\n`;
  const body = `'{"prompt": "a lighthouse at dusk"}'`;
  return (
    row("page", page) +
    row("docs", `${page}/docs`) +
    row("try", `curl -s ${page}/api/v1/generations -H 'content-type: application/json' -d ${body}`) +
    row("stop", "Ctrl-C")
  );
}

/** Best effort: a machine without a browser is told nothing but the URL. */
function openPage(page: string, io: Io): void {
  const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
    darwin: ["open"],
    win32: ["cmd", "/c", "start", ""],
  };
  const [program, ...args] = openers[process.platform] ?? ["xdg-open"];
  const child = spawn(program, [...args, page], { detached: true, stdio: "ignore" });
  child.on("error", () => io.err(`cannot open a browser here: visit ${page}\n`));
  child.unref();
}

async function within(ms: number, done: Promise<void>): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ms);
  try {
    await Promise.race([done, once(late.signal, "abort")]);
  } finally {
    clearTimeout(timer);
  }
}
