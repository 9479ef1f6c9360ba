// What the tests of the playground's engine share.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const path = process.env.NAV_PLAYGROUND; // a folder that test_playground_core.py has filled
export const golden = JSON.parse(readFileSync(`${path}/golden.json`, "utf8"));
export const digits = new Uint8Array(readFileSync(`${path}/digits.bin`));

/** What a generator returns, when it has gone to its end. */
export function drained(generator) {
  for (;;) {
    const { done, value } = generator.next();
    if (done) return value;
  }
}

/** Numbers that differ by at most `relative` of their size, or of the typical size of them all. */
export function near(actual, expected, relative, what) {
  assert.equal(actual.length, expected.length, `${what}: length`);
  const typical = Math.sqrt(expected.reduce((sum, x) => sum + x * x, 0) / expected.length);
  for (let i = 0; i < expected.length; i++) {
    const most = relative * Math.max(Math.abs(expected[i]), typical);
    const off = Math.abs(actual[i] - expected[i]);
    assert.ok(off <= most, `${what}[${i}]: expected ${expected[i]}, got ${actual[i]}`);
  }
}
