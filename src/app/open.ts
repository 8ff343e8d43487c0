import type { Config } from "../config/schema.ts";
import { FindingsCache } from "../pipeline/findings-cache.ts";
import { PolicyChecks } from "./checks.ts";
import { PolicySet } from "./policy-set.ts";
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
  const first = new PolicySet(config);
  const [
    { Gateway },
    { openGenerators },
    { Housekeeping },
    { imagingWithin },
    { openStore },
    { Reloading },
    { openScans },
  ] = await Promise.all([
    import("./gateway.ts"),
    import("./generators.ts"),
    import("./housekeeping.ts"),
    import("./imaging.ts"),
    import("../store/embedded.ts"),
    import("./reload.ts"),
    import("./scans/scans.ts"),
  ]);
  const [opened, generators, store] = await Promise.all([
    first.open(),
    openGenerators(config.generators),
    openStore(config.data),
  ]).catch(async (error) => {
    await first.retire();
    throw error;
  });
  await store.recoverInterrupted(new Date());
  const imaging = imagingWithin(config.limits);
  const policies = new Reloading(config, opened, onError);
  const { entries, bytes } = config.image_cache;
  const findings = entries > 0 && bytes > 0 ? new FindingsCache(config.image_cache) : undefined;
  const checks = new PolicyChecks(
    config,
    () => policies.current,
    imaging.decode,
    () => policies.close(),
    findings,
  );
  return new Gateway({
    config,
    checks,
    policies: () => policies.current,
    generators,
    imaging,
    findings,
    store,
    housekeeping: new Housekeeping(store, onError),
    scans: openScans(config, onError),
  });
}

/**
 * Opens what checks need, and that only when the first of them comes: neither generators nor a data folder.
 * @throws SafelightError `config_invalid` with file, line and key
 */
export function openChecks(config: Config): Checks {
  const set = new PolicySet(config);
  const decode = async (bytes: Uint8Array) => (await import("./imaging.ts")).imagingWithin(config.limits).decode(bytes);
  return new PolicyChecks(
    config,
    () => set,
    decode,
    () => set.retire(),
  );
}
