// The controls: each knows how it shows a state and what it changes in one.

import {
  check,
  hearField,
  labelled,
  menu,
  number,
  numberBox,
  slider,
} from "../../browser/source/fields.js";
import { box, make } from "../../browser/source/make.js";

const LOG_ETA = [-3, 2, 0.02]; // lowest, highest, step of log10(eta)

/** A level: what the method does without, that of 95 % of codes, or a number from a link. */
function levelMenu(key, known, words) {
  const input = make("select");
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

/** Which controls a method does not use; any other one, the level of log q. */
const UNUSED = {
  score: ["goal", "level", "eps"],
  string: ["planner", "goal", "level", "log_q_level", "eps", "noise", "seed"],
};

/**
 * { method, root, show(state) }: the choice of method, and all other controls. `change(patch)` is
 * called while one moves, `release()` when it is let go.
 */
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
    if (key !== "method") root.append(part.root);
    part.input.dataset.key = key;
    const changed = (patch) => {
      // Steps of one method mean nothing to another, which begins with its own.
      if (key === "method") patch.eta = etas[patch.method];
      change(patch);
    };
    hearField(part, changed, release);
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
  return { method: parts.method.root, root, show };
}

function fields(key, words) {
  const [text, options] = words[key];
  return [text, key, options];
}
