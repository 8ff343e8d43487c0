import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSketch } from "../../src/generators/sketch/sketch.ts";
import { World } from "../cli/world.ts";
import { CHROMIUM_FLAGS, findChromium, OUTPUT } from "./harness.ts";

const executablePath = findChromium();

describe.skipIf(!executablePath)("the report of a scan", () => {
  const world = new World();
  const profile = mkdtempSync(join(tmpdir(), "safelight-report-"));
  let browser: Browser;
  let page: Page;
  const said: string[] = [];

  beforeAll(async () => {
    const sketch = await openSketch({});
    mkdirSync(world.path("set"));
    const prompts = {
      "a </script><b>.png": "a red boat",
      "b.png": "safelight-test:image:violence:0.9",
      "c.png": "safelight-test:image:violence:0.6",
      "d.png": "safelight-test:image:violence:0.35",
    };
    for (const [name, prompt] of Object.entries(prompts)) {
      const images = [{ index: 0, seed: 1 }];
      const request = { prompt, negativePrompt: "", width: 256, height: 256, images, attempt: 1 };
      const [made] = await sketch.generate(request, new AbortController().signal);
      if (made?.kind === "image") world.write(`set/${name.replace("/", "_")}`, made.bytes);
    }
    writeFileSync(world.path("set/broken.png"), "no picture");
    await world.run(["scan", "set", "--policy", "default", "--out", "out"]);
    mkdirSync(OUTPUT, { recursive: true });
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: CHROMIUM_FLAGS });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    page.on("request", (request) => {
      if (!/^(?:file|data):/.test(request.url())) said.push(`asked for ${request.url()}`);
    });
    await page.goto(pathToFileURL(world.path("out/report.html")).href);
  });
  afterAll(async () => {
    await browser?.close();
    world.remove();
    rmSync(profile, { recursive: true, force: true });
  });

  const names = () => page.locator("#pictures .facts p:nth-child(2)").allTextContents();

  test("shows the worst first, and names that would break a page", async () => {
    expect(await names()).toEqual(["broken.png", "b.png", "c.png", "d.png", "a <_script><b>.png"]);
    await page.screenshot({ path: join(OUTPUT, "scan-report.png"), fullPage: true });
    expect(said).toEqual([]);
  });

  test("hides what was rejected until it is asked for", async () => {
    const thumb = page.getByRole("button", { name: "Show b.png" });
    const filter = () =>
      page.evaluate<string>(`getComputedStyle(document.querySelector("[aria-label='Show b.png'] img")).filter`);
    expect(await filter()).toContain("blur");
    await thumb.click();
    expect(await filter()).toBe("none");
    await thumb.click();
    expect(await filter()).toContain("blur");
  });

  test("filters by action, problem and name", async () => {
    await page.getByRole("button", { name: "warn", exact: true }).click();
    expect(await names()).toEqual(["d.png"]);
    await page.getByRole("button", { name: "warn", exact: true }).click();
    await page.getByLabel("Problem").selectOption("unreadable");
    expect(await names()).toEqual(["broken.png"]);
    await page.getByLabel("Problem").selectOption("");
    await page.getByRole("searchbox").fill("C.P");
    expect(await names()).toEqual(["c.png"]);
    await page.getByRole("searchbox").fill("");
  });

  test("tells what another threshold would flip", async () => {
    const slider = page.locator("#threshold");
    await slider.fill("0.3");
    const said = page.locator("#flips");
    expect(await said.textContent()).toContain("3 of 5 pictures score 0.30 or more for violence: 1 more than");
    await page.getByRole("button", { name: "Show those that flip" }).click();
    expect(await names()).toEqual(["d.png"]);
    await slider.fill("0.8");
    expect(await names()).toEqual(["c.png"]);
    expect(await said.textContent()).toContain("1 fewer than");
  });
});
