import { DetectModerationLabelsCommand, type Image, RekognitionClient } from "@aws-sdk/client-rekognition";
import type { ImageDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Finding } from "../../../contract/report.ts";
import type { VendorLimits, VendorPicture } from "../../../models/vendor-picture.ts";
import { AwsCaller, assertRegion, awsClientConfig } from "../../../outbound/aws.ts";
import { probeAws } from "../../../outbound/aws-probe.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import { inspectFrames } from "../../vendors/frames.ts";
import { covered } from "../../vendors/labels.ts";
import { findingsOf, ModerationLabelsSchema } from "./findings.ts";
import { REKOGNITION_LABELS } from "./labels.ts";
import type { RekognitionOptions } from "./options.ts";

/** Changes with the table of labels, or with what is made of the confidences. */
const CODE_VERSION = "1";
const IDLE_MS = 30_000;

const LIMITS: VendorLimits = {
  shortestSide: 80,
  longestSide: 10_000,
  types: ["image/png", "image/jpeg"],
};
/** Of a picture in S3. Nothing of it goes through JSON here. */
const MOST_IN_S3 = 15 * 1024 * 1024;

/** Amazon Rekognition's DetectModerationLabels, with the picture itself in the request or in S3. */
export async function openRekognition(options: RekognitionOptions): Promise<ImageDetector> {
  const { s3_input, s3_endpoint } = options;
  if (s3_endpoint !== undefined && s3_input === undefined)
    throw new SafelightError("config_invalid", "s3_endpoint: has no meaning without s3_input");
  const client = new RekognitionClient(await awsClientConfig(options, IDLE_MS));
  await assertRegion(client);
  const caller = new AwsCaller(DETECTOR);
  const adapter = options.project_version;
  const own = adapter === undefined ? CODE_VERSION : `${CODE_VERSION}.${adapter.split("/").slice(-3).join(".")}`;
  let model = ""; // known from the first answer on

  const scratch = s3_input === undefined ? undefined : await openScratch(options, s3_input, s3_endpoint);

  async function askAbout({ bytes, mediaType }: VendorPicture, signal: AbortSignal): Promise<readonly Finding[]> {
    if (!scratch) return ask({ Bytes: bytes }, signal);
    const place = await scratch.put(bytes, mediaType === "image/png" ? ".png" : ".jpg", mediaType, signal);
    try {
      return await ask({ S3Object: { Bucket: place.Bucket, Name: place.Key } }, signal);
    } finally {
      void scratch.remove([place]);
    }
  }

  async function ask(picture: Image, signal: AbortSignal): Promise<readonly Finding[]> {
    const command = new DetectModerationLabelsCommand({
      Image: picture,
      MinConfidence: options.min_confidence,
      ...(adapter === undefined ? {} : { ProjectVersion: adapter }),
    });
    const answer = ModerationLabelsSchema.safeParse(await caller.call((send) => client.send(command, send), signal));
    if (!answer.success) throw new SafelightError("detector_failed", "its answer has another shape than expected");
    const { ModerationLabels, ModerationModelVersion, ProjectVersion } = answer.data;
    if (adapter !== undefined && ProjectVersion == null)
      throw new SafelightError("detector_failed", "the adapter of project_version was not used: it may have expired");
    model = ModerationModelVersion ?? model;
    return findingsOf(ModerationLabels);
  }

  return {
    id: "rekognition",
    get version() {
      return model === "" ? own : `${own}.${model}`;
    },
    categories: covered(REKOGNITION_LABELS),
    inspect: (image, signal, meter) =>
      inspectFrames(
        image,
        scratch ? { ...LIMITS, bytes: MOST_IN_S3 } : LIMITS,
        async (picture, either) => {
          const found = await askAbout(picture, either);
          meter?.(1);
          return found;
        },
        signal,
      ),
    probe: (signal, run) => probeAws(DETECTOR, client, { signal, run }),
    async close() {
      caller.close();
      await scratch?.close();
      client.destroy();
    },
  };
}

/** Loaded when it is needed: the S3 client is large. */
async function openScratch(options: RekognitionOptions, folder: string, endpoint: string | undefined) {
  const { S3Scratch } = await import("../../../outbound/s3.ts");
  return S3Scratch.open(DETECTOR, options, folder, endpoint);
}
