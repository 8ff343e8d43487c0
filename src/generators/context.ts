/** What a generator gets when it is opened, besides its own options. */
export interface OpenContext {
  /** Absolute. Relative paths in the options start here: the folder of the file that they were written in. */
  readonly folder: string;
}
