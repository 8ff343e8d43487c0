import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import { z } from "zod";
import type { Reason } from "../../../contract/decision.ts";
import { SafelightError } from "../../../contract/errors.ts";
import { readJson } from "../../body.ts";
import type { App, Door, Environment } from "../../types.ts";
import { answerError, ParameterError, toOpenAIError } from "./errors.ts";
import { groupsOf, type ModerationInput, readModerationRequest } from "./inputs.ts";
import { moderationModel, policyOf } from "./models.ts";
import { type Judged, type Verdict, verdictOf } from "./verdict.ts";

const Anything = z.unknown();

export function moderationRoutes(app: App, { service }: Door): void {
  app.post("/v1/moderations", async (c) => {
    const { model, inputs } = readModerationRequest(await readJson(c, Anything, "pictures"), service.limits);
    const { name: policy, version, digest } = service.policy(policyOf(service, model));
    const { signal } = c.req.raw;
    const results: object[] = [];
    for (const group of groupsOf(inputs, service.limits)) {
      const verdicts = await Promise.all(group.map((input) => judge(input, policy, signal)));
      for (const verdict of verdicts) {
        if (verdict.state === "unknown") return answerUnknown(c, verdict.reasons, results.length);
        results.push(verdict.result);
      }
    }
    return c.json({
      id: `modr-${randomBytes(16).toString("hex")}`,
      model: moderationModel(policy),
      results,
      safelight: { policy: { name: policy, version, digest } },
    });
  });

  async function judge({ text, images }: ModerationInput, policy: string, signal: AbortSignal): Promise<Verdict> {
    const judged: Judged[] = [];
    if (text !== undefined) judged.push({ kind: "text", judgement: await service.checkText(text, policy, signal) });
    for (const { param, bytes } of images) {
      const judgement = await service.checkImage(bytes, policy, signal).catch((error: unknown) => {
        throw named(param, error);
      });
      judged.push({ kind: "image", judgement });
    }
    return verdictOf(judged);
  }
}

/** Not clean, and not flagged: clients ask again, as they do whenever OpenAI is unavailable. */
function answerUnknown(c: Context<Environment>, reasons: readonly Reason[], input: number): Response {
  const detail = `Input ${input} could not be judged: ${reasons[0]?.message ?? "a required check failed."}`;
  return answerError(c, new SafelightError("detector_failed", detail), { safelight: { input, reasons } });
}

/** What is wrong with a picture, with the name of the part that it came in. */
function named(param: string, error: unknown): unknown {
  const unusable = error instanceof SafelightError && ["image_unreadable", "image_too_large"].includes(error.code);
  if (!unusable) return error;
  const { code } = toOpenAIError(error);
  return new ParameterError("invalid_request", param, code ?? "invalid_image", `"${param}": ${error.detail}`);
}
