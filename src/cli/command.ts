import type { Io } from "./io.ts";

/** 0 allowed, 1 flagged, 2 bad usage or configuration, 3 could not tell. */
export const EXIT = { allowed: 0, flagged: 1, usage: 2, unknown: 3 } as const;

/** The command line itself is wrong. The message is all that is shown, with a hint at `--help`. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** It may be given several times, and its value is a list. */
  readonly multiple?: true;
  /** What stands for the value in the help: `FILE`. */
  readonly value?: string;
  readonly about: string;
}
export type Options = Readonly<Record<string, Option>>;

/** What every command takes. */
export const GLOBAL_OPTIONS = {
  config: { type: "string", value: "FILE", about: "settings to use instead of ./safelight.yaml" },
  data: { type: "string", value: "FOLDER", about: "where records and pictures are kept" },
  json: { type: "boolean", about: "answer in JSON" },
  help: { type: "boolean", short: "h", about: "show this help" },
} as const satisfies Options;

export type Values<O extends Options> = {
  readonly [K in keyof O]?: O[K]["type"] extends "boolean"
    ? boolean
    : O[K] extends { readonly multiple: true }
      ? readonly string[]
      : string;
};

export interface Arguments<O extends Options> {
  readonly values: Values<O & typeof GLOBAL_OPTIONS>;
  readonly positionals: readonly string[];
}

/** What the table of commands holds: the command's options are checked where it is defined. */
export interface Command {
  /** After the name: `[options] "<prompt>"`. */
  readonly usage: string;
  readonly about: string;
  readonly options: Options;
  /** Each a command line, with a word on what it does. */
  readonly examples: readonly (readonly [line: string, about: string])[];
  /** @returns the exit status */
  run(parsed: Arguments<Options>, io: Io): Promise<number>;
}

export function defineCommand<const O extends Options>(command: {
  readonly usage: string;
  readonly about: string;
  readonly options: O;
  readonly examples: Command["examples"];
  run(parsed: Arguments<O>, io: Io): Promise<number>;
}): Command {
  return { ...command, run: (parsed, io) => command.run(parsed as Arguments<O>, io) }; // parsed by these very options
}
