import { SafelightError } from "../../contract/errors.ts";

/** What stands beside the two towers. */
export const SETTINGS = ["config.json", "preprocessor_config.json", "tokenizer.json"] as const;

/** The files of a CLIP model, by their paths in its folder. */
export interface ClipFiles {
  readonly vision: string;
  readonly text: string;
}

/** The small ones first: a quarter of the size, and no slower. `fp32` stands for the name without a suffix. */
const VARIANTS = ["quantized", "int8", "uint8", "fp32"] as const;
const FOLDERS = ["onnx/", ""] as const;

/** Where the towers of a variant lie: `onnx/vision_model_quantized.onnx` and `onnx/text_model_quantized.onnx`. */
export function towersOf(variant: string, folder: string = FOLDERS[0]): ClipFiles {
  const suffix = variant === "fp32" ? "" : `_${variant}`;
  return { vision: `${folder}vision_model${suffix}.onnx`, text: `${folder}text_model${suffix}.onnx` };
}

/** Every file of the model. */
export function filesOf({ vision, text }: ClipFiles): readonly string[] {
  return [...SETTINGS, text, vision];
}

/**
 * Finds a CLIP model in the layout in which Optimum exports it and Transformers.js reads it: two towers as ONNX files,
 * in the folder or in `onnx/`, the three JSON files beside them.
 * @param names of all files, with `/`
 * @param variant what the files are called: `quantized`, `int8`, `uint8`, `fp32`, or another suffix; the first of these
 * that is there when absent
 * @throws SafelightError `config_invalid` that names what is missing
 */
export function findClip(names: Iterable<string>, variant?: string): ClipFiles {
  const there = new Set(names);
  const lacking = SETTINGS.filter((name) => !there.has(name));
  if (lacking.length > 0) throw noClip(`it has no ${lacking.join(" and no ")}`);
  for (const each of variant === undefined ? VARIANTS : [variant]) {
    for (const folder of FOLDERS) {
      const towers = towersOf(each, folder);
      if (there.has(towers.vision) && there.has(towers.text)) return towers;
    }
  }
  const { vision, text } = towersOf(variant ?? VARIANTS[0]);
  const others = [...there].filter((name) => name.endsWith(".onnx")).sort();
  const found = others.length === 0 ? "there is no ONNX file" : `there are ${others.join(", ")}`;
  throw noClip(`it needs ${vision} and ${text}, or another variant of both; ${found}`);
}

function noClip(why: string): SafelightError {
  return new SafelightError("config_invalid", `this is no CLIP model in the layout that Optimum exports: ${why}`);
}
