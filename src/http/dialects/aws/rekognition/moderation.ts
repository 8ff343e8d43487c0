import { z } from "zod";
import { SafelightError } from "../../../../contract/errors.ts";
import { moderationLabels } from "../../../../detectors/image/rekognition/taxonomy.ts";
import { sniff } from "../../../../models/sniff.ts";
import { AwsFault } from "../faults.ts";
import { assertTold, findingsOf, stoppingFindings, tellDecision } from "../judgement.ts";
import type { Operation } from "../operation.ts";
import { readBody } from "../read.ts";

const MOST_BYTES = 5_242_880;
const LEAST_SIDE = 80;
const MOST_SIDE = 10_000;

/** `arn:…:project/<name>/version/<name>/<digits>`: a custom adapter; here its project names a policy. */
const ADAPTER = /^arn:[a-z0-9-]+:rekognition:[^:]*:[^:]*:project\/([^/]+)\/version\/[^/]+\/\d+$/;

const Body = z.object({
  Image: z.object({ Bytes: z.string().nullish(), S3Object: z.looseObject({}).nullish() }),
  MinConfidence: z.number().min(0).max(100).nullish(),
  ProjectVersion: z.string().min(20).max(2_048).regex(ADAPTER, { error: "must be the ARN of an adapter" }).nullish(),
  HumanLoopConfig: z.unknown().optional(),
});

/** `DetectModerationLabels` @see https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectModerationLabels.html */
export const detectModerationLabels: Operation = async (body, c, { service }) => {
  const { Image, MinConfidence, ProjectVersion, HumanLoopConfig } = readBody(body, Body);
  if (HumanLoopConfig != null) throw new SafelightError("invalid_request", "HumanLoopConfig is not supported here");
  const bytes = imageBytes(Image);
  const policy = ProjectVersion == null ? undefined : ADAPTER.exec(ProjectVersion)?.[1];
  if (policy !== undefined && !service.policyNames().includes(policy)) {
    const detail = `there is no policy ${JSON.stringify(policy)}, which the project of ProjectVersion names`;
    throw new AwsFault("not_found", "ResourceNotFoundException", detail);
  }
  const check = await service.checkImage(bytes, policy, c.req.raw.signal);
  const { width, height } = check.image;
  if (Math.min(width, height) < LEAST_SIDE)
    throw new SafelightError("invalid_request", `the image must have at least ${LEAST_SIDE} pixels in both directions`);
  if (Math.max(width, height) > MOST_SIDE)
    throw new SafelightError("image_too_large", `the image must have at most ${MOST_SIDE} pixels in each direction`);
  assertTold(check);
  tellDecision(c, check);
  const least = MinConfidence ?? 50;
  const sure = findingsOf(check).filter(({ score }) => score * 100 >= least);
  return {
    // no list is empty, whatever the confidence asked for, when the policy does not let the picture through
    ModerationLabels: moderationLabels([...sure, ...stoppingFindings(check)]),
    ModerationModelVersion: "7.0",
    ContentTypes: [],
    ...(ProjectVersion == null ? {} : { ProjectVersion }),
  };
};

function imageBytes({ Bytes, S3Object }: z.output<typeof Body>["Image"]): Uint8Array {
  if ((Bytes == null) === (S3Object == null))
    throw new SafelightError("invalid_request", "Image must have either Bytes or S3Object");
  if (Bytes == null) {
    const detail =
      "Unable to get object metadata from S3: this server reads no objects of S3. Send the picture as Image.Bytes.";
    throw new AwsFault("invalid_request", "InvalidS3ObjectException", detail);
  }
  if (Bytes.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(Bytes))
    throw new AwsFault("invalid_request", "SerializationException", "Image.Bytes must be base64");
  const bytes = new Uint8Array(Buffer.from(Bytes, "base64"));
  if (bytes.length === 0) throw new SafelightError("invalid_request", "Image.Bytes must have at least 1 byte");
  if (bytes.length > MOST_BYTES)
    throw new SafelightError(
      "image_too_large",
      `the image must have at most ${MOST_BYTES} bytes; it has ${bytes.length}`,
    );
  const type = sniff(bytes)?.mediaType;
  if (type !== "image/jpeg" && type !== "image/png")
    throw new SafelightError("image_unreadable", "the image must be a JPEG or a PNG");
  return bytes;
}
