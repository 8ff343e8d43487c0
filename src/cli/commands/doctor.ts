import { createServer } from "node:net";
import { type Finding, look } from "../../app/examine.ts";
import type { Config } from "../../config/schema.ts";
import { defineCommand, UsageError } from "../command.ts";
import type { Io } from "../io.ts";
import { configFor } from "../opened.ts";

const TIMEOUT_S = 20;

export const command = defineCommand({
  usage: "[options]",
  about: "checks with a real call that every configured part can be used, and says what is wrong",
  options: {
    deep: { type: "boolean", about: "also what costs money: asks paid services, makes a picture with every generator" },
    timeout: { type: "string", value: "SECONDS", about: `for each part; ${TIMEOUT_S} if not given` },
    host: { type: "string", value: "ADDRESS", about: "as for serve" },
    port: { type: "string", value: "PORT", about: "as for serve" },
  },
  examples: [
    ["safelight doctor", "exit status 0: all is well; 1: something is wrong"],
    ["safelight doctor --deep", "spends some cents with paid services"],
    ["safelight doctor --json | jq '.findings[] | select(.state == \"wrong\")'", ""],
  ],
  async run(parsed, io) {
    if (parsed.positionals.length > 0) throw new UsageError("doctor: takes no argument");
    const { deep = false, json = false } = parsed.values;
    const timeoutMs = seconds(parsed.values.timeout) * 1_000;
    const { config } = await configFor(parsed, io);
    const { examine } = await import("../../app/examine.ts");
    const findings: Finding[] = [];
    const tell = async (finding: Finding) => {
      findings.push(finding);
      if (!json) await io.out(asText(finding, io));
    };
    for (const finding of await surroundings(config, io.signal)) await tell(finding);
    for await (const finding of examine(config, { deep, timeoutMs }, io.signal)) await tell(finding);
    io.signal.throwIfAborted();
    const wrong = findings.filter(({ state }) => state === "wrong").length;
    if (json) await io.out(`${JSON.stringify({ ok: wrong === 0, deep, findings }, null, 2)}\n`);
    io.err(`${findings.length} checked, ${wrong === 0 ? "nothing" : wrong} wrong\n`);
    return wrong === 0 ? 0 : 1;
  },
});

function seconds(given: string | undefined): number {
  if (given === undefined) return TIMEOUT_S;
  const value = Number(given);
  if (value > 0 && value <= 3_600) return value;
  throw new UsageError(`doctor: --timeout must be a number of seconds up to 3600, not ${JSON.stringify(given)}`);
}

/** What only the front door needs: its address, and the secrets of its keys. */
async function surroundings({ server, keys }: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const { host, port } = server;
  const names = Object.keys(keys);
  return [
    await look({ part: "address", name: `${host} port ${port}`, kind: null }, signal, () => probeAddress(host, port)),
    await look({ part: "keys", name: "", kind: null }, signal, async () => {
      const { Keys } = await import("../../http/keys.ts");
      return new Keys(keys).isEmpty
        ? "none: whoever reaches the address may ask"
        : `the secrets of ${names.join(", ")} are there`;
    }),
  ];
}

/** @throws SafelightError `config_invalid` when it cannot be listened on */
async function probeAddress(host: string, port: number): Promise<string> {
  if (port === 0) return "any free port";
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    await new Promise((resolve) => server.close(resolve));
    return "is free";
  } catch (error) {
    if (await isSafelight(host, port)) return "Safelight is already running there";
    const { cannotListen } = await import("../../http/server.ts");
    throw cannotListen(error as NodeJS.ErrnoException, host, port); // what a server's error event gives
  }
}

async function isSafelight(host: string, port: number): Promise<boolean> {
  const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  try {
    const response = await fetch(`http://${reached}:${port}/healthz`, { signal: AbortSignal.timeout(2_000) });
    const answer: unknown = await response.json();
    return response.headers.has("X-Request-Id") && JSON.stringify(answer) === '{"status":"ok"}';
  } catch {
    return false;
  }
}

const COLOURS = { ok: "green", wrong: "red", untried: "yellow" } as const;
const INDENT = " ".repeat(9);

function asText({ part, name, kind, state, detail, advice }: Finding, io: Io): string {
  const what = [part, name, kind !== null && kind !== name ? `(${kind})` : ""].filter((word) => word !== "").join(" ");
  const mark = io.styled(COLOURS[state], state.padEnd(INDENT.length), "out");
  const more = advice === null ? "" : `${INDENT}${io.styled("dim", advice, "out")}\n`;
  return `${mark}${what}: ${detail.replaceAll("\n", `\n${INDENT}`)}\n${more}`;
}
