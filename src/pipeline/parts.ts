import type { DecodedImage, Prompt } from "../contract/detector.ts";
import type { ImageGenerator } from "../contract/generator.ts";
import type { BlurExtent } from "../policy/blur-extent.ts";
import type { ImageStagePolicy, Policy } from "../policy/schema.ts";
import type { StageDetector } from "./detect.ts";
import type { FindingsCache } from "./findings-cache.ts";

/** Encoded bytes of a picture that may be shown. */
export interface Picture {
  readonly bytes: Uint8Array;
  /** The same as base64, in pieces, where it came so and nothing in it was changed. */
  readonly base64?: readonly Uint8Array[];
  readonly mediaType: string;
}

/** How pictures are read and rewritten. All of them keep the event loop free. */
export interface Imaging {
  /** @throws SafelightError `image_unreadable`, `image_too_large` */
  decode(bytes: Uint8Array): Promise<DecodedImage>;
  /** Without pixels, which costs little: for a picture that nobody looks at. @throws as `decode` */
  recognise(bytes: Uint8Array): Promise<DecodedImage>;
  /** Irreversible. `radius` is a fraction of the shorter side. */
  blur(image: DecodedImage, radius: number, extent: BlurExtent): Promise<Picture>;
  /**
   * The picture as it may leave: the pixels that were judged, without the prompt and settings that generators write into metadata,
   * or without any.
   */
  release(image: DecodedImage, metadata: ImageStagePolicy["metadata"]): Picture | Promise<Picture>;
  /** The picture as it came, transparent parts and all, without metadata. */
  strip(image: DecodedImage): Promise<Picture>;
}

/** The generator that a request uses, under the name that the configuration gives it. */
export interface StageGenerator {
  readonly name: string;
  readonly generator: ImageGenerator;
  readonly timeoutMs: number;
  readonly price: {
    readonly perImage: number;
    /** Of pictures asked for as `<width>x<height>`, where that differs. */
    readonly bySize: Readonly<Record<string, number>>;
    readonly currency: string;
  };
}

/** Everything that one moderated generation is made of. */
export interface Parts {
  readonly policy: Policy;
  readonly promptDetectors: readonly StageDetector<Prompt>[];
  readonly imageDetectors: readonly StageDetector<DecodedImage>[];
  readonly generator: StageGenerator;
  readonly imaging: Imaging;
  /** What image detectors saw before; absent where every picture is looked at anew. */
  readonly findings?: FindingsCache | undefined;
}
