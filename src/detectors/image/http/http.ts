import type { ImageDetector } from "../../../contract/detector.ts";
import type { VendorLimits } from "../../../models/vendor-picture.ts";
import { inspectFrames } from "../../vendors/frames.ts";
import type { HttpOptions } from "../../vendors/http/options.ts";
import { HttpService } from "../../vendors/http/service.ts";

/** Changes with the contracts, or with what is made of the answers. */
const CODE_VERSION = "1";

/** What our contract promises to every service. */
const LIMITS: VendorLimits = { types: ["image/png", "image/jpeg", "image/webp", "image/gif"] };

/** Any service that scores pictures over HTTP. */
export async function openHttpImage(options: HttpOptions): Promise<ImageDetector> {
  const service = new HttpService(options);
  return {
    id: "http",
    version: `${CODE_VERSION}.${options.format}`,
    categories: [...new Set(options.categories)],
    inspect: (image, signal, meter) =>
      inspectFrames(
        image,
        LIMITS,
        ({ bytes, mediaType }, either) => service.inspect({ kind: "image", bytes, mediaType }, either, meter),
        signal,
      ),
    close: () => service.close(),
  };
}
