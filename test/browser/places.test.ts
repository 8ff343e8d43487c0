import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPage, CHROMIUM_FLAGS, findChromium, OUTPUT, startSafelight, type TestServer } from "./harness.ts";
import { unnamedControls } from "./page-checks.ts";

const executablePath = findChromium();
const REGION = { x: 0.5, y: 0.25, width: 0.25, height: 0.375 };
const POLICY = `
schema: safelight.policy/1
name: default
version: "1"
prompt:
  detectors: {}
  categories: {}
image:
  detectors: {eyes: {budget_ms: 20000}}
  categories: {weapons: {blur: 0.5}, gore: {blur: 0.5}, drugs: {warn: 0.5}}
  blur: {style: pixelate, extent: regions, margin: 0.1}
`;

describe.skipIf(!executablePath)("where a finding lies, in Chromium", { timeout: 120_000 }, () => {
  let eyes: Server;
  let folder: string;
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(OUTPUT, { recursive: true });
    buildPage();
    eyes = createServer((request, response) => {
      request.resume().on("end", () => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ findings: [{ category: "weapons", score: 0.8, region: REGION }] }));
      });
    });
    await new Promise<void>((listening) => eyes.listen(0, "127.0.0.1", listening));
    folder = mkdtempSync(join(tmpdir(), "safelight-places-"));
    writeFileSync(join(folder, "default.yaml"), POLICY);
    const url = `http://127.0.0.1:${(eyes.address() as AddressInfo).port}/inspect`; // it listens on a port, not a pipe
    const detector = `{kind: http, url: "${url}", categories: [weapons]}`;
    server = await startSafelight(`policies: ["${folder}"]\ndetectors:\n  eyes: ${detector}\n`);
    browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: CHROMIUM_FLAGS });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    eyes?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function generated(change: (record: never) => unknown = (record) => record): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.setDefaultTimeout(20_000);
    const answer = await fetch(`${server.url}/api/v1/generations`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prompt: "a castle on a hill at sunset", b64: false }),
    });
    const { id, action } = (await answer.json()) as { id: string; action: string };
    expect(action).toBe("blur");
    await page.route(`**/api/v1/generations/${id}`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: change((await response.json()) as never) });
    });
    await page.goto(`${server.url}/generations/${id}`);
    return page;
  }

  const toggle = (page: Page) => page.getByRole("button", { name: /^(Show|Hide) where: Weapons 0\.80, eyes/ });

  test("the region is drawn over the picture, and its toggle works from the keyboard", async () => {
    const page = await generated();
    await toggle(page).focus();
    expect(await toggle(page).getAttribute("aria-pressed")).toBe("false");
    await page.keyboard.press("Enter");
    expect(await toggle(page).getAttribute("aria-pressed")).toBe("true");
    const picture = await page.getByTestId("picture").locator("img").boundingBox();
    const drawn = await page.getByTestId("place").locator("rect").last().boundingBox();
    if (!picture || !drawn) throw new Error("nothing is drawn");
    for (const [found, expected] of [
      [(drawn.x - picture.x) / picture.width, REGION.x],
      [(drawn.y - picture.y) / picture.height, REGION.y],
      [drawn.width / picture.width, REGION.width],
      [drawn.height / picture.height, REGION.height],
    ] as const) {
      expect(Math.abs(found - expected)).toBeLessThan(0.02);
    }
    expect(await unnamedControls(page)).toEqual([]);
    await page.screenshot({ path: join(OUTPUT, "places-1-region.png") });
    await page.keyboard.press("Space");
    await expect.poll(() => page.getByTestId("place").count()).toBe(0);
    await page.close();
  });

  test("a heat map is drawn cell by cell, the stronger the less transparent", async () => {
    const values = Array.from({ length: 64 }, (_, i) => Math.max(0, 1 - Math.hypot((i % 8) - 4.5, (i >> 3) - 3) / 3.5));
    const page = await generated((record: { images: [{ reasons: [{ evidence: object }] }] }) => {
      const [reason] = record.images[0].reasons;
      reason.evidence = { ...reason.evidence, heat: { columns: 8, rows: 8, values } };
      return record;
    });
    await toggle(page).click();
    const cells = page.getByTestId("place").locator("rect[fill-opacity]");
    expect(await cells.count()).toBe(64);
    const shown = await Promise.all([0, 28].map(async (i) => Number(await cells.nth(i).getAttribute("fill-opacity"))));
    expect(shown[0]).toBe(0);
    expect(shown[1]).toBeCloseTo(0.7 * (values[28] ?? 0), 5);
    await page.screenshot({ path: join(OUTPUT, "places-2-heat.png") });
    await page.close();
  });

  test("what nobody looked for is counted in the picture's card, and a click lists it", async () => {
    const page = await generated();
    const line = page.getByTestId("picture").getByRole("button", { name: /^2 categories not covered/ });
    await line.waitFor();
    expect(await page.getByRole("row", { name: /Gore/ }).count()).toBe(0);
    await line.focus();
    await page.keyboard.press("Enter");
    expect(await page.getByRole("row", { name: /Gore/ }).textContent()).toContain("Not covered");
    expect(await page.getByRole("row", { name: /Drugs/ }).textContent()).toContain("Not covered");
    await page.close();
  });
});
