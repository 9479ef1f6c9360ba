// The controls: each knows how it shows a state and what it changes in one.

import { box, listen, make } from "./make.js";

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

/** A level: what the method does without, that of 95 % of codes, or a number from a link. */
function levelMenu(key, known, words) {
  const input = make("select", {});
  const [text, usual] = words[key];
  return {
    root: labelled(text, input),
    input,
    show(state) {
      const level = state[key];
      const values = [
        ["", usual[state.goal] ?? usual],
        [known, words.typical(known)],
      ];
      if (level !== null && Math.abs(level - known) > 5e-3) values.push([level, words.own(level)]);
      input.replaceChildren(
        ...values.map(([value, label]) => make("option", { value, textContent: label })),
      );
      input.selectedIndex = level === null ? 0 : values.length - 1;
    },
    patch: () => ({ [key]: input.value === "" ? null : Number(input.value) }),
  };
}

function numberBox(text, key, { min, max }) {
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

/** Which controls a method does not use; any other one, the level of log q. */
const UNUSED = {
  score: ["goal", "level", "eps"],
  string: ["planner", "goal", "level", "log_q_level", "noise", "seed"],
};

/** All controls. `change(patch)` is called while one moves, `release()` when it is let go. */
export function makeControls(meta, limits, etas, words, change, release) {
  const parts = {
    proposal: menu(...fields("proposal", words)),
    planner: menu(...fields("planner", words)),
    method: menu(...fields("method", words), meta.methods),
    goal: menu(...fields("goal", words)),
    level: levelMenu("level", meta.level_95, words),
    log_q_level: levelMenu("log_q_level", meta.log_q_95, words),
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
  if (!meta.methods.includes("score")) delete parts.log_q_level;
  const root = box("controls");
  for (const [key, part] of Object.entries(parts)) {
    part.input.dataset.key = key;
    let moved = false;
    listen(part.input, "input", () => {
      const patch = part.patch();
      if (!patch) return;
      moved = true;
      // Steps of one method mean nothing to another, which begins with its own.
      if (key === "method") patch.eta = etas[patch.method];
      change(patch);
    });
    // Not every input is followed by a change: what is typed may be what was there before.
    for (const over of ["change", "blur"]) {
      listen(part.input, over, () => {
        if (moved) release();
        moved = false;
      });
    }
    root.append(part.root);
  }
  const show = (state) => {
    for (const [key, part] of Object.entries(parts)) {
      part.show(state);
      const unused = (UNUSED[state.method] ?? ["log_q_level"]).includes(key);
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
