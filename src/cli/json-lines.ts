import { z } from "zod";
import type { Checks, TextCheck } from "../app/service.ts";
import { SafelightError } from "../contract/errors.ts";
import { promptSchema } from "../contract/generation.ts";
import { inOrder, type Line, linesOf } from "../pipeline/streaming.ts";
import { EXIT } from "./command.ts";
import type { Io } from "./io.ts";
import { exitOf, exitOfAll, verdictJson } from "./verdict.ts";

/** Judges texts under one policy, after the checks that every front door makes of a prompt. */
export class TextJudge {
  readonly mostBytes: number;
  readonly #checks: Checks;
  readonly #policy: string | undefined;
  readonly #signal: AbortSignal;
  readonly #text: z.ZodType<string>;

  constructor(checks: Checks, policy: string | undefined, signal: AbortSignal) {
    checks.policy(policy); // an unknown one is told at once, not with every line
    this.#checks = checks;
    this.#policy = policy;
    this.#signal = signal;
    this.#text = promptSchema(checks.limits);
    this.mostBytes = checks.limits.body_bytes;
  }

  /** @throws SafelightError `invalid_request` for what is no prompt */
  judge(text: unknown): Promise<TextCheck> {
    const parsed = this.#text.safeParse(text, {
      error: ({ input }) => (input === undefined ? "is missing" : "must be text"),
    });
    if (parsed.success) return this.#checks.checkText(parsed.data, this.#policy, this.#signal);
    throw new SafelightError(
      "invalid_request",
      `text: ${parsed.error.issues.map(({ message }) => message).join("; ")}`,
    );
  }
}

interface Answer {
  readonly json: Readonly<Record<string, unknown>>;
  readonly status: number;
}

/** A verdict for each line, in order, as soon as it is known. A line that is wrong gets an error, and its number. */
export async function checkLines(
  input: AsyncIterable<Uint8Array>,
  judge: TextJudge,
  width: number,
  io: Io,
): Promise<number> {
  const counts = new Map<number, number>();
  const lines = notBlank(linesOf(input, judge.mostBytes));
  for await (const { json, status } of inOrder(lines, width, (line) => answer(line, judge), io.signal)) {
    await io.out(`${JSON.stringify(json)}\n`);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const count = (status: number) => counts.get(status) ?? 0;
  io.err(
    `${count(EXIT.allowed)} allowed, ${count(EXIT.flagged)} flagged, ${count(EXIT.unknown)} could not be judged\n`,
  );
  return io.signal.aborted ? EXIT.unknown : exitOfAll(counts.keys());
}

async function* notBlank(lines: AsyncIterable<Line>): AsyncGenerator<Line> {
  for await (const line of lines) {
    if (line.bytes === undefined || line.bytes.some((byte) => byte > 0x20)) yield line;
  }
}

async function answer(line: Line, judge: TextJudge): Promise<Answer> {
  let others: Readonly<Record<string, unknown>> = {};
  try {
    const { text, ...rest } = objectIn(line, judge.mostBytes);
    others = rest;
    const check = await judge.judge(text);
    return { json: { ...others, ...verdictJson(check) }, status: exitOf(check) };
  } catch (error) {
    const known = error instanceof SafelightError ? error : new SafelightError("internal", "could not be judged");
    const { code, detail } = known;
    return { json: { ...others, error: { line: line.number, code, detail } }, status: EXIT.unknown };
  }
}

const ObjectSchema = z.record(z.string(), z.unknown());

function objectIn({ bytes }: Line, mostBytes: number): Record<string, unknown> {
  const wrong = (detail: string) => new SafelightError("invalid_request", detail);
  if (!bytes) throw wrong(`the line must be at most ${mostBytes} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw wrong("the line is not UTF-8 text");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("the line is not JSON");
  }
  const object = ObjectSchema.safeParse(value);
  if (!object.success) throw wrong('the line must be a JSON object, such as {"text": "…"}');
  return object.data;
}
