import type { DecodedImage } from "../../contract/detector.ts";
import type { Finding } from "../../contract/report.ts";
import { encodeWithin, type VendorLimits, type VendorPicture } from "../../models/vendor-picture.ts";
import { together, worst } from "./worst.ts";

/**
 * Asks a vendor about a picture, or about every judged frame of an animated one: the worst frame counts for each label, and is
 * named in the evidence.
 */
export async function inspectFrames(
  image: DecodedImage,
  limits: VendorLimits,
  ask: (picture: VendorPicture, signal: AbortSignal) => Promise<readonly Finding[]>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const pictures = await encodeWithin(image, limits);
  signal.throwIfAborted();
  const found = await together(
    pictures,
    async (picture, either) => {
      const findings = await ask(picture, either);
      return image.frameCount > 1 ? findings.map((finding) => inFrame(finding, picture.frame)) : findings;
    },
    signal,
  );
  return worst(found);
}

function inFrame(finding: Finding, frame: number): Finding {
  const region = finding.evidence?.region ?? { x: 0, y: 0, width: 1, height: 1 };
  return { ...finding, evidence: { ...finding.evidence, region: { ...region, frame } } };
}
