// The share of the prior in holes, from a kernel density of the codes whose bandwidth is chosen by
// cross-validation: nav_utils.densities.kde_bandwidth, on a grid and so a hundred times as fast.

import { logPrior } from "./densities.js";
import { HOLES } from "./protocol.js";

// Two grids: so many nodes along a side, and how far from the centre it reaches.
const PRIOR = { cells: 96, reach: 4 }; // all of the prior but 3e-4
const CODES = { cells: 72, reach: 4 }; // for the cross-validation, in deviations of the codes
const STEP = 1.3; // between two bandwidths that are tried
const MOST = 30; // of them

/** Points on a square grid: where each lies, in nodes; those that lie beyond it are left out. */
function placed(points, [x, y], cells, high) {
  const cell = (2 * high) / (cells - 1);
  const [nodes, shares] = [[], []];
  for (let i = 0; i < points.length; i += 2) {
    const [u, v] = [(points[i] - x + high) / cell, (points[i + 1] - y + high) / cell];
    if (!(u >= 0 && v >= 0 && u < cells - 1 && v < cells - 1)) continue;
    const [column, row] = [Math.floor(u), Math.floor(v)];
    const [f, g] = [u - column, v - row];
    nodes.push(row * cells + column);
    shares.push([(1 - f) * (1 - g), f * (1 - g), (1 - f) * g, f * g]); // of its four nearest nodes
  }
  return { cells, cell, corners: [0, 1, cells, cells + 1], nodes, shares };
}

/** Of point i: neighbours in order, classes too, are dealt evenly to all folds. */
const foldOf = (i) => Math.floor(HOLES.folds * ((i * 0.6180339887) % 1));

/** How many points each node has, of those in a fold; of all, without one. */
function counted({ cells, corners, nodes, shares }, fold = null) {
  const counts = new Float64Array(cells * cells);
  for (let i = 0; i < nodes.length; i++) {
    if (fold !== null && foldOf(i) !== fold) continue;
    for (let k = 0; k < 4; k++) counts[nodes[i] + corners[k]] += shares[i][k];
  }
  return counts;
}

/**
 * The bandwidth under which held-out codes (x and y in turn) are likeliest;
 * 0 where they are all one. Yields in between.
 */
export function* crossValidated(codes) {
  const n = codes.length / 2;
  const mean = [0, 1].map((c) => codes.reduce((s, x, i) => s + ((i & 1) === c ? x : 0), 0) / n);
  const squares = codes.reduce((s, x, i) => s + (x - mean[i & 1]) ** 2, 0);
  const deviation = Math.sqrt(squares / (2 * n));
  if (!(deviation > 0)) return deviation; // 0, or not a number
  const on = placed(codes, mean, CODES.cells, CODES.reach * deviation);
  const parts = Array.from({ length: HOLES.folds }, (_, fold) => counted(on, fold));
  const likelihood = function* (bandwidth) {
    // Sharing points out to nodes, and looking between nodes, smooth by a sixth of a cell each.
    const kernel = gaussian(narrowed(bandwidth / on.cell, 1 / 3));
    const smooth = [];
    for (const part of parts) {
      smooth.push(smoothed(part, on.cells, kernel));
      yield;
    }
    const all = smooth[0].map((_, i) => smooth.reduce((sum, part) => sum + part[i], 0));
    let sum = 0;
    on.nodes.forEach((node, i) => {
      let density = 0;
      const own = smooth[foldOf(i)];
      for (let k = 0; k < 4; k++) {
        const at = node + on.corners[k];
        density += on.shares[i][k] * (all[at] - own[at]);
      }
      sum += Math.log(Math.max(density, 1e-12));
    });
    return sum;
  };
  const shrink = (1 - 1 / HOLES.folds) ** (1 / 6); // the folds' rest is fewer than all codes
  return shrink * (yield* likeliest(likelihood, deviation * n ** (-1 / 6)));
}

/** Climb from a guess by factors; then the summit of the parabola through the best three. */
function* likeliest(likelihood, guess) {
  const found = new Map();
  const at = function* (k) {
    if (!found.has(k)) found.set(k, yield* likelihood(guess * STEP ** k));
    return found.get(k);
  };
  let k = 0;
  const way = (yield* at(1)) > (yield* at(0)) ? 1 : -1;
  while ((yield* at(k + way)) > found.get(k) && found.size < MOST) k += way;
  const [left, middle, right] = [yield* at(k - 1), yield* at(k), yield* at(k + 1)];
  const bend = left - 2 * middle + right;
  return guess * STEP ** (k + (bend < 0 ? (left - right) / (2 * bend) : 0));
}

/** A kernel's width, in nodes, less what is smoothed already. */
const narrowed = (width, already) => Math.sqrt(Math.max(width ** 2 - already, 0.01));

/** The share of the prior where its density is more than HOLES.factor times that of the codes. */
export function* massInHoles(codes) {
  const bandwidth = yield* crossValidated(codes);
  const on = placed(codes, [0, 0], PRIOR.cells, PRIOR.reach);
  const { cell, cells } = on;
  const width = bandwidth > 0 ? bandwidth / cell : 0;
  const kernel = gaussian(narrowed(Math.min(width, cells), 1 / 6));
  const density = smoothed(counted(on), on.cells, kernel);
  const n = codes.length / 2;
  let mass = 0;
  for (let i = 0, at = 0; i < cells; i++) {
    for (let j = 0; j < cells; j++, at++) {
      const p = Math.exp(logPrior(j * cell - PRIOR.reach, i * cell - PRIOR.reach));
      if (p > (HOLES.factor * density[at]) / (n * cell * cell)) mass += p * cell * cell;
    }
  }
  return mass;
}

/** Weights at whole numbers from -k to k, deviation `width`, which sum to 1. */
function gaussian(width) {
  const k = Math.ceil(4 * width);
  const weights = Array.from({ length: 2 * k + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - k) / width) ** 2),
  );
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / sum);
}

/** A grid smoothed along x, then along y. */
function smoothed(values, cells, kernel) {
  const half = (kernel.length - 1) / 2;
  let from = values;
  for (const [along, across] of [
    [1, cells],
    [cells, 1],
  ]) {
    const out = new Float64Array(values.length);
    const line = new Float64Array(cells + 2 * half); // with room at both ends
    for (let k = 0; k < cells; k++) {
      for (let i = 0; i < cells; i++) line[half + i] = from[k * across + i * along];
      for (let i = 0; i < cells; i++) {
        let sum = 0;
        for (let d = 0; d < kernel.length; d++) sum += kernel[d] * line[i + d];
        out[k * across + i * along] = sum;
      }
    }
    from = out;
  }
  return from;
}
