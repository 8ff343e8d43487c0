import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { SafelightError } from "../contract/errors.ts";
import { readYaml, type YamlFile } from "../policy/strict-yaml.ts";

const MOST_BYTES = 32 * 1024 * 1024;

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "is a folder, not a file",
  EACCES: "may not be read: permission denied",
  EPERM: "may not be read: permission denied",
  ENOTDIR: "there is no such file: part of the path is not a folder",
  ELOOP: "is a symbolic link that leads back to itself",
};

/**
 * Reads a YAML file that a person wrote.
 * @param file absolute; messages name it as seen from the working folder
 * @param what it is for, such as "the configuration"
 * @throws SafelightError `config_invalid` for a file that cannot be read, is no UTF-8, or is not YAML
 */
export function readYamlFile(file: string, what: string): YamlFile {
  return readYaml(decode(readBytes(file, what), file, what), shownPath(file));
}

/** As a person standing in the working folder would write it. */
export function shownPath(file: string): string {
  const near = relative(process.cwd(), file);
  return near === "" || near.startsWith("..") ? file : near;
}

/** @throws SafelightError `config_invalid` that says what is the matter with the file */
export function unreadable(file: string, what: string, error: unknown): SafelightError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new SafelightError(
    "config_invalid",
    `${shownPath(file)}: ${what}: ${CAUSES[code] ?? `cannot be read (${code})`}`,
    {
      cause: error,
    },
  );
}

function readBytes(file: string, what: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(file, what, error);
  }
}

function decode(bytes: Uint8Array, file: string, what: string): string {
  const failed = (detail: string) => new SafelightError("config_invalid", `${shownPath(file)}: ${what}: ${detail}`);
  if (bytes.length > MOST_BYTES) throw failed(`is larger than ${MOST_BYTES} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw failed(`is not UTF-8 text: byte ${firstBadByte(bytes)} starts no character`);
  }
}

/** The index of the first byte that is not part of well-formed UTF-8: decoding puts U+FFFD there. */
function firstBadByte(bytes: Uint8Array): number {
  const tolerant = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const back = new TextEncoder().encode(tolerant);
  return bytes.findIndex((byte, index) => byte !== back[index]);
}
