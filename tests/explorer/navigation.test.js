import assert from "node:assert/strict";
import test from "node:test";

import {
  evenlySpaced,
  navigate,
  navigateInSlices,
  tearsOf,
} from "../../nav_utils/explorer/source/navigation.js";
import { lerp, lerpAt } from "../../nav_utils/explorer/source/interpolation.js";
import { STATUS } from "../../nav_utils/explorer/source/correction.js";
import { HOLE } from "../../nav_utils/explorer/source/outcome.js";
import { readPrior } from "../../nav_utils/explorer/source/prior.js";
import { CHOICES, DEFAULTS, ETA, clampState } from "../../nav_utils/explorer/source/state.js";
import { en } from "../../nav_utils/explorer/source/words.en.js";
import { analytic, chance, golden, near, needsPayload, real } from "./support.js";

function compare(space, states, tolerance, options) {
  for (const { state: given, paths } of states) {
    const state = clampState(given, space.meta);
    const what = JSON.stringify(given);
    const found = navigate(state, space, options);
    assert.equal(found.paths.length, paths.length, what);
    paths.forEach((expected, i) => {
      const path = found.paths[i];
      near(path.points, expected.points, tolerance, what);
      assert.deepEqual([...path.status], expected.status, what);
      assert.deepEqual(
        [path.verdict, path.failed, path.outside, path.walked],
        [expected.verdict, expected.failed, expected.outside, expected.walked],
        what,
      );
      near([path.bottleneck], [expected.bottleneck], 30 * tolerance, `${what} bottleneck`);
      if (expected.bottleneck !== null) {
        near(path.bottleneckAt, expected.bottleneckAt, 10 * tolerance, `${what} its place`);
      }
      near([path.tear], [expected.tear], 100 * tolerance, `${what} tear`);
      const ratio = expected.lengthRatio ?? 1; // Python leaves 0 / 0 out
      near([path.lengthRatio], [ratio], 30 * tolerance, `${what} length`);
    });
    const bottlenecks = found.paths.map((path) => path.bottleneck);
    assert.ok(!(Math.max(...bottlenecks) > bottlenecks[found.best]), what);
  }
}

test("every planner, method and proposal gives Python's path on an analytic field", () => {
  compare(analytic, golden.paths.analytic, 1e-8);
});

test("with another prior every path is Python's, off its support too", () => {
  for (const { prior, paths } of golden.priors) {
    compare({ ...analytic, prior: readPrior(prior) }, paths, 1e-8);
  }
  const box = golden.priors.find(({ prior }) => prior.kind === "box").paths;
  const met = box.flatMap(({ paths }) => paths.flatMap(({ status }) => status));
  assert.ok(met.includes(STATUS.indexOf("off_support")));
});

test("without a prior that it can compute a path has no word on log q", () => {
  const state = clampState({ a: [1.1, -0.9], b: [-1.3, 0.6], points: 12 }, analytic.meta);
  const [path] = navigate(state, { ...analytic, prior: null }).paths;
  const [known] = navigate(state, analytic).paths;
  assert.deepEqual([path.bottleneck, path.bottleneckAt, path.verdict], [null, null, "reached"]);
  assert.deepEqual(path.points, known.points);
  assert.notEqual(known.bottleneck, null);
  const far = { ...state, b: [-3.4, 1] };
  assert.equal(navigate(far, { ...analytic, prior: null }).paths[0].verdict, "non_finite");
});

test("and with the shipped network within 1e-3", needsPayload, () => {
  compare(real, golden.paths.real, 1e-3, { exact: true });
});

test("the golden paths are of every method, planner, proposal and verdict", () => {
  for (const [key, words] of Object.entries(CHOICES)) {
    if (key === "goal") continue;
    const met = new Set(golden.paths.real.map(({ state }) => state[key] ?? DEFAULTS[key]));
    assert.deepEqual([...met].sort(), [...words].sort());
  }
  const all = [...golden.paths.real, ...golden.paths.analytic].flatMap(({ paths }) => paths);
  const verdicts = new Set(all.map(({ verdict }) => verdict));
  assert.deepEqual([...verdicts].sort(), ["infeasible", "non_finite", "reached", "stalled"]);
});

