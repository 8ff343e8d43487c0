import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSketch } from "../../src/generators/sketch/sketch.ts";
import { openEmbeddedScans } from "../../src/store/scans/embedded.ts";
import { buildPage, CHROMIUM_FLAGS, findChromium, OUTPUT, startSafelight, type TestServer } from "./harness.ts";
import { unnamedControls } from "./page-checks.ts";

const executablePath = findChromium();

describe.skipIf(!executablePath)("scans in the console", () => {
  const folder = mkdtempSync(join(tmpdir(), "safelight-sets-"));
  const set = join(folder, "sets", "dogs");
  let server: TestServer;
  let browser: Browser;
  let page: Page;
  const said: string[] = [];

  beforeAll(async () => {
    mkdirSync(set, { recursive: true });
    const sketch = await openSketch({});
    const prompts = {
      "1.png": "a red boat",
      "2.png": "safelight-test:image:violence:0.95",
      "3.png": "safelight-test:image:hate:0.7",
      "4.png": "a castle in the mountains",
    };
    for (const [name, prompt] of Object.entries(prompts)) {
      const images = [{ index: 0, seed: 1 }];
      const request = { prompt, negativePrompt: "", width: 256, height: 256, images, attempt: 1 };
      const [made] = await sketch.generate(request, new AbortController().signal);
      if (made?.kind === "image") writeFileSync(join(set, name), made.bytes);
    }
    writeFileSync(join(set, "5.png"), "no picture");
    writeFileSync(join(set, "1.txt"), "a red boat");
    buildPage();
    const data = join(folder, "data");
    mkdirSync(data);
    await earlierScans(data, 30);
    server = await startSafelight(
      `log: {level: warn}\nscans: {sources: [${JSON.stringify(join(folder, "sets"))}], quarantine: ${JSON.stringify(join(folder, "held"))}}\n`,
      { SAFELIGHT_DATA: data },
    );
    mkdirSync(OUTPUT, { recursive: true });
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: CHROMIUM_FLAGS });
    page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, colorScheme: "dark" });
    // every address that is made for bytes, until it is given back
    await page.addInitScript(`{
      window.held = new Set();
      const { createObjectURL, revokeObjectURL } = URL;
      URL.createObjectURL = (blob) => { const url = createObjectURL.call(URL, blob); held.add(url); return url; };
      URL.revokeObjectURL = (url) => { held.delete(url); revokeObjectURL.call(URL, url); };
    }`);
    page.on("console", (message) => {
      if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) said.push(message.text());
    });
    page.on("pageerror", (error) => said.push(error.message));
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
    expect(said).toEqual([]);
  });

  /** Finished ones, older than any of today. */
  async function earlierScans(data: string, count: number): Promise<void> {
    const store = openEmbeddedScans(data);
    for (let i = 0; i < count; i++) {
      const at = new Date(Date.UTC(2026, 0, 1, 0, i)).toISOString();
      await store.create({
        ...{ id: `scan_${i}`, state: "finished", source: join(folder, "sets", `cats-${i}`), layout: null, min_side: 0 },
        ...{ policy: { name: "dataset", version: "1", digest: "sha256:1" }, detectors: { prompt: [], image: [] } },
        ...{ created_at: at, finished_at: at, total: 0, done: 0, summary: null, error: null },
      });
    }
    await store.close();
  }

  const keys = () => page.locator("ul li p:nth-of-type(2)").filter({ hasText: ".png" }).allTextContents();
  const overflow = () => page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");
  const held = () => page.evaluate<number>("held.size");
  const shot = (name: string) => page.screenshot({ path: join(OUTPUT, `scans-${name}.png`), fullPage: true });

  test("a place that may not be scanned is refused at its field", async () => {
    await page.goto(`${server.url}/scans`);
    await page.getByLabel("Folder, or s3://bucket/prefix").fill("/etc");
    await page.getByRole("button", { name: "Scan", exact: true }).click();
    await page.getByText("There is no such folder in").waitFor();
    await shot("1-refused");
  });

  test("a data set is scanned, and what was found is shown", async () => {
    await page.getByLabel("Folder, or s3://bucket/prefix").fill("dogs");
    await page.getByRole("button", { name: "Scan", exact: true }).click();
    await page.getByRole("heading", { name: "dogs" }).waitFor();
    await page.getByRole("heading", { name: "5 pictures" }).waitFor({ timeout: 30_000 });
    await page.getByText("Not everything could be judged").waitFor();
    await page.getByRole("img", { name: "2.png, blurred" }).waitFor();
    await page.getByRole("heading", { name: "Scores" }).waitFor();
    await shot("2-finished");
    await page.emulateMedia({ colorScheme: "light" });
    await shot("2-finished-light");
    await page.setViewportSize({ width: 400, height: 850 });
    await shot("2-finished-small");
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: 1000 });
    await page.emulateMedia({ colorScheme: "dark" });
  });

  test("pictures are filtered, sorted and revealed", async () => {
    expect((await keys())[0]).toBe("2.png");
    await page.getByRole("combobox", { name: "Decision" }).click();
    await page.getByRole("option", { name: "Allow" }).click();
    await expect.poll(async () => (await keys()).sort()).toEqual(["1.png", "4.png"]);
    await page.getByRole("combobox", { name: "Decision" }).click();
    await page.getByRole("option", { name: "Any" }).click();
    await page.getByRole("combobox", { name: "Score from" }).click();
    await page.getByRole("option", { name: "0.90" }).click();
    await expect.poll(keys).toEqual(["2.png"]);
    await page.getByRole("combobox", { name: "Score from" }).click();
    await page.getByRole("option", { name: "Any" }).click();
    await expect.poll(keys).toHaveLength(5);
    await page.getByRole("textbox", { name: "Name" }).fill("2");
    await expect.poll(keys).toEqual(["2.png"]);
    await page.getByRole("button", { name: "Reveal" }).click();
    await page.getByRole("img", { name: "2.png", exact: true }).waitFor();
    await page.getByRole("button", { name: "Hide" }).click();
    await page.getByRole("img", { name: "2.png, blurred" }).waitFor();
  });

  test("bars show how high the pictures score, and lead to them", async () => {
    await page.getByRole("textbox", { name: "Name" }).fill("");
    await expect.poll(keys).toHaveLength(5);
    const bars = page.getByRole("list", { name: "Violence, pictures by score" });
    await page.getByText("1 above 0 · rejected from 0.50").waitFor();
    const bar = bars.getByRole("button", { name: "0.95 to 1.00: 1 picture" });
    expect(await bar.getAttribute("data-tone")).toBe("review");
    await bar.click();
    await expect.poll(keys).toEqual(["2.png"]);
    expect(await page.getByRole("combobox", { name: "Category" }).inputValue()).toBe("Violence");
    expect(await page.getByRole("combobox", { name: "Score from" }).inputValue()).toBe("0.95");
    expect(await unnamedControls(page)).toEqual([]);
    await page.getByRole("combobox", { name: "Category" }).click();
    await page.getByRole("option", { name: "Any" }).click();
    await page.getByRole("combobox", { name: "Score from" }).click();
    await page.getByRole("option", { name: "Any" }).click();
    await expect.poll(keys).toHaveLength(5);
  });

  test("addresses of pictures are given back when their pictures leave", async () => {
    const shown = async () => page.evaluate<number>("document.querySelectorAll('img[src^=\"blob:\"]').length");
    await expect.poll(shown).toBe(4);
    expect(await held()).toBe(4);
    await page.getByRole("textbox", { name: "Name" }).fill("2");
    await expect.poll(shown).toBe(1);
    expect(await held()).toBe(1);
    await page.getByRole("button", { name: "Reveal" }).click();
    await page.getByRole("img", { name: "2.png", exact: true }).waitFor();
    await expect.poll(held).toBe(1);
    await page.getByRole("link", { name: "Data sets" }).first().click();
    await page.getByRole("heading", { name: "Scans", exact: true }).waitFor();
    await expect.poll(held).toBe(0);
    await page.goBack();
    await expect.poll(shown).toBe(4);
  });

  test("files are saved", async () => {
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "manifest.json" }).click();
    expect((await saved).suggestedFilename()).toBe("manifest.json");
  });

  test("what was rejected is moved when it is confirmed, and brought back", async () => {
    const before = readdirSync(set).sort();
    await page.getByRole("button", { name: "Move to quarantine…" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(readdirSync(set).sort()).toEqual(before);
    await page.getByRole("button", { name: "Move to quarantine…" }).click();
    await page.getByRole("button", { name: "Move to quarantine", exact: true }).click();
    await page.getByText("3 files were moved.").waitFor();
    expect(readdirSync(set).sort()).toEqual(["1.png", "1.txt", "4.png"]);
    await shot("3-quarantined");
    await page.getByRole("button", { name: "Bring back…" }).click();
    await page.getByRole("button", { name: "Bring back", exact: true }).click();
    await page.getByText("3 files came back.").waitFor();
    expect(readdirSync(set).sort()).toEqual(before);
  });

  test("the list shows it, also on a small screen", async () => {
    await page.getByRole("link", { name: "Data sets" }).first().click();
    await page.getByRole("link", { name: "dogs" }).waitFor();
    const rows = page.getByRole("link", { name: /^(dogs|cats-\d+)$/ });
    await expect.poll(() => rows.count()).toBe(24);
    await page.getByText("24 latest").waitFor();
    await page.getByRole("button", { name: "Show earlier ones" }).click();
    await page.getByText("31 in all").waitFor();
    expect(new Set(await rows.allTextContents()).size).toBe(31);
    expect(await page.getByRole("button", { name: "Show earlier ones" }).count()).toBe(0);
    await page.setViewportSize({ width: 390, height: 844 });
    await shot("4-list-small");
    expect(await overflow()).toBeLessThanOrEqual(0);
  });
});
