/**
 * A real call, or as much of one as costs nothing, that proves that a part can be used: its address, its credentials, its model.
 * @returns what was proven, in a few words for a person
 * @throws SafelightError that says what is wrong
 */
export type Probe = (signal: AbortSignal) => Promise<string>;
