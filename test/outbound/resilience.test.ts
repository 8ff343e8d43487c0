import { describe, expect, test } from "vitest";
import { SafelightError } from "../../src/contract/errors.ts";
import { vendorFailed } from "../../src/outbound/fault.ts";
import { resilience } from "../../src/outbound/resilience.ts";
import { DETECTOR, GENERATOR } from "../../src/outbound/role.ts";

const never = new AbortController().signal;
const status = (code: number, retry_after_ms: number | null = 0) =>
  vendorFailed(GENERATOR, { status: code, code: null, request_id: null, retry_after_ms });

/** Work that fails with these errors, one after another, and then succeeds. */
function failing(...errors: unknown[]) {
  const times: number[] = [];
  const work = async () => {
    times.push(performance.now());
    const error = errors[times.length - 1];
    if (error !== undefined) throw error;
    return "done";
  };
  return { work, times };
}

describe("calls to a vendor", () => {
  test("are tried again where a fault may pass", async () => {
    const { work, times } = failing(status(503), status(429));
    expect(await resilience(GENERATOR).run(work, never)).toBe("done");
    expect(times).toHaveLength(3);
  });

  test("are tried so often and no more", async () => {
    const last = status(502);
    const { work, times } = failing(status(503), last, status(500));
    await expect(resilience(GENERATOR, { tries: 2 }).run(work, never)).rejects.toBe(last);
    expect(times).toHaveLength(2);
  });

  test.each([400, 401, 403, 404, 409, 413, 422, 424])("are not tried again after status %i", async (code) => {
    const { work, times } = failing(status(code));
    await expect(resilience(GENERATOR).run(work, never)).rejects.toMatchObject({ code: "provider_rejected" });
    expect(times).toHaveLength(1);
  });

  test("are not tried again after a mistake of the program", async () => {
    const { work, times } = failing(new TypeError("x"));
    await expect(resilience(GENERATOR).run(work, never)).rejects.toThrow(TypeError);
    expect(times).toHaveLength(1);
  });

  test("wait as long as the vendor asks", async () => {
    const { work, times } = failing(status(429, 150));
    await resilience(GENERATOR, { pause: 0 }).run(work, never);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(148);
  });

  test("are not tried again within a request when the vendor asks for a long pause", async () => {
    const { work, times } = failing(status(429, 5_001));
    await expect(resilience(GENERATOR).run(work, never)).rejects.toMatchObject({ vendor: { retry_after_ms: 5_001 } });
    expect(times).toHaveLength(1);
  });

  test("wait a random while, at most twice as long each time, where the vendor asks for nothing", async () => {
    const { work, times } = failing(status(500, null), status(500, null));
    await resilience(GENERATOR, { pause: 40 }).run(work, never);
    const [first = 0, second = 0, third = 0] = times;
    expect(second - first).toBeLessThan(40 + 30);
    expect(third - second).toBeLessThan(80 + 30);
  });

  test("do not begin for a caller who is gone, and stop waiting for one who goes", async () => {
    const caller = new AbortController();
    const { work, times } = failing(status(503, 4_000));
    const start = performance.now();
    setTimeout(() => caller.abort(new Error("gone")), 20);
    await expect(resilience(GENERATOR).run(work, caller.signal)).rejects.toThrow("gone");
    await expect(resilience(GENERATOR).run(work, caller.signal)).rejects.toThrow("gone");
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(times).toHaveLength(1);
  });
});

describe("a vendor that is down", () => {
  const once = { tries: 1, breakAfter: 3, breakFor: 100 };
  const down = async () => {
    throw status(503);
  };
  const hangs = async () => {
    throw new SafelightError("provider_timeout", "late");
  };

  async function broken(role = GENERATOR, work = down) {
    const calls = resilience(role, once);
    for (let i = 0; i < once.breakAfter; i++) await calls.run(work, never).catch(() => {});
    return calls;
  }
  const wait = () => new Promise((resolve) => setTimeout(resolve, once.breakFor + 20));

  test.each([
    ["fails", down],
    ["hangs", hangs],
  ])("is left alone after it %s several times in a row", async (_how, work) => {
    const calls = await broken(DETECTOR, work);
    const { work: next, times } = failing();
    await expect(calls.run(next, never)).rejects.toMatchObject({
      code: "detector_failed",
      detail: "it failed 3 times in a row, and it is left alone for a while",
    });
    expect(times).toHaveLength(0);
  });

  test.each<[string, unknown]>([
    ["refusals", status(400)],
    ["a limit on the rate", status(429)],
    ["callers who go away", new Error("gone")],
  ])("is not seen in %s", async (_what, error) => {
    const calls = await broken(GENERATOR, async () => {
      throw error;
    });
    expect(await calls.run(failing().work, never)).toBe("done");
  });

  test("is not seen in failures with a success between them", async () => {
    const calls = resilience(GENERATOR, once);
    for (let i = 0; i < 6; i++) {
      await calls.run(down, never).catch(() => {});
      if (i % 2 === 1) await calls.run(failing().work, never);
    }
    expect(await calls.run(failing().work, never)).toBe("done");
  });

  test("is tried by one call after the while, and used again when that succeeds", async () => {
    const calls = await broken();
    await wait();
    const { promise: answer, resolve } = Promise.withResolvers<string>();
    const probe = calls.run(() => answer, never);
    const { work, times } = failing();
    await expect(calls.run(work, never)).rejects.toMatchObject({
      detail: expect.stringMatching(/tried again just now/),
    });
    expect(times).toHaveLength(0);
    resolve("probed");
    expect(await probe).toBe("probed");
    expect(await calls.run(work, never)).toBe("done");
  });

  test("is left alone for another while when that call fails", async () => {
    const calls = await broken();
    await wait();
    await expect(calls.run(down, never)).rejects.toMatchObject({ vendor: { status: 503 } });
    await expect(calls.run(failing().work, never)).rejects.toMatchObject({
      detail: expect.stringMatching(/left alone/),
    });
    await wait();
    expect(await calls.run(failing().work, never)).toBe("done");
  });

  test("is left alone for another while when that call is called off", async () => {
    const calls = await broken();
    await wait();
    const caller = new AbortController();
    const probe = calls.run(
      () => new Promise((_resolve, reject) => caller.signal.addEventListener("abort", () => reject(new Error("gone")))),
      caller.signal,
    );
    caller.abort(new Error("gone"));
    await expect(probe).rejects.toThrow("gone");
    await expect(calls.run(failing().work, never)).rejects.toMatchObject({
      detail: expect.stringMatching(/left alone/),
    });
  });

  test("is up again when it answers that call with a refusal", async () => {
    const calls = await broken();
    await wait();
    const refusal = status(400);
    await expect(calls.run(failing(refusal).work, never)).rejects.toBe(refusal);
    expect(await calls.run(failing().work, never)).toBe("done");
  });
});
