// The controls: each knows how it shows a state and what it changes in one.

import { make } from "./make.js";

const LOG_ETA = [-3, 2, 0.02]; // lowest, highest, step of log10(eta)

/** A label over a control and, for a slider, its value. */
function labelled(text, input, value) {
  const label = make("label", { className: "control" }, make("span", { textContent: text }));
  if (value) label.append(value);
  label.append(input);
  return label;
}

function slider(text, [min, max, step], { read, write, format }) {
  const input = make("input", { type: "range", min, max, step });
  const value = make("span", {}); // an output would take the label for itself
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

function menu(text, key, options, values = Object.keys(options)) {
  const input = make("select", {});
  for (const value of values) input.append(make("option", { value, textContent: options[value] }));
  return {
    root: labelled(text, input),
    input,
    show: (state) => (input.value = state[key]),
    patch: () => ({ [key]: input.value }),
  };
}

/** The level: what the method does without, that of 95 % of codes, or a number from a link. */
function levelMenu(meta, words) {
  const input = make("select", {});
  const [text, usual, typical, own] = words.level;
  return {
    root: labelled(text, input),
    input,
    show(state) {
      const score = state.method === "score";
      const known = score ? meta.log_q_95 : meta.level_95;
      const values = [
        ["", usual[score ? "score" : state.goal]],
        [known, typical(known)],
      ];
      if (state.level !== null && Math.abs(state.level - known) > 5e-3)
        values.push([state.level, own(state.level)]);
      input.replaceChildren(
        ...values.map(([value, label]) => make("option", { value, textContent: label })),
      );
      input.selectedIndex = state.level === null ? 0 : values.length - 1;
    },
    patch: () => ({ level: input.value === "" ? null : Number(input.value) }),
  };
}

function numberBox(text, key, { min, max }) {
  const input = make("input", { type: "number", min, max, step: 1 });
  let shown = ""; // where nobody types
  input.addEventListener("blur", () => (input.value = shown));
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

function check(text, key) {
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

const number = (text, key, range, format = (x) => x) =>
  slider(text, range, {
    read: (state) => state[key],
    write: (x) => ({ [key]: x }),
    format: (state) => String(format(state[key])),
  });

/** Which controls a method does not use. */
const UNUSED = {
  probability: [],
  logit: [],
  gauss_newton: [],
  score: ["goal", "eps"],
  string: ["planner", "goal", "level", "noise", "seed"],
};

/** All controls. `change(patch)` is called while one moves, `release()` when it is let go. */
export function makeControls(meta, limits, etas, words, change, release) {
  const parts = {
    proposal: menu(...fields("proposal", words)),
    planner: menu(...fields("planner", words)),
    method: menu(...fields("method", words), meta.methods),
    goal: menu(...fields("goal", words)),
    level: levelMenu(meta, words),
    eta: slider(words.eta, LOG_ETA, {
      read: (state) => Math.log10(state.eta),
      write: (x) => ({ eta: Number((10 ** x).toPrecision(3)) }),
      format: (state) => words.short(state.eta),
    }),
    eps: number(words.eps, "eps", [...limits.eps, 0.01], words.short),
    steps: number(words.steps, "steps", [...limits.steps, 1]),
    noise: number(words.noise, "noise", [...limits.noise, 0.005], words.short),
    points: number(words.points, "points", [...limits.points, 1]),
    seed: numberBox(words.seed, "seed", { min: limits.seed[0], max: limits.seed[1] }),
    classes: check(words.classes, "classes"),
  };
  const root = make("div", { className: "controls" });
  for (const [key, part] of Object.entries(parts)) {
    part.input.dataset.key = key;
    let moved = false;
    part.input.addEventListener("input", () => {
      const patch = part.patch();
      if (!patch) return;
      moved = true;
      // Steps of one method mean nothing to another: its own default, and its own level.
      if (key === "method") Object.assign(patch, { eta: etas[patch.method], level: null });
      change(patch);
    });
    // Not every input is followed by a change: what is typed may be what was there before.
    for (const over of ["change", "blur"]) {
      part.input.addEventListener(over, () => {
        if (moved) release();
        moved = false;
      });
    }
    root.append(part.root);
  }
  const show = (state) => {
    for (const [key, part] of Object.entries(parts)) {
      part.show(state);
      const unused = UNUSED[state.method].includes(key);
      part.input.disabled = unused;
      part.root.toggleAttribute("data-unused", unused);
      part.root.title = unused ? words.unused(state.method) : "";
    }
  };
  return { root, show };
}

function fields(key, words) {
  const [text, options] = words[key];
  return [text, key, options];
}
