import { z } from "zod";
import type { ImageDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { VendorLimits } from "../../../models/vendor-picture.ts";
import { Client } from "../../../outbound/client.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import { readSecret } from "../../../outbound/secret.ts";
import { inspectFrames } from "../../vendors/frames.ts";
import { covered, findingsOf } from "../../vendors/labels.ts";
import { PictureFaultSchema, pictureFailed } from "./fault.ts";
import { LIKELIHOODS, SAFE_SEARCH_LABELS } from "./labels.ts";
import type { GoogleOptions } from "./options.ts";
import { probeVision } from "./probe.ts";

/** Changes with the table of labels, or with what is made of the likelihoods. */
const CODE_VERSION = "1";

const LIMITS: VendorLimits = { types: ["image/png", "image/jpeg", "image/webp", "image/gif"] };

/** What is needed of an answer. A picture that cannot be judged is told of in a 200. */
const AnswerSchema = z.object({
  responses: z.array(
    z.object({
      safeSearchAnnotation: z.record(z.string(), z.unknown()).nullish(),
      error: PictureFaultSchema.nullish(),
    }),
  ),
});
type Response = z.output<typeof AnswerSchema>["responses"][number];

/**
 * SafeSearch of Google Cloud Vision, `POST /v1/images:annotate`.
 * @see https://cloud.google.com/vision/docs/reference/rest/v1/images/annotate
 */
export async function openGoogle(options: GoogleOptions): Promise<ImageDetector> {
  const { project, location } = options;
  const client = new Client(DETECTOR, {
    url: options.url ?? `https://${location ? `${location}-` : ""}vision.googleapis.com`,
    headers: credentials(options),
  });
  const path = `/v1${location ? `/projects/${project}/locations/${location}` : ""}/images:annotate`;
  return {
    id: "google",
    version: CODE_VERSION,
    categories: covered(SAFE_SEARCH_LABELS),
    inspect: (image, signal, meter) =>
      inspectFrames(
        image,
        LIMITS,
        async ({ bytes }, either) => {
          const content = Buffer.from(bytes).toString("base64");
          const body = { requests: [{ image: { content }, features: [{ type: "SAFE_SEARCH_DETECTION" }] }] };
          const { responses } = await client.json({ path, body }, AnswerSchema, either);
          const [response, ...more] = responses;
          if (!response || more.length > 0)
            throw new SafelightError(DETECTOR.failed, `it was asked about one picture and told of ${responses.length}`);
          const annotation = annotationOf(response);
          meter?.(1);
          return findingsOf(SAFE_SEARCH_LABELS, scoresOf(annotation));
        },
        signal,
      ),
    probe: (signal) => probeVision(client, path, signal),
    close: () => client.close(),
  };
}

function credentials({ api_key, access_token, project }: GoogleOptions): Record<string, string> {
  return {
    ...(api_key ? { "x-goog-api-key": readSecret(api_key) } : {}),
    ...(access_token ? { authorization: `Bearer ${readSecret(access_token)}` } : {}),
    ...(project === undefined ? {} : { "x-goog-user-project": project }),
  };
}

function annotationOf({ error, safeSearchAnnotation }: Response): Readonly<Record<string, unknown>> {
  if (error) throw pictureFailed(error);
  if (!safeSearchAnnotation) throw new SafelightError(DETECTOR.failed, "its answer has no safeSearchAnnotation");
  return safeSearchAnnotation;
}

/** By label. What has no likelihood, or an unknown one, has no score; the annotation also holds numbers that mean something else. */
function scoresOf(annotation: Readonly<Record<string, unknown>>): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(annotation).flatMap(([label, value]) =>
      isLikelihood(value) ? [[label, LIKELIHOODS[value]] as const] : [],
    ),
  );
}

function isLikelihood(value: unknown): value is keyof typeof LIKELIHOODS {
  return typeof value === "string" && Object.hasOwn(LIKELIHOODS, value);
}