test("the grid leads to about the network's path", needsPayload, () => {
  const random = chance(5);
  for (const method of CHOICES.method) {
    const off = [];
    for (let k = 0; k < 6; k++) {
      const [a, b] = [0, 1].map(() => [4 * random() - 2, 4 * random() - 2]);
      const state = clampState({ method, a, b, points: 24 }, real.meta);
      const [quick, exact] = [false, true].map((network) =>
        navigate(state, real, { exact: network }),
      );
      quick.paths[0].points.forEach((x, i) => off.push(Math.abs(x - exact.paths[0].points[i])));
    }
    const median = off.sort((x, y) => x - y)[off.length >> 1];
    assert.ok(median < 0.005, `${method}: ${median}`);
  }
});

test("a whole path has all its parts", () => {
  for (const method of CHOICES.method) {
    for (const planner of CHOICES.planner) {
      const state = clampState(
        { method, planner, proposal: "arcs", points: 13, steps: 20 },
        analytic.meta,
      );
      const { paths, best } = navigate(state, analytic, { trace: true });
      assert.equal(paths.length, planner === "stepwise" && method !== "string" ? 1 : 2);
      assert.ok(best < paths.length);
      for (const path of paths) {
        for (const name of ["proposal", "points"]) assert.equal(path[name].length, 26, name);
        for (const name of ["aProposal", "a", "insideProposal", "inside", "status"]) {
          assert.equal(path[name].length, 13, name);
        }
        assert.deepEqual(
          [...path.proposal.subarray(0, 2), ...path.proposal.subarray(-2)],
          [...state.a, ...state.b],
        );
        assert.deepEqual([...path.points.subarray(0, 2)], state.a);
        assert.deepEqual(
          path.outside,
          [path.insideProposal, path.inside.subarray(0, path.walked)].map(
            (f) => f.length - f.filter(Boolean).length,
          ),
        );
        assert.ok(
          path.trace.length > 0 &&
            path.trace.every((z) => z instanceof Float64Array && z.length === 26),
        );
        if (method === "string" || planner === "stepwise")
          assert.deepEqual(path.trace.at(-1), path.points);
      }
    }
  }
  const state = { a: [-2, 0.3], b: [1.8, -0.27], method: "logit", points: 48 };
  const [path] = navigate(clampState(state, analytic.meta), analytic).paths;
  assert.ok(path.tears > 1);
  assert.equal(path.tears, tearsOf(path.points, path.proposal));
});

test("without being asked a path keeps no trace, and computes on the grid", () => {
  const network = { evaluate: () => assert.fail("asked the network") };
  const { paths } = navigate(clampState({}, analytic.meta), { ...analytic, exact: network });
  assert.equal(paths[0].trace, null);
  const grid = { evaluate: () => assert.fail("asked the grid") };
  navigate(
    clampState({}, analytic.meta),
    { ...analytic, exact: analytic.grid, grid },
    { exact: true },
  );
  navigate(clampState({}, analytic.meta), analytic, { exact: true }); // there is only the grid
});

test("with equal ends and nothing to do, a path is a point of length ratio and tear 1", () => {
  const state = clampState({ a: [1.2, 0.01], b: [1.2, 0.01], points: 8 }, analytic.meta);
  const [path] = navigate(state, analytic).paths;
  assert.deepEqual([path.lengthRatio, path.tear, path.verdict], [1, 1, "reached"]);
});

test("from a point to itself through another place is infinitely long", () => {
  const state = clampState({ a: [0.4, -0.3], b: [0.4, -0.3], points: 8 }, analytic.meta);
  assert.equal(navigate(state, analytic).paths[0].lengthRatio, Infinity);
});

