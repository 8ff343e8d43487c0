import { createHash } from "node:crypto";
import type { DecodedImage, ImageDetector, Meter, TextDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Evidence, Finding, Region } from "../../../contract/report.ts";
import type { OpenContext } from "../../context.ts";
import type { TextInImageOptions } from "./options.ts";
import { openReader, type Reader } from "./reader.ts";
import { regionOf, type Transcript, transcriptOf } from "./transcript.ts";

/** Changes with whatever is made of the models' answers. */
const CODE_VERSION = "1";

/** Of the words that a finding names, in UTF-16 units. */
const LONGEST_TERM = 200;

type Judges = ReadonlyMap<string, TextDetector>;

/**
 * Reads the text in a picture and has prompt detectors judge it. Their findings become findings about the picture, with
 * the words that were read and the place where they stand. It covers no category: text about a thing is not the thing, and
 * a picture without text was not judged.
 * @throws SafelightError `config_invalid` when there is no judge, a judge is unknown, or a file of the models is missing
 */
export async function openTextInImage(options: TextInImageOptions, context: OpenContext): Promise<ImageDetector> {
  if (!context.textDetectors) throw new SafelightError("config_invalid", "text-in-image: nobody could judge the text");
  const judges = await context.textDetectors(options.judges);
  if (judges.size === 0) {
    const detail = "text-in-image: judges must name a text detector, as the policy has none that works on this machine";
    throw new SafelightError("config_invalid", detail);
  }
  const reader = await openReader(options);
  return {
    id: "text-in-image",
    get version() {
      return `${CODE_VERSION}.${reader.version}+${digestOf(judges)}`;
    },
    categories: [],
    inspect: (image, signal, meter) => inspect(image, reader, judges, options.min_confidence, signal, meter),
    close: () => reader.close(),
  };
}

async function inspect(
  image: DecodedImage,
  reader: Reader,
  judges: Judges,
  leastConfidence: number,
  signal: AbortSignal,
  meter: Meter | undefined,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const judged = new Set<string>(); // most frames of an animation say the same
  for (const frame of image.frames) {
    const transcript = transcriptOf(await reader.read(frame, signal), leastConfidence);
    if (transcript.text === "" || judged.has(transcript.text)) continue;
    judged.add(transcript.text);
    const regionAt = (span: Evidence["span"]) => {
      const region = regionOf(transcript, frame, span) ?? regionOf(transcript, frame);
      return region && image.frameCount > 1 ? { ...region, frame: frame.index } : region;
    };
    const reports = [...judges].map(([name, judge]) => judgeText(name, judge, transcript, regionAt, signal, meter));
    findings.push(...(await Promise.all(reports)).flat());
  }
  return findings;
}

async function judgeText(
  name: string,
  judge: TextDetector,
  { text }: Transcript,
  regionAt: (span: Evidence["span"]) => Region | undefined,
  signal: AbortSignal,
  meter: Meter | undefined,
): Promise<readonly Finding[]> {
  try {
    const found = await judge.inspect({ text }, signal, meter);
    return found.map(({ category, score, label, evidence }) => {
      // a span would be one of the prompt
      const { span, region: _nowhere, heat: _none, ...kept } = evidence ?? {};
      const region = regionAt(span);
      return {
        category,
        score,
        label: label === undefined ? name : `${name}: ${label}`,
        evidence: { ...kept, term: shown(span ? text.slice(...span) : text), ...(region ? { region } : {}) },
      };
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SafelightError)) throw error;
    const { code, detail, vendor } = error;
    throw new SafelightError(code, `text in the picture, ${name}: ${detail}`, {
      cause: error,
      ...(vendor ? { vendor } : {}),
    });
  }
}

/** The words that a finding is about, as they were read, in one line. */
function shown(words: string): string {
  const line = words.replaceAll("\n", " ");
  return line.length <= LONGEST_TERM ? line : `${line.slice(0, LONGEST_TERM - 1)}…`;
}

function digestOf(judges: Judges): string {
  const versions = [...judges].map(([name, { id, version }]) => `${name}=${id}@${version}`);
  return createHash("sha256").update(versions.join("\n")).digest("hex").slice(0, 12);
}
