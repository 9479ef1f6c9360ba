import assert from "node:assert/strict";
import test from "node:test";

import {
  STATUS,
  aimOf,
  correct,
  correcting,
  hasFailed,
} from "../../nav_utils/explorer/source/correction.js";
import { NORMAL } from "../../nav_utils/explorer/source/prior.js";
import { analytic, analyticField, golden, near, needsPayload, real } from "./support.js";

const BASE = {
  method: "logit",
  goal: "band",
  level: null,
  log_q_level: null,
  eta: 0.05,
  eps: 0.1,
  steps: 40,
  noise: 0,
  seed: 0,
  logQ50: -2.2,
  noData: analytic.noData,
};
const code = (word) => STATUS.indexOf(word);
const at = (field, x, y, rule) => correct(Float64Array.of(x, y), field, { ...BASE, ...rule });
const constant = (a, gx = 0, gy = 0) => ({ evaluate: (x, y, out) => out.set([a, gx, gy]) });
const slope = { evaluate: (x, y, out) => out.set([x, 1, 0]) }; // a = x

function compare(space, field, { starts, cases }, tolerance) {
  for (const { rule, z, status, steps } of cases) {
    const what = JSON.stringify(rule);
    const whole = { ...rule, logQ50: space.meta.log_q_50, noData: space.noData };
    const found = correct(Float64Array.from(starts), field, whole);
    near(found.z, z, tolerance, what);
    assert.deepEqual([...found.status], status, what);
    assert.deepEqual([...found.steps], steps, what);
  }
}

test("every method, goal, level and noise gives Python's points on an analytic field", () => {
  compare(analytic, analyticField, golden.corrections.analytic, 1e-9);
});

test("and with the shipped network within 1e-3", needsPayload, () => {
  compare(real, real.exact, golden.corrections.real, 1e-3);
});

test("the golden corrections meet every status", () => {
  const met = golden.corrections.analytic.cases.flatMap(({ status }) => status);
  assert.deepEqual([...new Set(met)].sort(), [...STATUS.keys()]);
});

test("the trace is Python's, step by step; who has arrived stays", () => {
  const { starts, trace } = golden.trace;
  const rule = { ...BASE, eta: 0.1, steps: 9, noise: 0.02, seed: 5, trace: true };
  const found = correct(Float64Array.from(starts), analyticField, rule);
  assert.ok(Math.min(...found.steps) + 2 < Math.max(...found.steps));
  assert.equal(found.trace.length, trace.length);
  trace.forEach((places, k) => near(found.trace[k], places, 1e-9, `after step ${k + 1}`));
  found.steps.forEach((steps, i) => {
    const places = found.trace.slice(steps - 1).map((z) => [...z.subarray(2 * i, 2 * i + 2)]);
    for (const place of places) assert.deepEqual(place, places[0]);
  });
  assert.equal(correct(Float64Array.from(starts), analyticField, BASE).trace, null);
});

test("a point alone, in company or in another order goes the same way", () => {
  const { starts } = golden.corrections.analytic;
  const whole = correct(Float64Array.from(starts), analyticField, BASE);
  for (let i = 0; i < starts.length / 2; i++) {
    const alone = correct(Float64Array.from(starts.slice(2 * i, 2 * i + 2)), analyticField, BASE);
    assert.deepEqual([...alone.z], [...whole.z.subarray(2 * i, 2 * i + 2)]);
    assert.equal(alone.status[0], whole.status[i]);
  }
});

test("seed and place make the noise, the start does not change", () => {
  const points = Float64Array.of(0.4, -0.3, 0.4, -0.3);
  const run = (seed) => [...correct(points, analyticField, { ...BASE, noise: 0.1, seed }).z];
  assert.deepEqual(run(1), run(1));
  assert.notDeepEqual(run(1), run(2));
  assert.notDeepEqual(run(1).slice(0, 2), run(1).slice(2));
  assert.deepEqual([...points], [0.4, -0.3, 0.4, -0.3]);
});

test("one step of each method is the formula of the text", () => {
  const [a, gx, gy, x, y] = [1.5, 0.3, -0.4, 0.5, 0.25];
  const step = (rule) => at(constant(a, gx, gy), x, y, { steps: 1, trace: true, ...rule }).trace[0];
  const D = 1 / (1 + Math.exp(-a));
  const p = 2 * 0.7 * (D - 0.5) * D * (1 - D);
  near(step({ method: "probability", eta: 0.7 }), [x - p * gx, y - p * gy], 1e-14);
  near(step({ method: "logit", eta: 0.1 }), [x - 0.1 * a * gx, y - 0.1 * a * gy], 1e-14);
  const s = [x + 0.1 * (-x - gx), y + 0.1 * (-y - gy)];
  near(step({ method: "score", eta: 0.1, log_q_level: 9 }), s, 1e-14);
  // gauss_newton takes the step only where |a| falls.
  const linear = { evaluate: (u, v, out) => out.set([a + gx * (u - x) + gy * (v - y), gx, gy]) };
  const n = (0.5 * a) / (0.25 + 2);
  const options = {
    method: "gauss_newton",
    eta: 0.5,
    damping: 2,
    steps: 1,
    eps: 0.01,
    trace: true,
  };
  near(at(linear, x, y, options).trace[0], [x - n * gx, y - n * gy], 1e-14);
});

