import { loadPolicies } from "../config/policies.ts";
import type { Config } from "../config/schema.ts";
import { PolicyChecks } from "./checks.ts";
import { OpenDetectors } from "./detectors.ts";
import type { Checks, Service } from "./service.ts";

export interface OpenOptions {
  /** What goes wrong where nobody waits for an answer. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Opens everything that a configuration names: policies with their detectors, generators, the store.
 * @throws SafelightError `config_invalid` with file, line and key; `storage_*`. Nothing stays open then.
 */
export async function openService(config: Config, { onError = () => {} }: OpenOptions = {}): Promise<Service> {
  const { checks, loaded, detectors } = preparedChecks(config);
  try {
    const [{ Gateway }, { openGenerators }, { Housekeeping }, { imagingWithin }, { openStore }] = await Promise.all([
      import("./gateway.ts"),
      import("./generators.ts"),
      import("./housekeeping.ts"),
      import("./imaging.ts"),
      import("../store/embedded.ts"),
    ]);
    const [policies, generators, store] = await Promise.all([
      Promise.all(
        [...loaded].map(
          async ([name, each]) => [name, { policy: each.policy, detectors: await detectors.all(each) }] as const,
        ),
      ),
      openGenerators(config.generators),
      openStore(config.data),
    ]);
    await store.recoverInterrupted(new Date());
    const imaging = imagingWithin(config.limits);
    const housekeeping = new Housekeeping(store, onError);
    return new Gateway({ config, checks, policies: new Map(policies), generators, imaging, store, housekeeping });
  } catch (error) {
    await checks.close();
    throw error;
  }
}

/**
 * Opens what checks need, and that only when the first of them comes: neither generators nor a data folder.
 * @throws SafelightError `config_invalid` with file, line and key
 */
export function openChecks(config: Config): Checks {
  return preparedChecks(config).checks;
}

function preparedChecks(config: Config) {
  const loaded = loadPolicies(config);
  const detectors = new OpenDetectors(config.limits);
  const decode = async (bytes: Uint8Array) => (await import("./imaging.ts")).imagingWithin(config.limits).decode(bytes);
  return { checks: new PolicyChecks(config, loaded, detectors, decode), loaded, detectors };
}
