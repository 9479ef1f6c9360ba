// Paths from A to B through places where there are codes; nav_utils/navigation.py.

import { SLICE, aimOf, correcting, finished, hasFailed } from "./correction.js";
import { HOLE } from "./outcome.js";
import { arcs, lerp, lerpAt, linspace, mix, slerp, slerpAt } from "./interpolation.js";

/**
 * The paths of a state (see state.js) in a space (see payload.js): one, or both arcs.
 *
 * options: exact, to ask the ratio's network instead of the grid, where there is one; trace, to
 * keep the places after every step. Returns { paths, best: the index of the path whose bottleneck
 * is higher }. A path of n points:
 *
 *     proposal, points          Float64Array(2n), before and after
 *     aProposal, a              Float64Array(n), their logits
 *     insideProposal, inside    Uint8Array(n), 1 where the rule of the correction is met
 *     outside                   [before, after], how many are not inside
 *     holes                     [before, after], how many lie where a is above HOLE
 *     walked                    how many points it came to: of a loop that stalls, not all
 *     status                    Int8Array(n), see STATUS; 0 where no point is corrected alone
 *     failed                    how many the corrector gave up on
 *     bottleneck, bottleneckAt  the lowest log p - a on a dense look, in nats, and [x, y], where;
 *                               null twice where the page cannot compute the prior
 *     verdict                   "reached", "stalled" (not at B), "infeasible" (the bottleneck is
 *                               below the level of 95 % of codes and both ends) or "non_finite"
 *     lengthRatio               length over that of the straight line
 *     tear                      the largest gap between neighbours over the median gap
 *     tears                     in how many places it is torn, see `tearsOf`
 *     trace                     null, or a Float64Array(2n) for every step
 */
export const navigate = (state, space, options) =>
  finished(navigateInSlices(state, space, options));

/** `navigate` as a generator that pauses at least after every SLICE evaluations. */
export function* navigateInSlices(state, space, { exact = false, trace = false } = {}) {
  const field = (exact && space.exact) || space.grid;
  const task = { state, field, space, trace };
  const paths = [];
  for (const proposal of proposals(state)) {
    const planned = yield* plannerOf(state)(proposal, task);
    paths.push({ proposal, ...planned, ...(yield* judged(proposal, planned, task)) });
  }
  const second = paths.length > 1 && paths[1].bottleneck > paths[0].bottleneck;
  return { paths, best: second ? 1 : 0 };
}

const plannerOf = ({ method, planner }) => (method === "string" ? string : PLANNERS[planner]);

/** What is drawn before anything is corrected: geometry only. */
function proposals(state) {
  const { a, b, proposal, points } = state;
  if (proposal === "linear") return [lerp(a, b, points)];
  const both = proposal === "arcs" && plannerOf(state) !== stepwise; // which takes the shorter one
  return both ? arcs(a, b, points) : [slerp(a, b, points)];
}

// ---- the planners: generators from a proposal to { points, status, trace } ----------------------

const PLANNERS = { pointwise, stepwise };

/** Correct every point of the proposal on its own; the ends stay. */
function* pointwise(proposal, task) {
  const found = yield* correcting(proposal.subarray(2, -2), task.field, ruleOf(task));
  const withEnds = (inner) => {
    const points = proposal.slice();
    points.set(inner, 2);
    return points;
  };
  const status = new Int8Array(proposal.length / 2);
  status.set(found.status, 1);
  return { points: withEnds(found.z), status, trace: found.trace?.map(withEnds) ?? null };
}

/** The rule of a correction that a state describes. */
const ruleOf = ({ state, space, trace }) => ({
  ...state,
  logQ50: space.meta.log_q_50,
  prior: space.prior,
  noData: space.noData,
  trace,
});

const PATIENCE = 10;

/**
 * The loop of the text: propose a step to B, evaluate, correct; repeat.
 *
 * The step is a share 1 / (steps left) of the remaining way. A path that in ten steps moves by
 * less than one even step stays where it is: else the last proposals would leap over what they
 * could not pass. The trace has two entries for a step: as proposed, as corrected; the points that
 * are still to come lie on the newest one.
 */