test("no step is longer than maxMove, whatever its size; the text's has no limit", () => {
  const moved = (method, size, maxMove) => {
    const field = { evaluate: (x, y, out) => out.set([2 * size - 1e-9 * x, size, size]) };
    const rule = { method, steps: 1, eta: 1, maxMove, log_q_level: 1e300 };
    const [x, y] = at(field, 0, 0, { ...rule, trace: true }).trace[0];
    return Math.hypot(x, y);
  };
  for (const size of [10, 1e100, 1e200]) {
    near([moved("score", size, 0.5), moved("score", size, 0.01)], [0.5, 0.01], 1e-12, `${size}`);
    near([moved("logit", Math.sqrt(size), 0.5)], [0.5], 1e-12, `${size}`);
  }
  assert.ok(moved("probability", 3, 0.01) > 0.01);
});

test("gauss_newton shortens a step that does not help, and goes on from where it was", () => {
  const kink = { evaluate: (x, y, out) => out.set([Math.abs(x) + 1, x < 0 ? -0.1 : 0.1, 0]) };
  const { trace, steps } = at(kink, 0.2, 0, { method: "gauss_newton", steps: 6, trace: true });
  assert.equal(steps[0], 6);
  const places = trace.map((z) => z[0]);
  assert.ok(
    places.every((x, i) => Math.abs(x) <= Math.abs(i ? places[i - 1] : 0.2)),
    places.join(),
  );
  assert.equal(places[0], 0.2); // the other side of the kink is worse
  assert.ok(Math.abs(places[5]) < 0.2);
});

test("the best place is kept, not the last", () => {
  const { z, status, trace } = at(slope, 1, 0, {
    eta: 1.97,
    steps: 3,
    eps: 0.01,
    maxMove: 9,
    trace: true,
  });
  near(
    trace.map((points) => points[0]),
    [-0.97, 0.9409, -0.912673],
    1e-12,
  ); // it leaps over 0
  near(z, [-0.912673, 0], 1e-12);
  const worse = at(slope, 1, 0, { eta: 2.2, steps: 3, eps: 0.01, maxMove: 9 });
  near(worse.z, [1, 0], 0);
  assert.equal(status[0], code("max_steps"));
});

test("statuses say how it ended", () => {
  const status = (field, x, y, rule) => STATUS[at(field, x, y, rule).status[0]];
  assert.equal(status(slope, 0, 0), "inside");
  assert.equal(status(slope, 2, 0, { eta: 0.5 }), "converged");
  assert.equal(status(slope, 2, 0, { steps: 0 }), "max_steps");
  assert.equal(status(slope, 0, 0, { steps: 0 }), "inside");
  assert.equal(status(constant(2), 1, 0), "flat_gradient");
  assert.equal(status(slope, 0, 3), "off_support");
  assert.equal(status(slope, 2, 2, { eta: 0.5 }), "converged");
  assert.equal(status(slope, 2, 3, { eta: 0.5 }), "off_support");
  for (const bad of [NaN, Infinity, -Infinity]) {
    assert.equal(status(constant(bad), 1, 0), "non_finite");
    assert.equal(status(constant(2, bad), 1, 0), "non_finite");
    assert.equal(status(constant(2, 1, bad), 1, 0), "non_finite");
  }
  const cliff = { evaluate: (x, y, out) => out.set([x < 1 ? NaN : x, 1, 0]) };
  const over = at(cliff, 1.5, 0, { eta: 0.5 });
  assert.deepEqual([over.status[0], ...over.z], [code("non_finite"), 1, 0]);
  assert.deepEqual(
    STATUS.filter((_, i) => hasFailed(i)),
    STATUS.slice(2),
  );
});

test("what is inside depends on method, goal and level", () => {
  const prior = NORMAL;
  const inside = (rule, a, x = 0, y = 0) => aimOf({ ...BASE, prior, ...rule }).excess(x, y, a) <= 0;
  const band = 2 * Math.atanh(0.2);
  for (const [rule, low, high] of [
    [{}, -band, band],
    [{ level: 1 }, 1 - band, 1 + band],
    [{ goal: "below" }, -Infinity, band],
    [{ goal: "below", level: 1 }, -Infinity, 1],
    [{ goal: "below", level: 0 }, -Infinity, 0],
  ]) {
    assert.equal(inside(rule, high - 1e-9), true);
    assert.equal(inside(rule, high + 1e-9), false);
    assert.equal(inside(rule, Math.max(low, -99) + 1e-9), true);
    assert.equal(inside(rule, low - 1e-9), low === -Infinity);
    assert.equal(inside(rule, NaN), false);
  }
  for (const [level, edge] of [
    [null, -2.2],
    [-4, -4],
    [0, 0],
  ]) {
    const rule = { method: "score", log_q_level: level };
    const a = NORMAL.logProb(1, -2) - edge; // there log q is the level itself
    assert.equal(inside(rule, a - 1e-9, 1, -2), true);
    assert.equal(inside(rule, a + 1e-9, 1, -2), false);
  }
  near([NORMAL.logProb(1, -2)], [-2.5 - Math.log(2 * Math.PI)], 1e-14);
  assert.equal(aimOf({ ...BASE, goal: "below", level: 1 }).centre, 1 - band);
  assert.equal(aimOf({ ...BASE, goal: "below" }).centre, 0);
});

test("a correction pauses with every step, and ends as the one without pauses", () => {
  const work = correcting(Float64Array.of(0.4, -0.3), analyticField, BASE);
  let [pauses, step] = [0, work.next()];
  for (; !step.done; step = work.next()) pauses++;
  assert.deepEqual(step.value, correct(Float64Array.of(0.4, -0.3), analyticField, BASE));
  assert.equal(pauses, 1 + step.value.steps[0]);
});

test("no points are no error", () => {
  const found = correct(new Float64Array(0), analyticField, BASE);
  assert.deepEqual([found.z.length, found.status.length], [0, 0]);
});
