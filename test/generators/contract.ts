import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { SafelightError } from "../../src/contract/errors.ts";
import type { GeneratedImage, ImageGenerator, ImageRequest } from "../../src/contract/generator.ts";
import { type Answerer, vendorServer } from "../vendors/server.ts";

/** What the vendor is to give for one picture. `text` stands where the vendor writes base64. */
export type Given =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "withheld" };

/** What the vendor of a test does; `vendor` of {@link GeneratorUnderTest} puts it into the vendor's protocol. */
export interface Script {
  /** How many pictures it gives where it is asked for so many in one call. */
  count(asked: number): number;
  /** The picture for a seed; of a vendor without seeds, the picture in this place of one answer. */
  picture(seedOrPlace: number): Given;
  /** To be awaited before a picture is answered. */
  readonly ready: Promise<void>;
}

export interface GeneratorUnderTest<Options extends z.ZodType> {
  /** The strict schema, and options that it accepts, but for the address of the vendor, which is `url`. */
  readonly schema: Options;
  readonly options: object;
  open(options: z.output<Options>): Promise<ImageGenerator>;
  /** The name of the option with the vendor's address: `url` when absent. */
  readonly address?: string;
  /** The vendor's protocol. Absent for a generator that asks nobody. */
  vendor?(script: Script): Answerer;
  /** Whether pictures are made for seeds; where not, none may be claimed. */
  readonly seeds: boolean;
  /** Whether several pictures can come in one answer. */
  readonly batches: boolean;
  /** What the vendor's own filter holds back: single pictures, or only all of them; never when absent. */
  readonly withholds?: "each" | "all";
  /** How pictures come: `bytes` where nothing could be broken base64. */
  readonly encoding: "base64" | "bytes";
  /** The option that names an environment variable, where there is one. */
  readonly secret?: string;
  /** Sizes that the vendor makes: 512 × 512 when absent. */
  readonly size?: { readonly width: number; readonly height: number };
  /** A prompt that takes seconds, for a generator that asks nobody. */
  readonly slowPrompt?: string;
}

const PROMPT = "a castle above the clouds";
const NEGATIVE = "scaffolding, cranes";
const never = new AbortController().signal;
const pictured = (name: number | string): Given => ({ kind: "bytes", bytes: Buffer.from(`picture ${name}`) });

