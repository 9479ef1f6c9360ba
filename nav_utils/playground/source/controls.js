// The controls: the settings of a run, which act at once.

import { hearField, menu, numberBox, slider } from "../../browser/source/fields.js";
import { box } from "../../browser/source/make.js";
import { FRESH, LIMITS } from "./protocol.js";
import { unused } from "./state.js";

// Sliders by the logarithm: lowest and highest power of ten; where 0 is meant, the lowest is 0.
const POWERS = {
  lambda: [-1, 3],
  beta: [-2, 2],
  penalty: [-3, 1],
  learningRate: [-5, 0],
  discriminatorRate: [-2, 2],
  generatorRate: [-3, 2],
  tiny: [-12, -3],
};
const STEPS = [60, 3000, 60];
const DECAY = [0.01, 1, 0.01];

/** A slider whose value is a power of ten; the lowest place is 0 where 0 is allowed. */
function logSlider(key, words) {
  const [low, high] = POWERS[key];
  const zero = LIMITS[key][0] === 0;
  const from = zero ? low - 0.05 : low;
  return slider(words.names[key], [from, high, 0.05], {
    read: (s) => (s[key] > 0 ? Math.max(Math.log10(s[key]), low) : from),
    write: (x) => ({ [key]: zero && x < low - 0.02 ? 0 : Number((10 ** x).toPrecision(2)) }),
    format: (s) => words.short(s[key]),
  });
}

const plainSlider = (key, range, words) =>
  slider(words.names[key], range, {
    read: (s) => s[key],
    write: (x) => ({ [key]: x }),
    format: (s) => words.short(s[key]),
  });

/** A menu of numbers or words; a value of one's own (from a link) is an option too. */
function choice(key, words, isNumber) {
  const field = menu(words.names[key], key, words.options[key]);
  const { input } = field;
  return {
    ...field,
    show(s) {
      const value = String(s[key]);
      if (![...input.options].some((option) => option.value === value)) {
        input.append(new Option(value, value));
      }
      input.value = value;
    },
    patch: () => ({ [key]: isNumber ? Number(input.value) : input.value }),
  };
}

/**
 * { route, root, show(settings) }: the choice of route, and all other settings. `change(patch)` is
 * called while one moves, `release()` when it is let go.
 */
export function makeControls(words, change, release) {
  const fields = {
    objective: choice("objective", words),
    data: choice("data", words),
    lambda: logSlider("lambda", words),
    beta: logSlider("beta", words),
    penalty: logSlider("penalty", words),
    learningRate: logSlider("learningRate", words),
    discriminatorRate: logSlider("discriminatorRate", words),
    optimisers: choice("optimisers", words),
    generatorRate: logSlider("generatorRate", words),
    tiny: logSlider("tiny", words),
    steps: plainSlider("steps", STEPS, words),
    decay: plainSlider("decay", DECAY, words),
    speed: choice("speed", words, true),
    seed: numberBox(words.names.seed, "seed", { min: 0, max: LIMITS.seed[1] }),
  };
  const root = box("controls");
  for (const [key, field] of Object.entries(fields)) {
    field.input.dataset.key = key;
    hearField(field, change, release);
    if (key !== "objective") root.append(field.root);
  }
  const show = (settings) => {
    const idle = unused(settings);
    for (const [key, field] of Object.entries(fields)) {
      field.show(settings);
      field.input.disabled = idle.includes(key);
      field.root.toggleAttribute("data-unused", idle.includes(key));
      field.root.title = idle.includes(key) ? words.unused : "";
    }
  };
  return { route: fields.objective.root, root, show };
}

/** Whether a change of these settings begins a fresh model. */
export const isFresh = (patch, before) =>
  Object.keys(patch).some((key) => FRESH.includes(key) && patch[key] !== before[key]) ||
  ("objective" in patch &&
    patch.objective !== before.objective &&
    [patch.objective, before.objective].includes("variational"));
