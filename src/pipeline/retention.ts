import type { Reason } from "../contract/decision.ts";
import type { GenerationRecord, Judgement } from "../contract/generation.ts";
import type { Evidence, Finding, Report } from "../contract/report.ts";

/**
 * A record without anything that quotes the prompt: its text, the negative prompts, and the matched terms. Digests, spans,
 * scores and decisions stay.
 */
export function withoutText(record: GenerationRecord): GenerationRecord {
  return {
    ...record,
    request: { ...record.request, prompt: null, negative_prompt: null },
    negative_prompt: null,
    prompt: record.prompt && judgementWithoutTerms(record.prompt),
    images: record.images.map((image) => ({ ...image, reasons: image.reasons.map(reasonWithoutTerm) })),
    trials: record.trials.map((trial) => ({ ...trial, ...judgementWithoutTerms(trial) })),
  };
}

function judgementWithoutTerms(judgement: Judgement): Judgement {
  return {
    ...judgement,
    reasons: judgement.reasons.map(reasonWithoutTerm),
    reports: judgement.reports.map(reportWithoutTerms),
  };
}

function reportWithoutTerms(report: Report): Report {
  if (report.state === "unknown") return report;
  return { ...report, findings: report.findings.map(findingWithoutTerm) };
}

function findingWithoutTerm(finding: Finding): Finding {
  if (finding.evidence?.term === undefined) return finding;
  const { label: _quoted, ...rest } = finding;
  const { list } = finding.evidence;
  return { ...rest, ...(list === undefined ? {} : { label: list }), evidence: evidenceWithoutTerm(finding.evidence) };
}

function reasonWithoutTerm(reason: Reason): Reason {
  if (reason.evidence?.term === undefined) return reason;
  return { ...reason, label: reason.evidence.list ?? null, evidence: evidenceWithoutTerm(reason.evidence) };
}

function evidenceWithoutTerm(evidence: Evidence): Evidence {
  const { term: _quoted, ...rest } = evidence;
  return rest;
}
