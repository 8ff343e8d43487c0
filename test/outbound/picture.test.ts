import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LongText } from "../../src/outbound/long-json.ts";
import { decodeBase64, decodeLong, fetchPicture, type Trust } from "../../src/outbound/picture.ts";
import { GENERATOR } from "../../src/outbound/role.ts";
import { type Answerer, vendorServer } from "../vendors/server.ts";

const never = new AbortController().signal;
const PIXELS = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255]);
const serves: Answerer = () => ({ headers: { "content-type": "image/png" }, body: PIXELS });

const fetched = (address: string, trust: Trust, signal = never) => fetchPicture(GENERATOR, address, trust, signal);
const failureOf = async (address: string, trust: Trust): Promise<{ code: string; detail: string }> =>
  fetched(address, trust).then(
    () => expect.fail("it should not have been fetched"),
    (error) => error,
  );

describe("a picture that a vendor names by its address", () => {
  test("is fetched from an origin that the configuration names, also over http", async () => {
    await using vendor = await vendorServer(serves);
    const bytes = await fetched(`${vendor.url}/a/b.png?sig=1`, { hosts: [], origins: [`${vendor.url}/v1`] });
    expect([...bytes]).toEqual([...PIXELS]);
    expect(vendor.calls).toMatchObject([{ method: "GET", path: "/a/b.png?sig=1" }]);
  });

  test("is asked for without credentials", async () => {
    await using vendor = await vendorServer(serves);
    await fetched(`${vendor.url}/a.png`, { hosts: [], origins: [vendor.url] });
    expect(vendor.calls[0]?.headers).not.toHaveProperty("authorization");
  });

  test("is not fetched from elsewhere, and the message names the place but not the path", async () => {
    await using vendor = await vendorServer(serves);
    const failure = await failureOf(`${vendor.url}/secret-path?token=1`, { hosts: ["cdn.example.com"] });
    expect(failure).toMatchObject({ code: "provider_failed" });
    expect(failure.detail).toContain(new URL(vendor.url).host);
    expect(failure.detail).toContain("trusted_hosts");
    expect(failure.detail).not.toContain("secret-path");
    expect(vendor.calls).toHaveLength(0);
  });

  test.each<[string, string, readonly string[]]>([
    ["http, though the host is trusted", "http://cdn.example.com/a.png", ["cdn.example.com"]],
    ["another port than that of https", "https://cdn.example.com:8443/a.png", ["cdn.example.com"]],
    ["another port than the one that is named", "https://cdn.example.com/a.png", ["cdn.example.com:8443"]],
    ["a host that ends like a trusted one", "https://evilcdn.example.com/a.png", ["cdn.example.com"]],
    ["a host that begins like a trusted one", "https://cdn.example.com.evil.test/a.png", ["cdn.example.com"]],
    ["the domain itself, where only its members are trusted", "https://example.com/a.png", ["*.example.com"]],
    ["a domain that ends like the trusted one", "https://evilexample.com/a.png", ["*.example.com"]],
    ["a file", "file:///etc/passwd", ["*"]],
    ["an address of this machine", "https://127.0.0.1/a.png", ["cdn.example.com"]],
    ["a number that is an address of this machine", "https://2130706433/a.png", ["cdn.example.com"]],
  ])("is not fetched from %s", async (_case, address, hosts) => {
    expect(await failureOf(address, { hosts })).toMatchObject({ detail: expect.stringContaining("trusted_hosts") });
  });

  test.each([
    ["a user", "https://me@cdn.example.com/a.png"],
    ["a password", "https://me:word@cdn.example.com/a.png"],
    ["a host in the place of a user", "https://cdn.example.com@evil.test/a.png"],
    ["no scheme", "cdn.example.com/a.png"],
    ["nothing", ""],
  ])("is not fetched from an address with %s", async (_case, address) => {
    const failure = await failureOf(address, { hosts: ["cdn.example.com"] });
    expect(failure.detail).toMatch(/no plain URL/);
    expect(failure.detail).not.toContain("evil");
  });

  test.each<[string, (port: string) => string[]]>([
    ["by name and port", (port) => [`127.0.0.1:${port}`]],
    ["among others", (port) => ["cdn.example.com", `127.0.0.1:${port}`]],
  ])("passes the trust in a host that is named %s, and then must prove it by TLS", async (_case, hosts) => {
    await using vendor = await vendorServer(serves, { tls: true });
    const failure = await failureOf(`${vendor.url}/a.png`, { hosts: hosts(new URL(vendor.url).port) });
    expect(failure.detail).toMatch(/TLS certificate/);
    expect(vendor.calls).toHaveLength(0);
  });

  test.each([
    ["a wildcard", "https://a.b.vendor.invalid/x", "*.vendor.invalid"],
    ["capitals", "https://CDN.Vendor.invalid/x", "cdn.VENDOR.invalid"],
    ["the port of https, written out", "https://cdn.vendor.invalid/x", "cdn.vendor.invalid:443"],
  ])("is looked for at a host that is trusted by %s", async (_case, address, host) => {
    expect((await failureOf(address, { hosts: [host] })).detail).toMatch(/host name/);
  });

  test("is not looked for where a redirect points to", async () => {
    await using elsewhere = await vendorServer(serves);
    await using vendor = await vendorServer(() => ({ status: 302, headers: { location: `${elsewhere.url}/x` } }));
    const failure = await failureOf(`${vendor.url}/a.png`, { hosts: [], origins: [vendor.url, elsewhere.url] });
    expect(failure.detail).toContain("status 302");
    expect(elsewhere.calls).toHaveLength(0);
  });

  test("that has expired is a failure with the vendor's status", async () => {
    await using vendor = await vendorServer(() => ({ status: 403, body: "<Error>a castle</Error>" }));
    const failure = await failureOf(`${vendor.url}/a.png`, { hosts: [], origins: [vendor.url] });
    expect(failure).toMatchObject({ vendor: { status: 403 } });
    expect(failure.detail).not.toContain("castle");
  });

  test("that is not there yet is asked for again", async () => {
    let calls = 0;
    await using vendor = await vendorServer((call, response) =>
      ++calls < 3 ? { status: 503, headers: { "retry-after": "0" } } : serves(call, response),
    );
    const bytes = await fetched(`${vendor.url}/a.png`, { hosts: [], origins: [vendor.url] });
    expect([...bytes]).toEqual([...PIXELS]);
    expect(calls).toBe(3);
  });

  test("that is too large is given up", async () => {
    await using vendor = await vendorServer((_call, response) => {
      response.writeHead(200);
      const more = () => {
        while (response.writable && response.write(Buffer.alloc(1 << 20)));
      };
      response.on("drain", more);
      more();
    });
    const failure = await failureOf(`${vendor.url}/a.png`, { hosts: [], origins: [vendor.url] });
    expect(failure.detail).toMatch(/too large/);
  });

  test("that never comes is left when the caller goes away", async () => {
    const caller = new AbortController();
    await using vendor = await vendorServer(() => caller.abort(new Error("gone")));
    await expect(fetched(`${vendor.url}/a.png`, { hosts: [], origins: [vendor.url] }, caller.signal)).rejects.toThrow(
      "gone",
    );
  });
});

