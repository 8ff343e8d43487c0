import type { ImageDetector } from "../../../contract/detector.ts";
import type { VendorLimits } from "../../../models/vendor-picture.ts";
import { ContentSafety, scoresOf } from "../../vendors/azure/content-safety.ts";
import { AZURE_LABELS } from "../../vendors/azure/labels.ts";
import type { AzureOptions } from "../../vendors/azure/options.ts";
import { inspectFrames } from "../../vendors/frames.ts";
import { covered, findingsOf } from "../../vendors/labels.ts";

/** Changes with the table of labels, or with what is made of the severities. */
const CODE_VERSION = "1";

/** Pixels a side. */
const LIMITS: VendorLimits = {
  longestSide: 2_048,
  shortestSide: 50,
  types: ["image/png", "image/jpeg", "image/webp", "image/gif", "image/tiff"],
};

/** Of the four levels 0, 2, 4 and 6. */
const HIGHEST_SEVERITY = 6;

/** Azure AI Content Safety, for pictures: severities as sixths of 1. */
export async function openAzureImage(options: AzureOptions): Promise<ImageDetector> {
  const service = new ContentSafety(options);
  return {
    id: "azure",
    version: `${CODE_VERSION}.${options.api_version}`,
    categories: covered(AZURE_LABELS),
    inspect: (image, signal, meter) =>
      inspectFrames(
        image,
        LIMITS,
        async ({ bytes }, either) =>
          findingsOf(AZURE_LABELS, scoresOf(await service.image(bytes, either, meter), HIGHEST_SEVERITY)),
        signal,
      ),
    probe: (signal) => service.probe(signal),
    close: () => service.close(),
  };
}
