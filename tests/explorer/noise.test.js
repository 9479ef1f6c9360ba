import assert from "node:assert/strict";
import test from "node:test";

import { philox, standardNormal, uniform } from "../../nav_utils/browser/source/noise.js";
import { golden, near } from "./support.js";

test("philox gives the words of its authors' known answers", () => {
  const hex = (text) => text.split(" ").map((word) => parseInt(word, 16));
  const known = [
    ["0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [
      "ffffffff ffffffff ffffffff ffffffff",
      "ffffffff ffffffff",
      "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ],
    [
      "243f6a88 85a308d3 13198a2e 03707344",
      "a4093822 299f31d0",
      "d16cfe09 94fdcceb 5001e420 24126ea1",
    ],
  ];
  for (const [counter, key, words] of known)
    assert.deepEqual(philox(hex(counter), hex(key)), hex(words));
});

test("philox gives Python's words", () => {
  for (const { counter, key, words } of golden.noise.words)
    assert.deepEqual(philox(counter, key), words);
});

test("normal and uniform noise are Python's, whatever the seed, stream and step", () => {
  for (const { seed, stream, step, normal, uniform: u } of golden.noise.draws) {
    const seeds = [BigInt(seed), ...(Number.isSafeInteger(Number(seed)) ? [Number(seed)] : [])];
    for (const some of seeds) {
      near(standardNormal(some, stream, step, normal.length), normal, 1e-12, `seed ${seed}`);
      near([uniform(some, stream, step)], [u], 1e-12, `uniform, seed ${seed}`);
    }
  }
});

test("the first coordinates of a longer noise are the same, and two are usual", () => {
  const long = standardNormal(3, 4, 5, 9);
  assert.equal(long.length, 9);
  for (let dim = 1; dim < 9; dim++)
    assert.deepEqual(standardNormal(3, 4, 5, dim), long.slice(0, dim));
  assert.deepEqual(standardNormal(3, 4, 5), long.slice(0, 2));
});

test("10,000 normal values have mean 0 and variance 1", () => {
  const values = Array.from({ length: 5000 }, (_, i) => standardNormal(0, i, 0)).flat();
  const mean = values.reduce((sum, x) => sum + x) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  near([mean, variance], [0, 1], 0.04);
});