test("the string ignores goal, level and noise, and all its points are evenly spaced", () => {
  const state = clampState({ method: "string", points: 20 }, analytic.meta);
  const [path] = navigate(state, analytic).paths;
  const other = { ...state, goal: "below", level: 2, noise: 0.3, planner: "stepwise" };
  assert.deepEqual(navigate(other, analytic).paths, [path]);
  assert.ok(path.tear < 1.05, path.tear);
  assert.ok(path.status.every((status) => status === 0));
});

test("the loop gives every step a noise of its own, from seeds up to the largest", () => {
  const state = clampState(
    { planner: "stepwise", noise: 0.1, seed: 2 ** 53 - 1, eta: 0.5 },
    analytic.meta,
  );
  const points = (seed) => [...navigate({ ...state, seed }, analytic).paths[0].points];
  assert.deepEqual(points(2 ** 53 - 1), points(2 ** 53 - 1));
  assert.notDeepEqual(points(2 ** 53 - 1), points(2 ** 53 - 2));
});

test("the loop's trace shows the path so far, the points to come on the newest", () => {
  const state = clampState({ planner: "stepwise", points: 14, method: "logit" }, analytic.meta);
  const { points, trace, walked } = navigate(state, analytic, { trace: true }).paths[0];
  assert.deepEqual([trace.length, walked], [26, 14]);
  trace.forEach((places, k) => {
    const [i, judged] = [1 + (k >> 1), k % 2]; // the point of this step; whether it was corrected
    near(places.subarray(0, 2 * (i + judged)), points.subarray(0, 2 * (i + judged)), 0);
    for (let j = i; j < 14; j++) near(places.subarray(2 * j, 2 * j + 2), places.slice(-2), 0);
    if (judged) return;
    const proposed = lerpAt(points.subarray(2 * i - 2, 2 * i), state.b, 1 / (14 - i));
    near(places.subarray(2 * i, 2 * i + 2), proposed, 0);
  });
  assert.ok(trace.some((places, k) => k % 2 && String(places) !== String(trace[k - 1])));
});

test("the loop stops where it is stuck", () => {
  const wall = { ...analytic, grid: { evaluate: (x, y, out) => out.set([50 * x, 50, 0]) } };
  const state = clampState(
    { a: [-1, 0], b: [1, 0], planner: "stepwise", points: 40, goal: "below" },
    analytic.meta,
  );
  const [path] = navigate(state, wall, { trace: true }).paths;
  assert.equal(path.verdict, "stalled");
  assert.ok(path.walked < 40 && path.trace.length === 2 * (path.walked - 1));
  near(path.points.subarray(2 * path.walked), path.points.slice(2 * path.walked - 2, -2), 0);
  const last = [...path.points.subarray(-2)];
  assert.deepEqual([...path.points.subarray(-12, -10)], last);
  assert.ok(last[0] < 0.1);
  assert.ok(path.outside[0] > 10 && path.outside[1] === 0, "of those that it came to");
  assert.deepEqual(path.holes, [path.aProposal.filter((a) => a > HOLE).length, 0]);
  // A level that lets points stay in a hole: those that were never tried are not counted.
  const [inHole] = navigate({ ...state, level: 5 }, wall, {}).paths;
  assert.ok(inHole.walked < 40 && inHole.a.at(-1) > HOLE);
  const came = inHole.a.subarray(0, inHole.walked);
  assert.equal(inHole.holes[1], came.filter((a) => a > HOLE).length);
  const told = en.told(path, state);
  assert.match(told, new RegExp(`points of the straight line lay in holes; of the ${path.walked} it`));
  assert.match(told, new RegExp(`It stalls at point ${path.walked} of 40 and never reaches B\\.$`));
  assert.match(en.words(path, state, -4), new RegExp(`of the ${path.walked} that it came to, 0 after`));
  // The points that were never tried bear the last one's status, and are no failures.
  const [tired] = navigate({ ...state, steps: 2, eta: 0.5 }, wall, {}).paths;
  const failures = [...tired.status.keys()].filter((i) => STATUS[tired.status[i]] === "max_steps");
  assert.ok(failures.some((i) => i >= tired.walked), "the loop stops at a point that fails");
  assert.equal(tired.failed, failures.filter((i) => i < tired.walked).length);
  const outside = [...tired.inside.keys()].filter((i) => !tired.inside[i]);
  assert.ok(outside.some((i) => i >= tired.walked));
  assert.equal(tired.outside[1], outside.filter((i) => i < tired.walked).length);
  assert.match(en.told(tired, state), new RegExp(` ${tired.failed} gave up \\(hollow`));
});