describe("a picture within the answer", () => {
  test.each([
    ["plain", "AAEC/v8="],
    ["without the equals signs", "AAEC/v8"],
    ["for URLs", "AAEC_v8="],
    ["in lines", "AAEC\r\n/v8=\n"],
    ["as a data URL", "data:image/png;base64,AAEC/v8="],
  ])("is read: base64 %s", (_case, text) => {
    expect([...decodeBase64(GENERATOR, text)]).toEqual([0, 1, 2, 254, 255]);
  });

  test.each(["", " \n ", "=", "====", "A", "AA=A", "<html>", "AAEC*v8=", "data:image/png;base64,", "data:image/png,x"])(
    "is a failure: %j",
    (text) => {
      expect(() => decodeBase64(GENERATOR, text)).toThrow(/not base64/);
    },
  );

  test.each(["*", "=", "Ł", "é", "\0", "😀"])("is a failure wherever %j stands in it", (odd) => {
    for (let length = 1; length < 24; length++) {
      const digits = "QUJD".repeat(6).slice(0, length);
      for (let at = 0; at < length; at++)
        expect(() => decodeBase64(GENERATOR, digits.slice(0, at) + odd + digits.slice(at)), digits).toThrow(
          /not base64/,
        );
    }
  });

  test("does not take long to refuse, however it is made", () => {
    for (const filler of [" ", "=", "A", "data:"]) {
      const start = performance.now();
      expect(() => decodeBase64(GENERATOR, `${filler.repeat(2_000_000)}*`)).toThrow(/not base64/);
      expect(performance.now() - start).toBeLessThan(1_000);
    }
  });

  test("is read from a data URL without asking anybody", async () => {
    expect([...(await fetched("data:image/png;charset=x;base64,AAEC/v8=", { hosts: [] }))]).toEqual([
      0, 1, 2, 254, 255,
    ]);
    for (const address of ["data:image/png,AAEC", "data:", "data:image/png;base64,<x>"])
      expect((await failureOf(address, { hosts: [] })).detail).toMatch(/not base64/);
  });
});

