import { z } from "zod";
import { type FieldError, SafelightError } from "../../../contract/errors.ts";
import { type GenerationRequest, generationRequestSchema } from "../../../contract/generation.ts";
import type { Limits } from "../../../contract/limits.ts";
import { validate } from "../../body.ts";
import { changedSettings } from "./settings.ts";

/** Every member may be left out, and may be null, as for the web UI. What is not named here is not looked at. */
export const Txt2ImgSchema = z.looseObject({
  prompt: z.string().nullish(),
  negative_prompt: z.string().nullish(),
  width: z.number().nullish(),
  height: z.number().nullish(),
  steps: z.number().nullish(),
  cfg_scale: z.number().nullish(),
  seed: z.number().nullish(),
  n_iter: z.int().min(1).nullish(),
  batch_size: z.int().min(1).nullish(),
  sampler_name: z.string().nullish(),
  sampler_index: z.string().nullish(),
  scheduler: z.string().nullish(),
  send_images: z.boolean().nullish(),
  override_settings: z.looseObject({ sd_model_checkpoint: z.string().nullish() }).nullish(),
});
export type Txt2ImgBody = z.output<typeof Txt2ImgSchema>;

const isTrue = (value: unknown) => value === true;
const isPositive = (value: unknown) => typeof value === "number" && value > 0;
const isNamed = (value: unknown) => typeof value === "string" && value !== "" && value !== "None";
const isFull = (value: unknown) =>
  isNamed(value) || (Array.isArray(value) && value.some((each) => each !== null && each !== ""));

/** Extensions send their arguments also where they are switched off: none, or `false`. */
function runsScript(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((script: unknown) => {
    const args = typeof script === "object" && script !== null && "args" in script ? script.args : script;
    return Array.isArray(args) ? args.some((arg) => arg !== false && arg !== null) : args !== null && args !== false;
  });
}

/** Members that would change what is drawn in a way that cannot be honoured, when they ask for anything. */
const REFUSED: readonly (readonly [field: string, asks: (value: unknown) => boolean, why: string])[] = [
  ["init_images", isFull, "is not supported: pictures are made from text alone"],
  ["mask", isFull, "is not supported: pictures are made from text alone"],
  ["enable_hr", isTrue, "is not supported: there is no high-resolution fix; ask for the size itself"],
  ["refiner_checkpoint", isNamed, "is not supported: there is no refiner"],
  ["restore_faces", isTrue, "is not supported"],
  ["tiling", isTrue, "is not supported"],
  ["subseed_strength", isPositive, "is not supported: there are no variations of a seed"],
  ["seed_resize_from_w", isPositive, "is not supported"],
  ["seed_resize_from_h", isPositive, "is not supported"],
  ["styles", isFull, "is not supported: there are no styles here; write the words into the prompt"],
  ["infotext", isFull, "is not supported: send the settings as members of their own"],
  ["script_name", isNamed, "is not supported: no scripts are run"],
  ["alwayson_scripts", runsScript, "is not supported: no extensions are run"],
  ["controlnet_units", isFull, "is not supported: no extensions are run"],
];

/**
 * What is asked for, in the native form.
 * @param model the generator that the caller chose before, if any
 * @throws SafelightError `invalid_request` that points to members of this dialect
 */
export function toRequest(body: Txt2ImgBody, limits: Limits, model: string | undefined): GenerationRequest {
  const refused = [
    ...REFUSED.filter(([field, asks]) => asks(body[field])).map(([field, , why]) => [field, why] as const),
    ...changedSettings(body.override_settings ?? {}).map(([key, why]) => [`override_settings/${key}`, why] as const),
  ];
  if (refused.length > 0) {
    const errors = refused.map(([field, detail]): FieldError => ({ pointer: `#/${field}`, detail }));
    throw new SafelightError("invalid_request", `"${errors[0]?.pointer.slice(2)}" ${errors[0]?.detail}`, { errors });
  }
  const { steps, cfg_scale, seed } = body;
  const generator = body.override_settings?.sd_model_checkpoint || model;
  return inWords(() =>
    validate(
      {
        prompt: body.prompt ?? "",
        negative_prompt: body.negative_prompt ?? "",
        width: body.width ?? 512,
        height: body.height ?? 512,
        n: (body.n_iter ?? 1) * (body.batch_size ?? 1),
        ...(seed == null || seed < 0 ? {} : { seed }),
        ...(steps == null ? {} : { steps }),
        ...(cfg_scale == null ? {} : { guidance_scale: cfg_scale }),
        ...(generator === undefined ? {} : { generator }),
        b64: true,
      },
      generationRequestSchema(limits),
    ),
  );
}

const NAMES: Readonly<Record<string, string>> = {
  "#/n": "#/n_iter",
  "#/guidance_scale": "#/cfg_scale",
  "#/generator": "#/override_settings/sd_model_checkpoint",
};

/** Runs `work`; a complaint of it about a native member points to the one that was sent. */
export function inWords<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof SafelightError ? renamed(error) : error;
  }
}

function renamed(error: SafelightError): SafelightError {
  if (!error.errors.some(({ pointer }) => NAMES[pointer])) return error;
  const errors = error.errors.map(({ pointer, detail }) => ({
    pointer: NAMES[pointer] ?? pointer,
    detail: pointer === "#/n" ? `times batch_size ${detail}` : detail,
  }));
  return new SafelightError(error.code, error.detail, { errors, cause: error });
}
