import { describe, expect, test } from "vitest";
import { type ErrorCode, SafelightError } from "../../src/contract/errors.ts";
import { DETECTOR, GENERATOR } from "../../src/outbound/role.ts";
import { type Answerer, bytesOf, closedPort, type Reply, type VendorCall, vendorServer } from "./server.ts";

/** The key and the prompt to use in `open` and `ask`: neither may come out in an error. */
export const KEY = "sk-test-0123456789-abcdef";
export const PROMPT = "a castle above the clouds";

/** What the vendor says in words when it fails: it quotes the prompt and the key, as vendors do. */
const SENTENCE = `Sorry, "${PROMPT}" could not be done with the key ${KEY}.`;
const CODE = "vendors_own_code";
const REQUEST_ID = "req-0a1b2c3d";

export interface FaultOptions<Part> {
  readonly role: "generator" | "detector";
  /** Opens what is tested, against a vendor at this address: http or https, without a slash at the end. */
  open(url: string): Promise<Part>;
  /** Asks it once for something that `good` answers. */
  ask(part: Part, signal: AbortSignal): Promise<unknown>;
  close?(part: Part): Promise<void> | void;
  /** What the vendor answers when all is well; for several kinds of calls a function. */
  readonly good: Reply | ((call: VendorCall) => Reply | Promise<Reply>);
  /** The calls that are to fail, where there are several kinds of them; the others get what is good. All when absent. */
  strikes?(call: VendorCall): boolean;
  /** An error in the vendor's own format, where the usual ones do not do. The words in it must not come out. */
  refusal?(status: number, code: string, words: string): Pick<Reply, "headers" | "body">;
  /** Tries in all where a fault may pass: 3 when absent. */
  readonly tries?: number;
  /** Tries in all where a connection is reset, if that is another number. */
  readonly triesOnReset?: number;
  /** Statuses that the vendor uses in a way of its own, and what each must become: its code, and whether it is tried again. */
  readonly special?: Readonly<Record<number, { readonly code: ErrorCode; readonly again: boolean }>>;
}

const PASSING = [408, 429, 500, 502, 503, 504];
const STANDING = [400, 401, 403, 404, 409, 413, 424];

