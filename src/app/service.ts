import type { GenerationEvent, GenerationRecord, GenerationRequest, Judgement } from "../contract/generation.ts";
import type { Limits } from "../contract/limits.ts";
import type { Picture } from "../pipeline/parts.ts";
import type { Policy } from "../policy/schema.ts";
import type { RecordPage, RecordQuery } from "../store/store.ts";
import type { ScanService } from "./scans/service.ts";

/** A generation under way. Iterate it at most once; it ends after `finished`, whose record is then durable. */
export interface Generation extends AsyncIterable<GenerationEvent> {
  readonly id: string;
  /** The record of `finished`, for those who do not want to hear of anything before. @throws SafelightError when it could not be stored */
  readonly record: Promise<GenerationRecord>;
  /** Pictures to be shown by index (blurred where decided): complete with the record, also where the policy keeps none. */
  readonly pictures: ReadonlyMap<number, Picture>;
}

export interface TextCheck extends Judgement {
  readonly policy: Policy;
  readonly totalMs: number;
}

export interface ImageCheck extends Judgement {
  readonly policy: Policy;
  readonly image: {
    readonly digest: string;
    readonly mediaType: string;
    readonly width: number;
    readonly height: number;
    readonly frames: number;
    readonly framesJudged: number;
  };
  readonly decodeMs: number;
  readonly totalMs: number;
}

/** Judging without generating. */
export interface Checks {
  readonly limits: Limits;
  readonly defaultPolicy: string;
  policyNames(): readonly string[];
  /** @throws SafelightError `invalid_request` naming the ones that exist */
  policy(name: string | undefined): Policy;
  /** @throws SafelightError `invalid_request` for an unknown policy. A detector's failure is in the reports. */
  checkText(text: string, policy: string | undefined, signal: AbortSignal): Promise<TextCheck>;
  /** @throws SafelightError `image_unreadable`, `image_too_large` */
  checkImage(bytes: Uint8Array, policy: string | undefined, signal: AbortSignal): Promise<ImageCheck>;
  close(): Promise<void>;
}

/** Everything Safelight can do, opened from one configuration. Both front doors, `http` and `cli`, are shells over it. */
export interface Service extends Checks {
  readonly defaultGenerator: string;
  /** `notice`: what a person must be told about a generator that is no real model. */
  generators(): readonly { readonly name: string; readonly notice: string | null }[];
  /** Starts at once. Aborting the signal, or leaving the loop, aborts everything. @throws SafelightError `overloaded` */
  generate(request: GenerationRequest, signal: AbortSignal): Generation;
  /** Goes on in the background; the record is durable, with state `running`, when this resolves. @throws SafelightError `overloaded` */
  submit(request: GenerationRequest): Promise<GenerationRecord>;
  /** Ends a generation that was submitted. @returns false when it is not running here. */
  cancel(id: string): boolean;
  generation(id: string): Promise<GenerationRecord | undefined>;
  /** Newest first. @throws SafelightError `invalid_request` for a cursor that is none */
  generations(query: RecordQuery): Promise<RecordPage>;
  /** A picture as it was answered; undefined when there is none, or it was not kept. */
  picture(id: string, index: number): Promise<Picture | undefined>;
  /** The original of a picture, where the policy allows the caller to see it. The reveal is recorded first. */
  reveal(id: string, index: number): Promise<Picture | undefined>;
  /** Scans of data sets, where the configuration allows any. */
  readonly scans: ScanService;
  /** One entry for each part that a generation needs. */
  readiness(): Promise<readonly { readonly part: string; readonly ready: boolean; readonly detail: string | null }[]>;
}
