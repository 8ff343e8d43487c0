import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPage, CHROMIUM_FLAGS, findChromium, startSafelight, type TestServer } from "./harness.ts";
import { unnamedControls } from "./page-checks.ts";

const executablePath = findChromium();
const KEY = "key-of-the-console";

/** Patient: two cores may be shared with everything else that is tested. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 });

describe.skipIf(!executablePath)("the console of a server with keys", { timeout: 120_000 }, () => {
  let browser: Browser;
  let server: TestServer;

  beforeAll(async () => {
    buildPage();
    server = await startSafelight("keys: {console: {secret: {from_env: CONSOLE_KEY}}}\n", { CONSOLE_KEY: KEY });
    browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: CHROMIUM_FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function open(path = "/"): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(server.url + path);
    return page;
  }

  const dialog = (page: Page) => page.getByRole("dialog", { name: "This server needs a key" });
  async function give(page: Page, key: string): Promise<void> {
    await dialog(page).getByLabel("Key").fill(key);
    await dialog(page).getByRole("button", { name: "Continue" }).click();
  }
  /** How many pictures the browser could draw. */
  const drawn = (page: Page) =>
    page.evaluate<number>(
      "[...document.querySelectorAll('[data-testid=picture] img')].filter((it) => it.naturalWidth > 0).length",
    );

  test("asks for the key once, says when it is wrong, and works with the right one", async () => {
    const page = await open();
    await dialog(page).waitFor();
    expect(await unnamedControls(page)).toEqual([]);
    await give(page, "wrong");
    await dialog(page).getByText("The server refused this key").waitFor();
    await give(page, KEY);
    await dialog(page).waitFor({ state: "detached" });
    await page.getByRole("textbox", { name: "Prompt", exact: true }).fill("a red boat");
    await page.getByRole("button", { name: /^Generate/ }).click();
    await eventually(() => drawn(page)).toBe(1);
    expect(page.url()).not.toContain(KEY);
  });

  test("keeps the key while the tab is open, also for the pictures of a stored record", async () => {
    const made = await fetch(`${server.url}/api/v1/generations`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ prompt: "safelight-test:image:sexual:0.8" }),
    });
    const { id } = (await made.json()) as { id: string };
    const page = await open(`/generations/${id}`);
    await give(page, KEY);
    await eventually(() => drawn(page)).toBe(1);
    await page.getByRole("button", { name: "Reveal" }).click();
    await page.getByText("You see the original.").waitFor();
    await page.reload();
    await eventually(() => drawn(page)).toBe(1);
    expect(await dialog(page).count()).toBe(0);
  });

  test("says that a key is needed when none is given, and asks again when told to", async () => {
    const page = await open();
    await dialog(page).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Credentials are missing or wrong").first().waitFor();
    expect(await dialog(page).count()).toBe(0);
    await page.getByRole("button", { name: "Try again" }).first().click();
    await give(page, KEY);
    await page.getByText("Credentials are missing or wrong").waitFor({ state: "detached" });
  });
});
