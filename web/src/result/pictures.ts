import { picturePath } from "../api/client.ts";
import type { Picture } from "./outcome.ts";

/** Where the page finds a picture; null when none is shown. */
export function pictureSource(
  id: string,
  picture: Pick<Picture, "index" | "b64" | "url" | "media_type">,
): string | null {
  if (picture.b64 !== null) return `data:${picture.media_type ?? "image/png"};base64,${picture.b64}`;
  return picture.url === null ? null : picturePath(id, picture.index);
}

export function fileName(id: string, picture: Pick<Picture, "index" | "media_type">): string {
  const type = picture.media_type?.split("/")[1] ?? "png";
  return `safelight-${id}-${picture.index + 1}.${type === "jpeg" ? "jpg" : type}`;
}
