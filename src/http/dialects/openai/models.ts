import type { Service } from "../../../app/service.ts";
import type { App, Door } from "../../types.ts";
import { unknownModel } from "./errors.ts";

const MODERATION = "safelight-moderation:";

/** Names that clients of OpenAI have built in; they mean whatever is configured as the default here. */
const OPENAI_IMAGE_MODEL = /^(?:gpt-image-|dall-e-|chatgpt-image-)/;
const OPENAI_MODERATION_MODEL = /^(?:omni|text)-moderation-/;

/** The generator that a model's name means. @throws ParameterError `model_not_found` */
export function generatorOf(service: Service, model: string | null | undefined): string {
  if (model == null) return service.defaultGenerator;
  const names = service.generators().map(({ name }) => name);
  if (names.includes(model)) return model;
  if (OPENAI_IMAGE_MODEL.test(model)) return service.defaultGenerator;
  throw unknownModel(model, names);
}

/** The policy that a model's name means. @throws ParameterError `model_not_found` */
export function policyOf(service: Service, model: string | null | undefined): string {
  if (model == null || OPENAI_MODERATION_MODEL.test(model)) return service.defaultPolicy;
  const policy = model.startsWith(MODERATION) ? model.slice(MODERATION.length) : undefined;
  if (policy !== undefined && service.policyNames().includes(policy)) return policy;
  throw unknownModel(model, moderationModels(service));
}

export function moderationModel(policy: string): string {
  return `${MODERATION}${policy}`;
}

/** DALL·E answered addresses unless it was asked for base64, and had a code of its own for refusals. */
export function speaksDallE(model: string | null | undefined): boolean {
  return model?.startsWith("dall-e-") ?? false;
}

export function modelRoutes(app: App, { service }: Door): void {
  const created = Math.floor(Date.now() / 1000);
  const describe = (id: string) => ({ id, object: "model", created, owned_by: "safelight" });

  app.get("/v1/models", (c) => {
    const ids = [...service.generators().map(({ name }) => name), ...moderationModels(service)];
    return c.json({ object: "list", data: ids.map(describe) });
  });

  app.get("/v1/models/:id", (c) => {
    const id = c.req.param("id");
    if (id.startsWith(MODERATION) || OPENAI_MODERATION_MODEL.test(id)) policyOf(service, id);
    else generatorOf(service, id);
    return c.json(describe(id));
  });
}

function moderationModels(service: Service): string[] {
  return service.policyNames().map(moderationModel);
}
