import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { defineCommand, UsageError } from "../command.ts";
import type { Io } from "../io.ts";
import { checkLines, TextJudge } from "../json-lines.ts";
import { withChecks } from "../opened.ts";
import { exitOf, markedText, shownAction, shownReasons, verdictJson } from "../verdict.ts";

export const command = defineCommand({
  usage: '[options] "<prompt>" | --jsonl FILE|-',
  about: "judges a prompt as the gateway would, and generates nothing",
  options: {
    jsonl: {
      type: "string",
      value: "FILE",
      about: 'one JSON object with "text" a line in, one verdict a line out; -: stdin',
    },
    policy: { type: "string", value: "NAME", about: "the policy to judge by" },
    concurrency: { type: "string", value: "N", about: "lines judged at once with --jsonl (8)" },
  },
  examples: [
    ['safelight check text "a quiet harbour at dawn"', "exit status 0: allowed"],
    ['safelight check text --json "a quiet harbour" | jq .scores', ""],
    ["safelight check text - < prompt.txt", "a long prompt, from a file"],
    ["safelight check text --jsonl prompts.jsonl > verdicts.jsonl", 'lines such as {"id": 7, "text": "…"}'],
  ],
  async run(parsed, io) {
    const { values, positionals } = parsed;
    const { jsonl, policy } = values;
    const [given, ...more] = positionals;
    if (more.length > 0) throw new UsageError("check text: put the prompt in quotes: it takes one");
    if (jsonl !== undefined) {
      if (given !== undefined) throw new UsageError("check text: takes a prompt or --jsonl, not both");
      const width = concurrency(values.concurrency ?? "8");
      const input = await opened(jsonl, io);
      return withChecks(parsed, io, (checks) => checkLines(input, new TextJudge(checks, policy, io.signal), width, io));
    }
    if (given === undefined)
      throw new UsageError('check text: needs a prompt, such as: safelight check text "a harbour"');
    return withChecks(parsed, io, async (checks) => {
      const text = given === "-" ? await wholeOf(io.stdin, checks.limits.body_bytes) : given;
      const check = await new TextJudge(checks, policy, io.signal).judge(text);
      if (values.json) {
        const { name, version, digest } = check.policy;
        const { coverage, reports, totalMs } = check;
        const rest = { coverage, reports, policy: { name, version, digest }, timings: { total_ms: totalMs } };
        await io.out(`${JSON.stringify({ ...verdictJson(check), ...rest })}\n`);
      } else {
        const marked = markedText(io, text, check.reasons);
        await io.out(`${shownAction(io, check.action)}  ${marked}\n${shownReasons(io, check.reasons)}`);
      }
      return exitOf(check);
    });
  },
});

function concurrency(text: string): number {
  const width = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (width < 1)
    throw new UsageError(`--concurrency: must be a whole number from 1 to 999 (found ${JSON.stringify(text)})`);
  return width;
}

async function opened(jsonl: string, io: Io): Promise<AsyncIterable<Uint8Array>> {
  if (jsonl === "-") return io.stdin;
  const path = resolve(io.cwd, jsonl);
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new UsageError(`--jsonl: there is no file ${jsonl}`);
  if (found.isDirectory()) throw new UsageError(`--jsonl: ${jsonl} is a folder`);
  return createReadStream(path);
}

async function wholeOf(input: AsyncIterable<Uint8Array>, mostBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of input) {
    length += part.length;
    if (length > mostBytes) throw new UsageError(`the prompt: must be at most ${mostBytes} bytes`);
    parts.push(part);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts)).replace(/\r?\n$/, "");
  } catch {
    throw new UsageError("the prompt: is not UTF-8 text");
  }
}
