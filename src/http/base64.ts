/**
 * The bytes that base64 stands for; blanks between its digits do not matter. Undefined when it is none, or stands for nothing.
 * Each character is looked at once: in a pattern that has two places for the same blank, the time grows with the square of their number.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  const digits = text.trimEnd().replace(/={1,2}$/, "");
  if (/[^A-Za-z0-9+/\s]/.test(digits)) return undefined;
  const bytes = Buffer.from(digits, "base64");
  return bytes.length === 0 ? undefined : new Uint8Array(bytes);
}
