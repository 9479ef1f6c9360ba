// The two hosts: a page without kernel calls `mount`, Jupyter and Colab call `render`.

import { DEFAULTS, ETA, clampState, fromQuery, toQuery } from "./state.js";
import { STATUS } from "./correction.js";
import { readPayload } from "./payload.js";
import { ending } from "./outcome.js";
import { View } from "./view.js";
import { linkTo } from "../../browser/source/link.js";
import { make } from "../../browser/source/make.js";
import { problem } from "../../browser/source/problem.js";
import { wordsFor } from "../../browser/source/words.js";
import { en } from "./words.en.js";

export const WORDS = { en };
export { readPayload };

const KEYS = Object.keys(DEFAULTS);
const spaces = new WeakMap(); // what was read, by its bytes: explorers of a page share it

function spaceOf(payload) {
  if (!spaces.has(payload)) spaces.set(payload, readPayload(payload));
  return spaces.get(payload);
}

/**
 * Put an explorer into an element of a page. What the element held, a still picture, stays for
 * those without script, and beneath the message should anything go wrong.
 *
 * @param {HTMLElement} el
 * @param {{payload: Uint8Array, state?: object, query?: ?string, id?: ?string}} options
 *   query: the part of a link that holds a state, null without one; it wins over `state`. id: of
 *   the element in links; null where no link can lead back.
 * @returns {?View} with `get`, `set`, `preset` and `destroy`; null where it could not start
 */
export function mount(el, { payload, state = {}, query = null, id = el.id }) {
  const words = wordsFor(el, WORDS);
  try {
    const space = spaceOf(payload);
    const start = clampState({ ...space.meta.start, ...state }, space.meta);
    const { state: first, faults } =
      query === null ? { state: start, faults: [] } : fromQuery(query, space.meta);
    const link = id && ((now) => ({ label: words.link, text: linkTo(id, toQuery(now)) }));
    const said = faults.length ? words.badLink(faults) : "";
    return new View(el, space, { start, first }, words, { link }, said);
  } catch (error) {
    problem(el, words.problem(error.message));
    return null;
  }
}

/** The same state as a line of Python; `call` is its beginning. */
function inPython(state, call) {
  const usual = { ...DEFAULTS, eta: ETA[state.method] };
  const spelled = { null: "None", true: "True", false: "False" };
  const given = KEYS.map((key) => [key, JSON.stringify(state[key]), JSON.stringify(usual[key])])
    .filter(([, text, usualText]) => text !== usualText)
    .map(([key, text]) => `, ${key}=${spelled[text] ?? text}`);
  return `${call}${given.join("")})`;
}

const pairs = (points) =>
  Array.from({ length: points.length / 2 }, (_, i) => [...points.subarray(2 * i, 2 * i + 2)]);

/** anywidget: traits and picture follow each other. */
function render({ model, el }) {
  const words = wordsFor(el, WORDS);
  // JupyterLab has shortcuts of its own on the arrow keys.
  const figure = make("div", { "data-lm-suppress-shortcuts": "true" });
  el.append(figure);
  try {
    const space = spaceOf(model.get("payload"));
    const given = Object.fromEntries(KEYS.map((key) => [key, model.get(key)]));
    const [start, first] = [space.meta.start, given].map((raw) => clampState(raw, space.meta));
    let writing = false;
    const view = new View(figure, space, { start, first }, words, {
      link: (now) => ({ label: words.python, text: inPython(now, model.get("call")) }),
      release(state, path) {
        writing = true;
        for (const key of KEYS) model.set(key, state[key]);
        model.set("path", pairs(path.points));
        model.set(
          "status",
          Array.from(path.status, (_, i) => ending(i, path, state)).map(
            (end) => STATUS[end] ?? end,
          ),
        );
        model.save_changes();
        writing = false;
      },
      decode: (points) => model.send({ decode: points }),
    });
    const hear = (said, buffers) => view.film.receive(said?.decoded, buffers?.[0]);
    // Only what has changed: an end that is being dragged has not come to Python yet.
    const follow = KEYS.map((key) => [
      `change:${key}`,
      () => writing || view.set({ [key]: model.get(key) }),
    ]);
    follow.push(["msg:custom", hear]);
    for (const [event, set] of follow) model.on(event, set);
    return () => {
      for (const [event, set] of follow) model.off(event, set);
      view.destroy();
    };
  } catch (error) {
    problem(figure, words.problem(error.message));
    return undefined;
  }
}

export default { render };
