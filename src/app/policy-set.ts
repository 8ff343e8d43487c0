import { type LoadedPolicy, loadPolicies } from "../config/policies.ts";
import type { Config } from "../config/schema.ts";
import type { DecodedImage, Prompt } from "../contract/detector.ts";
import type { StageDetector } from "../pipeline/detect.ts";
import { detectorSources, OpenDetectors, type StageDetectors } from "./detectors.ts";

/** The policies of one loading with their detectors. A changed file replaces the whole set; who holds the old one ends with it. */
export class PolicySet {
  readonly policies: ReadonlyMap<string, LoadedPolicy>;
  readonly #text: Config["detectors"]["text"];
  readonly #detectors: OpenDetectors;
  readonly #stages = new Map<LoadedPolicy, StageDetectors>();
  #holders = 0;
  #retired = false;

  /** @throws SafelightError `config_invalid` with file, line and key */
  constructor(config: Config) {
    this.policies = loadPolicies(config);
    this.#text = config.detectors.text;
    this.#detectors = new OpenDetectors(config.limits, config.data, config.detectors.text);
  }

  /** Opens every detector. @throws SafelightError `config_invalid`; nothing stays open then */
  async open(): Promise<this> {
    try {
      for (const loaded of this.policies.values()) this.#stages.set(loaded, await this.#detectors.all(loaded));
      return this;
    } catch (error) {
      await this.#detectors.close();
      throw error;
    }
  }

  /** The detectors of a policy of a set that is open. */
  stages(loaded: LoadedPolicy): StageDetectors {
    const stages = this.#stages.get(loaded);
    if (!stages) throw new TypeError("the set is not open, or the policy is not one of it");
    return stages;
  }

  /** Opens what is not open yet. */
  prompt(loaded: LoadedPolicy): Promise<readonly StageDetector<Prompt>[]> {
    return this.#detectors.prompt(loaded);
  }

  image(loaded: LoadedPolicy): Promise<readonly StageDetector<DecodedImage>[]> {
    return this.#detectors.image(loaded);
  }

  /** Keeps the detectors open until the returned function is called. */
  hold(): () => Promise<void> {
    this.#holders++;
    let held = true;
    return async () => {
      if (!held) return;
      held = false;
      this.#holders--;
      await this.#closeIfUnused();
    };
  }

  /** Closes the detectors once nobody holds the set. */
  async retire(): Promise<void> {
    this.#retired = true;
    await this.#closeIfUnused();
  }

  /** Files, and folders of files, that the set was read from. */
  async sources(): Promise<readonly string[]> {
    const lists = await Promise.all([...this.policies.values()].map((loaded) => detectorSources(loaded, this.#text)));
    return [...new Set([...[...this.policies.values()].map(({ file }) => file), ...lists.flat()])];
  }

  async #closeIfUnused(): Promise<void> {
    if (this.#retired && this.#holders === 0) await this.#detectors.close();
  }
}
