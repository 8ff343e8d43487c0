import type { z } from "zod";
import type { ImageGenerator } from "../contract/generator.ts";
import { A1111Options } from "./a1111/options.ts";
import { SketchOptions } from "./sketch/options.ts";

interface Kind<Options extends z.ZodType> {
  /** Strict: what may stand in `safelight.yaml`. */
  readonly options: Options;
  open(options: z.output<Options>): Promise<ImageGenerator>;
}

function kind<Options extends z.ZodType>(value: Kind<Options>) {
  return value;
}

/** Every kind of generator. A new one is a folder here and a line in this table; its code is loaded when it is opened. */
export const GENERATORS = {
  a1111: kind({
    options: A1111Options,
    open: async (options) => (await import("./a1111/a1111.ts")).openA1111(options),
  }),
  sketch: kind({
    options: SketchOptions,
    open: async (options) => (await import("./sketch/sketch.ts")).openSketch(options),
  }),
};
