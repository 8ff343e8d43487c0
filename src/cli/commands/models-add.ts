import type { PinnedFolder } from "../../models/installed/pinned.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { megabytes } from "../models.ts";
import { configFor } from "../opened.ts";

export const command = defineCommand({
  usage: "[options] FOLDER|ARCHIVE|URL --sha256 HEX",
  about: "installs a CLIP model (two ONNX towers and their tokenizer) into the data folder, whole or not at all",
  options: {
    sha256: { type: "string", value: "HEX", about: "of the archive, or of the listing of the folder's files" },
    id: { type: "string", value: "NAME", about: "what detectors call it (the name of the source)" },
    variant: { type: "string", value: "NAME", about: "which of the ONNX files: quantized, int8, uint8, fp32, …" },
    licence: { type: "string", value: "TEXT", about: "under which it may be used, for `models list`" },
    replace: { type: "boolean", about: "take the place of a model of the same id" },
  },
  examples: [
    ["safelight models add clip-vit-base-patch32/ --sha256 3f5c…", "a folder; without --sha256 it tells the hash"],
    ["safelight models add clip.tar.gz --sha256 9a1b… --id clip", ""],
    ["safelight models add https://models.example/clip.tar.gz --sha256 9a1b…", ""],
    ["safelight models add https://models.example/clip/ --sha256 3f5c…", "a folder, its files one by one"],
  ],
  async run(parsed, io) {
    const { values } = parsed;
    const [source, ...more] = parsed.positionals;
    if (source === undefined || more.length > 0) {
      throw new UsageError("models add: takes one folder, archive (.tar, .tar.gz) or URL");
    }
    const { config } = await configFor(parsed, io);
    const { addModel } = await import("../../models/installed/add.ts");
    const added = await addModel({
      source,
      cwd: io.cwd,
      sha256: values.sha256,
      id: values.id,
      variant: values.variant,
      licence: values.licence,
      replace: values.replace,
      data: config.data,
      signal: io.signal,
      onStep: (step) => io.err(`${step}\n`),
      attempt,
    });
    const bytes = Object.values(added.files).reduce((sum, file) => sum + file.bytes, 0);
    if (values.json) await io.out(`${JSON.stringify(added)}\n`);
    else await io.out(`${io.styled("green", "added")}  ${added.id}  ${megabytes(bytes)}\n`);
    return EXIT.allowed;
  },
});

/** Looks at a picture and reads every concept that ships: the next start finds their vectors made. */
async function attempt(folder: PinnedFolder): Promise<void> {
  const { tryModel } = await import("../../detectors/image/clip/try.ts");
  await tryModel(folder);
}
