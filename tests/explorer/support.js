// What the tests of the explorer's core share: golden vectors, a payload, comparisons, chance.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { readPayload } from "../../nav_utils/explorer/source/payload.js";
import { NORMAL } from "../../nav_utils/explorer/source/prior.js";

export const golden = JSON.parse(readFileSync(new URL("golden.json", import.meta.url), "utf8"));

const path = process.env.NAV_PAYLOAD; // a file that holds the payload of mnist-2d
export const bytes = path ? readFileSync(path) : null;
export const real = bytes && readPayload(bytes);
/** Options of a test that needs the payload. */
export const needsPayload = { skip: bytes ? false : "NAV_PAYLOAD names no payload" };

/** Lists of numbers, equal up to `tolerance`; null stands for a number that is not finite. */
export function near(actual, expected, tolerance, what = "") {
  assert.equal(actual.length, expected.length, `${what}: length`);
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] === null) assert.ok(!Number.isFinite(actual[i]), `${what}[${i}] is finite`);
    else {
      const off = Math.abs(actual[i] - expected[i]);
      assert.ok(off <= tolerance, `${what}[${i}]: expected ${expected[i]}, got ${actual[i]}`);
    }
  }
}

/** golden.py's AnalyticRatio as a field, and as a space. */
export const analyticField = {
  evaluate(x, y, out) {
    const [cx, sx, cy, sy] = [
      Math.cos(1.3 * x),
      Math.sin(1.3 * x),
      Math.cos(0.9 * y),
      Math.sin(0.9 * y),
    ];
    const root = Math.sqrt(9 - x * x);
    out[0] = 2 * cx * cy + root - 3;
    out[1] = -2.6 * sx * cy - x / root;
    out[2] = -1.8 * cx * sy;
  },
};
export const analytic = {
  meta: { radius: 3.5, log_q_95: -3.2, log_q_50: -2.2 },
  grid: analyticField,
  exact: null,
  prior: NORMAL,
  noData: (x, y) => x * x + y * y > 7,
};

/** Numbers from 0 to 1, the same at every run. */
export function chance(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((Math.imul(state ^ (state >>> 15), 2246822519) ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

/** A safetensors file. tensors: { name: [dtype, shape, typed array] }. */
export function safetensors(tensors, metadata) {
  const header = metadata === undefined ? {} : { __metadata__: metadata };
  const parts = [];
  let end = 0;
  for (const [name, [dtype, shape, values]] of Object.entries(tensors)) {
    const begin = end;
    end += values.byteLength;
    header[name] = { dtype, shape, data_offsets: [begin, end] };
    parts.push(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, ...parts]);
}

/** A payload that is as small as one can be: 1 x 3 pixels, of which the decoder writes two. */
export function small() {
  const tensors = {
    grid: ["I16", [4, 4], Int16Array.from({ length: 16 }, (_, i) => 10 * i - 70)],
    no_data: ["U8", [2], Uint8Array.of(0b10000000, 1)],
    "decoder.pixels": ["U8", [1], Uint8Array.of(0b10100000)],
    "decoder.0.weight": ["F16", [1, 2], Uint16Array.of(0x3c00, 0xc000)], // 1, -2
    "decoder.0.bias": ["F16", [1], Uint16Array.of(0x3800)], // 0.5
    "decoder.1.weight": ["F16", [2, 1], Uint16Array.of(0x3c00, 0x0001)], // 1, 2^-24
    "decoder.1.bias": ["F16", [2], Uint16Array.of(0, 0xbc00)], // 0, -1
    "ratio.0.weight": ["U8", [1, 6], Uint8Array.of(3, 0, 0, 0xfc, 0xff, 0xff)], // 3, -4
    "ratio.0.scale": ["F32", [1], Float32Array.of(0.5)],
    "ratio.0.bias": ["F32", [1], Float32Array.of(0.25)],
    codes: ["F16", [2, 2], Uint16Array.of(0x3c00, 0, 0x7bff, 0x8400)],
    labels: ["U8", [2], Uint8Array.of(1, 7)],
  };
  const meta = {
    version: 2,
    name: "small",
    image: [1, 1, 3],
    atlas: null,
    prior: { kind: "normal" },
    methods: ["probability", "logit", "gauss_newton", "score", "string"],
    contours: [[0, 0, 1, 1, 0, 0]],
    radius: 1,
    low: -1.5,
    high: 1.5,
    grid_scale: 0.01,
    grid_error: 0.001,
    scale: 2,
    shift: -1,
    level_95: 1,
    log_q_95: -5,
    log_q_50: -3,
    presets: { cross: { text: "Cross it", state: { a: [0, 1] } } },
    start: {},
  };
  return { tensors, meta };
}

export const packed = ({ tensors, meta }) =>
  safetensors(tensors, { explorer: JSON.stringify(meta) });
