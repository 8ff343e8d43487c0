import { SafelightError } from "../../contract/errors.ts";
import type { Files } from "./files.ts";
import { openFolder } from "./folder.ts";

/**
 * @param uri a folder, absolute, or `s3://bucket/prefix`
 * @throws SafelightError `invalid_request` when there is no such place
 */
export async function openFiles(uri: string): Promise<Files> {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(uri)) return openFolder(uri);
  throw new SafelightError("invalid_request", `${uri}: only folders can be read`);
}
