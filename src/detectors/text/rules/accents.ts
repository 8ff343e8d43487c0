import { foldCodePoint, foldKey } from "./fold.ts";

/**
 * Letters with accents that a language writes. There an accent tells words apart (in Spanish a year from an anus), so a
 * term of that language matches only with its own accents, or with none at all where people leave them out. In every
 * other language an accent is decoration.
 */
const OWN: Readonly<Record<string, RegExp>> = {
  es: /[áéíóúüñ]/,
  fr: /[àâæçéèêëîïôœùûüÿ]/,
  de: /[äöü]/,
  pt: /[áâãàçéêíóôõú]/,
  it: /[àèéìíîòóùú]/,
  nl: /[áéíóúëïöü]/,
  tr: /[çğıöşü]/,
};
/** A letter of the alphabet to itself, which nobody leaves out. */
const NEVER_LEFT_OUT = /ñ/;

export type AccentCheck = (written: string) => boolean;

/** Whether what stands in a text has the accents of `form`; undefined when the language does not care. */
export function accentCheck(form: string, language: string): AccentCheck | undefined {
  const own = OWN[language.split("-")[0] ?? ""];
  if (!own) return undefined;
  const turkish = language.startsWith("tr"); // its capital I may be either i
  const wanted = accented(turkish ? form.toLocaleLowerCase("tr") : form.toLowerCase(), own);
  const optional = !NEVER_LEFT_OUT.test(wanted);
  return (written) => {
    const found = accented(written.toLowerCase(), own);
    if (found === wanted || (optional && !own.test(found))) return true;
    return turkish && written.includes("I") && dotted(found) === dotted(wanted);
  };
}

function dotted(text: string): string {
  return text.replaceAll("ı", "i");
}

/** A text in lower case, folded but for the letters that the language writes with an accent. */
function accented(text: string, own: RegExp): string {
  let key = "";
  for (const char of text.normalize("NFKC")) key += own.test(char) ? char : foldChar(char);
  return key.replace(/ +/g, " ");
}

function foldChar(char: string): string {
  return foldCodePoint(char.codePointAt(0) ?? 0) === "space" ? " " : foldKey(char);
}
