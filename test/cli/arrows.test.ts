import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkArrows } from "../../scripts/check-arrows.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "safelight arrows "));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function arrows(files: Readonly<Record<string, string>>): readonly string[] {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return checkArrows(root);
}

describe("arrows that run the right way", () => {
  test("are no reason to complain", () => {
    const files = {
      "src/contract/a.ts": 'import { z } from "zod";\nexport const a = z.int();\n',
      "src/policy/p.ts": 'import { createHash } from "node:crypto";\nimport { a } from "../contract/a.ts";\n',
      "src/detectors/table.ts": 'const open = () => import("./text/rules/rules.ts");\n',
      "src/detectors/text/rules/rules.ts": 'import { m } from "../../../models/m.ts";\n',
      "src/models/m.ts": "export const m = 1;\n",
      "src/config/c.ts": 'import { t } from "../detectors/table.ts";\n',
      "src/cli/main.ts": 'import { s } from "../http/s.ts";\n',
      "src/http/s.ts": "export const s = 1;\n",
      "web/src/w.tsx":
        'import type { A } from "../../src/contract/a";\nimport "./w.css";\nimport React from "react";\n',
      "src/policy/p.test.ts": 'import { s } from "../http/s.ts";\n',
    };
    expect(arrows(files)).toEqual([]);
  });

  test("strings and comments are no imports", () => {
    const text =
      '// import("../store/s.ts")\n * import("../store/s.ts")\nexport const s = \'import x from "../store/s.ts"\';\n';
    expect(arrows({ "src/policy/a.ts": text, "src/store/s.ts": "" })).toEqual([]);
  });
});

describe("an arrow that runs the wrong way", () => {
  test.each([
    ["static", 'import { s } from "../store/s.ts";\n'],
    ["of types only", 'import type { S } from "../store/s.ts";\n'],
    ["for its effects", 'import "../store/s.ts";\n'],
    ["dynamic", 'const s = await import("../store/s.ts");\n'],
    ["of a type, in place", 'const s: import("../store/s.ts").S = 1;\n'],
    ["re-exporting", 'export { s } from "../store/s.ts";\n'],
    ["re-exporting everything", 'export * from "../store/s.ts";\n'],
  ])("is seen when it is %s", (_how, text) => {
    expect(arrows({ "src/policy/a.ts": `\n${text}`, "src/store/s.ts": "" })).toEqual([
      "src/policy/a.ts:2 imports src/store/s.ts: policy may not import store",
    ]);
  });

  test("over several lines is told at its last", () => {
    const text = 'import {\n  a,\n  b,\n} from "../store/s.ts";\n';
    expect(arrows({ "src/pipeline/a.ts": text, "src/store/s.ts": "" })).toEqual([
      "src/pipeline/a.ts:4 imports src/store/s.ts: pipeline may not import store",
    ]);
  });

  test.each([
    ["src/contract/a.ts", "yaml", "contract may import no package but zod"],
    ["src/policy/a.ts", "node:fs", "policy may import no package but yaml, zod, node:crypto"],
    ["src/app/a.ts", "../http/b.ts", "app may not import http"],
    ["src/http/a.ts", "../cli/b.ts", "http may not import cli"],
    ["src/store/a.ts", "../models/b.ts", "store may not import models"],
    ["src/config/a.ts", "../detectors/text/rules/rules.ts", "config may import only tables and options of detectors"],
    ["src/detectors/text/a/a.ts", "../b/b.ts", "a may not know its sibling b"],
    ["src/generators/a/a.ts", "../b/b.ts", "a may not know its sibling b"],
    ["web/src/a.ts", "../../src/policy/b.ts", "web may import nothing of src but contract"],
  ])("%s must not import %s", (from, to, rule) => {
    const found = arrows({
      [from]: `import { x } from "${to}";\n`,
      ...(to.startsWith(".") ? { [join(dirname(from), to)]: "" } : {}),
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${from}:1 imports .*: ${rule}$`));
  });

  test("a room that is not in the table is told", () => {
    expect(arrows({ "src/utils/a.ts": 'import "zod";\n' })).toEqual([
      'src/utils/a.ts:1: there is no room "utils" in the table of scripts/check-arrows.ts',
    ]);
  });
});

describe("the shape of the whole", () => {
  test("a cycle is told once, with its path", () => {
    const files = {
      "src/policy/b.ts": 'import type { C } from "./c.ts";\n',
      "src/policy/c.ts": 'import { a } from "./a.ts";\n',
      "src/policy/a.ts": 'import { b } from "./b.ts";\n',
    };
    expect(arrows(files)).toEqual([
      "src/policy/a.ts is in a cycle: src/policy/a.ts → src/policy/b.ts → src/policy/c.ts → src/policy/a.ts",
    ]);
  });

  test("a barrel is told", () => {
    expect(arrows({ "src/policy/index.ts": 'export { a } from "./a.ts";\n', "src/policy/a.ts": "" })).toEqual([
      "src/policy/index.ts:1 is a barrel: import from the files that it re-exports",
    ]);
  });
});
