import type { Action } from "./actions.ts";

/**
 * What can be wrong with a file of a data set, apart from what it shows or says. `unjudged`: nobody could tell whether it is safe,
 * so the scan as a whole could not tell either.
 */
export const SCAN_PROBLEMS = {
  access_denied: { unjudged: true, title: "It may not be read" },
  vanished: { unjudged: true, title: "It was listed, and is gone" },
  changed: { unjudged: true, title: "It changed while it was read" },
  unreadable: { unjudged: true, title: "It cannot be read as a picture" },
  too_large: { unjudged: true, title: "It is larger than the limits allow" },
  leaves_source: { unjudged: true, title: "It is a link out of the data set" },
  linked_folder: { unjudged: true, title: "It is a link to a folder, which is not followed" },
  name_not_utf8: { unjudged: true, title: "Its name is not UTF-8" },
  name_unusable: { unjudged: true, title: "Its name is too long, or holds a NUL" },
  no_regular_file: { unjudged: true, title: "It is neither a file nor a folder" },
  archive_damaged: { unjudged: true, title: "The archive is damaged or cut short" },
  not_looked_into: { unjudged: true, title: "It may hold pictures, in a format that nobody looks into" },
  caption_unreadable: { unjudged: true, title: "Its caption cannot be read" },
  caption_too_long: { unjudged: true, title: "Its caption is longer than the limits allow" },
  metadata_invalid: { unjudged: true, title: "A metadata file does not fit its schema" },
  linked_file: { unjudged: false, title: "It is a link to another file of the data set" },
  wrong_extension: { unjudged: false, title: "The content is of another format than the name says" },
  too_small: { unjudged: false, title: "It has fewer pixels than the training needs" },
  caption_missing: { unjudged: false, title: "It has no caption, and others have" },
  caption_empty: { unjudged: false, title: "Its caption is empty" },
  caption_orphan: { unjudged: false, title: "A caption belongs to no picture" },
} as const satisfies Record<string, { unjudged: boolean; title: string }>;

export type ScanProblemCode = keyof typeof SCAN_PROBLEMS;

/** Actions that take a picture out of a training set, unless a scan is told otherwise. */
export const REJECTED: readonly Action[] = ["blur", "review", "block"];

/** Whether anything of a data set could not be judged, or there was nothing to judge: it must not be taken for safe then. */
export function hasUnjudged({
  pictures,
  unjudged,
  problems,
}: {
  readonly pictures: number;
  readonly unjudged: number;
  readonly problems: Readonly<Partial<Record<ScanProblemCode, number>>>;
}): boolean {
  const codes = Object.keys(problems) as ScanProblemCode[]; // the type says no more of keys
  return pictures === 0 || unjudged > 0 || codes.some((code) => SCAN_PROBLEMS[code].unjudged);
}
