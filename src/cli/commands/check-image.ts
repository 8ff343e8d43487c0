import type { Checks, ImageCheck } from "../../app/service.ts";
import { SafelightError } from "../../contract/errors.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import type { Io } from "../io.ts";
import { withChecks } from "../opened.ts";
import { readPicture } from "../picture-input.ts";
import { exitOf, exitOfAll, shownAction, shownReasons, verdictJson } from "../verdict.ts";

export const command = defineCommand({
  usage: "[options] FILE…",
  about: "judges pictures as the gateway would judge those that it makes; -: stdin",
  options: { policy: { type: "string", value: "NAME", about: "the policy to judge by" } },
  examples: [
    ["safelight check image photo.jpg", "exit status 0: allowed"],
    ["safelight check image --json *.png > verdicts.jsonl", "one JSON object a line"],
    ["curl -s https://example.org/a.png | safelight check image -", ""],
  ],
  async run(parsed, io) {
    const { values, positionals } = parsed;
    if (positionals.length === 0)
      throw new UsageError("check image: needs a file, such as: safelight check image a.png");
    return withChecks(parsed, io, async (checks) => {
      checks.policy(values.policy);
      const statuses: number[] = [];
      for (const file of positionals) {
        io.signal.throwIfAborted();
        statuses.push(await checkOne(file, values.policy, values.json === true, checks, io));
      }
      return exitOfAll(statuses);
    });
  },
});

/** A picture that cannot be read or judged does not keep the others from being judged. */
async function checkOne(
  file: string,
  policy: string | undefined,
  json: boolean,
  checks: Checks,
  io: Io,
): Promise<number> {
  try {
    const bytes = await readPicture(file, checks.limits.image_bytes, io);
    const check = await checks.checkImage(bytes, policy, io.signal);
    await io.out(json ? asJson(file, check) : asText(file, check, io));
    return exitOf(check);
  } catch (error) {
    if (!(error instanceof SafelightError)) throw error;
    io.err(`${io.styled("red", "safelight:", "err")} ${file}: ${error.detail}\n`);
    if (json) await io.out(`${JSON.stringify({ file, error: { code: error.code, detail: error.detail } })}\n`);
    return EXIT.unknown;
  }
}

function asJson(file: string, check: ImageCheck): string {
  const { coverage, reports, image, decodeMs, totalMs } = check;
  const { name, version, digest } = check.policy;
  const { framesJudged, mediaType, ...size } = image;
  return `${JSON.stringify({
    file,
    ...verdictJson(check),
    coverage,
    reports,
    policy: { name, version, digest },
    image: { ...size, media_type: mediaType, frames_judged: framesJudged },
    timings: { decode_ms: decodeMs, total_ms: totalMs },
  })}\n`;
}

function asText(file: string, { action, reasons, image }: ImageCheck, io: Io): string {
  const frames = image.frames > 1 ? `, ${image.framesJudged} of ${image.frames} frames` : "";
  const size = io.styled("dim", `${image.width}×${image.height}${frames}`);
  return `${shownAction(io, action)}  ${file}  ${size}\n${shownReasons(io, reasons)}`;
}
