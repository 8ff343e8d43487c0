import { Digesting } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";

interface Place {
  readonly files: Files;
  readonly key: string;
}

/** @throws FileProblem `changed` unless what arrives has this digest; nothing is left there then */
export async function copy(from: Place, to: Place, sha256: string, signal: AbortSignal): Promise<void> {
  await to.files.write(to.key, () => asExpected(from.files, from.key, sha256, signal), signal);
}

/** The content of a file. @throws FileProblem `changed` at its end unless it has this digest */
export async function* asExpected(
  files: Pick<Files, "stream">,
  key: string,
  sha256: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const digest = new Digesting();
  yield* digest.of(files.stream(key, signal));
  if (digest.sha256 !== sha256) throw new FileProblem("changed", "it changed while it was copied");
}
