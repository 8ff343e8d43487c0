import { randomInt, randomUUID } from "node:crypto";
import type { Config } from "../config/schema.ts";
import { SafelightError } from "../contract/errors.ts";
import type { GenerationEvent, GenerationRecord, GenerationRequest } from "../contract/generation.ts";
import type { Limits } from "../contract/limits.ts";
import { asFailure, failureOf } from "../pipeline/failure.ts";
import type { FindingsCache } from "../pipeline/findings-cache.ts";
import { moderate } from "../pipeline/generation.ts";
import type { Imaging, Parts, Picture, StageGenerator } from "../pipeline/parts.ts";
import { type Identity, runningRecord } from "../pipeline/record.ts";
import type { Policy } from "../policy/schema.ts";
import type { RecordPage, RecordQuery, Store } from "../store/store.ts";
import { known } from "./checks.ts";
import type { Housekeeping } from "./housekeeping.ts";
import { keep } from "./keeping.ts";
import type { PolicySet } from "./policy-set.ts";
import type { ScanService } from "./scans/service.ts";
import type { Checks, Generation, ImageCheck, Service, TextCheck } from "./service.ts";

export interface OpenParts {
  readonly config: Config;
  readonly checks: Checks;
  /** Those in force now, opened. */
  policies(): PolicySet;
  readonly generators: ReadonlyMap<string, StageGenerator>;
  readonly imaging: Imaging;
  /** Absent: every picture is looked at anew. */
  readonly findings?: FindingsCache | undefined;
  readonly store: Store;
  readonly housekeeping: Housekeeping;
  readonly scans: ScanService;
}

/** The service over opened parts. Records are durable before an answer is given. */
export class Gateway implements Service {
  readonly limits: Limits;
  readonly defaultPolicy: string;
  readonly defaultGenerator: string;
  readonly scans: ScanService;
  readonly #open: OpenParts;
  readonly #background = new Map<string, { stop: AbortController; done: Promise<void> }>();
  #running = 0;

  constructor(open: OpenParts) {
    this.#open = open;
    this.limits = open.config.limits;
    this.defaultPolicy = open.config.default_policy;
    this.defaultGenerator = open.config.default_generator;
    this.scans = open.scans;
  }

  policyNames(): readonly string[] {
    return this.#open.checks.policyNames();
  }