/** What a vendor's faults must come to, over real sockets: the same for everything that speaks to one. */
export function faultSuite<Part>(name: string, options: FaultOptions<Part>): void {
  const { failed, rejected } = options.role === "generator" ? GENERATOR : DETECTOR;
  const tries = options.tries ?? 3;
  const strikes = (call: VendorCall) => options.strikes?.(call) ?? true;
  const good = async (call: VendorCall) =>
    typeof options.good === "function" ? await options.good(call) : options.good;
  const refusal =
    options.refusal ??
    ((_status: number, code: string, words: string): Pick<Reply, "headers" | "body"> => ({
      body: { error: { code, message: words }, code, __type: code, message: words, errors: [words] },
    }));

  /** Opens it against a vendor that fails this way, and asks it once. */
  async function failing(fault: Answerer, { signal = new AbortController().signal, tls = false } = {}) {
    const struck: VendorCall[] = [];
    await using vendor = await vendorServer(
      (call, response) => {
        if (!strikes(call)) return good(call);
        struck.push(call);
        return fault(call, response);
      },
      { tls },
    );
    const error = await failureAt(vendor.url, signal);
    return { error, calls: struck.length };
  }

  async function failureAt(url: string, signal: AbortSignal): Promise<unknown> {
    const part = await options.open(url);
    try {
      return await failureOf(options.ask(part, signal));
    } finally {
      await options.close?.(part);
    }
  }

  describe(`the faults of ${name}'s vendor`, () => {
    test("no fault, no error", async () => {
      await using vendor = await vendorServer(good);
      const part = await options.open(vendor.url);
      await options.ask(part, new AbortController().signal);
      await options.close?.(part);
      expect(vendor.calls.filter(strikes).length).toBeGreaterThan(0);
    });

    test("a connection that is refused", async () => {
      const error = await failureAt(`http://127.0.0.1:${await closedPort()}`, AbortSignal.timeout(15_000));
      expectSafe(error, failed);
    });

    test("a host name that nobody knows", async () => {
      expectSafe(await failureAt("http://vendor.invalid", AbortSignal.timeout(25_000)), failed);
    });

    test("a TLS certificate that nobody vouches for: the request is not sent", async () => {
      const { error, calls } = await failing(good, { tls: true });
      expectSafe(error, failed);
      expect(calls).toBe(0);
    });

    test("an address that does not speak TLS: the request is not sent", async () => {
      await using vendor = await vendorServer(good);
      expectSafe(await failureAt(vendor.url.replace("http:", "https:"), AbortSignal.timeout(15_000)), failed);
      expect(vendor.calls).toHaveLength(0);
    });

    test.each<[string, Answerer]>([
      ["an answer that never begins", () => {}],
      [
        "an answer that never ends",
        async (call, response) => {
          const { headers, body } = await good(call);
          const bytes = bytesOf(body);
          response.writeHead(200, { "content-type": "application/json", ...headers, "content-length": bytes.length });
          response.write(bytes.subarray(0, Math.max(1, bytes.length >> 1)));
        },
      ],
    ])("%s is left when its time is up, with the signal's reason", async (_fault, answerer) => {
      const budget = new AbortController();
      const reason = new SafelightError(options.role === "generator" ? "provider_timeout" : "detector_timeout", "late");
      let aborted = Number.NaN;
      const { error, calls } = await failing(
        (call, response) => {
          setTimeout(() => {
            aborted = performance.now();
            budget.abort(reason);
          }, 100);
          return answerer(call, response);
        },
        { signal: budget.signal },
      );
      expect(performance.now() - aborted).toBeLessThan(2_000);
      expect(error).toBe(reason);
      expect(calls).toBe(1);
    });

    test.skipIf(tries === 1)("a pause before another try ends when the caller goes away", async () => {
      const caller = new AbortController();
      const gone = new Error("gone");
      const start = performance.now();
      const { error, calls } = await failing(
        () => {
          setTimeout(() => caller.abort(gone), 50);
          return { status: 503, headers: { "retry-after": "4" }, body: SENTENCE };
        },
        { signal: caller.signal },
      );
      expect(performance.now() - start).toBeLessThan(3_000);
      expect(error).toBe(gone);
      expect(calls).toBe(1);
    });

    test("an answer cut short", async () => {
      const { error, calls } = await failing(async (call, response) => {
        const { headers, body } = await good(call);
        const bytes = bytesOf(body);
        response.writeHead(200, { "content-type": "application/json", ...headers, "content-length": bytes.length });
        response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
      });
      expectSafe(error, failed);
      expect(calls).toBeLessThanOrEqual(tries);
    });

    const onReset = options.triesOnReset ?? tries;
    test(`a connection that is reset: ${onReset} tries`, async () => {
      const { error, calls } = await failing((_call, response) => {
        response.socket?.resetAndDestroy();
      });
      expectSafe(error, failed);
      expect(calls).toBe(onReset);
    });

    test.each<[string, Reply]>([
      ["a page in place of an answer", { headers: { "content-type": "text/html" }, body: `<p>${SENTENCE}</p>` }],
      ["JSON that is broken", { body: '{"broken": ' }],
      ["an empty body", { body: "" }],
      ["another object", { body: { unexpected: SENTENCE } }],
      ["a list", { body: [] }],
      ["nothing but null", { body: "null" }],
      ["nothing but a sentence", { body: JSON.stringify(SENTENCE) }],
    ])("%s fails, and is not asked for again", async (_fault, reply) => {
      const { error, calls } = await failing(() => reply);
      expectSafe(error, failed);
      expect(calls).toBe(1);
    });

    test("a redirect is not followed", async () => {
      await using elsewhere = await vendorServer(good);
      const headers = { location: `${elsewhere.url}/there` };
      const { error } = await failing(() => ({ status: 307, headers, body: SENTENCE }));
      expectSafe(error);
      expect(elsewhere.calls).toHaveLength(0);
    });

    const later = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 7_200_000);
    const statuses = [...PASSING, ...STANDING].flatMap((status) =>
      ([undefined, "0", "600", later.toUTCString()] as const).map((retryAfter) => [status, retryAfter] as const),
    );
    test.each(statuses)("status %i with Retry-After %s", async (status, retryAfter) => {
      const { error, calls } = await failing(() => {
        const { headers, body = "" } = refusal(status, CODE, SENTENCE);
        const wait = retryAfter === undefined ? {} : { "retry-after": retryAfter };
        const ids = { "x-request-id": REQUEST_ID, "x-amzn-requestid": REQUEST_ID };
        return { status, headers: { ...ids, ...headers, ...wait }, body };
      });
      const passes = options.special?.[status]?.again ?? PASSING.includes(status);
      const fault = expectSafe(error, options.special?.[status]?.code ?? (passes ? failed : rejected));
      expect(fault.vendor).toMatchObject({ status, request_id: REQUEST_ID });
      const wait = fault.vendor?.retry_after_ms;
      if (retryAfter === undefined) expect(wait).toBeNull();
      else if (/^\d+$/.test(retryAfter)) expect(wait).toBe(Number(retryAfter) * 1_000);
      else expect(Math.abs((wait ?? 0) - 7_200_000)).toBeLessThan(120_000);
      expect(calls).toBe(passes && (retryAfter === undefined || retryAfter === "0") ? tries : 1);
    });

    test.skipIf(tries === 1)("a vendor that recovers is not noticed to have failed", async () => {
      let calls = 0;
      await using vendor = await vendorServer((call) => {
        const strike = strikes(call) && calls++ === 0;
        return strike ? { status: 503, headers: { "retry-after": "0" }, body: SENTENCE } : good(call);
      });
      const part = await options.open(vendor.url);
      try {
        await options.ask(part, new AbortController().signal);
      } finally {
        await options.close?.(part);
      }
      expect(calls).toBeGreaterThan(1);
    });

    test("a vendor that is down is left alone after a while", async () => {
      let calls = 0;
      await using vendor = await vendorServer((call) => {
        if (!strikes(call)) return good(call);
        calls++;
        return { status: 503, headers: { "retry-after": "0" }, body: SENTENCE };
      });
      const part = await options.open(vendor.url);
      try {
        let before = -1;
        let last: unknown;
        for (let asked = 0; asked < 20 && before < calls; asked++) {
          before = calls;
          last = await failureOf(options.ask(part, new AbortController().signal));
        }
        expect(calls).toBe(before);
        expect(calls).toBeGreaterThan(tries);
        expectSafe(last, failed);
      } finally {
        await options.close?.(part);
      }
    });
  });
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => expect.fail(`it should have failed, and gave ${JSON.stringify(value)?.slice(0, 200)}`),
    (error: unknown) => error,
  );
}

/** A typed error with this code (or any), in which neither key nor prompt nor a sentence of the vendor is found. */
function expectSafe(error: unknown, code?: ErrorCode): SafelightError {
  if (!(error instanceof SafelightError)) throw new Error("expected a SafelightError", { cause: error });
  if (code !== undefined) expect(error.code, error.detail).toBe(code);
  expect(error.detail).not.toBe("");
  const told = [error.message, error.detail, String(error), JSON.stringify(error), JSON.stringify(error.vendor)];
  for (const text of told) {
    for (const secret of [KEY, PROMPT, "Sorry", "<p>"]) expect(text ?? "").not.toContain(secret);
  }
  return error;
}
