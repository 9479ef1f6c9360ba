// The two hosts: a page without kernel calls `mount`; Jupyter and Colab call `render` of the default export.

import { clampState, fromQuery, toQuery } from "./state.js";
import { readPayload } from "./payload.js";
import { View } from "./view.js";
import { problem } from "./problem.js";
import { en } from "./words.en.js";

export const WORDS = { en };
export { readPayload };

const KEYS = [
  "a",
  "b",
  "proposal",
  "planner",
  "method",
  "side",
  "level",
  "eta",
  "eps",
  "steps",
  "noise",
  "seed",
  "points",
  "classes",
];
const spaces = new WeakMap(); // from a payload's bytes to what was read: explorers of one page share it

function spaceOf(payload) {
  if (!spaces.has(payload)) spaces.set(payload, readPayload(payload));
  return spaces.get(payload);
}

function wordsFor(el) {
  const language = el.closest("[lang]")?.lang?.slice(0, 2);
  return WORDS[language] ?? en;
}

/**
 * Put an explorer into an element of a page. What the element held, a static figure, stays for those without script, and
 * beneath the message should anything go wrong.
 *
 * @param {HTMLElement} el
 * @param {{payload: Uint8Array, state?: object, query?: ?string, id?: string}} options
 *   query: the part of a link that holds a state, null without one; it wins over `state`.
 * @returns {{get: () => object, set: (patch: object) => void, preset: (name: string) => void, destroy: () => void}}
 */
export function mount(el, { payload, state = {}, query = null, id = el.id }) {
  const words = wordsFor(el);
  try {
    const space = spaceOf(payload);
    const start = clampState({ ...space.meta.start, ...state }, space.meta);
    const first = query === null ? start : fromQuery(query, space.meta);
    return new View(el, space, { start, first }, words, {
      link: (now) => ({ label: words.link, text: linkTo(id, toQuery(now)) }),
    });
  } catch (error) {
    problem(el, words.problem(error.message));
    return null;
  }
}

function linkTo(id, query) {
  const address = new URL(location.href);
  address.hash = `${id}?${query}`;
  return address.href;
}

/** The same state as a line of Python. */
function inPython(state, start) {
  const literal = (x) =>
    Array.isArray(x)
      ? `(${x.map(literal).join(", ")})`
      : x === null
        ? "None"
        : typeof x === "boolean"
          ? x
            ? "True"
            : "False"
          : JSON.stringify(x);
  const changed = KEYS.filter((key) => JSON.stringify(state[key]) !== JSON.stringify(start[key]));
  return `Explorer(space${changed.map((key) => `, ${key}=${literal(state[key])}`).join("")})`;
}

/** anywidget: traits and picture follow each other. */
function render({ model, el }) {
  const words = wordsFor(el);
  const figure = document.createElement("div");
  el.append(figure);
  const read = () => Object.fromEntries(KEYS.map((key) => [key, model.get(key)]));
  try {
    const space = spaceOf(model.get("payload"));
    const start = clampState(read(), space.meta);
    let writing = false;
    const view = new View(figure, space, { start, first: start }, words, {
      link: (now) => ({ label: words.python, text: inPython(now, clampState({}, space.meta)) }),
      release(state, path) {
        writing = true;
        for (const key of KEYS) model.set(key, state[key]);
        model.set(
          "path",
          Array.from({ length: path.points.length / 2 }, (_, i) => [
            path.points[2 * i],
            path.points[2 * i + 1],
          ]),
        );
        model.set(
          "status",
          Array.from(path.status, (code) => STATUS_WORDS[code]),
        );
        model.save_changes();
        writing = false;
      },
    });
    const follow = () => {
      if (!writing) view.set(clampState(read(), space.meta));
    };
    for (const key of KEYS) model.on(`change:${key}`, follow);
    return () => view.destroy();
  } catch (error) {
    problem(figure, words.problem(error.message));
    return undefined;
  }
}

const STATUS_WORDS = [
  "inside",
  "converged",
  "max_steps",
  "flat_gradient",
  "off_support",
  "non_finite",
];

export default { render };
