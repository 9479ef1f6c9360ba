import assert from "node:assert/strict";
import test from "node:test";

import { atlas } from "../../nav_utils/explorer/source/atlas.js";
import { readPayload } from "../../nav_utils/explorer/source/payload.js";
import { near, packed, small } from "./support.js";

const [NODES, RADIUS, SHAPE] = [3, 2, [3, 2, 9]]; // a tile is filled up to 8 x 16 pixels

/** A sheet whose colour c in tile (i, j), row r, column k has a value of its own. */
const value = (i, j, c, r, k) => 80 * i + 30 * j + 10 * c + 5 * r + k;
function sheet() {
  const data = new Uint8ClampedArray(4 * NODES * 16 * NODES * 8).fill(255); // what fills up: 255
  for (let i = 0; i < NODES; i++)
    for (let j = 0; j < NODES; j++)
      for (let r = 0; r < 2; r++)
        for (let k = 0; k < 9; k++)
          for (let c = 0; c < 3; c++)
            data[4 * ((8 * i + r) * NODES * 16 + 16 * j + k) + c] = value(i, j, c, r, k);
  return { width: NODES * 16, height: NODES * 8, data };
}
const facts = { nodes: NODES, error: 1.5 };
const opened = async () => {
  const found = atlas(null, facts, SHAPE, RADIUS, async () => sheet());
  assert.equal(found.decode(Float64Array.of(0, 0)), null, "before it is open");
  await found.open();
  return found;
};
const whole = (i, j) => {
  const numbers = [];
  for (let c = 0; c < 3; c++) {
    for (let r = 0; r < 2; r++) for (let k = 0; k < 9; k++) numbers.push(value(i, j, c, r, k));
  }
  return numbers;
};

test("at a node an image is that of its tile: rows by y, columns by x", async () => {
  const { decode } = await opened();
  for (const [i, j] of [
    [0, 0],
    [2, 1],
    [1, 2],
    [2, 2],
  ]) {
    assert.deepEqual([...decode(Float64Array.of(2 * j - 2, 2 * i - 2))], whole(i, j));
  }
});

test("between nodes it is blended of four, and beyond the map as at its edge", async () => {
  const { decode } = await opened();
  const images = decode(Float64Array.of(0.5, -1.5, 9, -99)); // j = 1.25, i = 0.25
  assert.equal(images.length, 2 * 3 * 2 * 9);
  near([...images.subarray(0, 54)], whole(0.25, 1.25), 0.51);
  assert.deepEqual([...images.subarray(54)], whole(0, 2));
});

test("it is opened once, and a sheet of another size is told", async () => {
  let times = 0;
  const once = atlas(null, facts, SHAPE, RADIUS, async () => (times++, sheet()));
  await Promise.all([once.open(), once.open()]);
  assert.equal(times, 1);
  const other = atlas(null, { nodes: 4, error: 1 }, SHAPE, RADIUS, async () => sheet());
  await assert.rejects(other.open(), /expected 64 x 32 pixels, got 48 x 24/);
  assert.equal(other.decode(Float64Array.of(0, 0)), null);
  const [wider, taller] = [
    [3, 2, 17],
    [3, 9, 9],
  ].map((shape) => atlas(null, facts, shape, RADIUS, async () => sheet()));
  await assert.rejects(wider.open(), /expected 72 x 24 pixels, got 48 x 24/);
  await assert.rejects(taller.open(), /expected 48 x 48 pixels, got 48 x 24/);
});

test("a payload has the decoder or an atlas", () => {
  assert.equal(readPayload(packed(small())).atlas, null);
  const parts = small();
  for (const name of Object.keys(parts.tensors))
    if (name.startsWith("decoder.")) delete parts.tensors[name];
  parts.tensors.atlas = ["U8", [3], Uint8Array.of(1, 2, 3)];
  parts.meta.atlas = { nodes: 5, size: [1, 3], error: 2.5 };
  const { atlas: found, decode } = readPayload(packed(parts));
  assert.deepEqual([found.nodes, found.error, decode(Float64Array.of(0, 0))], [5, 2.5, null]);
  delete parts.tensors.atlas;
  assert.throws(() => readPayload(packed(parts)), /atlas of type U8 .*, got no such tensor/);
});

test("a payload without a prior offers no method that needs one", () => {
  const parts = small();
  Object.assign(parts.meta, { prior: null, log_q_95: undefined, log_q_50: undefined });
  assert.throws(() => readPayload(packed(parts)), /methods of probability,logit,gauss_newton, got/);
  parts.meta.methods = ["probability", "logit", "gauss_newton"];
  assert.equal(readPayload(packed(parts)).prior, null);
});