test("a path is torn where its gaps are long, once for each run of them", () => {
  const along = (...xs) => Float64Array.from(xs.flatMap((x) => [x, 0]));
  const line = along(...Array(10).keys()); // steps of 1
  assert.equal(tearsOf(line, line), 0);
  assert.equal(tearsOf(along(0, 0.5, 6, 12, 12.5, 13, 13.5, 19, 19.5, 20), line), 2);
  assert.equal(tearsOf(along(0, 4.9, 4.8, 9.7, 9.6, 9.5, 9.4, 9.3, 9.2, 9.1), line), 0);
  assert.equal(tearsOf(along(0, 6, 12, 18, 24, 30, 36, 42, 48, 54), line), 0, "long, yet even");
  assert.equal(tearsOf(along(0, 0, 0, 0, 0, 0, 0, 0, 4, 4), line), 0, "in bunches");
});

test("evenly spaced points lie on the polygon, ends included, at equal distances", () => {
  const polygon = Float64Array.of(0, 0, 3, 0, 3, 1, 3, 1, 3, 4);
  near(evenlySpaced(polygon, 8), [0, 0, 1, 0, 2, 0, 3, 0, 3, 1, 3, 2, 3, 3, 3, 4], 1e-14);
  const random = chance(1);
  const points = Float64Array.from({ length: 60 }, () => random());
  const spread = evenlySpaced(points, 500);
  assert.deepEqual(
    [...spread.subarray(0, 2), ...spread.subarray(-2)],
    [...points.subarray(0, 2), ...points.subarray(-2)],
  );
  near(evenlySpaced(lerp([0, 1], [2, 3], 9), 9), lerp([0, 1], [2, 3], 9), 1e-14);
  near(evenlySpaced(new Float64Array(10).fill(2), 6), new Float64Array(12).fill(2), 0);
});

test("fields that are not finite give a verdict and never an exception", () => {
  const bad = [NaN, Infinity, -Infinity].flatMap((a) => [
    [a, 0, 0],
    [1, a, 0],
    [a, a, a],
  ]);
  for (const values of bad) {
    const space = { ...analytic, grid: { evaluate: (x, y, out) => out.set(values) } };
    for (const method of CHOICES.method) {
      for (const planner of CHOICES.planner) {
        const state = clampState({ method, planner, points: 8, proposal: "arcs" }, analytic.meta);
        const { paths, best } = navigate(state, space, { trace: true });
        assert.ok(paths[best]);
        for (const path of paths) {
          assert.ok(path.points.every(Number.isFinite));
          if (!Number.isFinite(values[0])) assert.equal(path.verdict, "non_finite");
          if (method !== "string") assert.ok(path.status.includes(STATUS.indexOf("non_finite")));
        }
      }
    }
  }
});

test("in slices the result is the same, and no slice asks the field for long", () => {
  for (const method of CHOICES.method) {
    const state = clampState(
      { method, eta: ETA[method], proposal: "arcs", points: 40 },
      analytic.meta,
    );
    let asked = 0;
    const evaluate = (x, y, out) => analytic.grid.evaluate(x, y, out, asked++);
    const work = navigateInSlices(state, { ...analytic, grid: { evaluate } });
    let [most, step] = [0, { done: false }];
    while (!step.done) {
      asked = 0;
      step = work.next();
      most = Math.max(most, asked);
    }
    assert.deepEqual(step.value, navigate(state, analytic));
    assert.ok(most <= 32, `${method}: ${most} evaluations in a slice`);
  }
});
