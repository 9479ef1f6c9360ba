// All that is drawn at random: first weights, the order of the images, noise and samples. It
// depends on the seed and on what it is for alone, as in nav_utils/noise.py, so that torch can
// repeat a run from the page: see nav_utils/playground/replay.py.

import { standardNormal, uniform } from "../../browser/source/noise.js";

// Streams, of which there are 2^53. Noise of a batch has the number of its column.
const CODES = 2 ** 33; // + column: samples that stand for codes
const ORDER = 2 ** 34; // + place: the order of images
const WEIGHTS = 2 ** 35; // + 2^24 network + number of the weight
export const JUDGES = 2 ** 36; // + row: prior samples that judge
export const SHOWN = 2 ** 37; // + row: samples of an exact density that are shown
export const FRESH = 2 ** 38; // + column: prior samples that a fresh discriminator learns from
export const ROWS = 2 ** 39; // + column: the codes that it learns from, and what splits them

/** n columns of N(0, I) in the rows of z (2, width), from column `first`; streams from `stream`. */
export function fillNormal(z, width, first, n, seed, step, stream = 0) {
  for (let j = 0; j < n; j++) {
    const [x, y] = standardNormal(seed, stream + j, step);
    z[first + j] = x;
    z[width + first + j] = y;
  }
}

/** The same from a mixture { means [[x, y], ...], std } of equal weights. */
export function fillMixture(z, width, first, n, { means, std }, seed, step, stream = CODES) {
  for (let j = 0; j < n; j++) {
    const [x, y] = standardNormal(seed, stream + j, step);
    const mean = means[Math.floor(uniform(seed, stream + j, step) * means.length)];
    z[first + j] = mean[0] + std * x;
    z[width + first + j] = mean[1] + std * y;
  }
}

/** The numbers 0 to n - 1 in random order (Fisher and Yates), another for each round. */
export function shuffled(n, seed, round, stream = ORDER) {
  const order = Uint16Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform(seed, stream + i, round) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Images of one batch after another: n of them, each once in every round. */
export function batches(n, size, seed) {
  let [round, order] = [-1, null];
  const rows = new Uint16Array(size);
  return (step) => {
    for (let k = 0; k < size; k++) {
      const place = step * size + k;
      if (Math.floor(place / n) !== round) {
        round = Math.floor(place / n);
        order = shuffled(n, seed, round);
      }
      rows[k] = order[place % n];
    }
    return rows;
  };
}

/** First weights as torch's Linear has them: uniform within 1 / sqrt(inputs). Yields in between. */
export function* drawWeights(network, seed, number) {
  let at = WEIGHTS + 2 ** 24 * number;
  for (const { weight, bias, inputs } of network.layers) {
    const reach = 1 / Math.sqrt(inputs);
    for (const values of [weight, bias]) {
      for (let i = 0; i < values.length; i++) {
        values[i] = reach * (2 * uniform(seed, at++, 0) - 1);
        if (at % 512 === 0) yield;
      }
    }
  }
}
