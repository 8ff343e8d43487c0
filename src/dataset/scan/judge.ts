import type { Action } from "../../contract/actions.ts";
import type { Category } from "../../contract/categories.ts";
import type { Coverage, Decision } from "../../contract/decision.ts";
import type { PolicyRef } from "../../contract/generation.ts";
import type { Scan, ScanItem } from "../../contract/scan.ts";

/** What was found in the bytes of one picture, whatever it is called and wherever it lies. */
export interface PictureVerdict extends Decision {
  readonly mediaType: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** The highest score of each category that scored more than 0. */
  readonly scores: Readonly<Partial<Record<Category, number>>>;
  readonly pdq: ScanItem["pdq"];
  readonly faces: ScanItem["faces"];
  /** Whether every detector could tell: what one of them left open may be answered next time. */
  readonly complete: boolean;
}

/** Judges the pictures and captions of data sets under one policy. */
export interface DataSetJudge {
  readonly policy: PolicyRef;
  readonly detectors: Scan["detectors"];
  /** Changes with the policy and with whatever judges: a verdict holds for one fingerprint. */
  readonly fingerprint: string;
  /** What follows where a picture, or a caption, cannot be judged. */
  readonly onUnknown: { readonly image: Action; readonly prompt: Action };
  readonly limits: { readonly pictureBytes: number; readonly captionCharacters: number };
  /** Of the image stage: by category, the score from which an action follows. */
  readonly thresholds: Readonly<Record<string, Readonly<Partial<Record<Action, number>>>>>;
  /**
   * What the detectors could score if all went well.
   * @param labelled whether Amazon Rekognition has looked at every picture before
   */
  coverage(labelled: boolean): { readonly image: Coverage[]; readonly prompt: Coverage[] };
  /**
   * @param labels what Rekognition has found in it before, as JSON; null where nobody asked it
   * @throws SafelightError `image_unreadable`, `image_too_large`; the signal's reason
   */
  picture(bytes: Uint8Array, labels: string | null, signal: AbortSignal): Promise<PictureVerdict>;
  /** Its reasons quote the caption only where the policy keeps prompts. @throws the signal's reason */
  caption(text: string, signal: AbortSignal): Promise<Decision>;
}
