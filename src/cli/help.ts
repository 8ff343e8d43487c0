import { type Command, GLOBAL_OPTIONS, type Options } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import type { Io } from "./io.ts";

/** The help of the whole program, or of one group of commands such as `check`. */
export function programHelp(io: Io, group = ""): string {
  const rows = Object.entries(COMMANDS)
    .filter(([words]) => words.startsWith(group))
    .map(([words, { about }]) => [words, about] as const);
  const head = io.styled("bold", "safelight", "out");
  const examples = [
    ["safelight serve", "then open http://127.0.0.1:8080"],
    ['safelight generate "a lighthouse at dusk" --out lighthouse.png', ""],
    ['safelight check text "a quiet harbour"', ""],
    ["safelight check image photo.jpg --json", ""],
    ["safelight policy check my-policy.yaml", ""],
    ["safelight scan ./dogs --quarantine ./held", "a data set, before it trains anything"],
    ["safelight hashes add ./known.txt bad.png --category gore", "and hashes match finds its copies"],
    ["safelight models list", ""],
  ] as const;
  return `${[
    `${head}: a moderation gateway for text-to-image generation`,
    "",
    `usage: safelight ${group === "" ? "" : `${group} `}<command> [options]`,
    "",
    title(io, "commands"),
    columns(rows),
    "",
    title(io, "options of every command"),
    columns([...optionRows(GLOBAL_OPTIONS), ["    --version", "print the version"]]),
    "",
    title(io, "examples"),
    columns(examples.filter(([line]) => line.startsWith(`safelight ${group}`))),
    "",
    "exit status: 0 allowed, 1 flagged, 2 bad usage or configuration, 3 could not tell",
    "`safelight <command> --help` shows more.",
  ].join("\n")}\n`;
}

export function commandHelp(io: Io, words: string, command: Command): string {
  const own = optionRows(command.options);
  return `${[
    `${io.styled("bold", `safelight ${words}`)}: ${command.about}`,
    "",
    `usage: safelight ${words} ${command.usage}`.trimEnd(),
    "",
    title(io, "options"),
    columns([...own, ...optionRows(GLOBAL_OPTIONS)]),
    "",
    title(io, "examples"),
    columns(command.examples),
  ].join("\n")}\n`;
}

function title(io: Io, text: string): string {
  return io.styled("bold", `${text}:`);
}

function optionRows(options: Options): (readonly [string, string])[] {
  return Object.entries(options).map(([name, { short, value, about }]) => [
    `${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`,
    about,
  ]);
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd()).join("\n");
}
