// How a point ended, what counts as inside, and which point is near the pointer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ending, nearestPoint, zone } from "../../nav_utils/explorer/source/outcome.js";

const STATUS = { status: ["inside", "converged", "max_steps", "inside"] };

test("the ends of a path are given, but for the target of a loop", () => {
  const ends = (state) => STATUS.status.map((_, i) => ending(i, STATUS, state));
  const all = ["given", "converged", "max_steps", "given"];
  assert.deepEqual(ends({ method: "logit", planner: "pointwise" }), all);
  assert.equal(ends({ method: "logit", planner: "stepwise" })[3], "inside");
  const stalled = { ...STATUS, walked: 2 };
  const loop = { method: "logit", planner: "stepwise" };
  assert.deepEqual(
    STATUS.status.map((_, i) => ending(i, stalled, loop)),
    ["given", "converged", "untried", "untried"],
  );
  const string = ["given", "unjudged", "unjudged", "given"];
  assert.deepEqual(ends({ method: "string", planner: "stepwise" }), string);
});

test("what counts as inside, as two values of D", () => {
  const close = (found, expected) =>
    found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-12, found));
  close(zone({ method: "logit", goal: "band", eps: 0.1 }), [0.4, 0.6]);
  close(zone({ method: "logit", goal: "below", eps: 0.1 }), [0, 0.6]);
  close(zone({ method: "logit", goal: "below", eps: 0.1, level: Math.log(4) }), [0, 0.8]);
  close(zone({ method: "string", goal: "band", eps: 0.2, level: 1 }), [0, 0.8]);
  assert.equal(zone({ method: "score", goal: "band", eps: 0.1 }), null);
});

test("the nearest point of two polygons, or none within reach", () => {
  const at = { x: (x) => 10 * x, y: (y) => -10 * y };
  const polygons = [Float64Array.of(0, 0, 1, 0), Float64Array.of(0, 1, 1, 1, 2, 1)];
  assert.equal(nearestPoint(polygons, at, 9, 1, 20), 1);
  assert.equal(nearestPoint(polygons, at, 21, -9, 20), 2);
  assert.equal(nearestPoint(polygons, at, 50, 50, 20), null);
});
