// What the tests of the playground's engine share.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

// The folder that tests/test_playground_core.py fills.
export const folder = process.env.NAV_PLAYGROUND;
/** Options of a test that needs it. */
export const needsFolder = { skip: folder ? false : "NAV_PLAYGROUND names no folder" };
export const golden = folder ? JSON.parse(readFileSync(`${folder}/golden.json`, "utf8")) : null;
export const digits = folder ? new Uint8Array(readFileSync(`${folder}/digits.bin`)) : null;

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
