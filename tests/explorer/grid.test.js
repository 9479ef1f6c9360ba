import assert from "node:assert/strict";
import test from "node:test";

import { bitAt, gridField, nodeMask } from "../../nav_utils/explorer/source/grid.js";
import { golden, near, needsPayload, real } from "./support.js";

const { n, low, high, scale, coefficients, points, values, bits, mask } = golden.grid;
const field = gridField(Int16Array.from(coefficients), n, low, high, scale);
const at = (some, x, y) => {
  const out = new Float64Array(3);
  some.evaluate(x, y, out);
  return [...out];
};

test("the value is scipy's, on nodes, edges and corners too", () => {
  const found = values.map((_, i) => at(field, points[2 * i], points[2 * i + 1])[0]);
  near(found, values, 1e-11);
});

test("the gradient is the slope of the value", () => {
  const h = 1e-5;
  for (let i = 0; i < 24; i++) {
    const [x, y] = points.slice(2 * i, 2 * i + 2);
    const slope = (dx, dy) =>
      (at(field, x + dx, y + dy)[0] - at(field, x - dx, y - dy)[0]) / (2 * h);
    near(at(field, x, y).slice(1), [slope(h, 0), slope(0, h)], 1e-6);
  }
});

test("value and gradient have no jump from cell to cell", () => {
  const tiny = 1e-10;
  for (let i = 1; i < n - 1; i++) {
    const node = low + (i * (high - low)) / (n - 1);
    near(at(field, node - tiny, 0.3), at(field, node + tiny, 0.3), 1e-6);
    near(at(field, 0.3, node - tiny), at(field, 0.3, node + tiny), 1e-6);
  }
});

test("it is flat across its edge, and beyond as at the nearest point", () => {
  for (const edge of [low, high]) {
    const [a, ax, ay] = at(field, edge, 0.7);
    near([ax], [0], 1e-10);
    assert.ok(Math.abs(ay) > 0.1); // not flat along it
    near(at(field, 3 * edge, 0.7), [a, 0, ay], 1e-10);
    near(at(field, 0.7, 3 * edge), at(field, 0.7, edge), 1e-10);
    near(at(field, 3 * edge, 99 * edge), at(field, edge, edge), 1e-10);
  }
});

test("a place that is no number has a value that is none, and causes no exception", () => {
  for (const [x, y] of [
    [NaN, 0],
    [0, NaN],
    [NaN, NaN],
  ])
    assert.ok(Number.isNaN(at(field, x, y)[0]));
  for (const x of [Infinity, -Infinity]) at(field, x, x);
});

test("a mask answers for the nearest node, row by row, and at the edge beyond it", () => {
  const marked = nodeMask(Uint8Array.from(bits), n, low, high);
  const step = (high - low) / (n - 1);
  mask.forEach((bit, k) => {
    const [x, y] = [low + (k % n) * step, low + Math.floor(k / n) * step];
    assert.equal(bitAt(bits, k), Boolean(bit));
    assert.equal(marked(x + 0.4 * step, y - 0.4 * step), Boolean(bit), `node ${k}`);
  });
  assert.equal(marked(low - 99, low - 99), Boolean(mask[0]));
  assert.equal(marked(high + 99, high + 99), Boolean(mask.at(-1)));
  assert.equal(marked(NaN, NaN), Boolean(mask[0]));
});

test(
  "the shipped grid is the network within what it promises, and so is its slope",
  needsPayload,
  () => {
    assert.ok(real.meta.grid_error <= 0.005);
    const D = (a) => 1 / (1 + Math.exp(-a));
    const { points: places } = golden.network;
    for (let i = 0; i < places.length; i += 2) {
      const [x, y] = [places[i], places[i + 1]];
      if (Math.abs(x) > real.meta.radius || Math.abs(y) > real.meta.radius || real.noData(x, y))
        continue;
      const [a, ...gradient] = at(real.grid, x, y);
      const [exact, ...exactGradient] = at(real.exact, x, y);
      near([D(a)], [D(exact)], real.meta.grid_error, `D at ${x}, ${y}`);
      const steep = Math.hypot(...exactGradient);
      near(gradient, exactGradient, 0.5 + 0.2 * steep, `slope at ${x}, ${y}`);
    }
  },
);
