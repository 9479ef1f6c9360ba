// A line to copy: a link, or the same in Python.

import { box, listen, make } from "./make.js";

/** { root, hidden until it is shown, show({ label, text }) }. words: copy, copied, cannotCopy. */
export function makeLink(words) {
  const input = make("input", { type: "text", readOnly: true });
  const name = make("span");
  const copy = make("button", { type: "button" });
  const root = box("link", make("label", {}, name, input), copy);
  root.hidden = true;
  listen(copy, "click", async () => {
    input.select();
    try {
      await navigator.clipboard.writeText(input.value);
      copy.textContent = words.copied;
    } catch {
      copy.textContent = words.cannotCopy;
    }
  });
  return {
    root,
    show({ label, text }) {
      root.hidden = false;
      name.textContent = label;
      input.value = text;
      copy.textContent = words.copy;
    },
  };
}

/** A part of a link that makes no sense, fit to be shown. */
export const fault = (key, word) => `${key}=${word}`.slice(0, 40).replace(/[^\w.,=+-]/g, "?");

/** The address of this page with a state of the element `id`. */
export function linkTo(id, query) {
  const address = new URL(location.href);
  address.hash = `${id}?${query}`;
  return address.href;
}
