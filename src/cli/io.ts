import { once } from "node:events";
import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** The world of a command: data goes out, talk goes to the side. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Whether a person watches the talk. */
  readonly watched: boolean;
  /** Aborted by the first SIGINT or SIGTERM; the second ends the process. */
  readonly signal: AbortSignal;
  /** Data, to stdout. Resolves when there is room for more. */
  out(text: string): Promise<void>;
  /** Talk, to stderr. */
  err(text: string): void;
  /** In colour, where the stream shows colours (NO_COLOR and FORCE_COLOR are heeded). */
  styled(format: Format, text: string, stream?: "out" | "err"): string;
}

export function processIo(signal: AbortSignal): Io {
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    watched: process.stderr.isTTY === true,
    signal,
    async out(text) {
      if (!process.stdout.write(text)) await once(process.stdout, "drain");
    },
    err(text) {
      process.stderr.write(text);
    },
    styled(format, text, stream = "out") {
      return styleText(format, text, { stream: stream === "out" ? process.stdout : process.stderr });
    },
  };
}
