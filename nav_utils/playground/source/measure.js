// What a frame tells of a model: codes, the map of the discriminator, eigenvalues, and how far it is
// from the truth where that is known.

import { logDensity, logPrior, trueLogit } from "./densities.js";
import { sigmoid, softplus } from "./losses.js";
import { forward } from "./network.js";

/** Codes of all images, x and y in turn; of the variational encoder its means. */
export function* encodeAll({ encoder, encoding, n }, images) {
  const codes = new Float32Array(2 * images.count);
  for (let first = 0; first < images.count; first += n) {
    const some = Math.min(n, images.count - first);
    images.fill(rowsFrom(first, some), encoding.input, n);
    yield* forward(encoder, encoding);
    inTurn(encoding.output, n, some, codes.subarray(2 * first));
  }
  return codes;
}

/** Reconstruction of all images from their codes, nats per image. */
export function* lossOfAll(model, images) {
  const { encoder, encoding, decoder, decoding, n } = model;
  let sum = 0;
  for (let first = 0; first < images.count; first += n) {
    const some = Math.min(n, images.count - first);
    images.fill(rowsFrom(first, some), encoding.input, n);
    yield* forward(encoder, encoding);
    decoding.input.set(encoding.output.subarray(0, 2 * n));
    yield* forward(decoder, decoding);
    for (let i = 0; i < images.pixels * n; i++) {
      if (i % n < some)
        sum += softplus(decoding.output[i]) - decoding.output[i] * encoding.input[i];
    }
  }
  return sum / images.count;
}

const rowsFrom = (first, n) => Uint16Array.from({ length: n }, (_, i) => first + i);

/** The first `some` columns of z (2, n) as points, x and y in turn. */
export function inTurn(z, n, some = n, points = new Float32Array(2 * some)) {
  for (let j = 0; j < some; j++) {
    points[2 * j] = z[j];
    points[2 * j + 1] = z[n + j];
  }
  return points;
}

/** The one output of a network at points (x and y in turn); `at` is a room of any size. */
export function* logitsAt(network, at, points) {
  const count = points.length / 2;
  const logits = new Float32Array(count);
  for (let first = 0; first < count; first += at.n) {
    const some = Math.min(at.n, count - first);
    for (let j = 0; j < some; j++) {
      at.input[j] = points[2 * (first + j)];
      at.input[at.n + j] = points[2 * (first + j) + 1];
    }
    yield* forward(network, at);
    logits.set(at.output.subarray(0, some), first);
  }
  return logits;
}

/** The nodes of a square grid, row i at y = low + i (high - low) / (n - 1); x and y in turn. */
export function plane(n, high, low = -high) {
  const at = (i) => low + ((high - low) * i) / (n - 1);
  return Float64Array.from({ length: 2 * n * n }, (_, i) =>
    at(i & 1 ? Math.floor(i / 2 / n) : (i / 2) % n),
  );
}

/** Mean [x, y] and eigenvalues [small, large] of the covariance of points. */
export function spread(points) {
  const n = points.length / 2;
  let [mx, my, xx, xy, yy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < 2 * n; i += 2) {
    mx += points[i] / n;
    my += points[i + 1] / n;
  }
  for (let i = 0; i < 2 * n; i += 2) {
    const [x, y] = [points[i] - mx, points[i + 1] - my];
    xx += (x * x) / (n - 1);
    xy += (x * y) / (n - 1);
    yy += (y * y) / (n - 1);
  }
  const [middle, off] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  return { mean: [mx, my], eigenvalues: [Math.max(0, middle - off), middle + off] };
}

// ---- where the truth is known -------------------------------------------------------------------

const NODES = 64; // of the square over which a loss is integrated
const EDGE = 4.5; // half its side

/** { loss, optimum, error } of a discriminator of an exact density; see protocol.js. */
export function* againstTruth(network, at, density) {
  const nodes = plane(NODES, EDGE);
  const logits = yield* logitsAt(network, at, nodes);
  let [loss, optimum, error] = [0, 0, 0];
  for (let i = 0; i < logits.length; i++) {
    const [x, y, a] = [nodes[2 * i], nodes[2 * i + 1], logits[i]];
    const [logP, logQ] = [logPrior(x, y), logDensity(density, x, y)];
    const [p, q, best] = [Math.exp(logP), Math.exp(logQ), logP - logQ];
    loss += p * softplus(-a) + q * softplus(a);
    optimum += p * softplus(-best) + q * softplus(best);
    error += (Math.abs(sigmoid(a) - sigmoid(best)) * (p + q)) / 2;
    if (i % 1024 === 1023) yield;
  }
  const area = ((2 * EDGE) / (NODES - 1)) ** 2;
  return { loss: loss * area, optimum: optimum * area, error: error * area };
}

/** a* at the nodes of a map. */
export function truthMap(density, { nodes, radius }) {
  const points = plane(nodes, radius);
  return Float32Array.from({ length: nodes * nodes }, (_, i) =>
    trueLogit(density, points[2 * i], points[2 * i + 1]),
  );
}
