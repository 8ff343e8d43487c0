import type { Finding } from "../../../contract/report.ts";

/** What a service is asked about: one text, or one encoded picture. */
export type Subject =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "image"; readonly bytes: Uint8Array; readonly mediaType: string };

/** How a service is spoken to. */
export interface Format {
  /** Added to the origin of the configured URL. */
  readonly path: string;
  /** Where a key goes unless the configuration says otherwise. */
  readonly keyHeader: string;
  request(subject: Subject): object;
  /** @throws SafelightError `detector_failed` for an answer of another shape */
  read(answer: { readonly bytes: Uint8Array }, subject: Subject): { findings: readonly Finding[]; units?: number };
}
