import { VERSION } from "../../../app/version.ts";
import type { Action } from "../../../contract/actions.ts";
import type { Reason } from "../../../contract/decision.ts";
import type { GenerationRecord } from "../../../contract/generation.ts";
import type { Picture } from "../../../pipeline/parts.ts";
import { seedOf } from "../../../pipeline/seeds.ts";
import { timestamp } from "./jobs.ts";
import { drawNotice, inOneLine, noticeOf, withBand } from "./notice.ts";
import type { Txt2ImgBody } from "./request.ts";

/** One picture of the answer. */
export interface Shown {
  readonly seed: number;
  readonly action: Action;
  readonly picture: Picture;
}

/** One of the pictures asked for, before it is known what is shown for it. */
interface Outcome {
  readonly index: number;
  readonly seed: number;
  readonly action: Action;
  readonly reasons: readonly Reason[];
}

/** One for each picture asked for: the judged one, or that the prompt stopped it. */
function outcomesOf({ state, images, prompt, request }: GenerationRecord): readonly Outcome[] {
  if (state === "complete") return images;
  if (state !== "refused" && state !== "held") return [];
  const action = state === "refused" ? "block" : "review";
  return Array.from({ length: request.n }, (_, index) => ({
    index,
    seed: seedOf(request.seed, index, 1),
    action,
    reasons: prompt?.reasons ?? [],
  }));
}

/**
 * The pictures of the answer, in order. Blurred ones carry a notice on a band. Those that may not be shown are pictures of a
 * notice, or left out.
 * @param pictures what may leave, by index
 */
export async function shownPictures(
  record: GenerationRecord,
  pictures: ReadonlyMap<number, Picture>,
  refused: "picture" | "error",
): Promise<readonly Shown[]> {
  const { width, height } = record.request;
  const shown = await Promise.all(
    outcomesOf(record).map(async ({ index, seed, action, reasons }): Promise<Shown[]> => {
      const picture = pictures.get(index);
      const notice = noticeOf(action, reasons);
      if (picture) return [{ seed, action, picture: action === "blur" ? await withBand(picture, notice) : picture }];
      if (refused === "error") return [];
      return [{ seed, action, picture: await drawNotice(notice, record.id, width, height) }];
    }),
  );
  return shown.flat();
}

/** Why nothing is shown, in one line: of the first picture that is not. */
export function refusalOf(record: GenerationRecord): string {
  const [first] = outcomesOf(record);
  return first ? inOneLine(noticeOf(first.action, first.reasons)) : "Nothing is shown";
}

/** The request with the web UI's defaults filled in; where those are not ours, null. */
export function parametersOf(body: Txt2ImgBody): Readonly<Record<string, unknown>> {
  return {
    prompt: body.prompt ?? "",
    negative_prompt: body.negative_prompt ?? "",
    styles: [],
    seed: body.seed ?? -1,
    subseed: -1,
    subseed_strength: 0,
    sampler_name: samplerOf(body),
    scheduler: body.scheduler ?? null,
    steps: body.steps ?? null,
    cfg_scale: body.cfg_scale ?? null,
    width: body.width ?? 512,
    height: body.height ?? 512,
    batch_size: body.batch_size ?? 1,
    n_iter: body.n_iter ?? 1,
    enable_hr: false,
    restore_faces: false,
    tiling: false,
    override_settings: body.override_settings ?? {},
    script_name: null,
    script_args: [],
    alwayson_scripts: {},
    send_images: body.send_images ?? true,
    save_images: false,
  };
}

/** What `info` holds as a JSON document: of the pictures in the answer. */
export function infoOf(body: Txt2ImgBody, record: GenerationRecord, shown: readonly Shown[]): object {
  const { request } = record;
  const prompt = body.prompt ?? "";
  const negative = record.negative_prompt ?? request.negative_prompt ?? body.negative_prompt ?? "";
  const each = <T>(value: T): T[] => shown.map(() => value);
  return {
    prompt,
    all_prompts: each(prompt),
    negative_prompt: negative,
    all_negative_prompts: each(negative),
    seed: shown[0]?.seed ?? request.seed,
    all_seeds: shown.map(({ seed }) => seed),
    subseed: -1,
    all_subseeds: each(-1),
    subseed_strength: 0,
    width: request.width,
    height: request.height,
    sampler_name: samplerOf(body),
    cfg_scale: request.guidance_scale,
    steps: request.steps,
    batch_size: body.batch_size ?? 1,
    restore_faces: false,
    face_restoration_model: null,
    sd_model_name: record.generator,
    sd_model_hash: null,
    seed_resize_from_w: -1,
    seed_resize_from_h: -1,
    denoising_strength: null,
    extra_generation_params: extrasOf(record, record.action),
    index_of_first_image: 0,
    infotexts: shown.map((one) => infotext(prompt, negative, record, one)),
    styles: [],
    job_timestamp: timestamp(new Date(record.created_at)),
    clip_skip: 1,
    is_using_inpainting_conditioning: false,
    version: `Safelight ${VERSION}`,
  };
}

/** As the web UI writes it: the prompt, the negative prompt, then the settings. Only what is known to be so. */
function infotext(prompt: string, negative: string, record: GenerationRecord, { seed, action }: Shown): string {
  const { steps, guidance_scale, width, height } = record.request;
  const settings = {
    ...(steps === null ? {} : { Steps: steps }),
    ...(guidance_scale === null ? {} : { "CFG scale": guidance_scale }),
    Seed: seed,
    Size: `${width}x${height}`,
    Model: record.generator,
    ...extrasOf(record, action),
    Version: `Safelight ${VERSION}`,
  };
  const line = Object.entries(settings).map(([key, value]) => `${key}: ${value}`);
  return [prompt, ...(negative === "" ? [] : [`Negative prompt: ${negative}`]), line.join(", ")].join("\n");
}

function extrasOf({ id }: GenerationRecord, action: Action | null): Readonly<Record<string, string>> {
  return { ...(action === null ? {} : { Safelight: action }), "Safelight record": id };
}

function samplerOf({ sampler_name, sampler_index }: Txt2ImgBody): string {
  return sampler_name || sampler_index || "Automatic";
}
