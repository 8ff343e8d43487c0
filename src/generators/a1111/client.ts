import { z } from "zod";
import { ActionSchema } from "../../contract/actions.ts";
import { SafelightError } from "../../contract/errors.ts";
import { GenerationStateSchema } from "../../contract/generation.ts";
import { Client, readJson } from "../../outbound/client.ts";
import { decodeBase64 } from "../../outbound/picture.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { readSecret } from "../../outbound/secret.ts";
import type { A1111Options } from "./options.ts";

/** What is needed of the answers; everything else may come and go with versions. */
const SafelightSchema = z.object({
  state: GenerationStateSchema,
  images: z.array(z.object({ action: ActionSchema })),
});
const PicturesSchema = z.object({
  images: z.array(z.string()),
  info: z.string().nullish(),
  /** Another Safelight's: it answers a picture of a notice where it shows none. Unread, a notice would pass for a picture. */
  safelight: SafelightSchema.nullish(),
});
const InfoSchema = z.object({
  all_seeds: z.array(z.number()).nullish().catch(null),
  index_of_first_image: z.int().min(0).nullish().catch(null),
});
const ProgressSchema = z.object({ progress: z.number() });
const OptionsSchema = z.object({ sd_model_checkpoint: z.string().nullish() });
const ModelsSchema = z.array(z.object({ title: z.string(), model_name: z.string().nullish() }));

const INTERRUPT_MS = 5_000;

export interface Pictures {
  /** Encoded bytes, in the order of the seeds. */
  readonly images: readonly Uint8Array[];
  readonly seeds: readonly number[];
  /** Why the server shows a notice in the place of a picture; undefined where it shows the picture. */
  readonly withheld: readonly (string | undefined)[];
}

/** The few calls of an AUTOMATIC1111 or Forge web UI that a generator needs. */
export class A1111Client {
  /** Never asked twice: a fault of a job is mostly a lack of memory, and a job that broke off may still be running. */
  readonly #jobs: Client;
  readonly #control: Client;

  /** @throws SafelightError `config_invalid` when the variable that `auth` names is not set */
  constructor({ url, auth }: Pick<A1111Options, "url" | "auth">) {
    const headers: Record<string, string> = auth
      ? { authorization: `Basic ${Buffer.from(readSecret(auth)).toString("base64")}` }
      : {};
    this.#jobs = new Client(GENERATOR, { url, headers, tries: 1 });
    this.#control = new Client(GENERATOR, { url, headers });
  }

  /** @throws SafelightError `provider_*`, or the signal's reason */
  async txt2img(body: object, signal: AbortSignal): Promise<Pictures> {
    const answer = await this.#jobs.json({ path: "/sdapi/v1/txt2img", body }, PicturesSchema, signal);
    const info = readJson(GENERATOR, { bytes: Buffer.from(answer.info || "{}") }, InfoSchema); // some servers send ""
    const images = answer.images.slice(info.index_of_first_image ?? 0); // a grid may come before
    return {
      images: images.map((image) => decodeBase64(GENERATOR, image)),
      seeds: info.all_seeds ?? [],
      withheld: images.map((_, i) => withheldBy(answer.safelight, i)),
    };
  }

  /**
   * The checkpoint that is used: the one asked for, or the one that is loaded.
   * @throws SafelightError `provider_rejected` when the server does not have the one asked for
   */
  async checkpoint(model: string | undefined, signal: AbortSignal): Promise<string> {
    if (model === undefined) {
      const options = await this.#control.json({ path: "/sdapi/v1/options" }, OptionsSchema, signal);
      return options.sd_model_checkpoint || "none yet";
    }
    const models = await this.#control.json({ path: "/sdapi/v1/sd-models" }, ModelsSchema, signal);
    // The server takes a title, also without the hash in brackets at its end, or the name of a file.
    const found = models.find(({ title, model_name }) =>
      [title, title.replace(/ \[\w+\]$/, ""), model_name].includes(model),
    );
    if (found) return found.title;
    const names = models.slice(0, 5).map(({ title }) => title);
    const there = models.length === 0 ? "it has none" : `it has ${names.join(", ")}${models.length > 5 ? ", …" : ""}`;
    throw new SafelightError("provider_rejected", `it has no checkpoint "${model}"; ${there}`);
  }

  /** From 0 to 1, of whatever job is running. The preview that the server has of it is not asked for. */
  async progress(signal: AbortSignal): Promise<number> {
    const call = { path: "/sdapi/v1/progress?skip_current_image=true" };
    return (await this.#control.json(call, ProgressSchema, signal)).progress;
  }

  /** Ends whatever job is running: call it only while that job is known to be one's own. */
  async interrupt(): Promise<void> {
    await this.#control.call({ path: "/sdapi/v1/interrupt", body: {} }, AbortSignal.timeout(INTERRUPT_MS));
  }

  async close(): Promise<void> {
    await Promise.all([this.#jobs.close(), this.#control.close()]);
  }
}

function withheldBy(safelight: z.output<typeof SafelightSchema> | null | undefined, place: number): string | undefined {
  if (!safelight) return undefined;
  if (safelight.state !== "complete") return `safelight: ${safelight.state}`;
  const action = safelight.images[place]?.action;
  if (action === undefined) throw new SafelightError("provider_failed", "it does not say what became of a picture");
  return action === "review" || action === "block" ? `safelight: ${action}` : undefined;
}