describe("a long picture left in the answer", () => {
  const long = (text: string, cuts: readonly number[] = []) => {
    const bytes = Buffer.from(text, "latin1");
    const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
    const pieces = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
    return decodeLong(GENERATOR, new LongText(pieces));
  };

  test.each([1, 2, 3, 49_151, 49_152, 49_153, 98_304, 200_000])("is read, and its text is kept: %i bytes", (length) => {
    const bytes = new Uint8Array(randomBytes(length));
    const text = Buffer.from(bytes).toString("base64");
    const read = long(text);
    expect(Buffer.compare(read.bytes, bytes)).toBe(0);
    expect(Buffer.concat(read.base64 ?? []).toString()).toBe(text);
  });

  test("is the same in whatever pieces it came", () => {
    const cuts = fc.array(fc.nat(140_000), { maxLength: 8 });
    fc.assert(
      fc.property(fc.integer({ min: 99_990, max: 100_000 }), cuts, fc.nat(6), (length, at, near) => {
        const bytes = new Uint8Array(randomBytes(length));
        const text = Buffer.from(bytes).toString("base64");
        const read = long(
          text,
          [...at, near, text.length - near].filter((cut) => cut <= text.length),
        );
        expect(Buffer.compare(read.bytes, bytes)).toBe(0);
        expect(Buffer.concat(read.base64 ?? []).toString()).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  const filler = "QUJD".repeat(30_000);
  const start = Buffer.from(filler, "base64");
  test.each([
    ["has no equals signs", `${filler}AAEC/v8`, [0, 1, 2, 254, 255]],
    ["is for URLs", `${filler}AAEC_v8=`, [0, 1, 2, 254, 255]],
    ["is for URLs in the other sign", `${filler}--7f`, [251, 238, 223]],
    ["is in lines", `${filler}\r\nAAEC\r\n/v8=\n\n\n\n`, [0, 1, 2, 254, 255]],
    ["has bits after the last byte", `${filler}AAEC/v9=`, [0, 1, 2, 254, 255]],
    ["has a data URL's start", `data:image/png;base64,${filler}AAEC/v8=`, [0, 1, 2, 254, 255]],
  ])("is read, and its text is not kept, for others may read it otherwise: %s", (_name, text, end) => {
    const read = long(text);
    expect(read.base64).toBeUndefined();
    expect(Buffer.compare(read.bytes, Buffer.concat([start, Buffer.from(end)]))).toBe(0);
  });

  test.each(["*", "=", "é", "\0"])("is a failure wherever %j stands in it", (odd) => {
    for (const at of [0, 1, 65_535, 65_536, 119_996, 119_997, 119_998])
      for (const text of [filler, `${filler}QUI=`, `${filler}QQ==`])
        for (const cuts of [[], [at], [at + 1], [at - (at % 4), at + 2]])
          expect(() => long(text.slice(0, at) + odd + text.slice(at + 1), cuts), `${at}`).toThrow(/not base64/);
  });
});
