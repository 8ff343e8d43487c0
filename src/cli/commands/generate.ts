import type { GenerationRequest } from "../../contract/generation.ts";
import { generationRequestSchema } from "../../contract/generation.ts";
import type { Limits } from "../../contract/limits.ts";
import { describeIssues, inWords } from "../../policy/mistakes.ts";
import { defineCommand, EXIT, UsageError, type Values } from "../command.ts";
import { withService } from "../opened.ts";
import { PictureFiles } from "../picture-files.ts";
import { Progress } from "../progress.ts";
import { exitOf, markedText, shownAction, shownReasons } from "../verdict.ts";

const options = {
  out: { type: "string", short: "o", value: "FILE", about: "where to write the picture; several are numbered" },
  negative: { type: "string", value: "TEXT", about: "what to keep out, besides the policy's own" },
  width: { type: "string", value: "PIXELS", about: "a multiple of 8 (512)" },
  height: { type: "string", value: "PIXELS", about: "a multiple of 8 (512)" },
  n: { type: "string", short: "n", value: "COUNT", about: "how many pictures (1)" },
  seed: { type: "string", value: "NUMBER", about: "the same seed gives the same picture" },
  steps: { type: "string", value: "COUNT", about: "for generators that take it" },
  guidance: { type: "string", value: "SCALE", about: "for generators that take it" },
  policy: { type: "string", value: "NAME", about: "the policy to judge by" },
  generator: { type: "string", value: "NAME", about: "the generator to use" },
  force: { type: "boolean", about: "write over files that are there" },
} as const;

export const command = defineCommand({
  usage: '[options] "<prompt>" --out FILE',
  about: "makes pictures from a prompt; what the policy holds back is not written",
  options,
  examples: [
    ['safelight generate "a lighthouse at dusk" --out lighthouse.png', ""],
    ['safelight generate "two boats" -n 4 --seed 7 --out boat.png', "boat-1.png to boat-4.png"],
    ['safelight generate "a fox" --out fox.png --json | jq .prompt', "the whole record"],
  ],
  async run(parsed, io) {
    const { values, positionals } = parsed;
    const [prompt, ...more] = positionals;
    if (prompt === undefined || more.length > 0) throw new UsageError("generate: needs one prompt, in quotes");
    if (!values.out) throw new UsageError("generate: needs --out FILE, where the picture is to be written");
    const out = values.out;
    return withService(parsed, io, async (service) => {
      const request = requestOf(prompt, values, service.limits);
      const files = new PictureFiles(out, request.n, values.force === true, io.cwd);
      await files.assertWritable();
      const progress = new Progress(io);
      const generation = service.generate(request, io.signal);
      for await (const event of generation) progress.show(event);
      const { record } = progress;
      const written = await files.write(generation.pictures);
      if (values.json) {
        const images = record.images.map((image) => ({ ...image, file: written.get(image.index) ?? null }));
        await io.out(`${JSON.stringify({ ...record, images }, null, 2)}\n`);
      } else {
        const reasons = record.prompt?.reasons ?? [];
        if (reasons.length > 0) {
          const marked = markedText(io, prompt, reasons);
          await io.out(`${shownAction(io, record.prompt?.action ?? "allow")}  ${marked}\n${shownReasons(io, reasons)}`);
        }
        for (const image of record.images) {
          const file = written.get(image.index);
          const size = io.styled("dim", `seed ${image.seed}`);
          const what = file ?? `picture ${image.index + 1} is not shown`;
          await io.out(`${shownAction(io, image.action)}  ${what}  ${size}\n${shownReasons(io, image.reasons)}`);
        }
      }
      if (record.state === "failed" || record.state === "cancelled") {
        const cause =
          record.state === "failed" && record.error ? record.error.detail : `the generation was ${record.state}`;
        io.err(`${io.styled("red", "safelight:", "err")} ${cause}\n`);
        return EXIT.unknown;
      }
      const reasons = [record.prompt, ...record.images].flatMap((judged) => judged?.reasons ?? []);
      return exitOf({ action: record.action ?? "block", reasons });
    });
  },
});

const FLAGS: Readonly<Record<string, string>> = {
  negative_prompt: "--negative",
  guidance_scale: "--guidance",
  prompt: "prompt",
};

function requestOf(prompt: string, values: Values<typeof options>, limits: Limits): GenerationRequest {
  const schema = generationRequestSchema(limits);
  const given = {
    prompt,
    negative_prompt: values.negative,
    width: number(values.width),
    height: number(values.height),
    n: number(values.n),
    seed: number(values.seed),
    steps: number(values.steps),
    guidance_scale: number(values.guidance),
    policy: values.policy,
    generator: values.generator,
    b64: false,
  };
  const parsed = schema.safeParse(given, { error: inWords });
  if (parsed.success) return parsed.data;
  const lines = describeIssues(parsed.error.issues, schema, given).map(({ path, message }) => {
    const key = String(path[0]);
    return `${FLAGS[key] ?? `--${key}`}: ${message}`;
  });
  throw new UsageError(lines.join("\n"));
}

/** A word that is no number stays as it is, for the schema to complain of. */
function number(text: string | undefined): number | string | undefined {
  return text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}
