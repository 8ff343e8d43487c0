import { SafelightError } from "../../contract/errors.ts";
import type { KeptFile, RejectedFile } from "../../contract/manifest.ts";
import type { ScanStore } from "../../store/scans/scan-store.ts";
import { fileDigest } from "../files/digest.ts";
import { FileProblem, type Files, isListed } from "../files/files.ts";
import { everyFile } from "../scan/pages.ts";
import type { OpenManifest } from "./read.ts";

const BATCH = 500;

/** How a data set differs from what a manifest vouches for. */
export type Difference =
  | { readonly kind: "added" | "missing"; readonly key: string }
  | { readonly kind: "changed" | "unreadable"; readonly key: string; readonly detail: string }
  /** It was judged, must not be trained on, and is still there. */
  | { readonly kind: "rejected"; readonly key: string; readonly detail: string };

/**
 * Holds a folder or prefix against a manifest, reading every file that it vouches for.
 * @param scratch an empty store: the listing is sorted there, so that memory does not grow with it
 */
export async function* differences(
  manifest: OpenManifest,
  files: Files,
  scratch: ScanStore,
  signal: AbortSignal,
  checked: (count: number) => void = () => {},
): AsyncGenerator<Difference> {
  // To their ends first: nothing is said on the word of a list that was tampered with.
  for await (const _ of manifest.kept());
  for await (const _ of manifest.rejected());
  const id = await listInto(scratch, files, manifest, signal);
  const listing = everyFile(scratch, id, null);
  const rejected = new Ahead<RejectedFile>(manifest.rejected());
  const expected = new Ahead<KeptFile>(manifest.kept());
  let count = 0;
  for await (const { key, bytes } of listing) {
    checked(++count);
    for (let missing = await expected.before(key); missing; missing = await expected.before(key)) {
      yield { kind: "missing", key: missing.key };
    }
    while (await rejected.before(key)); // those that are gone are as they should be
    const entry = await expected.at(key);
    const refused = await rejected.at(key);
    if (refused) yield { kind: "rejected", key, detail: `it was judged: ${refused.action}` };
    else if (!entry) yield { kind: "added", key };
    else if (entry.bytes !== bytes)
      yield { kind: "changed", key, detail: `it has ${bytes} bytes, and had ${entry.bytes}` };
    else yield* changes(entry, files, signal);
  }
  for (let missing = await expected.rest(); missing; missing = await expected.rest()) {
    yield { kind: "missing", key: missing.key };
  }
}

async function* changes(entry: KeptFile, files: Files, signal: AbortSignal): AsyncGenerator<Difference> {
  const { key } = entry;
  try {
    const { sha256 } = await fileDigest(files, key, signal);
    if (sha256 !== entry.sha256) yield { kind: "changed", key, detail: "its content is another one" };
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    yield { kind: "unreadable", key, detail: error.detail };
  }
}

async function listInto(store: ScanStore, files: Files, { header }: OpenManifest, signal: AbortSignal) {
  const id = `verify_${crypto.randomUUID()}`;
  const { source, policy, detectors, created_at } = header;
  const still = { finished_at: null, summary: null, error: null, total: 0, done: 0 };
  await store.create({
    id,
    state: "listing",
    layout: null,
    min_side: 0,
    source,
    policy,
    detectors,
    created_at,
    ...still,
  });
  let batch: Parameters<ScanStore["addFiles"]>[1][number][] = [];
  for await (const entry of files.list(signal)) {
    // what cannot be listed as a file is still something that nobody vouches for
    const listed = isListed(entry) ? entry : { key: entry.key, bytes: 0, stamp: "" };
    batch.push({ ...listed, kind: "other", stem: entry.key, inside: null });
    if (batch.length < BATCH) continue;
    await store.addFiles(id, batch);
    batch = [];
  }
  await store.addFiles(id, batch);
  return id;
}

/** A sorted list read alongside another one. Keys are in the order of their UTF-8 bytes. */
class Ahead<Entry extends { readonly key: string }> {
  readonly #entries: AsyncIterator<Entry, unknown>;
  #next: Entry | undefined;
  #ended = false;

  constructor(entries: AsyncIterator<Entry, unknown>) {
    this.#entries = entries;
  }

  /** Takes an entry whose key comes before this one. */
  async before(key: string): Promise<Entry | undefined> {
    const next = await this.#peek();
    return next && compare(next.key, key) < 0 ? this.#take() : undefined;
  }

  /** Takes the entry with this key. */
  async at(key: string): Promise<Entry | undefined> {
    return (await this.#peek())?.key === key ? this.#take() : undefined;
  }

  /** Takes whichever is next. */
  async rest(): Promise<Entry | undefined> {
    await this.#peek();
    return this.#take();
  }

  async #peek(): Promise<Entry | undefined> {
    if (this.#next || this.#ended) return this.#next;
    const { value, done } = await this.#entries.next();
    if (done) this.#ended = true;
    else this.#next = value as Entry; // not done: an entry
    return this.#next;
  }

  #take(): Entry | undefined {
    const taken = this.#next;
    this.#next = undefined;
    return taken;
  }
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** @throws SafelightError `invalid_request` unless the manifest was signed with this very key */
export function assertSignedBy({ signature }: OpenManifest, publicKey: string): void {
  if (Buffer.from(signature.public_key, "base64").equals(Buffer.from(publicKey, "base64"))) return;
  throw new SafelightError("invalid_request", "the manifest was signed with another key than the one that is trusted");
}
