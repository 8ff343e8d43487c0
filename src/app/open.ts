import { loadPolicies } from "../config/policies.ts";
import type { Config } from "../config/schema.ts";
import { blurImage } from "../models/blur.ts";
import { decodeImage } from "../models/decode.ts";
import { releaseImage } from "../models/release.ts";
import type { Imaging } from "../pipeline/parts.ts";
import { openStore } from "../store/embedded.ts";
import { OpenDetectors } from "./detectors.ts";
import { Gateway } from "./gateway.ts";
import { openGenerators } from "./generators.ts";
import { Housekeeping } from "./housekeeping.ts";
import type { Service } from "./service.ts";

export interface OpenOptions {
  /** What goes wrong where nobody waits for an answer. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Opens everything that a configuration names: policies with their detectors, generators, the store.
 * @throws SafelightError `config_invalid` with file, line and key; `storage_*`. Nothing stays open then.
 */
export async function openService(config: Config, { onError = () => {} }: OpenOptions = {}): Promise<Service> {
  const loaded = loadPolicies(config);
  const detectors = new OpenDetectors(config.limits);
  const opening = Promise.all([
    Promise.all(
      [...loaded].map(
        async ([name, each]) => [name, { policy: each.policy, detectors: await detectors.of(each) }] as const,
      ),
    ),
    openGenerators(config.generators),
    openStore(config.data),
  ]);
  try {
    const [policies, generators, store] = await opening;
    await store.recoverInterrupted(new Date());
    return new Gateway({
      config,
      policies: new Map(policies),
      generators,
      imaging: imagingWithin(config.limits),
      store,
      housekeeping: new Housekeeping(store, onError),
      closeDetectors: () => detectors.close(),
    });
  } catch (error) {
    await detectors.close();
    throw error;
  }
}

function imagingWithin(limits: Config["limits"]): Imaging {
  return { decode: (bytes) => decodeImage(bytes, limits), blur: blurImage, release: releaseImage };
}
