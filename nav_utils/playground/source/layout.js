// The elements of a playground, without behaviour.

import { makeLink } from "../../browser/source/link.js";
import { box, make } from "../../browser/source/make.js";
import { PRESETS } from "./presets.js";

/** All elements, by name; `card` holds the others. */
export function layout(words) {
  const button = (name) => make("button", { type: "button", textContent: words[name] });
  const canvas = (className, label) =>
    make("canvas", { className, role: "img", "aria-label": label });
  const parts = {
    ground: canvas("", words.map.D),
    over: make("canvas", { "aria-hidden": "true" }),
    place: place(words),
    losses: canvas("losses", words.losses),
    rows: canvas("rows", words.rowsLabel),
    presets: make("select", {}, make("option", { value: "", textContent: words.noPreset })),
    said: make("p", { className: "said" }),
    at: make("p", { className: "note" }),
    note: make("p", { className: "note" }),
    trouble: make("p", { className: "problem", role: "alert", hidden: true }),
    live: make("p", { className: "hidden", "aria-live": "polite" }),
    controls: make("details", {}, make("summary", { textContent: words.controls })),
    link: makeLink(words),
    beside: box("beside"),
    slow: box(""),
    explorer: box("taken"),
  };
  for (const name of ["reset", "play", "step", "slowButton", "fit", "take"]) {
    parts[name] = button(name === "slowButton" ? "slow" : name);
  }
  for (const [value, { text }] of Object.entries(PRESETS)) {
    parts.presets.append(make("option", { value, textContent: text }));
  }
  Object.assign(parts, figures(canvas, words));
  parts.map = box("map", parts.ground, parts.over, parts.place);
  const shown = make("label", {}, make("span", { textContent: words.presets }), parts.presets);
  parts.route = box("route");
  const names = words.rowNames.map((text) => make("span", { textContent: text }));
  const digits = box("digits", box("names", ...names), parts.rows);
  parts.digits = digits;
  const { losses, slow, said, at, note } = parts;
  const side = box("side", losses, slow, said, at, note);
  parts.card = box(
    "card",
    parts.trouble,
    box("bar", shown, parts.reset),
    box("bar", parts.route, parts.play, parts.step, parts.slowButton, parts.fit, parts.take),
    box("top", parts.map, side, digits),
    parts.beside,
    parts.controls,
    parts.link.root,
    parts.live,
    parts.explorer,
  );
  parts.card.setAttribute("role", "group");
  parts.card.setAttribute("aria-label", words.title);
  parts.explorer.hidden = true;
  return parts;
}

/** The smaller figures, each with a sentence below: in the page while there is something to show. */
function figures(canvas, words) {
  const found = {};
  for (const name of ["fresh", "truth", "error", "reliability"]) {
    const text = words[name === "reliability" ? name : `${name}Map`];
    const picture = canvas("small", text);
    const caption = make("figcaption", { textContent: text });
    found[name] = picture;
    found[`${name}Figure`] = make("figure", { hidden: true }, picture, caption);
  }
  return found;
}

/** A place on the map that can be moved: to a screen reader a slider whose value is a sentence. */
function place(words) {
  const options = {
    className: "handle",
    role: "slider",
    tabIndex: 0,
    "aria-label": words.place,
    "aria-roledescription": words.placeRole,
  };
  return make("div", options, make("b", { textContent: "?" }));
}
