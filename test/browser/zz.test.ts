import { chromium } from "playwright-core";
import { test } from "vitest";
import { buildPage, CHROMIUM_FLAGS, findChromium, startSafelight } from "./harness.ts";
test("x", async () => {
  buildPage();
  const server = await startSafelight("keys: {console: {secret: {from_env: CONSOLE_KEY}}}\n", { CONSOLE_KEY: "k" });
  const browser = await chromium.launch({ executablePath: findChromium()!, args: CHROMIUM_FLAGS });
  const page = await browser.newPage();
  page.on("console", (m) => console.log(m.text()));
  await page.goto(server.url);
  await page.getByRole("dialog").waitFor();
  await page.screenshot({ path: "/tmp/a.png" });
  await page.keyboard.press("Escape");
  await page.waitForTimeout(1500);
  await page.screenshot({ path: "/tmp/b.png" });
  await browser.close();
  await server.stop();
}, 60000);
