import { resolve } from "node:path";
import { isCategory } from "../../contract/categories.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { configFor } from "../opened.ts";

export const command = defineCommand({
  usage: "[options] LIST PICTURE|HASH…",
  about: "puts pictures on a list of known ones, and makes the list where there is none; -: stdin",
  options: {
    category: { type: "string", value: "NAME", about: "what they show; the list's own when absent" },
    note: {
      type: "string",
      value: "TEXT",
      about: "why they are there; not told to callers, unless the policy says so",
    },
    crops: { type: "boolean", about: "list it with its edges cut off, too: finds more of the copies that were cut" },
  },
  examples: [
    ["safelight hashes add ./known.txt photo.jpg --category sexual", ""],
    ['safelight hashes add ./known.txt *.png --category custom:banned --note "ticket 4711"', ""],
    ["safelight hashes add ./known.txt sha256:9f86d081884c7d65… --category gore", "a hash, without the picture"],
  ],
  async run(parsed, io) {
    const { category, note, crops, json } = parsed.values;
    const [list, ...given] = parsed.positionals;
    if (list === undefined || given.length === 0) {
      throw new UsageError("hashes add: needs a list and a picture, such as: safelight hashes add ./known.txt a.png");
    }
    if (!/[/\\.]/.test(list)) throw new UsageError(`hashes add: the list is a file: write ./${list}.txt, for example`);
    if (category !== undefined && !isCategory(category)) {
      throw new UsageError(`--category: ${JSON.stringify(category)} is none: a built-in one, or custom:<name>`);
    }
    const [{ config }, { appendToList }, { hashText, LONGEST_NOTE }, { hashesToList }, { look }] = await Promise.all([
      configFor(parsed, io),
      import("../../detectors/image/hashes/append.ts"),
      import("../../detectors/image/hashes/entry.ts"),
      import("../../detectors/image/hashes/listing.ts"),
      import("../looked-up.ts"),
    ]);
    if (note !== undefined && !new RegExp(`^[^\\p{Cc}]{0,${LONGEST_NOTE}}$`, "u").test(note)) {
      throw new UsageError(`--note: must be one line of at most ${LONGEST_NOTE} characters`);
    }
    const found = [];
    let status: number = EXIT.allowed;
    for (const argument of given) {
      const looked = await look(argument, config.limits, io);
      if (looked.kind === "failed") {
        status = looked.error.code === "invalid_request" ? Math.max(status, EXIT.usage) : EXIT.unknown;
        continue;
      }
      const hashes = looked.kind === "hash" ? [looked.hash] : await hashesToList(looked.image, crops === true);
      if (looked.kind === "picture" && hashes.some(({ kind }) => kind === "pixels")) {
        io.err(`${argument}: too plain to be found by its looks; it is listed by its bytes and its pixels\n`);
      }
      found.push(...hashes.map((hash) => ({ argument, hash })));
    }
    if (found.length === 0) return status;
    const addition = { category, note: note === "" ? undefined : note };
    const hashes = found.map(({ hash }) => hash);
    const appended = await appendToList(resolve(io.cwd, list), hashes, addition);
    for (const [i, each] of appended.entries()) {
      const file = found[i]?.argument ?? "";
      const hash = hashText(each);
      const word = each.added ? io.styled("green", "added ") : io.styled("dim", "known ");
      const { added } = each;
      await io.out(
        json
          ? `${JSON.stringify({ file, hash, category: each.category, note: addition.note ?? null, added })}\n`
          : `${word}  ${hash}  ${each.category}  ${file}\n`,
      );
    }
    return status;
  },
});
