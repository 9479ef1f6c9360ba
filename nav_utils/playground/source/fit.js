// A fresh discriminator learns the codes of an encoder that no longer moves, and is judged beside
// the left-over one: nav_utils.fitting.fit_ratio and nav_utils.calibration, in small.

import { FRESH, JUDGES, ROWS, drawWeights, shuffled } from "./draws.js";
import { logistic, sigmoid, softplus } from "./losses.js";
import { logitsAt } from "./measure.js";
import { cosineRate } from "./model.js";
import { adam, backward, descend, finite, forward, network, room } from "./network.js";
import { standardNormal, uniform } from "../../browser/source/noise.js";

export const FIT = {
  hidden: [64, 64, 64],
  steps: 1500,
  n: 256,
  rate: 0.003,
  decay: 0.03,
  every: 50,
};
const NUMBER = 3; // of the network, for its first weights

/** Room for a fresh discriminator; it can be used again and again. */
export function fitRoom(kernels, { hidden, n } = FIT) {
  const net = network(kernels, [2, ...hidden, 1]);
  return { net, moments: adam(net, undefined, FIT.decay), at: room(net, 2 * n), n };
}

/** Prior samples, x and y in turn. */
export function priorSamples(n, seed, stream, step = 0) {
  const points = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) points.set(standardNormal(seed, stream + i, step), 2 * i);
  return points;
}

/** Codes split at random as `fit_ratio` does: to fit on, to stop by, and to set levels with. */
export function splitRows(n, seed) {
  const order = shuffled(n, seed, 0, ROWS);
  const held = Math.max(4, Math.floor(n / 6));
  const half = Math.ceil(held / 2);
  return {
    stopping: order.subarray(0, half),
    levels: order.subarray(half, held),
    fitting: order.subarray(held),
  };
}

export const chosen = (points, rows) =>
  Float32Array.from({ length: 2 * rows.length }, (_, i) => points[2 * rows[i >> 1] + (i & 1)]);

/**
 * Trains the network of `space` (a fitRoom); told({ step, train, heldOut, best }) every FIT.every
 * steps. The weights that it ends with are those of the least held-out loss.
 */
export function* fitFresh(space, codes, seed, steps, told) {
  const { net, moments, at, n } = space;
  const { fitting, stopping } = splitRows(codes.length / 2, seed);
  const held = chosen(codes, stopping);
  const heldPrior = priorSamples(4 * stopping.length, seed, JUDGES);
  for (const values of [net.g, moments.m, moments.v]) values.fill(0);
  moments.t = 0;
  yield* drawWeights(net, seed, NUMBER);
  net.kept.set(net.w);
  let [best, sum, since] = [Infinity, 0, 0];
  for (let step = 1; step <= steps; step++) {
    for (let j = 0; j < n; j++) {
      const row = fitting[Math.floor(uniform(seed, ROWS + j, step) * fitting.length)];
      const [x, y] = standardNormal(seed, FRESH + j, step);
      [at.input[j], at.input[2 * n + j]] = [codes[2 * row], codes[2 * row + 1]];
      [at.input[n + j], at.input[3 * n + j]] = [x, y];
    }
    yield;
    yield* forward(net, at);
    sum += logistic(at.output, at.outputGradient, n, 0.5);
    since++;
    yield* backward(net, at, at.outputGradient, false);
    descend(net, moments, cosineRate(FIT.rate, (step - 1) / steps, 1));
    if (step % FIT.every && step !== steps) continue;
    const logits = [yield* logitsAt(net, at, held), yield* logitsAt(net, at, heldPrior)];
    const heldOut = meanLoss(...logits);
    if (!Number.isFinite(heldOut) || !finite(net.w)) {
      throw new Error(`the fresh discriminator diverged at step ${step}: are the codes finite?`);
    }
    if (heldOut <= best) {
      best = heldOut;
      net.kept.set(net.w);
    }
    if (step === steps) net.w.set(net.kept);
    yield* told({ step, train: sum / since, heldOut, best });
    [sum, since] = [0, 0];
  }
}

/** Mean logistic loss of both classes, nats. */
export function meanLoss(onCodes, onPrior) {
  const mean = (values, sign) =>
    values.reduce((sum, a) => sum + softplus(sign * a), 0) / values.length;
  return 0.5 * (mean(onCodes, 1) + mean(onPrior, -1));
}

// ---- calibration --------------------------------------------------------------------------------

/** As nav_utils.calibration.calibration_report: { loss, ece, bins }, from the logits of both. */
export function calibration(onCodes, onPrior, bins = 10) {
  const all = [...[...onCodes].map((a) => [a, 0]), ...[...onPrior].map((a) => [a, 1])];
  all.sort(([a], [b]) => a - b);
  const edges = Array.from({ length: bins }, (_, k) => {
    const at = (k / bins) * (all.length - 1);
    const [low, f] = [Math.floor(at), at % 1];
    return f ? all[low][0] + f * (all[low + 1][0] - all[low][0]) : all[low][0];
  });
  const found = edges.map(() => ({ predicted: 0, observed: 0, count: 0 }));
  let k = 0;
  for (const [a, isPrior] of all) {
    while (k + 1 < bins && a >= edges[k + 1]) k++;
    found[k].predicted += sigmoid(a);
    found[k].observed += isPrior;
    found[k].count++;
  }
  const full = found.filter(({ count }) => count);
  let ece = 0;
  for (const bin of full) {
    [bin.low, bin.high] = interval(bin.observed, bin.count);
    bin.predicted /= bin.count;
    bin.observed /= bin.count;
    ece += (Math.abs(bin.predicted - bin.observed) * bin.count) / all.length;
  }
  return { loss: meanLoss(onCodes, onPrior), ece, bins: full };
}

/** 95 % interval of a share, `hits` of `count` (Clopper and Pearson 1934). */
function interval(hits, count) {
  const solve = (k, tail) => {
    let [low, high] = [0, 1];
    for (let i = 0; i < 50; i++) {
      const p = (low + high) / 2;
      if (atLeast(k, count, p) < tail) low = p;
      else high = p;
    }
    return low;
  };
  return [hits ? solve(hits, 0.025) : 0, hits < count ? solve(hits + 1, 0.975) : 1];
}

/** P(X >= k) for X binomial. */
function atLeast(k, count, p) {
  let [log, sum] = [count * Math.log1p(-p), 0];
  for (let i = 0; i <= count; i++) {
    if (i >= k) sum += Math.exp(log);
    log += Math.log((count - i) / (i + 1)) + Math.log(p) - Math.log1p(-p);
  }
  return sum;
}
