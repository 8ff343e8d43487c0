import type { Reason } from "../contract/decision.ts";
import type { GenerationRecord, Judgement } from "../contract/generation.ts";
import type { Evidence, Finding, Report } from "../contract/report.ts";

type Unquote = (message: string) => string;

/**
 * A record without anything that may quote the prompt: its text, the negative prompts, the matched terms, and what a back
 * end said when it withheld a picture. Digests, spans, scores and decisions stay.
 */
export function withoutText(record: GenerationRecord): GenerationRecord {
  const unquote = unquoting(record);
  return {
    ...record,
    request: { ...record.request, prompt: null, negative_prompt: null },
    negative_prompt: null,
    prompt: record.prompt && { ...record.prompt, ...judgementWithoutText(record.prompt, unquote) },
    images: record.images.map((image) => ({ ...image, reasons: silenced(image.reasons, unquote) })),
    trials: record.trials.map((trial) => ({
      ...trial,
      ...judgementWithoutText(trial, unquote),
      withheld: trial.withheld && "…",
    })),
    warnings: record.warnings.map((warning) => ({ ...warning, message: unquote(warning.message) })),
  };
}

/** Reasons without anything that may quote the text that they were given for. */
export function reasonsWithoutText(reasons: readonly Reason[], text: string): Reason[] {
  const words = reasons.flatMap(({ evidence }) => [evidence?.term, evidence?.span && text.slice(...evidence.span)]);
  return silenced(reasons, unquotingWords(words));
}

/**
 * Takes out of a sentence what may be the caller's words: matched terms and spans where they stand between quotation marks,
 * and what a back end said, which may be anything.
 */
function unquoting(record: GenerationRecord): Unquote {
  const said = record.trials.flatMap(({ withheld }) => (withheld ? [withheld] : []));
  const unquoteWords = unquotingWords(
    everyEvidence(record).flatMap(({ term, span }) => [term, span && record.request.prompt?.slice(...span)]),
  );
  return (message) => unquoteWords(said.reduce((text, words) => text.replaceAll(words, "…"), message));
}

function unquotingWords(words: Iterable<string | undefined>): Unquote {
  const any = [...new Set(words)].flatMap((word) => (word ? [RegExp.escape(word)] : []));
  if (any.length === 0) return (message) => message;
  const quoted = new RegExp(`(["'“‘«„])(?:${any.join("|")})(["'”’»“])`, "giu");
  return (message) => message.replace(quoted, "$1…$2");
}

function everyEvidence({ prompt, trials, images }: GenerationRecord): Evidence[] {
  const judged = [...(prompt ? [prompt] : []), ...trials];
  const findings = judged.flatMap(({ reports }) => reports.flatMap((r) => (r.state === "scored" ? r.findings : [])));
  const reasons = [...judged, ...images].flatMap((decision) => decision.reasons);
  return [...findings, ...reasons].flatMap(({ evidence }) => (evidence ? [evidence] : []));
}

function judgementWithoutText(
  { reasons, reports }: Judgement,
  unquote: Unquote,
): Pick<Judgement, "reasons" | "reports"> {
  return { reasons: silenced(reasons, unquote), reports: reports.map(reportWithoutText) };
}

function silenced(reasons: readonly Reason[], unquote: Unquote): Reason[] {
  return reasons.map((reason) => ({
    ...reason,
    ...(reason.evidence?.term === undefined ? {} : { label: reason.evidence.list ?? null }),
    evidence: reason.evidence && withoutTerm(reason.evidence),
    message: unquote(reason.message),
  }));
}

function reportWithoutText(report: Report): Report {
  return report.state === "unknown" ? report : { ...report, findings: report.findings.map(findingWithoutText) };
}

function findingWithoutText({ label, evidence, ...finding }: Finding): Finding {
  const kept = evidence?.term === undefined ? label : evidence.list;
  return {
    ...finding,
    ...(kept === undefined ? {} : { label: kept }),
    ...(evidence ? { evidence: withoutTerm(evidence) } : {}),
  };
}

function withoutTerm({ term: _quoted, ...evidence }: Evidence): Evidence {
  return evidence;
}
