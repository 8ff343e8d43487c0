import { ComprehendClient } from "@aws-sdk/client-comprehend";
import type { Category } from "../../../contract/categories.ts";
import type { Meter, TextDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Probe } from "../../../contract/probe.ts";
import type { Finding } from "../../../contract/report.ts";
import { AwsCaller, assertRegion, awsClientConfig } from "../../../outbound/aws.ts";
import { probeAws } from "../../../outbound/aws-probe.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import { type Chunk, chunked, inspectChunks, LENGTHS } from "../../vendors/chunks.ts";
import { covered } from "../../vendors/labels.ts";
import { together, worst } from "../../vendors/worst.ts";
import { type Classes, classify, DOCUMENT_BYTES } from "./classifier.ts";
import { TOXICITY_LABELS } from "./labels.ts";
import type { ComprehendOptions } from "./options.ts";
import { detectToxic, SEGMENT_BYTES, SEGMENTS } from "./toxicity.ts";

/** Changes with the table of labels, or with what is made of the scores. */
const CODE_VERSION = "1";
const IDLE_MS = 30_000;

/** What Comprehend bills in: units of 100 characters, at least 3 a call. */
const UNIT = 100;
const LEAST_UNITS = 3;

/** Amazon Comprehend: a custom classifier of one's own, or toxicity, for English texts. */
export async function openComprehend(options: ComprehendOptions): Promise<TextDetector> {
  const classifier = classifierOf(options);
  const region = options.region ?? classifier?.region;
  const config = await awsClientConfig({ ...options, ...(region === undefined ? {} : { region }) }, IDLE_MS);
  const client = new ComprehendClient(config);
  await assertRegion(client);
  const caller = new AwsCaller(DETECTOR);
  const probe: Probe = (signal, run) => probeAws(DETECTOR, client, { signal, run });
  const close = async () => {
    caller.close();
    client.destroy();
  };
  if (classifier) {
    const { arn, name, classes } = classifier;
    return {
      id: "comprehend",
      version: `${CODE_VERSION}.${name}`,
      categories: [...new Set(Object.values(classes))].filter((category) => category !== null),
      inspect: ({ text }, signal, meter) =>
        inspectChunks(
          written(chunked(text, DOCUMENT_BYTES, LENGTHS.utf8Bytes)),
          async (chunk, either) => {
            const findings = await classify(chunk.text, { client, caller, arn, classes }, either);
            meter?.(unitsOf([chunk]));
            return findings;
          },
          signal,
        ),
      probe,
      close,
    };
  }
  return {
    id: "comprehend",
    version: `${CODE_VERSION}.toxicity`,
    categories: [...new Set<Category>(["unsafe", ...covered(TOXICITY_LABELS)])],
    inspect: ({ text }, signal, meter) => inspectToxicity(text, { client, caller }, signal, meter),
    probe,
    close,
  };
}

/** Several segments go in one call; each is judged by itself, and the worst counts. */
async function inspectToxicity(
  text: string,
  service: { readonly client: ComprehendClient; readonly caller: AwsCaller },
  signal: AbortSignal,
  meter: Meter | undefined,
): Promise<readonly Finding[]> {
  const segments = written(chunked(text, SEGMENT_BYTES, LENGTHS.utf8Bytes));
  const calls = Array.from({ length: Math.ceil(segments.length / SEGMENTS) }, (_, i) =>
    segments.slice(i * SEGMENTS, (i + 1) * SEGMENTS),
  );
  const judged = await together(
    calls,
    async (call, either) => {
      const texts = call.map((segment) => segment.text);
      const results = await detectToxic(texts, service, either);
      meter?.(unitsOf(call));
      return results.flatMap((findings, i) => (segments.length === 1 ? findings : placed(findings, call[i])));
    },
    signal,
  );
  return worst(judged);
}

/** Comprehend refuses a text of nothing but blanks, in which there is nothing to judge. */
function written(chunks: readonly Chunk[]): readonly Chunk[] {
  return chunks.filter(({ text }) => /\S/.test(text));
}

function placed(findings: readonly Finding[], segment: Chunk | undefined): readonly Finding[] {
  if (!segment) return findings;
  return findings.map((finding) => ({ ...finding, evidence: { span: [segment.start, segment.end] } }));
}

function unitsOf(chunks: readonly Chunk[]): number {
  const characters = chunks.reduce((sum, { text }) => sum + [...text].length, 0);
  return Math.max(LEAST_UNITS, Math.ceil(characters / UNIT));
}

interface Classifier {
  readonly arn: string;
  readonly region: string;
  readonly name: string;
  readonly classes: Classes;
}

/** @throws SafelightError `config_invalid` when the endpoint and its classes are not named together */
function classifierOf({ endpoint_arn: arn, classes }: ComprehendOptions): Classifier | undefined {
  const wrong = (detail: string) => new SafelightError("config_invalid", detail);
  if (arn === undefined) {
    if (classes !== undefined) throw wrong("classes: has no meaning without endpoint_arn");
    return undefined;
  }
  if (classes === undefined) throw wrong("classes: must name the classes of the model behind endpoint_arn");
  if (Object.values(classes).every((category) => category === null))
    throw wrong("classes: at least one must be a harm");
  const [, region = "", name = ""] = /^arn:[^:]+:comprehend:([^:]+):.*\/(.+)$/.exec(arn) ?? [];
  return { arn, region, name, classes };
}
