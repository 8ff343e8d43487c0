import { SafelightError } from "../contract/errors.ts";
import type { GeneratedImage } from "../contract/generator.ts";
import type { Answer } from "../outbound/client.ts";

export type Picture = Extract<GeneratedImage, { kind: "image" }>;

/** An answer whose body is a picture. @throws SafelightError `provider_failed` when it says that it is something else, or is empty */
export function imageOf({ headers, bytes }: Pick<Answer, "headers" | "bytes">): Picture {
  const mediaType = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (!/^image\/[\w.+-]+$/.test(mediaType)) throw new SafelightError("provider_failed", "its answer is no picture");
  if (bytes.length === 0) throw new SafelightError("provider_failed", "its answer is an empty picture");
  return { kind: "image", bytes, mediaType };
}
