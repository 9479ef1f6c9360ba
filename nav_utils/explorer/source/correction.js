// Correctors: move points until they are where they should be; nav_utils/steps.py, correction.py.
//
// A corrector is one small function from a point, its logit and the logit's gradient to a step.

import { standardNormal } from "../../browser/source/noise.js";
import { NORMAL } from "./prior.js";

/** How a correction ended, for one point, in the order of nav_utils.correction.Status. */
export const STATUS = [
  "inside", // nothing to repair: not moved
  "converged", // moved inside
  "max_steps", // the steps ran out
  "flat_gradient", // a step is too small to move the point
  "off_support", // inside by the logit, but neither prior nor codes have mass there
  "non_finite", // logit, gradient or step was not finite: back at the best place before
];
const [INSIDE, CONVERGED, MAX_STEPS, FLAT_GRADIENT, OFF_SUPPORT, NON_FINITE] = STATUS.keys();
const MOVING = -1; // no status yet

/** Whether the corrector gave up on a point. */
export const hasFailed = (status) => status > CONVERGED;

// ---- the methods: write the step of a point { x, y, gx, gy } with b = a - centre to move --------

/** Descent on (D - 1/2)^2, the update of the text: -eta 2 (D - 1/2) grad D. */
function probability({ gx, gy }, b, { eta }, move) {
  const d = sigmoid(b);
  const factor = -eta * 2 * (d - 0.5) * (d * sigmoid(-b)); // D (1 - D) grad a
  move[0] = factor * gx;
  move[1] = factor * gy;
}

/** Descent on a^2 / 2: no factor that dies where D is near 0 or 1; no longer than maxMove. */
function logit({ gx, gy }, b, { eta, maxMove }, move) {
  move[0] = -eta * b * gx;
  move[1] = -eta * b * gy;
  cap(move, maxMove);
}

/** The smallest move that solves the linearised a = 0; damped, and no longer than maxMove. */
function gaussNewton({ gx, gy }, b, { eta, damping, maxMove }, move) {
  const steepness = Math.max(gx * gx + gy * gy + damping, SMALLEST); // never 0 / 0
  move[0] = eta * ((-b * gx) / steepness);
  move[1] = eta * ((-b * gy) / steepness);
  cap(move, maxMove);
}

/** Ascent on log q = log p - a, no longer than maxMove. */
function score({ x, y, gx, gy }, b, { eta, maxMove, prior }, move) {
  prior.score(x, y, move);
  move[0] = eta * (move[0] - gx);
  move[1] = eta * (move[1] - gy);
  cap(move, maxMove);
}

const METHODS = { probability, logit, gauss_newton: gaussNewton, score };
const SMALLEST = 2.2250738585072014e-308; // normal number in float64

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** Shorten a move that is too long; divided first, as 1e200 has no square. */
function cap(move, longest) {
  const scale = Math.max(Math.abs(move[0]), Math.abs(move[1]), longest);
  const x = move[0] / scale;
  const y = move[1] / scale;
  const factor = longest / Math.max(Math.sqrt(x * x + y * y), longest / scale);
  move[0] = x * factor;
  move[1] = y * factor;
}

// ---- what is inside, and aimed at ---------------------------------------------------------------

/** How far a logit is from its centre at the rims: |D - 1/2| < eps means |a| < bandOf({ eps }). */
export const bandOf = ({ eps }) => 2 * Math.atanh(2 * eps);

/** { centre: the logit aimed at, excess(x, y, a): nats outside; 0 or less is inside }. */
export function aimOf({ method, goal, level, log_q_level, eps, logQ50, prior }) {
  const band = bandOf({ eps });
  if (method === "score") {
    const least = log_q_level ?? logQ50;
    return { centre: 0, excess: (x, y, a) => least - (prior.logProb(x, y) - a) };
  }
  if (goal === "below") {
    const greatest = level ?? band;
    return { centre: greatest - band, excess: (x, y, a) => a - greatest };
  }
  const centre = level ?? 0;
  return { centre, excess: (x, y, a) => Math.abs(a - centre) - band };
}

// ---- the loop -----------------------------------------------------------------------------------

/**
 * Correct each of the points, Float64Array(2n), alone.
 *
 * field: see payload.js. rule: { method, goal, level (of the logit, or null for the goal's own),
 * log_q_level (for the score, or null for logQ50), eta, eps, steps (at most), noise (standard deviation, added to every step), seed,
 * logQ50, prior = N(0, I) (see prior.js), noData(x, y), damping = 1e-3, maxMove = 0.5,
 * trace = false }.
 *
 * Returns { z: the best place that each point visited, status: Int8Array(n) (see STATUS), steps:
 * Int32Array(n), trace: null, or the places of all points after each step }.
 */
