// A trained space as files in memory: for Python (`spaceBytes`, nav_utils/playground/spaces.py),
// and for the explorer (`payloadBytes`, the format of nav_utils/explorer/packing.py).

import { gridField } from "../../explorer/source/grid.js";
import { logPrior } from "./densities.js";
import { chosen } from "./fit.js";
import { sigmoid } from "./losses.js";
import { logitsAt, plane } from "./measure.js";

/** A safetensors file; tensors: { name: [dtype, shape, typed array] }, metadata: of strings. */
function safetensors(tensors, metadata) {
  const header = { __metadata__: metadata };
  const parts = [];
  let end = 0;
  for (const [name, [dtype, shape, values]] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + values.byteLength] };
    parts.push([end, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]);
    end += values.byteLength;
  }
  let text = JSON.stringify(header);
  while (new TextEncoder().encode(text).length % 8) text += " ";
  const head = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + head.length + end);
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 8);
  for (const [at, part] of parts) bytes.set(part, 8 + head.length + at);
  return bytes;
}

/** The weights of a network under the names that torch's Sequential gives them. */
function stateDict(name, { layers }) {
  const tensors = {};
  layers.forEach(({ weight, bias, inputs, outputs }, k) => {
    tensors[`${name}.${2 * k}.weight`] = ["F32", [outputs, inputs], Float32Array.from(weight)];
    tensors[`${name}.${2 * k}.bias`] = ["F32", [outputs], Float32Array.from(bias)];
  });
  return tensors;
}

/** All that Python needs to have this space; facts: { settings, step, losses, fit }. */
export function spaceBytes(model, ratio, codes, levels, facts) {
  const networks = { encoder: model.encoder, decoder: model.decoder, ratio };
  if (facts.settings.objective === "adversarial") networks.discriminator = model.discriminator;
  const tensors = {
    codes: ["F32", [codes.length / 2, 2], codes],
    held_out: ["F32", [levels.length, 2], chosen(codes, levels)],
  };
  for (const [name, network] of Object.entries(networks)) {
    Object.assign(tensors, stateDict(name, network));
  }
  return safetensors(tensors, { playground: JSON.stringify({ version: 1, ...facts }) });
}

// ---- for the explorer ---------------------------------------------------------------------------

const SIZES = [97, 113, 129, 161, 181, 209, 257]; // nodes along an axis, see packing.py
const LARGEST_ERROR = 0.005; // in D
const MARGIN = 1.15;
const MOST_CODES = 900;

/** The payload of a space whose encoder's codes are `codes`, x and y in turn; yields in between. */
export function* payloadBytes(model, ratio, at, codes, labels, levels, name) {
  const held = chosen(codes, levels);
  const a = yield* logitsAt(ratio, at, held);
  const logQ = a.map((x, i) => logPrior(held[2 * i], held[2 * i + 1]) - x);
  const radius = Math.max(3.5, Math.ceil(2 * quantile(codes.map(Math.abs), 0.99)) / 2);
  const high = MARGIN * radius;
  const { n, grid, scale, error } = yield* fittedGrid(ratio, at, radius, high);
  const some = Uint16Array.from({ length: Math.min(MOST_CODES, labels.length) }, (_, i) => i);
  const tensors = {
    grid: ["I16", [n, n], grid],
    no_data: ["U8", [Math.ceil((n * n) / 8)], yield* emptyNodes(held, n, high)],
    codes: ["F16", [some.length, 2], halves(chosen(codes, some))],
    labels: ["U8", [some.length], Uint8Array.from(some, (i) => labels[i])],
    "decoder.pixels": ["U8", [8], new Uint8Array(8).fill(255)],
  };
  model.decoder.layers.forEach(({ weight, bias, inputs, outputs }, k) => {
    tensors[`decoder.${k}.weight`] = ["F16", [outputs, inputs], halves(weight)];
    tensors[`decoder.${k}.bias`] = ["F16", [outputs], halves(bias)];
  });
  ratio.layers.forEach((layer, k) => Object.assign(tensors, rounded(layer, `ratio.${k}`)));
  const circle = (r) =>
    Array.from(
      { length: 98 },
      (_, i) => r * [Math.cos, Math.sin][i & 1]((2 * Math.PI * (i >> 1)) / 48),
    );
  const facts = {
    version: 2,
    name,
    image: [1, 8, 8],
    atlas: null,
    radius,
    low: -high,
    high,
    grid_scale: scale,
    grid_error: error,
    scale: 1,
    shift: 0,
    level_95: conformal(a, 0.05),
    methods: ["probability", "logit", "gauss_newton", "score", "string"],
    contours: [1, 2].map((r) => circle(r).map((x) => Math.round(1000 * x) / 1000)),
    prior: { kind: "normal" },
    log_q_95: -conformal(
      logQ.map((x) => -x),
      0.05,
    ),
    log_q_50: -conformal(
      logQ.map((x) => -x),
      0.5,
    ),
    presets: {},
    start: usualEnds(codes, labels),
  };
  return safetensors(tensors, { explorer: JSON.stringify(facts) });
}

