import { stat } from "node:fs/promises";
import { SafelightError } from "../../contract/errors.ts";
import type { AwsOptions } from "../../outbound/aws-options.ts";
import type { Files } from "./files.ts";
import { makeFolder, openFolder } from "./folder.ts";

/**
 * @param uri a folder or a list of files, absolute, or `s3://bucket/prefix`
 * @param s3 how S3 is reached
 * @param make whether a folder is made where there is none: for what is written into
 * @throws SafelightError `invalid_request` when there is no such place; `config_invalid` without access to it
 */
export async function openFiles(uri: string, s3: AwsOptions, make = false): Promise<Files> {
  if (uri.startsWith("s3://")) return (await import("./s3.ts")).openS3(uri, s3);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(uri)) {
    throw new SafelightError(
      "invalid_request",
      `${uri}: a data set is a folder, a list of files, or s3://bucket/prefix`,
    );
  }
  if (make) return makeFolder(uri);
  const isFile = (await stat(uri).catch(() => undefined))?.isFile();
  return isFile ? (await import("./listed.ts")).openListed(uri, s3) : openFolder(uri);
}
