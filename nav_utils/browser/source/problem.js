// A readable message in place of the figure; what the element held before stays beneath it.

import { make } from "./make.js";
import { STYLE } from "./style.js";

export function problem(el, message) {
  const root = el.shadowRoot ?? el.attachShadow({ mode: "open" });
  const said = make("p", { className: "problem", role: "alert", textContent: message });
  adopt(root);
  root.replaceChildren(said, make("slot"));
}

/** Styles as constructed sheets, which a content security policy of 'self' allows. */
export function adopt(root, ...styles) {
  root.adoptedStyleSheets = [STYLE, ...styles].map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
}
