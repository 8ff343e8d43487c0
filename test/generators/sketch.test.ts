import { SketchOptions } from "../../src/generators/sketch/options.ts";
import { openSketch } from "../../src/generators/sketch/sketch.ts";
import { generatorContract } from "./contract.ts";

generatorContract("sketch", {
  schema: SketchOptions,
  options: {},
  open: openSketch,
  seeds: true,
  batches: true,
  encoding: "bytes",
  size: { width: 96, height: 64 },
  slowPrompt: "a castle safelight-test:generator:delay:5000",
});
