import type { Probe } from "./probe.ts";

/** What a back end is asked for: one picture for each entry of `images`. */
export interface ImageRequest {
  readonly prompt: string;
  /** The policy's and the caller's, merged. Empty when there is none. */
  readonly negativePrompt: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** `index` is the picture's place in the caller's request; `seed` is 0 to 4,294,967,295. */
  readonly images: readonly { readonly index: number; readonly seed: number }[];
  /** 1 for the first try, higher when unsafe pictures are made again. */
  readonly attempt: number;
  readonly steps?: number;
  readonly guidanceScale?: number;
}

export type GeneratedImage =
  | {
      readonly kind: "image";
      readonly bytes: Uint8Array;
      /** The same as base64 (RFC 4648, with padding, nothing else), in pieces, where it came so: nobody need encode it again. */
      readonly base64?: readonly Uint8Array[];
      readonly mediaType: string;
      readonly seed?: number;
    }
  /** The back end's own filter refused it. A value, not an error: it is decided on like a picture. */
  | { readonly kind: "withheld"; readonly reason: string };

/** Turns a prompt into pictures. One folder under `src/generators/` for each implementation. */
export interface ImageGenerator {
  /** Stable; written into every record. */
  readonly id: string;
  readonly version: string;
  /** Set by a generator that is no real model: what a person must be told wherever its pictures are shown. */
  readonly notice?: string;
  /**
   * @returns one entry for each of `request.images`, in order.
   * @param onProgress called with 0 to 1 while it works, where the back end tells.
   * @throws SafelightError `provider_*`, with `vendor` where the vendor said what is wrong
   */
  generate(
    request: ImageRequest,
    signal: AbortSignal,
    onProgress?: (fraction: number) => void,
  ): Promise<readonly GeneratedImage[]>;
  /** Absent where only making a picture would tell. It never makes one that costs money. */
  probe?: Probe;
  close?(): Promise<void>;
}
