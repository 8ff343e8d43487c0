import { describe, expect, test } from "vitest";
import { AddressSchema, BaseUrlSchema, HostPatternSchema } from "../../src/outbound/url.ts";

describe("an address of a vendor", () => {
  test.each<[string, boolean, boolean]>([
    ["http://127.0.0.1:7860", true, true],
    ["https://api.example.com/v1/", true, true],
    ["https://example.com/inspect?tenant=7", true, false],
    ["https://example.com/v1#top", true, false],
    ["https://example.com/?", true, false],
    ["https://user:hunter2@example.com", false, false],
    ["https://user@example.com", false, false],
    ["ftp://example.com", false, false],
    ["example.com", false, false],
    ["", false, false],
  ])("%j: whether it may be one: %s; whether paths can be added to it: %s", (url, whole, base) => {
    expect(AddressSchema.safeParse(url).success).toBe(whole);
    expect(BaseUrlSchema.safeParse(url).success).toBe(base);
  });

  test("with a password in it is refused without a word of it", () => {
    const { error } = BaseUrlSchema.safeParse("https://user:hunter2@example.com");
    expect(error?.message).toMatch(/password/);
    expect(error?.message).not.toContain("hunter2");
  });
});

test.each<[string, boolean]>([
  ["cdn.example.com", true],
  ["*.example.com", true],
  ["cdn.example.com:8443", true],
  ["localhost", true],
  ["https://cdn.example.com", false],
  ["cdn.example.com/pictures", false],
  ["*", false],
  ["*.", false],
  ["cdn.*.com", false],
  ["", false],
])("%j as a host that is trusted: %s", (pattern, good) => {
  expect(HostPatternSchema.safeParse(pattern).success).toBe(good);
});
