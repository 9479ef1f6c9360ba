import assert from "node:assert/strict";
import test from "node:test";

import { readDigits } from "../../../nav_utils/playground/source/data.js";
import { densities } from "../../../nav_utils/playground/source/densities.js";
import { batches, drawWeights, shuffled } from "../../../nav_utils/playground/source/draws.js";
import { calibration, fitFresh, fitRoom } from "../../../nav_utils/playground/source/fit.js";
// prettier-ignore
import {
  againstTruth, logitsAt, plane, spread,
} from "../../../nav_utils/playground/source/measure.js";
import { crossValidated, massInHoles } from "../../../nav_utils/playground/source/holes.js";
import { network, room } from "../../../nav_utils/playground/source/network.js";
import { plainKernels } from "../../../nav_utils/playground/source/plain.js";
import { clamped, DEFAULTS } from "../../../nav_utils/playground/source/protocol.js";
import { digits, drained, golden, near, needsFolder } from "./support.js";

test("a fresh discriminator learns as fit_ratio's, in float64", needsFolder, () => {
  const { codes, seed, look, weights } = golden.fit;
  const space = fitRoom(plainKernels(Float64Array));
  const looks = [];
  const told = function* (one) {
    looks.push(one);
  };
  drained(fitFresh(space, Float32Array.from(codes), seed, look.step, told));
  assert.equal(looks.length, 1);
  // The page draws prior samples that judge, and keeps logits, in float32.
  near([looks[0].train, looks[0].heldOut], [look.train, look.heldOut], 1e-6, "losses");
  near(space.net.w, weights, 1e-6, "weight");
});

test("the reliability is calibration_report's", needsFolder, () => {
  const { codes, prior, loss, ece, bins } = golden.calibration;
  const found = calibration(codes, prior);
  near([found.loss, found.ece], [loss, ece], 1e-9, "loss and ECE");
  for (const key of Object.keys(bins)) {
    near(
      found.bins.map((bin) => bin[key]),
      bins[key],
      1e-9,
      key,
    );
  }
});

test("eigenvalues, bandwidth and mass in holes are torch's", needsFolder, () => {
  const { codes, mean, eigenvalues, bandwidth, holes } = golden.measures;
  const points = Float32Array.from(codes);
  const found = spread(points);
  near(found.eigenvalues, eigenvalues, 1e-9, "eigenvalues");
  near(found.mean, mean, 1e-9, "mean");
  const width = drained(crossValidated(points));
  assert.ok(Math.abs(width / bandwidth - 1) < 0.05, `${width}, not ${bandwidth}`);
  const share = drained(massInHoles(points));
  assert.ok(Math.abs(share - holes) < 0.01, `${share}, not ${holes}`);
  for (const few of [[NaN, 0, 99, -99], [0, 0, 0, 0], [99, 99, 98, 97]]) {
    assert.ok(drained(massInHoles(Float32Array.from(few))) > 0.98, few);
  }
});

test(
  "the loss of a discriminator of an exact density, and the best one, are integrals",
  needsFolder,
  () => {
    const net = network(plainKernels(Float64Array), [2, 4, 1]);
    drained(drawWeights(net, 1, 2));
    for (const [name, { losses, error }] of Object.entries(golden.measures.optimum)) {
      const found = drained(againstTruth(net, room(net, 256), densities[name]));
      near([found.optimum, found.loss], losses, 2e-5, name);
      near([found.error], [error], 5e-3, `${name}: |D - D*|, which has kinks`);
    }
  },
);

test("a network is asked for any number of points", () => {
  const net = network(plainKernels(Float64Array), [2, 2, 1]);
  net.w.set([1, 0, 0, 1, 0, 0, 1, -1, 0.5]);
  const silu = (x) => x / (1 + Math.exp(-x));
  const points = Float32Array.from({ length: 2 * 19 }, (_, i) => Math.sin(i));
  const logits = drained(logitsAt(net, room(net, 8), points));
  const expected = Array.from(
    { length: 19 },
    (_, i) => silu(points[2 * i]) - silu(points[2 * i + 1]) + 0.5,
  );
  near(logits, expected, 1e-6, "logit");
  assert.deepEqual([...plane(2, 3)], [-3, -3, 3, -3, -3, 3, 3, 3]);
});

test("the digits arrive as they were, and a damaged file is told", needsFolder, () => {
  const { train, test: held } = readDigits(digits);
  assert.deepEqual([train.count, held.count], [1500, 297]);
  const sum = (values) => values.reduce((total, x) => total + x, 0);
  const { grey, labels } = golden.digits;
  assert.deepEqual([sum(train.grey), sum(held.grey)], grey);
  assert.deepEqual(
    [[...train.labels], [...held.labels]].map((x) => x.slice(0, 50)),
    labels,
  );
  const x = new Float64Array(64 * 2);
  train.fill([3, 7], x, 2);
  near(
    x.filter((_, i) => i % 2),
    [...train.grey.subarray(7 * 64, 8 * 64)].map((v) => v / 16),
    1e-12,
    "x",
  );
  assert.throws(
    () => readDigits(digits.subarray(0, 1000)),
    /expected at least 58407 bytes, got 1000/,
  );
  assert.throws(() => readDigits(digits.subarray(0, digits.length - 1)), /expected 60252 bytes/);
});

test("every image once in each round", () => {
  const next = batches(20, 8, 5);
  const seen = [0, 1, 2, 3, 4].flatMap((step) => [...next(step)]);
  const all = [...Array(20).keys()];
  assert.deepEqual(
    seen.slice(0, 20).sort((a, b) => a - b),
    all,
  );
  assert.deepEqual(
    seen.slice(20).sort((a, b) => a - b),
    all,
  );
  assert.notDeepEqual(seen.slice(0, 20), seen.slice(20));
  assert.deepEqual(batches(20, 8, 5)(3), next(3), "any step may be asked for");
  assert.notDeepEqual(shuffled(20, 5, 0), shuffled(20, 6, 0));
});

test("settings are put in range, and nonsense is dropped", () => {
  const some = {
    lambda: -1,
    seed: 2.6,
    steps: 1e9,
    penalty: NaN,
    data: "cats",
    objective: "plain",
  };
  const found = clamped({ ...some, other: 1, beta: "2" });
  const expected = { ...DEFAULTS, lambda: 0, seed: 3, steps: 100000, objective: "plain" };
  assert.deepEqual(found, expected);
});
