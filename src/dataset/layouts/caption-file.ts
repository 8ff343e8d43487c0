import { FileProblem } from "../files/files.ts";
import { isJson } from "./kinds.ts";

/** A caption file is read no further. */
export const MOST_CAPTION_BYTES = 1024 * 1024;
/** Members of a WebDataset's `.json` that hold a caption. */
const CAPTION_MEMBERS = ["caption", "text", "prompt", "txt"];

export interface CaptionText {
  /** The member of a JSON file; null where the file is the text. */
  readonly place: string | null;
  readonly text: string;
}

/** The texts of a file beside a picture: the file itself, or members of a WebDataset's `.json`. @throws FileProblem `caption_unreadable` */
export function captionsIn(key: string, bytes: Uint8Array): readonly CaptionText[] {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FileProblem("caption_unreadable", "it is not UTF-8 text", { cause });
  }
  if (!isJson(key)) return [{ place: null, text }];
  try {
    const value: unknown = JSON.parse(text);
    const members = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return members.flatMap(([place, caption]) =>
      CAPTION_MEMBERS.includes(place) && typeof caption === "string" ? [{ place, text: caption }] : [],
    );
  } catch (cause) {
    throw new FileProblem("caption_unreadable", "it is not JSON", { cause });
  }
}