/** What every generator must keep to, whoever makes its pictures. */
export function generatorContract<Options extends z.ZodType>(name: string, tested: GeneratorUnderTest<Options>): void {
  const { seeds, batches, withholds, encoding, secret, slowPrompt, size = { width: 512, height: 512 } } = tested;
  const address = tested.address ?? "url";

  const asked = (seedsAsked: readonly number[], change: Partial<ImageRequest> = {}): ImageRequest => ({
    prompt: PROMPT,
    negativePrompt: "",
    ...size,
    attempt: 1,
    images: seedsAsked.map((seed, index) => ({ index, seed })),
    ...change,
  });

  async function open(url: string, more: object = {}): Promise<ImageGenerator> {
    const where = tested.vendor ? { [address]: url } : {};
    return tested.open(tested.schema.parse({ ...tested.options, ...where, ...more }));
  }

  /** Opens it against a vendor with this script, has it do something, and closes both. */
  async function against<T>(
    script: Partial<Script>,
    work: (generator: ImageGenerator, vendor: Awaited<ReturnType<typeof vendorServer>>) => Promise<T>,
  ): Promise<T> {
    const whole: Script = { count: (n) => n, picture: pictured, ready: Promise.resolve(), ...script };
    await using vendor = await vendorServer(tested.vendor?.(whole) ?? (() => {}));
    const generator = await open(vendor.url);
    try {
      return await work(generator, vendor);
    } finally {
      await generator.close?.();
    }
  }

  const failureFor = (script: Partial<Script>, wanted = asked([7, 8])) =>
    against(script, (generator) =>
      generator.generate(wanted, never).then(
        () => expect.fail("it should have failed"),
        (error: unknown) => error,
      ),
    );

  describe(`the contract of generators, kept by ${name}`, () => {
    test("it has a stable id and a version", async () => {
      await against({}, async ({ id, version }) => {
        expect(id).toMatch(/^[a-z0-9][a-z0-9._-]{0,63}$/);
        expect(version).not.toBe("");
      });
    });

    test("one picture for each that is wanted, in order", async () => {
      const wanted = [7, 8, 9, 4_000_000_000, 3];
      const answers = await against({}, (generator) => generator.generate(asked(wanted), never));
      expect(answers).toHaveLength(wanted.length);
      const images = answers.map(imageOf);
      for (const { mediaType } of images) expect(mediaType).toMatch(/^image\//);
      if (seeds) expect(images.map(({ seed }) => seed)).toEqual(wanted);
      else expect(images.map(({ seed }) => seed)).toEqual(wanted.map(() => undefined));
      if (!tested.vendor) return;
      const texts = images.map(({ bytes }) => Buffer.from(bytes).toString());
      if (seeds) expect(texts).toEqual(wanted.map((seed) => `picture ${seed}`));
      else expect(texts.every((text) => text.startsWith("picture "))).toBe(true);
      if (!seeds && batches) expect(texts).toEqual([0, 1, 2, 3, 4].map((place) => `picture ${place}`));
    });

    test.runIf(seeds)("the least and the greatest seed can be asked for", async () => {
      const answers = await against({}, (generator) => generator.generate(asked([0, 4_294_967_295]), never));
      expect(answers.map((answer) => answer.kind)).toEqual(["image", "image"]);
    });

    test("progress, where it is told, goes from 0 to 1 and never back", async () => {
      const told: number[] = [];
      await against({}, (generator) => generator.generate(asked([1, 2, 3]), never, (fraction) => told.push(fraction)));
      for (const fraction of told) {
        expect(fraction).toBeGreaterThanOrEqual(0);
        expect(fraction).toBeLessThanOrEqual(1);
      }
      expect(told).toEqual(told.toSorted((a, b) => a - b));
    });

    test("requests at the same time do not get each other's pictures", async () => {
      const answers = await against({}, (generator) =>
        Promise.all([[1], [20], [300]].map((wanted) => generator.generate(asked(wanted), never))),
      );
      const images = answers.map(([first]) => imageOf(first));
      if (seeds) expect(images.map(({ seed }) => seed)).toEqual([1, 20, 300]);
      if (seeds && tested.vendor)
        expect(images.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
          "picture 1",
          "picture 20",
          "picture 300",
        ]);
    });

    test.runIf(tested.vendor)("the prompt reaches the vendor as it is, and the negative prompt too", async () => {
      await against({}, async (generator, vendor) => {
        await generator.generate(asked([1], { negativePrompt: NEGATIVE }), never);
        const sent = vendor.calls.map(({ text }) => text).join("\n");
        expect(sent).toContain(PROMPT);
        expect(sent).toContain(NEGATIVE);
      });
    });

    test.runIf(tested.vendor)("an empty negative prompt leaves no trace in the prompt", async () => {
      const sent = (negativePrompt: string) =>
        against({}, async (generator, vendor) => {
          await generator.generate(asked([1], { negativePrompt }), never);
          return vendor.calls.map(({ text }) => text).join("\n");
        });
      expect(await sent("")).not.toMatch(/avoid/i);
    });

    test("a request whose caller is gone is not begun", async () => {
      await against({}, async (generator, vendor) => {
        const gone = AbortSignal.abort(new Error("gone"));
        await expect(generator.generate(asked([1, 2]), gone)).rejects.toThrow("gone");
        expect(vendor.calls).toHaveLength(0);
      });
    });

    test("a caller who goes away meanwhile ends it at once, with the signal's reason", async () => {
      const caller = new AbortController();
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      const reason = new Error("gone");
      await against({ ready }, async (generator, vendor) => {
        const prompt = slowPrompt === undefined ? {} : { prompt: slowPrompt };
        const work = generator.generate(asked([1, 2, 3], prompt), caller.signal);
        const failure = work.catch((error: unknown) => error);
        if (tested.vendor) while (vendor.calls.length === 0) await new Promise((go) => setTimeout(go, 5));
        const start = performance.now();
        caller.abort(reason);
        expect(await failure).toBe(reason);
        expect(performance.now() - start).toBeLessThan(2_000);
        resolve();
      });
    });

    test.runIf(tested.vendor)("closing ends what is under way, and leaves no connection open", async () => {
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      await against({ ready }, async (generator, vendor) => {
        const failure = generator.generate(asked([1]), never).then(
          () => undefined,
          (error: unknown) => error,
        );
        while (vendor.calls.length === 0) await new Promise((go) => setTimeout(go, 5));
        await generator.close?.();
        expect(await failure).toBeInstanceOf(SafelightError);
        resolve();
        for (let i = 0; i < 200 && vendor.connections() > 0; i++) await new Promise((go) => setTimeout(go, 5));
        expect(vendor.connections()).toBe(0);
      });
    });

    test.runIf(tested.vendor && batches)("too few pictures, too many, or none are a failure", async () => {
      for (const count of [(n: number) => n - 1, (n: number) => n + 1, () => 0])
        expect(await failureFor({ count })).toMatchObject({ code: "provider_failed" });
    });

    test.runIf(tested.vendor)("a file that is no picture is passed on as it is: the pipeline judges it", async () => {
      const bytes = Buffer.from([0, 1, 2, 254, 255]);
      const answers = await against({ picture: () => ({ kind: "bytes", bytes }) }, (generator) =>
        generator.generate(asked([1]), never),
      );
      expect([...imageOf(answers[0]).bytes]).toEqual([...bytes]);
    });

    test.runIf(tested.vendor)("an empty picture is a failure", async () => {
      const failure = await failureFor({ picture: () => ({ kind: "bytes", bytes: new Uint8Array() }) });
      expect(failure).toMatchObject({ code: "provider_failed" });
    });

    test.runIf(tested.vendor && encoding === "base64")("a picture that is not base64 is a failure", async () => {
      for (const text of ["<b>no base64</b>", "   ", "abc*"])
        expect(await failureFor({ picture: () => ({ kind: "text", text }) })).toMatchObject({
          code: "provider_failed",
        });
    });

    test.runIf(withholds === "each")("a picture that the vendor withholds is a value in its place", async () => {
      const wanted = [7, 8, 9];
      const held = seeds ? 8 : 1;
      const script = { picture: (which: number): Given => (which === held ? { kind: "withheld" } : pictured(which)) };
      const answers = await against(script, (generator) => generator.generate(asked(wanted), never));
      expect(answers.map(({ kind }) => kind)).toEqual(["image", "withheld", "image"]);
      expectReason(answers[1]);
      if (seeds) expect(imageOf(answers[2]).seed).toBe(9);
    });

    test.runIf(withholds)("a request that the vendor refuses is withheld for every picture", async () => {
      const script = { picture: (): Given => ({ kind: "withheld" }) };
      const answers = await against(script, (generator) => generator.generate(asked([7, 8, 9]), never));
      expect(answers.map(({ kind }) => kind)).toEqual(["withheld", "withheld", "withheld"]);
      for (const answer of answers) expectReason(answer);
    });

    test("an option that it does not know is a mistake", () => {
      const where = tested.vendor ? { [address]: "http://127.0.0.1:9" } : {};
      expect(tested.schema.safeParse({ ...tested.options, ...where }).success).toBe(true);
      expect(tested.schema.safeParse({ ...tested.options, ...where, unheard_of: 1 }).success).toBe(false);
    });

    test.runIf(secret !== undefined)("a variable that is not set is a mistake in the configuration", async () => {
      const opened = open("http://127.0.0.1:9", { [secret ?? ""]: { from_env: "SAFELIGHT_TEST_UNSET" } });
      await expect(opened).rejects.toMatchObject({
        code: "config_invalid",
        detail: expect.stringContaining("SAFELIGHT_TEST_UNSET"),
      });
    });
  });
}

function imageOf(answer: GeneratedImage | undefined): Extract<GeneratedImage, { kind: "image" }> {
  if (answer?.kind !== "image") return expect.fail(`expected a picture, got ${JSON.stringify(answer)}`);
  return answer;
}

/** A short code or label, and no word of the prompt. */
function expectReason(answer: GeneratedImage | undefined): void {
  if (answer?.kind !== "withheld") expect.fail(`expected nothing but a reason, got ${answer?.kind}`);
  expect(answer.reason).toMatch(/^\S.{0,199}$/);
  expect(answer.reason).not.toContain("castle");
}
