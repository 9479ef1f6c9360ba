import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { source } from "../../../nav_utils/playground/source/assembly/kernels.js";
import { plainKernels } from "../../../nav_utils/playground/source/plain.js";
import { simdKernels } from "../../../nav_utils/playground/source/simd.js";
import { near } from "./support.js";

test("the committed WebAssembly is what its source makes, and small", () => {
  const file = new URL("../../../nav_utils/playground/source/kernels.wasm.js", import.meta.url);
  const text = readFileSync(file, "utf8");
  assert.equal(text, source());
  assert.ok(text.length < 5000);
});

const numbers = (n, k) =>
  Float32Array.from({ length: n }, (_, i) => 2 * Math.sin(12.9 * (i + 1) * k));

/** The same call in both arithmetics, on the same numbers; `outs` of the arrays are compared. */
function compare(name, sizes, outs, call, tolerance = 2e-6) {
  const arrays = [plainKernels(Float64Array), simdKernels()].map((kernels) => {
    const own = sizes.map((n, k) => {
      const array = kernels.alloc(n);
      array.set(numbers(n, k + 1.37));
      return array;
    });
    call(kernels, ...own);
    return own;
  });
  for (const k of outs) near(arrays[1][k], [...arrays[0][k]], tolerance, `${name}, array ${k}`);
}

test("WebAssembly computes what plain JavaScript does", () => {
  for (const [m, k, n] of [
    [7, 6, 16],
    [1, 64, 24],
    [2, 4, 8],
    [8, 2, 8],
  ]) {
    const sizes = [m * k, k * n, m * n, m];
    compare(`${m} ${k} ${n}`, sizes, [2], (kernels, a, b, c, bias) =>
      kernels.gemm(a, k, 1, b, c, m, k, n, bias),
    );
    compare("transposed", [m * k, m * n, k * n], [2], (kernels, a, b, c) =>
      kernels.gemm(a, 1, k, b, c, k, m, n, null),
    );
    compare("outer", [m * n, k * n, m * k, m], [2, 3], (kernels, v, h, w, sums) =>
      kernels.outer(v, h, w, sums, m, k, n),
    );
    compare("outer, no sums", [m * n, k * n, m * k], [2], (kernels, v, h, w) =>
      kernels.outer(v, h, w, null, m, k, n),
    );
  }
  const four = [40, 40, 40, 40];
  compare("silu", four, [1, 2, 3], (k, u, h, s, b) => k.silu(u, h, s, b, 40));
  compare("silu without bend", four, [1, 2, 3], (k, u, h, s) => k.silu(u, h, s, null, 40));
  compare("expAbs", four, [1], (k, u, e) => k.expAbs(u, e, 40));
  compare("mul", four, [2], (k, a, b, c) => k.mul(a, b, c, 40));
  compare("mulAdd", four, [2], (k, a, b, c) => k.mulAdd(a, b, c, 40));
  compare("adam", four, [0, 2, 3], (k, w, g, m, v) => {
    v.forEach((x, i) => (v[i] = Math.abs(x)));
    k.adam(w, g, m, v, 40, 0.99, 0.9, 0.999, 0.01, 1.5, 1e-8);
  });
});

test("far from 0 the exponential neither overflows nor loses NaN", () => {
  const kernels = simdKernels();
  const [u, h, slope] = [0, 1, 2].map(() => kernels.alloc(8));
  u.set([1000, -1000, Infinity, NaN, 90, -90, 0, -0]);
  kernels.silu(u, h, slope, null, 8);
  near([h[0], h[1], h[4], h[6]], [1000, 0, 90, 0], 1e-6, "silu");
  near([slope[0], slope[1], slope[6]], [1, 0, 0.5], 1e-6, "slope");
  assert.ok(Number.isNaN(h[3]));
  kernels.expAbs(u, h, 8);
  assert.ok(h[0] >= 0 && h[0] < 1e-37 && Number.isNaN(h[3]) && h[6] === 1);
});

test("memory that runs out is told", () => {
  assert.throws(() => simdKernels().alloc(1e8), /out of memory/);
});
