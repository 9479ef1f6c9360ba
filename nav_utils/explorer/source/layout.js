// The elements of an explorer, without behaviour.

import { makeLink } from "../../browser/source/link.js";
import { box, make } from "../../browser/source/make.js";

export const SHOWN = 12; // decoded images in a row

/** All elements, by name; `card` holds the others. */
export function layout(meta, words) {
  const parts = {
    ...figures(meta, words),
    ...sentences(words),
    presets: make("select", {}, make("option", { value: "", textContent: words.noPreset })),
    reset: make("button", { type: "button", textContent: words.reset }),
    slowButton: make("button", { type: "button", textContent: words.slow }),
    method: box("method"),
    controls: box(""),
    slow: box(""),
    a: handle("A", meta, words),
    b: handle("B", meta, words),
    table: table(words),
  };
  for (const [name, { text }] of Object.entries(meta.presets)) {
    parts.presets.append(make("option", { value: name, textContent: text }));
  }
  parts.map = box("map", parts.ground, parts.over, parts.a, parts.b);
  parts.film = box("film", parts.rows, parts.column);
  const names = words.rows.map((text) => make("span", { textContent: text }));
  const digits = box("digits", box("names", ...names), parts.film);
  const { curve, slow, said, point, note, numbers, images } = parts;
  const hint = make("p", { className: "hint", textContent: words.hint });
  const side = box("side", said, slow, curve, hint);
  const plane = box("plane", parts.map, legend(words));
  const shown = make("label", {}, make("span", { textContent: words.presets }), parts.presets);
  shown.hidden = Object.keys(meta.presets).length === 0;
  parts.card = make(
    "div",
    { className: "card", role: "group", "aria-label": words.title },
    parts.trouble,
    box("bar", parts.method, parts.slowButton),
    box("top", plane, digits, side),
    fold(words.more, box("bar", shown, parts.reset), parts.controls, parts.link.root),
    fold(words.numbers, numbers, point, note, images),
    parts.table,
    parts.live,
  );
  return parts;
}

const fold = (text, ...children) =>
  make("details", {}, make("summary", { textContent: text }), ...children);

/** What the colours and lines of the map are. */
const legend = (words) =>
  make(
    "ul",
    { className: "legend" },
    ...Object.entries(words.legend).map(([name, text]) =>
      make("li", {}, make("i", { className: name }), text),
    ),
  );

/** Canvases, each with its alternative text. */
function figures({ image: [, height, width] }, words) {
  const canvas = (options) => make("canvas", { role: "img", ...options });
  return {
    ground: canvas({ "aria-label": words.map }),
    over: make("canvas", { "aria-hidden": "true" }),
    curve: canvas({ className: "curve", "aria-label": words.curve }),
    rows: canvas({
      className: "rows",
      "aria-label": words.rowsLabel,
      width: SHOWN * (width + 1) - 1,
      height: 2 * height + 1,
      "data-large": width > 40,
    }),
    column: make("i", { hidden: true }),
  };
}

/** What is said about the figure, and the link. */
function sentences(words) {
  return {
    trouble: make("p", { className: "problem", role: "alert", hidden: true }),
    said: make("p", { className: "said" }),
    numbers: make("p", { className: "numbers" }),
    point: make("p", { className: "point" }),
    note: make("p", { className: "note" }),
    images: make("p", { className: "images" }),
    live: make("p", { className: "hidden", "aria-live": "polite" }),
    link: makeLink(words),
  };
}

/** A point that can be dragged: to a screen reader a slider whose value is a sentence. */
function handle(name, { radius }, words) {
  return make(
    "div",
    {
      className: "handle",
      role: "slider",
      tabIndex: 0,
      "aria-label": words.handle(name),
      "aria-roledescription": words.handleRole,
      "aria-valuemin": -radius,
      "aria-valuemax": radius,
    },
    make("b", { textContent: name }),
  );
}

function table(words) {
  const heads = words.columns.map((text) => make("th", { textContent: text, scope: "col" }));
  const whole = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody"));
  const region = { className: "scroll", tabIndex: 0, role: "group", "aria-label": words.table };
  const summary = make("summary", { textContent: words.table });
  return make("details", {}, summary, make("div", region, whole));
}