function* stepwise(proposal, task) {
  const { a, b, seed, points: n } = task.state;
  const at = task.state.proposal === "linear" ? lerpAt : slerpAt;
  const rule = { ...ruleOf(task), trace: false };
  const even = distance(a, b) / (n - 1);
  const patience = Math.min(PATIENCE, Math.floor((n - 1) / 2));
  const points = new Float64Array(2 * n);
  const status = new Int8Array(n);
  const trace = task.trace ? [] : null;
  const place = (i) => points.subarray(2 * i, 2 * i + 2);
  for (let i = 0; i < n; i++) place(i).set(a);
  const upTo = (i, z) => {
    for (let later = i; later < n; later++) place(later).set(z);
    trace?.push(points.slice());
  };
  let walked = 1;
  for (let stuck = false; walked < n && !stuck; walked++) {
    const i = walked;
    const tried = Float64Array.from(at(place(i - 1), b, 1 / (n - i))); // propose
    upTo(i, tried);
    const options = { ...rule, seed: BigInt(seed) + BigInt(i - 1) }; // may leave the 53 bits
    const found = yield* correcting(tried, task.field, options); // evaluate, correct
    upTo(i, found.z);
    status.fill(found.status[0], i);
    stuck = i > patience && distance(place(i), place(i - patience)) < even;
  }
  return { points, status, trace, walked };
}

const LOOK = 6; // steps between two looks

/**
 * Move points up log q, and space them evenly along the path, repeatedly; ends stay.
 *
 * The step grows while the path goes on in one direction, up to the spacing, and is halved when it
 * turns back. It ends when in six steps no point has moved by more than the spacing, though the
 * step was not too small to see it.
 */
function* string(proposal, { state, field, space: { prior }, trace }) {
  const n = proposal.length / 2;
  const frames = trace ? [] : null;
  const out = new Float64Array(3);
  const score = new Float64Array(2);
  let [points, seen, step] = [proposal, proposal, state.eta];
  let last = []; // where the step before led; none did: NaN, which is not below 0
  let tried = false; // whether steps were not too small
  for (let number = 1; number <= state.steps; number++) {
    const force = new Float64Array(2 * n); // the gradient of log q
    const spacing = sum(gapsOf(points)) / (n - 1);
    let pull = 0;
    for (let i = 2; i < 2 * n - 2; i += 2) {
      if ((i / 2) % SLICE === 1) yield;
      field.evaluate(points[i], points[i + 1], out);
      prior.score(points[i], points[i + 1], score);
      const f = [score[0] - out[1], score[1] - out[2]];
      if (!Number.isFinite(f[0] + f[1])) continue; // stay
      force.set(f, i);
      pull += length(...f) / (n - 2);
    }
    const most = spacing / pull || 0;
    const longest = step >= most || !pull;
    step = Math.min(step, most);
    const factor = (i) => Math.min(step, spacing / length(force[i], force[i ^ 1]) || 0);
    const after = evenlySpaced(
      points.map((x, i) => x + force[i] * factor(i)),
      n,
    );
    const move = after.map((x, i) => x - points[i]);
    const turned = sum(move.map((x, i) => x * last[i])) < 0;
    tried ||= turned || longest;
    step *= turned ? 0.5 : 1.5;
    [points, last] = [after, move];
    frames?.push(points);
    if (number % LOOK) continue;
    const far = (x, i) => length(x - seen[i], points[i ^ 1] - seen[i ^ 1]) > spacing;
    if (tried && !points.some(far)) break;
    [seen, tried] = [points, false];
  }
  return { points, status: new Int8Array(n), trace: frames };
}

/** n points, Float64Array(2n), at equal distances along the polygon through points. */
export function evenlySpaced(points, n) {
  const gaps = gapsOf(points);
  const m = gaps.length;
  const along = new Float64Array(m + 1);
  for (let i = 0; i < m; i++) along[i + 1] = along[i] + gaps[i];
  const spread = new Float64Array(2 * n);
  let right = 1; // the end of the piece that holds the wanted place
  linspace(n).forEach((t, i) => {
    const wanted = along[m] * t;
    while (right < m && along[right] <= wanted) right++;
    const piece = along[right] - along[right - 1];
    const share = piece > 0 ? Math.min(Math.max((wanted - along[right - 1]) / piece, 0), 1) : 0;
    const from = 2 * right - 2;
    spread[2 * i] = mix(points[from], points[from + 2], share);
    spread[2 * i + 1] = mix(points[from + 1], points[from + 3], share);
  });
  spread.set(points.subarray(0, 2));
  spread.set(points.subarray(-2), 2 * n - 2);
  return spread;
}

// ---- what became of a path ----------------------------------------------------------------------

