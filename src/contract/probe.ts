/**
 * A real call, or as much of one as costs nothing, that proves that a part can be used: its address, its credentials, its model.
 * @returns what was proven, in a few words for a person
 * @throws SafelightError that says what is wrong
 */
export type Probe = (signal: AbortSignal, run: ProbeRun) => Promise<string>;

/** What the probes of one run share. */
export interface ProbeRun {
  /** Whether the part is asked for real afterwards: what its probe could not find out may then stay open. */
  readonly deep: boolean;
  /**
   * A question that several parts have is asked by the first, and its answer, or its failure, is every other's too.
   * @param key what is asked, of whom and on whose behalf
   */
  once(key: string, ask: (signal: AbortSignal) => Promise<string>): Promise<string>;
}