/** The ceil((n + 1)(1 - alpha))-th smallest of n scores: nav_utils.ratio.conformal. */
function conformal(scores, alpha) {
  const rank = Math.ceil((scores.length + 1) * (1 - alpha) - 1e-9);
  return scores.slice().sort()[rank - 1];
}

/** As numpy's, for a typed array. */
function quantile(values, share) {
  const sorted = values.slice().sort();
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

/** Whole coefficients of the logit, on the first grid that is exact enough; see fitted_grid. */
function* fittedGrid(ratio, at, radius, high) {
  const tries = plane(61, 0.997 * radius); // places that are no nodes
  const truth = yield* logitsAt(ratio, at, tries);
  for (const n of SIZES) {
    const a = yield* logitsAt(ratio, at, plane(n, high));
    const spline = Float64Array.from(a, (x) => Math.min(60, Math.max(-60, x)));
    for (let i = 0; i < n; i++) filterLine(spline, i * n, 1, n); // rows, then columns
    yield;
    for (let i = 0; i < n; i++) filterLine(spline, i, n, n);
    yield;
    const most = spline.reduce((largest, c) => Math.max(largest, Math.abs(c)), 0);
    const scale = most / 32767 || 1;
    const grid = Int16Array.from(spline, (c) => Math.round(c / scale));
    const error = yield* gridError(gridField(grid, n, -high, high, scale), tries, truth);
    if (error <= LARGEST_ERROR || n === SIZES.at(-1)) return { n, grid, scale, error };
  }
}

function* gridError(field, points, truth) {
  const [out, found] = [new Float64Array(3), { error: 0 }];
  for (let i = 0; i < truth.length; i++) {
    field.evaluate(points[2 * i], points[2 * i + 1], out);
    found.error = Math.max(found.error, Math.abs(sigmoid(out[0]) - sigmoid(truth[i])));
    if (i % 512 === 511) yield;
  }
  return found.error;
}

const POLE = Math.sqrt(3) - 2;

/** A line of values to the coefficients of its cubic B-spline, mirrored at its ends (Unser). */
function filterLine(c, first, step, n) {
  const last = first + (n - 1) * step;
  let sum = 0;
  for (let k = 0; k < Math.min(n, 40); k++) sum += POLE ** k * c[first + k * step];
  c[first] = 6 * sum;
  for (let at = first + step; at <= last; at += step) c[at] = 6 * c[at] + POLE * c[at - step];
  c[last] = (POLE / (POLE * POLE - 1)) * (c[last] + POLE * c[last - step]);
  for (let at = last - step; at >= first; at -= step) c[at] = POLE * (c[at + step] - c[at]);
}

/** Eight nodes in a byte: where neither the prior nor the held-out codes have mass (no_data). */
function* emptyNodes(held, n, high) {
  const nodes = plane(n, high);
  const bits = new Uint8Array(Math.ceil((n * n) / 8));
  const k = Math.min(10, held.length / 2 - 1);
  const spacing = Float64Array.from({ length: held.length / 2 }, (_, i) =>
    distance(held, held[2 * i], held[2 * i + 1], k + 1),
  );
  const farthest = quantile(spacing, 0.999);
  const lowest = -Math.log(2 * Math.PI) + Math.log(0.001); // a thousandth of the prior is below
  for (let i = 0; i < n * n; i++) {
    const [x, y] = [nodes[2 * i], nodes[2 * i + 1]];
    if (logPrior(x, y) < lowest && distance(held, x, y, k) > farthest)
      bits[i >> 3] |= 128 >> (i & 7);
    if (i % 64 === 63) yield;
  }
  return bits;
}

/** From a place to the k-th nearest of the points. */
function distance(points, x, y, k) {
  const all = Float64Array.from({ length: points.length / 2 }, (_, i) =>
    Math.hypot(points[2 * i] - x, points[2 * i + 1] - y),
  );
  return all.sort()[k - 1];
}

/** Numbers as the bits of float16: rounded, ties to even; those too large, to the largest. */
function halves(values) {
  const single = new Float32Array(1);
  const word = new Uint32Array(single.buffer);
  return Uint16Array.from(values, (x) => {
    const sign = x < 0 ? 0x8000 : 0;
    const size = Math.min(Math.abs(x), 65504);
    if (size < 2 ** -14) return sign | even(size * 2 ** 24); // equally spaced
    single[0] = size;
    const exponent = (word[0] >>> 23) - 112;
    return sign + exponent * 1024 + even((word[0] & 0x7fffff) / 8192);
  });
}

const even = (x) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** A layer as whole numbers of three bytes, row by row: packing.exact_weights. */
function rounded({ weight, bias, inputs, outputs }, name) {
  const [octets, scales] = [new Uint8Array(3 * weight.length), new Float32Array(outputs)];
  for (let i = 0; i < outputs; i++) {
    const row = weight.subarray(i * inputs, (i + 1) * inputs);
    const most = row.reduce((largest, w) => Math.max(largest, Math.abs(w)), 0);
    scales[i] = most / (2 ** 23 - 1) || 1;
    row.forEach((w, j) => {
      const whole = Math.max(1 - 2 ** 23, Math.min(2 ** 23 - 1, Math.round(w / scales[i])));
      const at = 3 * (i * inputs + j);
      [octets[at], octets[at + 1], octets[at + 2]] = [
        whole & 255,
        (whole >> 8) & 255,
        (whole >> 16) & 255,
      ];
    });
  }
  return {
    [`${name}.weight`]: ["U8", [outputs, 3 * inputs], octets],
    [`${name}.scale`]: ["F32", [outputs], scales],
    [`${name}.bias`]: ["F32", [outputs], Float32Array.from(bias)],
  };
}

/** Two codes to begin with, each nearest to the middle of its class: packing.usual_ends. */
function usualEnds(codes, labels) {
  const groups = [...new Set(labels)]
    .sort((a, b) => a - b)
    .map((label) => {
      const rows = Uint16Array.from(labels.keys()).filter((i) => labels[i] === label);
      const points = chosen(codes, rows);
      const mean = [0, 1].map(
        (c) => points.filter((_, i) => (i & 1) === c).reduce((s, x) => s + x, 0) / rows.length,
      );
      return { points, mean };
    });
  const gap = ([a, b]) => Math.hypot(a.mean[0] - b.mean[0], a.mean[1] - b.mean[1]);
  const pairs = groups.flatMap((a) => groups.map((b) => [a, b]));
  const pair = pairs.reduce((best, other) => (gap(other) > gap(best) ? other : best));
  const [a, b] = pair.map(({ points, mean: [mx, my] }) => {
    let best = 0;
    const off = (i) => Math.hypot(points[i] - mx, points[i + 1] - my);
    for (let i = 2; i < points.length; i += 2) if (off(i) < off(best)) best = i;
    return [points[best], points[best + 1]].map((x) => Math.round(100 * x) / 100);
  });
  return { a, b };
}