export const correct = (points, field, rule) => finished(correcting(points, field, rule));

/** What a generator returns at its end. */
export function finished(work) {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/** How often a field is asked, at most, between two pauses of a generator. */
export const SLICE = 32;

/** `correct` as a generator that pauses now and then. */
export function* correcting(points, field, rule) {
  const known = { ...rule, prior: rule.prior ?? NORMAL };
  const walk = { field, damping: 1e-3, maxMove: 0.5, ...known, ...aimOf(known) };
  const states = [];
  for (let i = 0; i < points.length / 2; i++) {
    if (i % SLICE === 0) yield;
    states.push(begin(points[2 * i], points[2 * i + 1], walk));
  }
  const trace = rule.trace ? [] : null;
  for (let number = 0; states.some(isMoving); number++) {
    for (let i = 0; i < states.length; i++) {
      if (i % SLICE === 0) yield;
      if (isMoving(states[i])) advance(states[i], i, number, walk);
    }
    trace?.push(flat(states, "x", "y"));
  }
  for (const state of states) {
    const content = state.status <= CONVERGED;
    const lost = content ? rule.noData(state.bestX, state.bestY) : isBeyondPrior(state, walk);
    if (lost) state.status = OFF_SUPPORT;
  }
  return {
    z: flat(states, "bestX", "bestY"),
    status: Int8Array.from(states, (state) => state.status),
    steps: Int32Array.from(states, (state) => state.steps),
    trace,
  };
}

/** Whether a point met what is not finite as the prior's density is 0: there, or a step ahead. */
function isBeyondPrior(state, walk) {
  if (state.status !== NON_FINITE) return false;
  METHODS[walk.method](state, state.a - walk.centre, walk, move);
  const isBare = (x, y) => Number.isFinite(x + y) && walk.prior.logProb(x, y) === -Infinity;
  const { x, y, shrink } = state;
  return isBare(x, y) || isBare(x + move[0] * shrink, y + move[1] * shrink);
}

const isMoving = (state) => state.status === MOVING;

const flat = (states, x, y) => Float64Array.from(states.flatMap((state) => [state[x], state[y]]));

const out = new Float64Array(3); // logit and gradient
const move = new Float64Array(2);

/** The state of a point before its first step. */
function begin(x, y, { field, excess, steps }) {
  field.evaluate(x, y, out);
  const [a, gx, gy] = out;
  const outside = excess(x, y, a);
  let status = outside <= 0 ? INSIDE : steps > 0 ? MOVING : MAX_STEPS;
  if (!Number.isFinite(outside + gx + gy)) status = NON_FINITE;
  return { x, y, a, gx, gy, shrink: 1, status, steps: 0, bestX: x, bestY: y, least: outside };
}

/** One step of a point that is still moving. */
function advance(state, stream, number, walk) {
  const b = state.a - walk.centre;
  METHODS[walk.method](state, b, walk, move);
  let dx = move[0] * state.shrink;
  let dy = move[1] * state.shrink;
  if (walk.noise) {
    const [noiseX, noiseY] = standardNormal(walk.seed, stream, number);
    dx += walk.noise * noiseX;
    dy += walk.noise * noiseY;
  }
  const x = state.x + dx;
  const y = state.y + dy;
  walk.field.evaluate(x, y, out);
  const [a, gx, gy] = out;
  const outside = walk.excess(x, y, a);
  state.steps++;

  const finite = Number.isFinite(x + y + gx + gy + outside);
  const stuck = x === state.x && y === state.y;
  let accepted = finite;
  if (walk.method === "gauss_newton") {
    accepted &&= Math.abs(a - walk.centre) < Math.abs(b); // else a shorter step from here
    state.shrink = accepted ? Math.min(2 * state.shrink, 1) : state.shrink / 2;
  }
  if (state.steps >= walk.steps) state.status = MAX_STEPS;
  if (accepted && outside <= 0) state.status = CONVERGED;
  if (stuck) state.status = FLAT_GRADIENT;
  if (!finite) state.status = NON_FINITE;
  if (!accepted) return;
  Object.assign(state, { x, y, a, gx, gy });
  if (outside < state.least) Object.assign(state, { bestX: x, bestY: y, least: outside });
}
