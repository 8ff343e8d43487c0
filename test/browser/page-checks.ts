import type { Page } from "playwright-core";

/** Whatever can be operated or seen and has no name for a screen reader: the commonest of accessibility's mistakes. */
export function unnamedControls(page: Page): Promise<string[]> {
  // A string, because the tests are checked without the types of a browser.
  return page.evaluate<string[]>(`(() => {
    const text = (ids) => (ids ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("");
    const named = (it) =>
      it.getAttribute("aria-label") || text(it.getAttribute("aria-labelledby")) || it.textContent.trim() ||
      [...(it.labels ?? [])].some((label) => label.textContent.trim());
    const seen = (it) => it.getClientRects().length > 0 && !it.closest("[aria-hidden=true]");
    const controls = [...document.querySelectorAll("a, button, input, textarea, select, [role=button]")];
    const wrong = controls.filter((it) => seen(it) && it.type !== "hidden" && !named(it));
    const pictures = [...document.querySelectorAll("img:not([alt])")];
    const twice = [...document.querySelectorAll("[id]")].filter((it, i, all) => all.findIndex((other) => other.id === it.id) < i);
    const headings = document.querySelectorAll("h1").length === 1 ? [] : [document.body];
    return [...wrong, ...pictures, ...twice, ...headings].map((it) => it.outerHTML.slice(0, 120));
  })()`);
}
