import assert from "node:assert/strict";
import test from "node:test";

import {
  arcs,
  lerp,
  lerpAt,
  linspace,
  slerp,
  slerpAt,
} from "../../nav_utils/explorer/source/interpolation.js";
import { golden, near } from "./support.js";

/** Equal up to rounding, relative to the larger end. */
function same(actual, expected, { a, b }, what) {
  const size = Math.max(...[...a, ...b].map(Math.abs), 1);
  near(actual, expected, 1e-12 * size, `${what} from ${a} to ${b}`);
}

for (const [name, path] of Object.entries({ lerp, slerp })) {
  test(`${name} is Python's, for antipodes, zero vectors and near-parallel ones too`, () => {
    for (const pair of golden.interpolation) same(path(pair.a, pair.b, 8), pair[name], pair, name);
  });
}

test("arcs are Python's, and the straight line where an end has no direction", () => {
  for (const pair of golden.interpolation) {
    const found = arcs(pair.a, pair.b, 8);
    assert.equal(found.length, pair.arcs.length);
    found.forEach((path, i) => same(path, pair.arcs[i], pair, `arc ${i}`));
  }
});

test("every path has its ends exactly", () => {
  const pairs = [
    [
      [0.1, 0.7],
      [-1.3, 1e-3],
    ],
    [
      [1 / 3, -2],
      [5, 0.1],
    ],
    [
      [0, 0],
      [0.1, 0.2],
    ],
  ];
  for (const [a, b] of pairs) {
    for (const path of [lerp(a, b, 7), slerp(a, b, 7), ...arcs(a, b, 7)]) {
      assert.ok(path instanceof Float64Array && path.length === 14);
      assert.deepEqual([...path.subarray(0, 2), ...path.subarray(-2)], [...a, ...b]);
    }
  }
});

test("one point of a path is where the path has it", () => {
  const [a, b] = [
    [1.5, -1.8],
    [-0.9, 0.4],
  ];
  linspace(9).forEach((t, i) => {
    near(lerpAt(a, b, t), lerp(a, b, 9).subarray(2 * i, 2 * i + 2), 1e-15);
    near(slerpAt(a, b, t), slerp(a, b, 9).subarray(2 * i, 2 * i + 2), 1e-15);
  });
});

test("the norm of an arc changes linearly", () => {
  for (const arc of arcs([3, 0], [0, -1], 5)) {
    const norms = [0, 1, 2, 3, 4].map((i) => Math.hypot(arc[2 * i], arc[2 * i + 1]));
    near(norms, [3, 2.5, 2, 1.5, 1], 1e-14);
  }
});

test("linspace is symmetric and ends at 1", () => {
  for (const n of [2, 3, 48, 400]) {
    const t = linspace(n);
    assert.equal(t[0], 0);
    assert.equal(t[n - 1], 1);
    near(
      t,
      t.map((_, i) => 1 - t[n - 1 - i]),
      1e-16,
    );
  }
});
