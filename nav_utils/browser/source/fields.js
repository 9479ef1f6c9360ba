// Fields: each knows how it shows a state and what it changes in one.

import { listen, make } from "./make.js";

/** A label over a control and, for a slider, its value. */
export function labelled(text, input, value) {
  const label = make("label", { className: "control" }, make("span", { textContent: text }));
  if (value) label.append(value);
  label.append(input);
  return label;
}

export function slider(text, [min, max, step], { read, write, format }) {
  const input = make("input", { type: "range", min, max, step });
  const value = make("span"); // an output would take the label for itself
  return {
    root: labelled(text, input, value),
    input,
    show(state) {
      input.value = read(state);
      value.textContent = format(state);
      input.setAttribute("aria-valuetext", format(state));
    },
    patch: () => write(Number(input.value)),
  };
}

export function menu(text, key, options, values = Object.keys(options)) {
  const input = make("select");
  for (const value of values) input.append(make("option", { value, textContent: options[value] }));
  return {
    root: labelled(text, input),
    input,
    show: (state) => (input.value = state[key]),
    patch: () => ({ [key]: input.value }),
  };
}

export function numberBox(text, key, { min, max }) {
  const input = make("input", { type: "number", min, max, step: 1 });
  let shown = ""; // where nobody types
  listen(input, "blur", () => (input.value = shown));
  return {
    root: labelled(text, input),
    input,
    show(state) {
      shown = state[key];
      if (input.getRootNode().activeElement !== input) input.value = shown;
    },
    patch: () => (input.value === "" ? null : { [key]: Number(input.value) }), // not yet typed
  };
}

export function check(text, key) {
  const input = make("input", { type: "checkbox" });
  const root = make(
    "label",
    { className: "control check" },
    input,
    make("span", { textContent: text }),
  );
  return {
    root,
    input,
    show: (state) => (input.checked = state[key]),
    patch: () => ({ [key]: input.checked }),
  };
}

/** A slider of one key. */
export const number = (text, key, range, format = (x) => x) =>
  slider(text, range, {
    read: (state) => state[key],
    write: (x) => ({ [key]: x }),
    format: (state) => String(format(state[key])),
  });

/**
 * Hear a field: `change(patch)` is called while it moves, `release()` when it is let go. Not every
 * input is followed by a change: what is typed may be what was there before.
 */
export function hearField(field, change, release) {
  let moved = false;
  listen(field.input, "input", () => {
    const patch = field.patch();
    if (!patch) return;
    moved = true;
    change(patch);
  });
  for (const over of ["change", "blur"]) {
    listen(field.input, over, () => {
      if (moved) release();
      moved = false;
    });
  }
}