  generators() {
    return [...this.#open.generators.values()].map(({ name, generator }) => ({
      name,
      notice: generator.notice ?? null,
    }));
  }

  policy(name: string | undefined): Policy {
    return this.#open.checks.policy(name);
  }

  generate(request: GenerationRequest, signal: AbortSignal): Generation {
    this.#assertRoom();
    return this.#begin(request, newIdentity(request), this.#parts(request), signal);
  }

  async submit(request: GenerationRequest): Promise<GenerationRecord> {
    this.#assertRoom();
    const parts = this.#parts(request);
    const identity = newIdentity(request);
    const begun = runningRecord(request, identity, parts);
    const { record } = keep({ record: begun, released: new Map(), originals: new Map() }, parts.policy);
    await this.#open.store.save(record, []).catch(async (error) => {
      await parts.release();
      throw error;
    });
    const stop = new AbortController();
    const done = this.#begin(request, identity, parts, stop.signal)
      .record.then(
        () => {},
        (error) => this.#failed(record, error),
      )
      .finally(() => this.#background.delete(identity.id));
    this.#background.set(identity.id, { stop, done });
    return begun;
  }

  cancel(id: string): boolean {
    const running = this.#background.get(id);
    running?.stop.abort(new SafelightError("cancelled", "the caller cancelled it"));
    return running !== undefined;
  }

  checkText(text: string, policy: string | undefined, signal: AbortSignal): Promise<TextCheck> {
    return this.#open.checks.checkText(text, policy, signal);
  }

  checkImage(bytes: Uint8Array, policy: string | undefined, signal: AbortSignal): Promise<ImageCheck> {
    return this.#open.checks.checkImage(bytes, policy, signal);
  }

  generation(id: string): Promise<GenerationRecord | undefined> {
    return this.#open.store.get(id);
  }

  generations(query: RecordQuery): Promise<RecordPage> {
    return this.#open.store.list(query);
  }

  async picture(id: string, index: number): Promise<Picture | undefined> {
    const record = await this.generation(id);
    return this.#kept(record?.images.find((image) => image.index === index)?.released);
  }

  async reveal(id: string, index: number): Promise<Picture | undefined> {
    const record = await this.generation(id);
    const image = record?.images.find((each) => each.index === index);
    if (!record || !image?.blurred || !image.original) return undefined;
    if (this.#open.policies().policies.get(record.policy.name)?.policy.reveal !== "caller") return undefined;
    const original = await this.#kept(image.original);
    if (original) await this.#open.store.recordReveal({ id, index, at: new Date().toISOString(), by: "caller" });
    return original;
  }

  async readiness() {
    const store = await this.#open.store.check().then(
      () => null,
      (error: unknown) => (error instanceof SafelightError ? error.detail : "it failed without saying why"),
    );
    return [{ part: "store", ready: store === null, detail: store }];
  }

  async close(): Promise<void> {
    for (const { stop } of this.#background.values()) {
      stop.abort(new SafelightError("interrupted", "Safelight is stopping"));
    }
    await Promise.all([this.scans.close(), ...[...this.#background.values()].map(({ done }) => done)]);
    this.#open.housekeeping.stop();
    await this.#open.checks.close();
    await Promise.all([...this.#open.generators.values()].map(({ generator }) => generator.close?.()));
    await this.#open.store.close();
  }

  /** `record` settles when it is durable, whether or not anybody listens to the events. */
  #begin(request: GenerationRequest, identity: Identity, parts: HeldParts, signal: AbortSignal): Generation {
    this.#running++;
    const pictures = new Map<number, Picture>();
    const run = moderate(request, identity, parts, signal);
    const record = run.result
      .then(async (result) => {
        const { answer, record: stored, pictures: toKeep } = keep(result, parts.policy);
        await this.#open.store.save(stored, toKeep);
        for (const [index, picture] of result.released) pictures.set(index, picture);
        return answer;
      })
      .finally(async () => {
        this.#running--;
        await parts.release();
      });
    record.catch(() => {});
    return {
      id: identity.id,
      pictures,
      record,
      async *[Symbol.asyncIterator](): AsyncGenerator<GenerationEvent, void> {
        for await (const event of run) yield event.type === "finished" ? { ...event, record: await record } : event;
      },
    };
  }

  #assertRoom(): void {
    const most = this.limits.concurrent_generations;
    if (this.#running >= most) {
      throw new SafelightError(
        "overloaded",
        `${most} generations are in progress, which is the limit; try again later`,
      );
    }
  }

  async #failed(begun: GenerationRecord, error: unknown): Promise<void> {
    const failed = {
      ...begun,
      state: "failed" as const,
      finished_at: new Date().toISOString(),
      error: failureOf(asFailure(error, "internal")),
    };
    await this.#open.store.save(failed, []).catch(() => {});
  }

  async #kept(stored: { digest: string; media_type: string } | null | undefined): Promise<Picture | undefined> {
    const bytes = stored && (await this.#open.store.picture(stored.digest));
    return bytes ? { bytes, mediaType: stored.media_type } : undefined;
  }

  /** What a generation is made of, kept open until it is released. */
  #parts(request: GenerationRequest): HeldParts {
    const { policies, generators, imaging, findings } = this.#open;
    const set = policies();
    const loaded = known("policy", request.policy ?? this.defaultPolicy, set.policies);
    const generator = known("generator", request.generator ?? this.defaultGenerator, generators);
    const { prompt, image } = set.stages(loaded);
    const parts = { policy: loaded.policy, promptDetectors: prompt, imageDetectors: image, generator, imaging };
    return { ...parts, findings, release: set.hold() };
  }
}

interface HeldParts extends Parts {
  release(): Promise<void>;
}

/** An id sorts by the time it was made: 12 hexadecimal digits of milliseconds, then 80 random bits. */
function newIdentity({ seed }: GenerationRequest): Identity {
  const createdAt = new Date();
  const time = createdAt.getTime().toString(16).padStart(12, "0");
  const [start, more, , , end = ""] = randomUUID().split("-"); // Node draws these in stock; the other digits are not all random
  return { id: `gen_${time}${start}${more}${end.slice(4)}`, createdAt, seed: seed ?? randomInt(2 ** 32) };
}