/** The entries of a path that do not depend on how it was found. */
function* judged(proposal, { points, status, walked = status.length }, { state, field, space }) {
  // The string knows neither goal nor level: it is measured by the holes that it crosses.
  const rule = state.method === "string" ? { ...state, goal: "below", level: HOLE } : state;
  const { excess } = aimOf({ ...rule, logQ50: space.meta.log_q_50, prior: space.prior });
  const insideOf = (z, a) => Uint8Array.from(a, (x, i) => excess(z[2 * i], z[2 * i + 1], x) <= 0);
  const aProposal = yield* logits(proposal, field);
  const a = yield* logits(points, field);
  const insideProposal = insideOf(proposal, aProposal);
  const inside = insideOf(points, a);
  return {
    aProposal,
    a,
    insideProposal,
    inside,
    outside: [insideProposal, inside.subarray(0, walked)].map((all) => all.length - sum(all)),
    holes: [aProposal, a.subarray(0, walked)].map((all) => all.filter((x) => x > HOLE).length),
    walked,
    failed: status.subarray(0, walked).filter(hasFailed).length,
    tears: tearsOf(points, proposal),
    ...(yield* verdictOn(points, state, field, space)),
    ...shapeOf(points, distance(state.a, state.b)),
  };
}

function* logits(points, field) {
  const out = new Float64Array(3);
  const values = new Float64Array(points.length / 2);
  for (let i = 0; i < values.length; i++) {
    if (i % SLICE === 0) yield;
    field.evaluate(points[2 * i], points[2 * i + 1], out);
    values[i] = out[0];
  }
  return values;
}

/** The verdict, from a look between the points too. */
function* verdictOn(points, { b }, field, { prior, meta }) {
  const dense = evenlySpaced(points, Math.max(400, 2 * points.length));
  const a = yield* logits(dense, field);
  const logP = (i) => (prior ? prior.logProb(dense[2 * i], dense[2 * i + 1]) : 0);
  const values = a.map((x, i) => logP(i) - x);
  const bottleneck = Math.min(...values); // NaN if there is one
  const where = values.findIndex((x) => Object.is(x, bottleneck));
  const level = Math.min(values[0], values.at(-1), meta.log_q_95) - 1e-4;
  const arrived = distance(points.subarray(-2), b) <= 1e-6 * (1 + length(...b));
  let verdict = prior && bottleneck < level ? "infeasible" : "reached";
  if (!arrived) verdict = "stalled";
  if (!values.every(Number.isFinite)) verdict = "non_finite";
  if (!prior) return { bottleneck: null, bottleneckAt: null, verdict };
  return { bottleneck, bottleneckAt: [dense[2 * where], dense[2 * where + 1]], verdict };
}

/** 1 and 1 for a straight, evenly spaced path; where it stood still is left out of the median. */
function shapeOf(points, straight) {
  const gaps = gapsOf(points).sort();
  const moves = gaps.filter((gap) => gap > 0);
  return {
    lengthRatio: moves.length || straight ? sum(gaps) / straight : 1,
    tear: moves.length ? moves.at(-1) / moves[(moves.length - 1) >> 1] : 1,
  };
}

const TORN = 5; // so many times the usual step

/**
 * Runs of gaps that are longer than TORN of the proposal's even steps, and than TORN median gaps:
 * a string that is longer than the line is not torn, nor are points that lie in bunches.
 */
export function tearsOf(points, proposal) {
  const gaps = gapsOf(points);
  const even = sum(gapsOf(proposal)) / gaps.length;
  const moves = gaps.filter((gap) => gap > 0).sort();
  const usual = Math.max(even, moves[(moves.length - 1) >> 1] ?? 0);
  const torn = gaps.map((gap) => gap > TORN * usual);
  return torn.filter((is, i) => is && !torn[i - 1]).length;
}

// ---- lengths ------------------------------------------------------------------------------------

const length = (x, y) => Math.sqrt(x * x + y * y);
const distance = (p, q) => length(p[0] - q[0], p[1] - q[1]);
const sum = (numbers) => numbers.reduce((total, x) => total + x, 0);

/** Distances between neighbours, Float64Array(n - 1). */
const gapsOf = (points) =>
  new Float64Array(points.length / 2 - 1).map((_, i) =>
    length(points[2 * i + 2] - points[2 * i], points[2 * i + 3] - points[2 * i + 1]),
  );
