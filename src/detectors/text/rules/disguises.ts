/** What was undone to read a term in `written`, by the names that reports show. Empty for plain writing. */
export function disguisesIn(written: string): string[] {
  if (!/[^\x20-\x7e]/.test(written)) return [];
  const disguises: string[] = [];
  if (/[\p{Default_Ignorable_Code_Point}\p{Cf}]/u.test(written)) disguises.push("invisible_characters");
  const composed = written.normalize("NFC");
  if (/[\p{L}\p{N}]/u.test(composed) && letters(composed) !== letters(composed.normalize("NFKC"))) {
    disguises.push("styled_letters");
  }
  if (/(?=\p{M})\p{sc=Inherited}/u.test(composed)) disguises.push("combining_marks");
  return disguises;
}

function letters(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{S}]/gu, "");
}
