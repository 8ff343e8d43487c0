/**
 * What there is none of here, as the web UI lists it. Clients read these when they start, and some do not go on without an
 * answer. The one sampler and the one scheduler mean: as the generator has it.
 */
export const LISTS: Readonly<Record<string, unknown>> = {
  samplers: [{ name: "Automatic", aliases: [], options: {} }],
  schedulers: [{ name: "automatic", label: "Automatic", aliases: null, default_rho: -1, need_inner_model: false }],
  upscalers: [{ name: "None", model_name: null, model_path: null, model_url: null, scale: 1 }],
  "latent-upscale-modes": [],
  "sd-vae": [],
  loras: [],
  embeddings: { loaded: {}, skipped: {} },
  hypernetworks: [],
  "face-restorers": [],
  "prompt-styles": [],
  scripts: { txt2img: [], img2img: [] },
  "cmd-flags": {},
};

/** An entry of `GET sd-models`. Titles and names are those of generators. */
export function modelItem(name: string): object {
  return { title: name, model_name: name, hash: null, sha256: null, filename: name, config: null };
}
