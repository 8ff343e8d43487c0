import type { ScanAnswer } from "../../../src/contract/scan-api.ts";

export function count(n: number): string {
  return n.toLocaleString("en-US");
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5_400) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}

/** How a scan stands, in a word or two. */
export function standing({ activity, state, error }: ScanAnswer): string {
  if (activity === "queued") return "Waits for its turn";
  if (activity === "running") return state === "listing" ? "Lists files" : "Judges pictures";
  if (state === "finished") return "Finished";
  return error === null ? "Stopped" : "Failed";
}

/** The last part of where a data set lies: what people call it. */
export function nameOf(source: string): string {
  return source.replace(/\/+$/, "").split("/").at(-1) ?? source;
}
