// Light or dark, as the page around says: the book's theme, JupyterLab, Colab, else the system's wish.

import { listen } from "./make.js";

function themeOf() {
  const { documentElement: page, body } = document;
  const lab = body?.dataset.jpThemeLight;
  if (lab) return lab === "true" ? "light" : "dark";
  const named = page.dataset.theme ?? page.getAttribute("theme");
  if (named === "light" || named === "dark") return named;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/**
 * Call `show(theme, atOnce)` now and whenever the theme changes: light for print, and at once, as no
 * frame comes before a page is printed. Returns what ends that.
 */
export function watchTheme(show) {
  const tell = () => show(themeOf());
  const watcher = new MutationObserver(tell);
  const options = {
    attributes: true,
    attributeFilter: ["data-theme", "theme", "data-jp-theme-light"],
  };
  for (const node of [document.documentElement, document.body]) watcher.observe(node, options);
  const wish = matchMedia("(prefers-color-scheme: dark)");
  listen(wish, "change", tell);
  const print = () => show("light", true);
  listen(window, "beforeprint", print);
  listen(window, "afterprint", tell);
  tell();
  return () => {
    removeEventListener("beforeprint", print);
    removeEventListener("afterprint", tell);
    watcher.disconnect();
    wish.removeEventListener("change", tell);
  };
}
