import assert from "node:assert/strict";
import test from "node:test";

import { decoder, networkField } from "../../nav_utils/explorer/source/mlp.js";
import { bytes, chance, golden, near, needsPayload, real } from "./support.js";
import { readPayload } from "../../nav_utils/explorer/source/payload.js";

const silu = (x) => x / (1 + Math.exp(-x));

/** Random layers from the plane through some widths. */
function layersOf(widths, seed) {
  const random = chance(seed);
  return widths.slice(1).map((outputs, k) => ({
    inputs: widths[k],
    outputs,
    weight: Float64Array.from({ length: widths[k] * outputs }, () => 2 * random() - 1),
    bias: Float64Array.from({ length: outputs }, () => random() - 0.5),
  }));
}

/** The outputs as one would write them on paper. */
function plain(layers, point) {
  return layers.reduce((h, { weight, bias, inputs }, k) => {
    const next = [...bias].map(
      (b, i) => b + h.reduce((sum, x, j) => sum + weight[i * inputs + j] * x, 0),
    );
    return k < layers.length - 1 ? next.map(silu) : next;
  }, point);
}

const WIDTHS = [
  [2, 1],
  [2, 3, 1],
  [2, 5, 7, 1],
  [2, 8, 4, 6, 1],
];

test("a network's value is right for any widths, and its gradient the slope of it", () => {
  const [out, far, near_] = [0, 1, 2].map(() => new Float64Array(3));
  for (const widths of WIDTHS) {
    const layers = layersOf(widths, widths.length);
    const field = networkField(layers, 1.7, -0.3);
    for (const [x, y] of [
      [0, 0],
      [0.4, -1.1],
      [-2, 3],
    ]) {
      field.evaluate(x, y, out);
      near([out[0]], [1.7 * plain(layers, [x, y])[0] - 0.3], 1e-12);
      [
        [1e-5, 0],
        [0, 1e-5],
      ].forEach(([dx, dy], k) => {
        field.evaluate(x + dx, y + dy, far);
        field.evaluate(x - dx, y - dy, near_);
        near([out[1 + k]], [(far[0] - near_[0]) / 2e-5], 1e-8);
      });
    }
  }
});

test("a network far from its codes gives no exception", () => {
  const field = networkField(layersOf([2, 5, 7, 1], 1), 1, 0);
  const out = new Float64Array(3);
  for (const x of [1e300, -1e300, Infinity, NaN]) field.evaluate(x, -x, out);
  field.evaluate(0.5, 0.5, out);
  assert.ok(out.every(Number.isFinite));
});

test("images are 255 times the sigmoid, however many points there are", () => {
  const layers = layersOf([2, 6, 9, 5], 4);
  const pixels = Int32Array.of(0, 2, 3, 6, 7); // of 8
  const decode = decoder(layers, pixels, 8);
  const random = chance(9);
  for (const k of [1, 7, 8, 9, 20, 3, 0]) {
    const points = Float64Array.from({ length: 2 * k }, () => 8 * random() - 4);
    const images = decode(points);
    assert.ok(images instanceof Uint8Array);
    assert.equal(images.length, 8 * k);
    for (let i = 0; i < k; i++) {
      const expected = new Array(8).fill(0);
      plain(layers, [...points.subarray(2 * i, 2 * i + 2)]).forEach((x, j) => {
        expected[pixels[j]] = 255 / (1 + Math.exp(-x));
      });
      near(images.subarray(8 * i, 8 * i + 8), expected, 0.8, `image ${i} of ${k}`);
    }
  }
});

test("ink goes from 0 to 255, and what is no number leaves none", () => {
  const layer = { inputs: 2, outputs: 1, weight: Float64Array.of(1, 0), bias: Float64Array.of(0) };
  const decode = decoder([layer], Int32Array.of(0), 1);
  const x = [-1e9, -9, -8, -0.01, 0.01, 7.9, 8, 1e9];
  const images = [...decode(Float64Array.from(x.flatMap((v) => [v, 0])))];
  near(images, [0, 0, 0, 127, 128, 255, 255, 255], 0);
  near(decode(Float64Array.of(NaN, 0, -Infinity, 0, Infinity, 0)), [0, 0, 255], 0);
});

test("the shipped ratio is torch's in float64", needsPayload, () => {
  const { points, a, gradient } = golden.network;
  const out = new Float64Array(3);
  a.forEach((expected, i) => {
    real.exact.evaluate(points[2 * i], points[2 * i + 1], out);
    near([out[0]], [expected], 1e-3, `a of ${i}`);
    near(out.subarray(1), gradient.slice(2 * i, 2 * i + 2), 5e-3, `gradient of ${i}`);
  });
});

test(
  "the shipped digits are torch's within 2/255 on average, and nowhere far",
  needsPayload,
  () => {
    const grey = Buffer.from(golden.digits.grey, "base64");
    const images = real.decode(Float64Array.from(golden.digits.points));
    assert.equal(images.length, grey.length);
    const off = [...images].map((value, i) => Math.abs(value - grey[i]));
    const average = off.reduce((sum, x) => sum + x) / off.length;
    assert.ok(average < 0.5, `on average ${average} of 255`);
    assert.ok(Math.max(...off) <= 6, `at most ${Math.max(...off)} of 255`);
  },
);

test("two spaces do not share a buffer", needsPayload, () => {
  const other = readPayload(bytes);
  const first = real.decode(Float64Array.of(0.3, -1)).slice();
  const kept = real.decode(Float64Array.of(0.3, -1));
  other.decode(Float64Array.of(-2, 1));
  assert.deepEqual(kept, first);
});
