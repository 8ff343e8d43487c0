import type { Service } from "../../../app/service.ts";
import { SafelightError } from "../../../contract/errors.ts";
import { nearest } from "../../../policy/nearest.ts";

/** Settings of the web UI that change pictures and have one value here; the first of each list is told. */
const FIXED: Readonly<Record<string, readonly unknown[]>> = {
  sd_vae: ["Automatic", "None", "", null],
  CLIP_stop_at_last_layers: [1, null],
  eta_noise_seed_delta: [0, null],
  enable_pnginfo: [false, null],
};

/** The settings that were asked to differ from what they are, and why that cannot be. */
export function changedSettings(settings: Readonly<Record<string, unknown>>): (readonly [key: string, why: string])[] {
  return Object.entries(FIXED)
    .filter(([key, values]) => key in settings && !values.includes(settings[key]))
    .map(([key, values]) => [key, `is always ${JSON.stringify(values[0])} here`] as const);
}

/** What `GET options` answers: only settings that mean something here. */
export function shownSettings(model: string): Readonly<Record<string, unknown>> {
  const fixed = Object.fromEntries(Object.entries(FIXED).map(([key, values]) => [key, values[0]]));
  return { sd_model_checkpoint: model, sd_checkpoint_hash: "", ...fixed };
}

/** The generators that callers chose as their model. Kept in memory: a restart forgets them. */
export class ChosenModels {
  readonly #service: Service;
  readonly #chosen = new Map<string, string>();

  constructor(service: Service) {
    this.#service = service;
  }

  of(owner: string): string {
    return this.#chosen.get(owner) ?? this.#service.defaultGenerator;
  }

  /** @throws SafelightError `invalid_request` naming the generators that there are */
  choose(owner: string, model: string): void {
    const names = this.#service.generators().map(({ name }) => name);
    if (!names.includes(model)) {
      const near = nearest(model, names);
      const hint = near === undefined ? `there are: ${names.join(", ")}` : `did you mean ${JSON.stringify(near)}?`;
      const detail = `${JSON.stringify(model)} is not known; ${hint}`;
      throw new SafelightError("invalid_request", `"sd_model_checkpoint" ${detail}`, {
        errors: [{ pointer: "#/sd_model_checkpoint", detail }],
      });
    }
    this.#chosen.set(owner, model);
  }
}
