// The two hosts: a page without kernel calls `mount`, Jupyter and Colab call `render`.

import { linkTo } from "../../browser/source/link.js";
import { make } from "../../browser/source/make.js";
import { problem } from "../../browser/source/problem.js";
import { wordsFor } from "../../browser/source/words.js";
import { connect } from "./connect.js";
import { DEFAULTS, clamped } from "./protocol.js";
import { fromQuery, toQuery } from "./state.js";
import { View } from "./view.js";
import { en } from "./words.en.js";

export const WORDS = { en };

const opener = (digits) => (report) => connect(report, { digits });

/** Show a space that was packed in an explorer, in `element`; module: promise of explorer.js. */
async function explore(module, payload, element) {
  const { mount } = await module;
  const inner = make("div");
  element.replaceChildren(inner);
  if (!mount(inner, { payload, id: null })) throw new Error("no explorer");
}

/**
 * Put a playground into an element of a page. What the element held, a still picture, stays for
 * those without script, and beneath the message should anything go wrong.
 *
 * @param {HTMLElement} el
 * @param {{payload: Uint8Array, state?: object, query?: ?string, id?: string, load: (figure:
 *   string) => Promise}} options payload: the digits; query: the part of a link that holds settings,
 *   null without one, which wins over `state`; load: gives the module "explorer".
 * @returns {?View} with `get`, `set`, `preset` and `destroy`; null where it could not start
 */
export function mount(el, { payload, state = {}, query = null, id = el.id, load }) {
  const words = wordsFor(el, WORDS);
  try {
    const asked = query === null ? { settings: clamped(state), faults: [] } : fromQuery(query);
    const said = asked.faults.length ? words.badLink(asked.faults) : "";
    const host = {
      link: (now) => ({ label: words.link, text: linkTo(id, toQuery(now)) }),
      async take({ payload: packed }, element) {
        await explore(load("explorer"), packed, element);
        return words.taken;
      },
    };
    return new View(el, opener(payload), asked.settings, words, host, said);
  } catch (error) {
    problem(el, words.problem(error.message));
    return null;
  }
}

// ---- anywidget ----------------------------------------------------------------------------------

/** The trait of a setting: nav_utils/playground/state.py has the same names. */
const traitOf = (key) =>
  key === "lambda" ? "weight" : key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const KEYS = Object.keys(DEFAULTS);

/** The same settings as a line of Python. */
function inPython(settings) {
  const given = KEYS.filter((key) => settings[key] !== DEFAULTS[key]);
  const words = given.map((key) => `${traitOf(key)}=${JSON.stringify(settings[key])}`);
  return `Playground(${words.join(", ")})`;
}

/** The module whose text is given. */
function moduleOf(text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return import(address).finally(() => URL.revokeObjectURL(address));
}

/** Traits and settings follow each other; a space that is taken goes to Python too. */
function render({ model, el }) {
  const words = wordsFor(el, WORDS);
  // JupyterLab has shortcuts of its own on the arrow keys.
  const figure = make("div", { "data-lm-suppress-shortcuts": "true" });
  el.append(figure);
  try {
    const read = () =>
      clamped(Object.fromEntries(KEYS.map((key) => [key, model.get(traitOf(key))])));
    let writing = false;
    const write = (values) => {
      writing = true;
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      model.save_changes();
      writing = false;
    };
    const host = {
      link: (now) => ({ label: words.python, text: inPython(now) }),
      changed: (now) => write(Object.fromEntries(KEYS.map((key) => [traitOf(key), now[key]]))),
      told({ step, playing }) {
        if (!playing) write({ step });
      },
      async take({ space, payload }, element) {
        model.send({ trained: true }, undefined, [space.slice().buffer]);
        await explore(moduleOf(model.get("explorer")), payload, element);
        return `${words.takenPython} ${words.taken}`;
      },
    };
    const digits = model.get("digits");
    const bytes = new Uint8Array(digits.buffer, digits.byteOffset, digits.byteLength);
    const view = new View(figure, opener(bytes), read(), words, host);
    const follow = () => {
      if (writing) return;
      const [now, wanted] = [view.get(), read()];
      const changed = KEYS.filter((key) => now[key] !== wanted[key]);
      if (changed.length) view.set(Object.fromEntries(changed.map((key) => [key, wanted[key]])));
    };
    for (const key of KEYS) model.on(`change:${traitOf(key)}`, follow);
    return () => view.destroy();
  } catch (error) {
    problem(figure, words.problem(error.message));
    return undefined;
  }
}

export default { render };
