import type { Reason } from "../contract/decision.ts";
import type { GenerationRecord, Judgement, StoredPicture } from "../contract/generation.ts";
import type { Evidence, Finding } from "../contract/report.ts";

/** The pictures that a record names. */
export function picturesOf(record: GenerationRecord): readonly StoredPicture[] {
  return record.images.flatMap(({ released, original }) => [released, original].filter((picture) => picture !== null));
}

/**
 * The record without text and pictures: no prompt, no negative prompt, no words quoted from either (or from a picture) as
 * evidence, no picture to be read. What was decided and why stays: scores, spans, regions, digests, lists, disguises.
 */
export function forget(record: GenerationRecord): GenerationRecord {
  const unquote = unquoter(record);
  const reasons = (of: readonly Reason[]): Reason[] =>
    of.map((reason) => ({
      ...reason,
      evidence: reason.evidence && withoutTerm(reason.evidence),
      message: unquote(reason.message),
    }));
  const judgement = <T extends Judgement>(of: T): T => ({
    ...of,
    reasons: reasons(of.reasons),
    reports: of.reports.map((report) =>
      report.state === "scored" ? { ...report, findings: report.findings.map(forgetFinding) } : report,
    ),
  });
  return {
    ...record,
    request: { ...record.request, prompt: null, negative_prompt: null },
    negative_prompt: null,
    prompt: record.prompt && judgement(record.prompt),
    images: record.images.map((image) => ({
      ...image,
      reasons: reasons(image.reasons),
      released: null,
      original: null,
    })),
    warnings: record.warnings.map((warning) => ({ ...warning, message: unquote(warning.message) })),
    trials: record.trials.map(judgement),
  };
}

function forgetFinding(finding: Finding): Finding {
  return finding.evidence ? { ...finding, evidence: withoutTerm(finding.evidence) } : finding;
}

function withoutTerm({ term: _, ...evidence }: Evidence): Evidence {
  return evidence;
}

/** Replaces, in a sentence, the evidence's words where they stand between quotation marks. */
function unquoter(record: GenerationRecord): (message: string) => string {
  const words = new Set<string>();
  for (const { term, span } of everyEvidence(record)) {
    if (term) words.add(term);
    if (span && record.request.prompt !== null) words.add(record.request.prompt.slice(...span));
  }
  words.delete("");
  if (words.size === 0) return (message) => message;
  const any = [...words].map((word) => RegExp.escape(word)).join("|");
  const quoted = new RegExp(`(["'“‘«„])(?:${any})(["'”’»“])`, "giu");
  return (message) => message.replace(quoted, "$1…$2");
}

function everyEvidence(record: GenerationRecord): readonly Evidence[] {
  const judged = [...(record.prompt ? [record.prompt] : []), ...record.trials];
  const findings = judged.flatMap(({ reports }) =>
    reports.flatMap((report) => (report.state === "scored" ? report.findings : [])),
  );
  const reasons = [...judged, ...record.images].flatMap((decision) => decision.reasons);
  return [...findings, ...reasons].flatMap(({ evidence }) => (evidence ? [evidence] : []));
}
