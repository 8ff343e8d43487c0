import { Tokenizer } from "@huggingface/tokenizers";
import { SafelightError } from "../contract/errors.ts";
import { type ModelEntry, readCompanion } from "./manifest.ts";

/** Token ids of pieces of text. Words that come back, as most do, are looked up. */
export interface PieceTokenizer {
  /**
   * @param piece text without white space at which a word could end: what is encoded alone gives the ids that it gives
   * inside a sentence
   * @returns its ids, without those that begin and end a sequence; empty when nothing is left of it (control characters)
   */
  encode(piece: string): readonly number[];
  /** The ids that begin and end a sequence. */
  readonly begin: number;
  readonly end: number;
}

/** Words that are remembered: about 2 MB. */
const REMEMBERED = 20_000;
/** Longer pieces are rare and may be anything. */
const LONGEST_REMEMBERED = 32;

/**
 * Opens the tokenizer that lies beside a model (`tokenizer.json`, in the format of Hugging Face's tokenizers).
 * @throws SafelightError `config_invalid` when the file is missing, not the one in the manifest, or no tokenizer
 */
export async function openTokenizer(entry: ModelEntry, folder?: URL): Promise<PieceTokenizer> {
  const bytes = await readCompanion(entry, "tokenizer.json", folder);
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer(JSON.parse(new TextDecoder().decode(bytes)), {});
  } catch (cause) {
    throw new SafelightError("config_invalid", `the tokenizer of model ${entry.id} cannot be opened`, { cause });
  }
  const [begin, end] = ["[CLS]", "[SEP]"].map((token) => tokenizer.token_to_id(token));
  if (begin === undefined || end === undefined) {
    throw new SafelightError("config_invalid", `the tokenizer of model ${entry.id} has no [CLS] or [SEP]`);
  }
  const encode = (piece: string) => tokenizer.encode(piece, { add_special_tokens: false }).ids;
  const remembered = new Map<string, readonly number[]>();
  return {
    begin,
    end,
    encode(piece) {
      if (piece.length > LONGEST_REMEMBERED) return encode(piece);
      const known = remembered.get(piece);
      if (known) return known;
      const ids = encode(piece);
      if (remembered.size >= REMEMBERED) remembered.clear();
      remembered.set(piece, ids);
      return ids;
    },
  };
}
