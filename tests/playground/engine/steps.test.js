import assert from "node:assert/strict";
import test from "node:test";

import { images } from "../../../nav_utils/playground/source/data.js";
import { begin, createModel } from "../../../nav_utils/playground/source/model.js";
import { plainKernels } from "../../../nav_utils/playground/source/plain.js";
import { simdKernels } from "../../../nav_utils/playground/source/simd.js";
import { oneStep } from "../../../nav_utils/playground/source/steps.js";
import { drained, golden, near } from "./support.js";

/** Kernels that note the gradient of every update. */
function listening(kernels, gradients) {
  const adam = (w, g, ...rest) => {
    gradients.push(...g);
    kernels.adam(w, g, ...rest);
  };
  return { ...kernels, adam };
}

/** A run of golden.py's: the first step's losses and gradients, the last one's, and the weights. */
function repeat({ settings, sizes, steps, grey }, kernels) {
  const { pixels, hidden, judge, n } = sizes;
  const data = images(Uint8Array.from(grey), new Uint8Array(sizes.images), pixels);
  const gradients = [];
  const heard = listening(kernels, gradients);
  const model = createModel(
    heard,
    settings,
    settings.data === "digits" ? data : null,
    n,
    hidden,
    judge,
  );
  drained(begin(model));
  let [first, last] = [null, null];
  for (let i = 0; i < steps; i++) {
    last = drained(oneStep(model)).losses;
    first ??= { losses: last, gradients: gradients.slice() };
  }
  return { first, last, weights: model.networks.flatMap(({ w }) => [...w]) };
}

for (const run of golden?.runs ?? []) {
  const { settings, sizes, steps } = run;
  const { data, objective, optimisers, penalty } = settings;
  const name = `${data} ${objective} ${optimisers} penalty ${penalty}, ${sizes.pixels} pixels`;

  test(`torch's step in float64: ${name}`, () => {
    const { first, last, weights } = repeat(run, plainKernels(Float64Array));
    for (const [came, wanted] of [
      [first.losses, run.first.losses],
      [last, run.last.losses],
    ]) {
      assert.deepEqual(Object.keys(came).sort(), Object.keys(wanted).sort());
      const tolerance = came === first.losses ? 1e-9 : 1e-6;
      for (const loss of Object.keys(wanted)) near([came[loss]], [wanted[loss]], tolerance, loss);
    }
    near(first.gradients, run.first.gradients.flat(), 1e-9, "gradient");
    const trained = weights.slice(0, run.last.weights.length);
    near(trained, run.last.weights, 1e-6, `weight after ${steps} steps`);
  });
}
