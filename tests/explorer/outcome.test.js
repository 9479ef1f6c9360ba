// How a point ended, what counts as inside, and which point is near the pointer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { classPlaces } from "../../nav_utils/explorer/source/map.js";
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

test("a class is named where most of its codes are by themselves, and the ends are not", () => {
  const clouds = { 3: [-2, -1], 8: [2, 1] };
  const [codes, labels] = [[], []];
  for (const [label, [x, y]] of Object.entries(clouds)) {
    for (let i = 0; i < 25; i++) {
      codes.push(x + 0.05 * (i % 5), y + 0.05 * Math.floor(i / 5));
      labels.push(Number(label));
    }
    codes.push(0, 0); // where both classes are
    labels.push(Number(label));
  }
  const space = (start) => ({
    codes: Float64Array.from(codes),
    labels: Uint8Array.from(labels),
    meta: { radius: 3.5, start },
  });
  const far = { a: [3, -3], b: [-3, 3] };
  const found = classPlaces(space(far));
  assert.deepEqual(
    found.map(([label]) => label),
    [3, 8],
  );
  for (const [label, x, y] of found) {
    assert.ok(Math.hypot(x - clouds[label][0], y - clouds[label][1]) < 0.4, `${label}: ${x}, ${y}`);
  }
  const [, x, y] = classPlaces(space({ ...far, a: [-2, -1] }))[0];
  assert.ok(Math.hypot(x + 2, y + 1) > 3.5 / 8, "beside the end");
  const one = { ...space(far), labels: Uint8Array.from(labels, () => 3) };
  assert.deepEqual(classPlaces(one), []);
});
