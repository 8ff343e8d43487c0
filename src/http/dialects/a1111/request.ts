import { z } from "zod";
import { type FieldError, SafelightError } from "../../../contract/errors.ts";
import { type GenerationRequest, generationRequestSchema } from "../../../contract/generation.ts";
import type { Limits } from "../../../contract/limits.ts";
import { validate } from "../../body.ts";
import { changedSettings } from "./settings.ts";

/** The web UI reads numbers that are written as strings, too. */
const orWritten = <S extends z.ZodType>(schema: S) =>
  z
    .preprocess((value) => (typeof value === "string" && isNumber(value) ? Number(value) : value), schema.nullish())
    .optional();
const isNumber = (text: string) => text.trim() !== "" && Number.isFinite(Number(text));
const number = orWritten(z.number());
const count = orWritten(z.int().min(1));

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
/** Told back as it came, so it has to be of a form that can be told. */
const setting = z.union([scalar, z.array(scalar)], {
  error: "must be a string, a number, a boolean, null, or a list of them",
});

/** Every member may be left out, and may be null, as for the web UI. What is not named here is not looked at. */
export const Txt2ImgSchema = z.looseObject({
  prompt: z.string().nullish(),
  negative_prompt: z.string().nullish(),
  width: number,
  height: number,
  steps: number,
  cfg_scale: number,
  seed: number,
  n_iter: count,
  batch_size: count,
  sampler_name: z.string().nullish(),
  sampler_index: z.string().nullish(),
  scheduler: z.string().nullish(),
  send_images: z.boolean().nullish(),
  override_settings: z.object({ sd_model_checkpoint: z.string().nullish() }).catchall(setting).nullish(),
});
export type Txt2ImgBody = z.output<typeof Txt2ImgSchema>;

/** What the web UI takes for true. */
const isTrue = (value: unknown) =>
  value === true || value === 1 || (typeof value === "string" && /^(?:true|t|yes|y|on|1)$/i.test(value));
const isPositive = (value: unknown) => (typeof value === "number" || typeof value === "string") && Number(value) > 0;
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
  if (refused.length > 0) throw wrongMembers(refused.map(([field, detail]) => ({ pointer: `#/${field}`, detail })));
  const { steps, cfg_scale, seed } = body;
  const generator = body.override_settings?.sd_model_checkpoint || model;
  return inWords(() =>
    validate(
      {
        prompt: body.prompt ?? "",
        negative_prompt: body.negative_prompt ?? "",
        width: body.width ?? 512,
        height: body.height ?? 512,
        n: Math.min((body.n_iter ?? 1) * (body.batch_size ?? 1), Number.MAX_SAFE_INTEGER),
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
  return wrongMembers(errors, error);
}

/** Says what is wrong with the first of them. */
export function wrongMembers(errors: readonly FieldError[], cause?: SafelightError): SafelightError {
  const [first] = errors;
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : "";
  const detail = `"${first?.pointer.slice(2).replaceAll("/", ".")}" ${first?.detail}${more}`;
  return new SafelightError("invalid_request", detail, { errors, cause });
}
