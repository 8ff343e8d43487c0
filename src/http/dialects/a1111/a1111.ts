import type { Context } from "hono";
import { z } from "zod";
import type { Service } from "../../../app/service.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { GenerationRecord, GenerationRequest } from "../../../contract/generation.ts";
import type { Picture } from "../../../pipeline/parts.ts";
import { answerOf } from "../../answer.ts";
import { readJson } from "../../body.ts";
import type { App, Door, Environment } from "../../types.ts";
import { infoOf, parametersOf, refusalOf, shownPictures } from "./answer.ts";
import { answerDetail, answerFailure } from "./errors.ts";
import { Job, Jobs } from "./jobs.ts";
import { LISTS, modelItem } from "./lists.ts";
import { inWords, Txt2ImgSchema, toRequest, wrongMembers } from "./request.ts";
import { ChosenModels, changedSettings, shownSettings } from "./settings.ts";

const BASE = "/sdapi/v1";
const UNKNOWN_STEPS = 20;

const OptionsSchema = z.looseObject({ sd_model_checkpoint: z.string().nullish() });

/** The API of AUTOMATIC1111's web UI, as its `modules/api/api.py` has it, for making pictures from text. */
export const A1111 = {
  name: "a1111",
  base: BASE,
  routes(app: App, door: Door): void {
    const { service } = door;
    const jobs = new Jobs();
    const models = new ChosenModels(service);

    app.post(`${BASE}/txt2img`, async (c) => {
      const body = await readJson(c, Txt2ImgSchema);
      const owner = ownerOf(c);
      const request = toRequest(body, service.limits, models.of(owner));
      const job = new Job(owner, request.n, request.steps ?? UNKNOWN_STEPS);
      const { record, pictures } = await jobs.run(job, () => generate(service, request, job, c.req.raw.signal));
      const safelight = safelightMember(c, door, record);
      if (record.error && record.state !== "complete" && job.ended === undefined) {
        const { code, detail, vendor } = record.error;
        return answerFailure(c, new SafelightError(code, detail, vendor ? { vendor } : {}), safelight);
      }
      const shown = await shownPictures(record, pictures, door.dialects.a1111.refused);
      // An interrupted job answers without pictures: the web UI would send unfinished ones, which nobody can judge.
      if (shown.length === 0 && job.ended === undefined) {
        return answerFailure(c, new SafelightError("prompt_blocked", refusalOf(record)), safelight);
      }
      const images = shown.map(({ picture }) => Buffer.from(picture.bytes).toString("base64"));
      return c.json({
        images: body.send_images === false ? [] : images,
        parameters: parametersOf(body),
        info: JSON.stringify(infoOf(body, record, shown)),
        safelight,
      });
    });

    app.post(`${BASE}/img2img`, (c) =>
      answerDetail(c, 501, "img2img is not supported: pictures are made from text alone; use txt2img"),
    );

    app.get(`${BASE}/progress`, (c) => c.json(jobs.progress(ownerOf(c))));
    app.post(`${BASE}/interrupt`, (c) => {
      jobs.endAll(ownerOf(c), "interrupted");
      return c.json({});
    });
    app.post(`${BASE}/skip`, (c) => {
      jobs.endAll(ownerOf(c), "skipped");
      return c.json(null);
    });

    app.get(`${BASE}/options`, (c) => c.json(shownSettings(models.of(ownerOf(c)))));
    app.post(`${BASE}/options`, async (c) => {
      const settings = await readJson(c, OptionsSchema);
      const errors = changedSettings(settings).map(([key, detail]) => ({ pointer: `#/${key}`, detail }));
      if (errors.length > 0) throw wrongMembers(errors);
      if (settings.sd_model_checkpoint) models.choose(ownerOf(c), settings.sd_model_checkpoint);
      return c.json(null);
    });

    app.get(`${BASE}/sd-models`, (c) => c.json(service.generators().map(({ name }) => modelItem(name))));
    app.post(`${BASE}/refresh-checkpoints`, (c) => c.json(null));
    for (const [name, list] of Object.entries(LISTS)) app.get(`${BASE}/${name}`, (c) => c.json(list as object));
  },
  answerError: answerFailure,
};

/** Whose job it is: the name of the key that the request came with; everybody's where no keys are configured. */
function ownerOf(c: Context<Environment>): string {
  return c.get("key") ?? "";
}

async function generate(
  service: Service,
  request: GenerationRequest,
  job: Job,
  signal: AbortSignal,
): Promise<{ record: GenerationRecord; pictures: ReadonlyMap<number, Picture> }> {
  const generation = inWords(() => service.generate(request, AbortSignal.any([signal, job.signal])));
  for await (const event of generation) {
    job.see(event);
    if (event.type === "finished") return { record: event.record, pictures: generation.pictures };
  }
  throw new SafelightError("internal", "the generation ended without a record");
}

/** The whole record: decisions, reasons, coverage, timings; pictures by URL. */
function safelightMember(c: Context<Environment>, door: Door, record: GenerationRecord): object {
  const origin = door.publicUrl ?? new URL(c.req.url).origin;
  return answerOf(record, new Map(), origin, c.get("requestId"));
}
