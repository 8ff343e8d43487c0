/**
 * Makes src/models/pdq/vectors.json: what Meta's own PDQ, as the Python package pdqhash binds it, says of pictures that are
 * computed here.
 *
 *   pip install -r models/recipes/pdq/requirements.txt
 *   node models/recipes/pdq/make.ts [python]
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { computedPictures, drawnPictures } from "./pictures.ts";

const VECTORS = join(import.meta.dirname, "../../../src/models/pdq/vectors.json");

const folder = mkdtempSync(join(tmpdir(), "safelight-pdq-"));
try {
  const pictures = [
    ...computedPictures().map((picture) => ({ ...picture, computed: true })),
    ...(await drawnPictures()).map((picture) => ({ ...picture, computed: false })),
  ];
  const listed = pictures.map(({ rgb, ...about }, i) => {
    writeFileSync(join(folder, `${i}.rgb`), rgb);
    return { ...about, sha256: createHash("sha256").update(rgb).digest("hex"), file: `${i}.rgb` };
  });
  writeFileSync(join(folder, "pictures.json"), JSON.stringify(listed));
  const python = process.argv[2] ?? "python3";
  const { status, stdout, stderr } = spawnSync(python, [join(import.meta.dirname, "reference.py"), folder], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`reference.py ended with ${status}: ${stderr}`);
  writeFileSync(VECTORS, `${JSON.stringify(JSON.parse(stdout), null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
