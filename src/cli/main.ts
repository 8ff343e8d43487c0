import { parseArgs } from "node:util";
import { nearest } from "../policy/nearest.ts";
import { type Arguments, type Command, EXIT, GLOBAL_OPTIONS, type Options, UsageError } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";
import type { Io } from "./io.ts";

/** Runs one command line. Nothing is thrown: what goes wrong is told on stderr, and in the exit status. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(argv, io);
  } catch (error) {
    return tell(error, argv.includes("--json"), io);
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const { words, rest } = splitCommand(argv);
  if (words === "" && rest.includes("--version")) {
    const { VERSION } = await import("../app/version.ts");
    await io.out(`${VERSION}\n`);
    return EXIT.allowed;
  }
  const entry = COMMANDS[words];
  if (entry) {
    const { command } = await entry.load();
    const parsed = parse(words, command, rest);
    if (!parsed.values.help) return command.run(parsed, io);
    await io.out(commandHelp(io, words, command));
    return EXIT.allowed;
  }
  const group = words !== "" && isGroup(words) ? words : "";
  if (words !== group && words !== "help") throw new UsageError(unknownCommand(words));
  if (rest.some((arg) => arg === "--help" || arg === "-h") || words === "help") {
    await io.out(programHelp(io, group));
    return EXIT.allowed;
  }
  io.err(programHelp(io, group));
  return EXIT.usage;
}

/** Takes the words of the command out of the line; options may stand before and between them. */
function splitCommand(argv: readonly string[]): { words: string; rest: readonly string[] } {
  const rest: string[] = [];
  let words = "";
  for (const [index, arg] of argv.entries()) {
    const named = words === "" || isGroup(words) || Object.hasOwn(COMMANDS, `${words} ${arg}`);
    const value = /^--(?:config|data)$/.test(argv[index - 1] ?? "");
    if (arg === "--" || !named) return { words, rest: [...rest, ...argv.slice(index)] };
    if (arg.startsWith("-") || value) rest.push(arg);
    else words = words === "" ? arg : `${words} ${arg}`;
  }
  return { words, rest };
}

function isGroup(words: string): boolean {
  return !Object.hasOwn(COMMANDS, words) && Object.keys(COMMANDS).some((known) => known.startsWith(`${words} `));
}

function unknownCommand(words: string): string {
  const near = nearest(words, Object.keys(COMMANDS));
  const hint = near ? `did you mean "${near}"?` : `there are ${Object.keys(COMMANDS).join(", ")}`;
  return `there is no command "${words}"; ${hint}`;
}

function parse(words: string, command: Command, args: readonly string[]): Arguments<Options> {
  const options: Options = { ...command.options, ...GLOBAL_OPTIONS };
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(options).map(([name, { type, short, multiple = false }]) => [
          name,
          short ? { type, multiple, short } : { type, multiple },
        ]),
      ),
    });
    return { values: values as Arguments<Options>["values"], positionals }; // parsed by these very options
  } catch (error) {
    throw new UsageError(`${words}: ${optionProblem(error, Object.keys(options))}`);
  }
}

function optionProblem(error: unknown, known: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error);
  const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
  if (unknown === undefined) return message.split("\n")[0] ?? message;
  const near = nearest(unknown, known);
  return `there is no option ${unknown}${near ? `; did you mean --${near}?` : ""}`;
}

/** Says what went wrong in one place. Codes that the caller can mend are bad usage; all others leave the question open. */
async function tell(error: unknown, json: boolean, io: Io): Promise<number> {
  if (io.env["SAFELIGHT_DEBUG"] === "1") io.err(`${error instanceof Error ? error.stack : String(error)}\n`);
  const failed = io.styled("red", "safelight:", "err");
  if (error instanceof UsageError) {
    io.err(`${failed} ${error.message}\nSee safelight --help.\n`);
    return EXIT.usage;
  }
  if (io.signal.aborted) {
    io.err(`${failed} interrupted\n`);
    return EXIT.unknown;
  }
  const { SafelightError } = await import("../contract/errors.ts");
  if (!(error instanceof SafelightError)) {
    const message = error instanceof Error ? error.message : String(error);
    io.err(`${failed} something went wrong inside Safelight: ${message} (SAFELIGHT_DEBUG=1 shows where)\n`);
    return EXIT.unknown;
  }
  io.err(`${failed} ${error.detail}\n`);
  const { code, detail, errors } = error;
  if (json) await io.out(`${JSON.stringify({ error: { code, detail, errors } })}\n`);
  return code === "config_invalid" || code === "invalid_request" ? EXIT.usage : EXIT.unknown;
}
