// The arithmetic in WebAssembly with 128-bit vectors, in float32; plain.js says what it computes.

import { WASM } from "./kernels.wasm.js";

const PAGE = 65536; // bytes
const PAGES = 96; // 6 MB for the largest model; what is never written to takes no memory
const at = (array) => (array ? array.byteOffset : 0);

let compiled = null;

/** Kernels with a memory of their own. Throws where WebAssembly, or its vectors, are refused. */
export function simdKernels() {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(WASM), (c) => c.charCodeAt(0)));
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const wasm = new WebAssembly.Instance(compiled, { m: { m: memory } }).exports;
  let end = 16; // 0 stands for no array

  return {
    name: "wasm",
    round: Math.fround,
    alloc(n) {
      const begin = end;
      end += 4 * Math.ceil(n / 4) * 4;
      if (end > PAGES * PAGE) throw new Error(`out of memory: ${end} bytes of ${PAGES * PAGE}`);
      return new Float32Array(memory.buffer, begin, n);
    },
    gemm(a, rows, columns, b, c, m, k, n, bias) {
      wasm.gemm(at(a), 4 * rows, 4 * columns, at(b), at(c), m, k, n, at(bias));
    },
    outer: (v, h, w, sums, m, k, n) => wasm.outer(at(v), at(h), at(w), at(sums), m, k, n),
    silu: (u, h, slope, bend, count) => wasm.silu(at(u), at(h), at(slope), at(bend), count),
    expAbs: (u, e, count) => wasm.expAbs(at(u), at(e), count),
    mul: (a, b, c, count) => wasm.mul(at(a), at(b), at(c), count),
    mulAdd: (a, b, c, count) => wasm.mulAdd(at(a), at(b), at(c), count),
    adam: (w, g, m, v, count, ...numbers) =>
      wasm.adam(at(w), at(g), at(m), at(v), count, ...numbers),
  };
}
