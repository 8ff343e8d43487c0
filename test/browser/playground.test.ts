import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildPage, CHROMIUM_FLAGS, findChromium, OUTPUT, startSafelight, type TestServer } from "./harness.ts";
import { unnamedControls } from "./page-checks.ts";

const executablePath = findChromium();
const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** Patient: two cores may be shared with everything else that is tested. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 });

describe.skipIf(!executablePath)("the playground in Chromium", { timeout: 120_000 }, () => {
  let browser: Browser;
  let server: TestServer;
  /** What went wrong on any page of the present test: errors on the console, requests to somewhere else. */
  let trouble: string[] = [];

  beforeAll(async () => {
    mkdirSync(OUTPUT, { recursive: true });
    buildPage();
    server = await startSafelight();
    browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: CHROMIUM_FLAGS });
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    const seen = trouble;
    trouble = [];
    expect(seen).toEqual([]);
  });

  /** @param expected console messages that the test provokes */
  async function open(options: BrowserContextOptions = DESKTOP, expected = /^$/, path = "/"): Promise<Page> {
    const context = await browser.newContext({ colorScheme: "dark", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => trouble.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !expected.test(message.text())) trouble.push(message.text());
    });
    page.on("request", (request) => {
      if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(`${server.url}/`))
        trouble.push(request.url());
    });
    await page.goto(server.url + path);
    return page;
  }

  const prompt = (page: Page) => page.getByRole("textbox", { name: "Prompt", exact: true });
  const generate = (page: Page) => page.getByRole("button", { name: /^Generate/ });
  const verdict = (page: Page) => page.getByTestId("verdict").getByRole("heading");
  const pick = (page: Page, title: string) => page.getByRole("button", { name: new RegExp(`^${title}:`) }).click();

  async function title(page: Page, expected: string | RegExp): Promise<void> {
    await eventually(() => verdict(page).textContent()).toMatch(expected);
  }

  /** Elements of a page that stick out of the card they are in. */
  const stickingOut = (page: Page) =>
    page.evaluate<string[]>(`[...document.querySelectorAll("[data-testid=reason] *")]
      .filter((it) => it.getBoundingClientRect().right > it.closest("section").getBoundingClientRect().right)
      .map((it) => it.className)`);

  async function tabTo(page: Page, condition: string): Promise<void> {
    for (let i = 0; i < 40 && !(await page.evaluate<boolean>(condition)); i++) await page.keyboard.press("Tab");
    expect(await page.evaluate<boolean>(condition)).toBe(true);
  }

  /** The whole page, at the height it has: what a customer would scroll through. */
  async function screenshot(page: Page, name: string): Promise<void> {
    const size = page.viewportSize() ?? DESKTOP.viewport;
    await page.mouse.move(size.width - 2, size.height - 2);
    const height = await page.evaluate<number>("document.documentElement.scrollHeight");
    await page.setViewportSize({ ...size, height: Math.max(size.height, height) });
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(OUTPUT, `${name}.png`) });
    await page.setViewportSize(size);
  }

  test("a prompt becomes a picture with its decision, timeline and record", async () => {
    const page = await open();
    await page.getByText("Nothing in the tray yet").waitFor();
    await screenshot(page, "dark-1-empty");
    await prompt(page).fill("A red fox in a snowy forest at dusk, watercolour");
    await generate(page).click();
    await title(page, "Picture clear");

    const picture = page.getByRole("img", { name: "Picture 1: Clear" });
    await eventually(() => picture.evaluate((it: { naturalWidth: number }) => it.naturalWidth)).toBe(512);
    const rows = await page.getByTestId("timeline").getByRole("listitem").allTextContents();
    expect(rows.join("\n")).toMatch(
      /Prompt rules[\d.]+ ms[\s\S]*Prompt decisionallowed\nGenerator[\d.]+ m?s[\s\S]*Picture 1 nsfw/,
    );
    await page.getByText("stand-in for development").first().waitFor();
    await page.getByText("The raw record").click();
    expect(JSON.parse((await page.getByLabel("record").textContent()) ?? "")).toMatchObject({
      state: "complete",
      action: "allow",
    });
    await page.getByText("The same from a shell").click();
    expect(await page.getByLabel("curl command").textContent()).toContain(
      `curl -sS '${server.url}/api/v1/generations'`,
    );
    await eventually(() => page.getByRole("status").last().textContent()).toContain("Finished. Picture clear.");
    await screenshot(page, "dark-2-clear");
    expect(await unnamedControls(page)).toEqual([]);
  });

  test("a disguised word is told with what was undone, inside its card however wide the window", async () => {
    const page = await open();
    await prompt(page).fill("a c4rnage scene behind a lighthouse"); // warned about, so that a picture stands beside
    await generate(page).click();
    await title(page, /prompt warned$|^Prompt refused$/);
    expect(await page.getByTestId("reason").first().textContent()).toContain("disguised: leetspeak");
    for (const width of [1440, 1280, 1100, 800, 390]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await stickingOut(page), `${width} pixels`).toEqual([]);
    }
  });

  test("every consequence is one click away", async () => {
    const page = await open();
    const expected = {
      "Prompt warned": /prompt warned$/,
      "Prompt refused": /^Prompt refused$/,
      "Prompt check fails": /^Prompt refused$/,
      "Picture warned": /^Picture shown with a warning$/,
      "Picture blurred": /^Picture blurred$/,
      "Second try good": /^Picture clear$/,
      "Picture held": /^Picture held for review$/,
      "Picture blocked": /^Picture blocked$/,
      "Mixed set": /^3 pictures clear, 1 blocked$/,
      Withheld: /^Picture withheld by the generator$/,
      "Picture check fails": /^Picture blocked$/,
    };
    for (const [name, pattern] of Object.entries(expected)) {
      await pick(page, name);
      await title(page, pattern);
      await screenshot(page, `dark-3-${name.toLowerCase().replaceAll(" ", "-")}`);
    }
  });

  test("a blurred picture can be revealed where the policy allows it, and hidden again", async () => {
    const page = await open();
    await pick(page, "Picture blurred");
    await title(page, "Picture blurred");
    await page.getByText("Revealing the original is recorded.").waitFor();
    await page.getByRole("button", { name: "Reveal" }).click();
    await page.getByRole("img", { name: "Picture 1, the original" }).waitFor();
    await page.getByText("This was recorded.").waitFor();
    await page.getByRole("button", { name: "Hide" }).click();
    await page.getByRole("img", { name: "Picture 1: Blurred" }).waitFor();
  });

  test("the words that had a prompt refused are marked, and say why when focused", async () => {
    const page = await open({ ...DESKTOP, colorScheme: "light" });
    await pick(page, "Prompt refused");
    await title(page, "Prompt refused");
    const mark = page.getByTestId("marked-prompt").locator("mark").first();
    expect(await mark.textContent()).toMatch(/^safelight-test:prompt:/);
    await tabTo(page, "document.activeElement.tagName === 'MARK'");
    await eventually(() => page.getByRole("tooltip").allTextContents()).toContainEqual(
      expect.stringMatching(/limit .*blocked \(test-signals\)/),
    );
    expect(await page.getByTestId("reason").first().textContent()).toMatch(/Blocked/);
    await screenshot(page, "light-4-refused");
  });

  test("an unsafe picture is seen to be made again", async () => {
    const page = await open({ ...DESKTOP, colorScheme: "light" });
    await pick(page, "Second try good");
    await title(page, "Picture clear");
    const timeline = await page.getByTestId("timeline").textContent();
    expect(timeline).toContain("again");
    expect(timeline).toContain("Generator, attempt 2");
    await page.getByText("Picture 1, attempt 1 (not used)").waitFor();
    await screenshot(page, "light-5-retry");
  });

  test("Esc cancels, and a further generation works", async () => {
    const page = await open();
    await prompt(page).fill("A snail safelight-test:generator:delay:60000");
    await page.keyboard.press("Control+Enter");
    await page.getByText(/^Developing/).waitFor();
    await screenshot(page, "dark-6-running");
    await page.keyboard.press("Escape");
    await page.getByText("The request was aborted").waitFor();
    await pick(page, "Fox at dusk");
    await title(page, "Picture clear");
    await page.getByRole("button", { name: /^Cancelled:/ }).click();
    await page.getByText("The request was aborted").waitFor();
  });

  test("errors stand under their fields", async () => {
    const page = await open(DESKTOP, /status of 4\d\d/);
    await generate(page).click();
    await page.getByText("Write what to draw").waitFor();
    expect(await page.evaluate<boolean>("document.activeElement.tagName === 'TEXTAREA'")).toBe(true);
    await prompt(page).fill("a house");
    await page.getByText("Custom", { exact: true }).click();
    await page.getByLabel("Width in pixels").fill("513");
    await page
      .getByRole("spinbutton", { name: "Pictures" })
      .or(page.getByLabel("Pictures", { exact: true }))
      .first()
      .fill("99");
    await page.keyboard.press("Control+Enter");
    await page.getByText("See the marked fields of the form.").waitFor();
    for (const label of ["Width in pixels", "Pictures"]) {
      const field = page.getByLabel(label, { exact: true }).first();
      expect(await field.getAttribute("aria-invalid")).toBe("true");
    }
    await screenshot(page, "dark-7-field-errors");
  });

  test("a server that is gone, and a proxy that refuses, are explained", async () => {
    const page = await open(DESKTOP, /ERR_FAILED|status of 413/);
    await page.route("**/api/v1/generations", (route) => route.abort());
    await pick(page, "Fox at dusk");
    await page.getByText("Safelight does not answer", { exact: true }).waitFor();
    await screenshot(page, "dark-8-unreachable");
    await page.unroute("**/api/v1/generations");
    await page.route("**/api/v1/generations", (route) =>
      route.fulfill({ status: 413, contentType: "text/html", body: "<h1>413</h1>" }),
    );
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("The request is too large", { exact: true }).waitFor();
    await page.unroute("**/api/v1/generations");
    await page.getByRole("button", { name: "Try again" }).click();
    await title(page, "Picture clear");
  });

  test("the keyboard alone is enough", async () => {
    const page = await open();
    await page.getByText("Fox at dusk").waitFor();
    await page.keyboard.press("Tab");
    expect(await page.evaluate<string>("document.activeElement.textContent")).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Two cats under the stars");
    await tabTo(page, "document.activeElement.type === 'submit'");
    await page.keyboard.press("Enter");
    await title(page, "Picture clear");
  });

  test("light and dark follow the choice, also after a reload", async () => {
    const page = await open({ ...DESKTOP, colorScheme: "light" });
    const scheme = () => page.locator("html").getAttribute("data-mantine-color-scheme");
    expect(await scheme()).toBe("light");
    const toggle = page.getByRole("button", { name: /^Colours:/ });
    await toggle.click();
    await toggle.click();
    await eventually(scheme).toBe("dark");
    await page.reload({ waitUntil: "commit" });
    await eventually(scheme).toBe("dark");
  });

  test("a permalink shows the same after a reload, and leads back to the form", async () => {
    const page = await open({ ...DESKTOP, colorScheme: "light" });
    await pick(page, "Mixed set");
    await title(page, "3 pictures clear, 1 blocked");
    await page.getByRole("link", { name: "Permalink" }).click();
    await page.waitForURL(/\/generations\/gen_/);
    await page.reload();
    await title(page, "3 pictures clear, 1 blocked");
    expect(await page.getByTestId("picture").count()).toBe(4);
    await screenshot(page, "light-9-permalink");
    await page.getByRole("button", { name: "Edit and run again" }).click();
    await eventually(() => prompt(page).inputValue()).toContain("Hot air balloons");
  });

  test("a permalink to nowhere says so", async () => {
    const page = await open(DESKTOP, /status of 404/, "/generations/gen_nothing");
    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain("there is no generation with this id");
  });

  test("a phone shows all of it without sideways scrolling", async () => {
    const page = await open(PHONE);
    await page.getByText("Fox at dusk").waitFor();
    await screenshot(page, "phone-1-empty");
    await prompt(page).fill("Three sailing boats in a quiet harbour at sunset");
    await generate(page).click();
    await title(page, "Picture clear");
    await eventually(async () => (await verdict(page).boundingBox())?.y ?? 9_999).toBeLessThan(500);
    await screenshot(page, "phone-2-clear");
    await pick(page, "Picture blurred");
    await title(page, "Picture blurred");
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(390);
    await screenshot(page, "phone-3-blurred");
  });
});
