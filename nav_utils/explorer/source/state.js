// The explorer's state: flat, JSON; keys, defaults and limits are those of
// nav_utils/explorer/state.py.

import { fault } from "../../browser/source/link.js";

/** The usual step size of each method. */
export const ETA = Object.freeze({
  probability: 1,
  logit: 0.05,
  gauss_newton: 1,
  score: 0.02,
  string: 0.01,
});

export const DEFAULTS = Object.freeze({
  a: Object.freeze([1.5, -1.8]),
  b: Object.freeze([-0.9, 0.4]),
  proposal: "linear",
  planner: "pointwise",
  method: "gauss_newton",
  goal: "band",
  level: null, // of the logit, nats; null: the goal's own
  log_q_level: null, // of log q, for the score; null: that of the median code
  eta: ETA.gauss_newton,
  eps: 0.1,
  steps: 50,
  noise: 0,
  seed: 0,
  points: 48,
  classes: false,
});

/** What a word may be. */
export const CHOICES = Object.freeze({
  proposal: ["linear", "slerp", "arcs"],
  planner: ["pointwise", "stepwise"],
  method: Object.keys(ETA),
  goal: ["band", "below"],
});

/** The least and the greatest number; the coordinates of a and b are within the map's radius. */
export const LIMITS = Object.freeze({
  level: [-10, 10],
  log_q_level: [-10, 10],
  eta: [0.001, 100],
  eps: [0.01, 0.45],
  steps: [0, 400],
  noise: [0, 0.5],
  seed: [0, Number.MAX_SAFE_INTEGER],
  points: [8, 96],
});

const WHOLE = ["steps", "seed", "points"];

/**
 * The whole state that anything describes: numbers out of range moved to the nearest end, defaults
 * for what is missing or makes no sense (eta's is that of the method), unknown keys dropped.
 * meta: { radius, methods (that there are for this space; all if not given) }. Never throws.
 */
export function clampState(raw, { radius, methods = CHOICES.method }) {
  const given = typeof raw === "object" && raw !== null ? raw : {};
  const state = {};
  for (const key of Object.keys(DEFAULTS)) {
    let value = Object.hasOwn(given, key) ? valueOf(key, given[key], radius) : undefined;
    if (key === "method" && !methods.includes(value)) value = undefined;
    const usual = key === "eta" ? ETA[state.method] : valueOf(key, DEFAULTS[key], radius);
    state[key] = value ?? usual;
  }
  return state;
}

/** The value in range; undefined if it makes no sense. */
function valueOf(key, value, radius) {
  if (key === "a" || key === "b") {
    const pair = Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
    return pair ? value.map((x) => within(x, -radius, radius)) : undefined;
  }
  if (key === "classes") return typeof value === "boolean" ? value : undefined;
  if (Object.hasOwn(CHOICES, key)) return CHOICES[key].includes(value) ? value : undefined;
  if (value === null && DEFAULTS[key] === null) return null;
  if (!Number.isFinite(value)) return undefined;
  const number = within(value, ...LIMITS[key]);
  return WHOLE.includes(key) ? Math.round(number) : number;
}

const within = (x, low, high) => Math.min(Math.max(x, low), high) + 0; // -0 + 0 is 0

/** What differs from the defaults, as "a=1.2,-1.8&method=score"; a and b to four decimals. */
export function toQuery(state) {
  const usual = { ...DEFAULTS, eta: ETA[state.method] };
  if (state.method === "score" && state.level !== null) usual.log_q_level = ""; // see fromQuery
  return Object.keys(DEFAULTS)
    .filter((key) => word(state[key]) !== word(usual[key]))
    .map((key) => `${key}=${word(state[key])}`)
    .join("&");
}

function word(value) {
  if (Array.isArray(value)) return value.map((x) => Number(x.toFixed(4))).join(",");
  return String(typeof value === "boolean" ? Number(value) : value);
}

/**
 * { state: the whole one that the query of a link describes, faults: what makes no sense in it }.
 * Never throws.
 */
export function fromQuery(text, meta) {
  const [raw, faults] = [{}, []];
  for (const [key, word] of new URLSearchParams(text)) {
    const value = Object.hasOwn(DEFAULTS, key) ? read(key, word) : undefined;
    const known = key !== "method" || (meta.methods ?? CHOICES.method).includes(value);
    if (known && value !== undefined && valueOf(key, value, meta.radius) !== undefined) {
      raw[key] = value;
    } else faults.push(fault(key, word));
  }
  // Before there was log_q_level, the score's level was called `level`, in links too.
  if (raw.method === "score" && !("log_q_level" in raw)) {
    raw.log_q_level = raw.level;
    delete raw.level;
  }
  return { state: clampState(raw, meta), faults };
}

/** A value out of a word of a link; of none that makes sense, anything. */
function read(key, word) {
  if (key === "a" || key === "b") return word.split(",").map(number);
  if (key === "classes") return { 0: false, 1: true }[word];
  if (Object.hasOwn(CHOICES, key)) return word;
  return word === "null" ? null : number(word);
}

const number = (text) => (text.trim() === "" ? NaN : Number(text));
