import type { TextDetector } from "../contract/detector.ts";
import type { Limits } from "../contract/limits.ts";

/**
 * Opens text detectors for one that finds text elsewhere. Each is opened once for all who ask, and closed by whoever gave this.
 * @param names as in the configuration; when absent, those of the policy's prompt stage that work on this machine
 * @returns by name; none where there are none
 * @throws SafelightError `config_invalid` for a name that no text detector has, and what opening one throws
 */
export type TextDetectors = (names: readonly string[] | undefined) => Promise<ReadonlyMap<string, TextDetector>>;

/** What a detector gets when it is opened, besides its own options. */
export interface OpenContext {
  /** Absolute. Relative paths in the options start here: the folder of the file that they were written in. */
  readonly folder: string;
  readonly limits: Limits;
  /** Absolute: the folder that holds records, pictures and installed models. Absent where nobody named one. */
  readonly data?: string;
  /** Absent where a detector is opened outside a configuration. */
  readonly textDetectors?: TextDetectors;
}
