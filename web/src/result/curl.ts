import { API, type SentRequest } from "../api/client.ts";

/** Quoted for a POSIX shell: in single quotes nothing is special but the single quote itself. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The command that does what the button did. */
export function curlGenerate(origin: string, request: SentRequest): string {
  return [
    `curl -sS ${shellQuote(`${origin}${API}/generations`)}`,
    `-H ${shellQuote("content-type: application/json")}`,
    `--data-raw ${shellQuote(JSON.stringify(withoutDefaults(request), null, 2))}`,
  ].join(" \\\n  ");
}

export function curlRead(origin: string, id: string): string {
  return `curl -sS ${shellQuote(`${origin}${API}/generations/${encodeURIComponent(id)}`)}`;
}

function withoutDefaults(request: SentRequest): Partial<SentRequest> {
  const { negative_prompt, b64, ...rest } = request;
  return { ...rest, ...(negative_prompt === "" ? {} : { negative_prompt }), ...(b64 ? {} : { b64 }) };
}
