// The arithmetic in plain JavaScript, on Float32Array or Float64Array alike. Each function has a
// twin in WebAssembly (simd.js) that computes the same.
//
// A matrix lies row by row. Activations are (units, n): a row for each unit, a column for each
// point, and n is a multiple of 8. Weights are (outputs, inputs), as torch has them.

/** Plain arithmetic; Floats is Float32Array or Float64Array. */
export function plainKernels(Floats) {
  const round = Floats === Float32Array ? Math.fround : (x) => x;
  const alloc = (n) => new Floats(n);
  return { name: "plain", alloc, round, gemm, outer, silu, expAbs, mul, mulAdd, adam };
}

/**
 * c (m, n) = bias (m) + a b for a (m, k) with a[i, l] at i rows + l columns, and b (k, n).
 * bias: null for none.
 */
function gemm(a, rows, columns, b, c, m, k, n, bias) {
  let i = 0;
  for (; i + 3 < m; i += 4) {
    for (let j = 0; j < n; j += 2) {
      // prettier-ignore
      let s00 = bias ? bias[i] : 0, s10 = bias ? bias[i + 1] : 0, s20 = bias ? bias[i + 2] : 0;
      // prettier-ignore
      let s30 = bias ? bias[i + 3] : 0, s01 = s00, s11 = s10, s21 = s20, s31 = s30;
      // prettier-ignore
      let at0 = i * rows, at1 = at0 + rows, at2 = at1 + rows, at3 = at2 + rows;
      for (let l = 0, at = j; l < k; l++, at += n) {
        const b0 = b[at];
        const b1 = b[at + 1];
        const a0 = a[at0];
        const a1 = a[at1];
        const a2 = a[at2];
        const a3 = a[at3];
        s00 += a0 * b0;
        s01 += a0 * b1;
        s10 += a1 * b0;
        s11 += a1 * b1;
        s20 += a2 * b0;
        s21 += a2 * b1;
        s30 += a3 * b0;
        s31 += a3 * b1;
        at0 += columns;
        at1 += columns;
        at2 += columns;
        at3 += columns;
      }
      c[i * n + j] = s00;
      c[i * n + j + 1] = s01;
      c[(i + 1) * n + j] = s10;
      c[(i + 1) * n + j + 1] = s11;
      c[(i + 2) * n + j] = s20;
      c[(i + 2) * n + j + 1] = s21;
      c[(i + 3) * n + j] = s30;
      c[(i + 3) * n + j + 1] = s31;
    }
  }
  for (; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = bias ? bias[i] : 0;
      for (let l = 0; l < k; l++) sum += a[i * rows + l * columns] * b[l * n + j];
      c[i * n + j] = sum;
    }
  }
}

/** w (m, k) += v (m, n) h (k, n) transposed, and sums (m) += the rows of v; k is even. */
function outer(v, h, w, sums, m, k, n) {
  let i = 0;
  for (; i + 3 < m; i += 4) {
    for (let j = 0; j < k; j += 2) {
      // prettier-ignore
      let s00 = 0, s01 = 0, s10 = 0, s11 = 0, s20 = 0, s21 = 0, s30 = 0, s31 = 0;
      // prettier-ignore
      const v0 = i * n, v1 = v0 + n, v2 = v1 + n, v3 = v2 + n, h0 = j * n, h1 = h0 + n;
      for (let l = 0; l < n; l++) {
        const x0 = h[h0 + l];
        const x1 = h[h1 + l];
        const y0 = v[v0 + l];
        const y1 = v[v1 + l];
        const y2 = v[v2 + l];
        const y3 = v[v3 + l];
        s00 += y0 * x0;
        s01 += y0 * x1;
        s10 += y1 * x0;
        s11 += y1 * x1;
        s20 += y2 * x0;
        s21 += y2 * x1;
        s30 += y3 * x0;
        s31 += y3 * x1;
      }
      w[i * k + j] += s00;
      w[i * k + j + 1] += s01;
      w[(i + 1) * k + j] += s10;
      w[(i + 1) * k + j + 1] += s11;
      w[(i + 2) * k + j] += s20;
      w[(i + 2) * k + j + 1] += s21;
      w[(i + 3) * k + j] += s30;
      w[(i + 3) * k + j + 1] += s31;
    }
  }
  for (; i < m; i++) {
    for (let j = 0; j < k; j++) {
      let sum = 0;
      for (let l = 0; l < n; l++) sum += v[i * n + l] * h[j * n + l];
      w[i * k + j] += sum;
    }
  }
  if (!sums) return;
  for (let row = 0; row < m; row++) {
    let sum = 0;
    for (let l = row * n; l < (row + 1) * n; l++) sum += v[l];
    sums[row] += sum;
  }
}

/** SiLU of u in h, its slope in slope, and the slope of that in bend (null: not wanted). */
function silu(u, h, slope, bend, count) {
  for (let i = 0; i < count; i++) {
    const x = u[i];
    const gate = 1 / (1 + Math.exp(-x));
    h[i] = x * gate;
    slope[i] = gate * (1 + x * (1 - gate));
    if (bend) bend[i] = gate * (1 - gate) * (2 + x * (1 - 2 * gate));
  }
}

/** e = exp(-|u|). */
function expAbs(u, e, count) {
  for (let i = 0; i < count; i++) e[i] = Math.exp(-Math.abs(u[i]));
}

/** c = a b, one by one. */
function mul(a, b, c, count) {
  for (let i = 0; i < count; i++) c[i] = a[i] * b[i];
}

/** c += a b, one by one. */
function mulAdd(a, b, c, count) {
  for (let i = 0; i < count; i++) c[i] += a[i] * b[i];
}

/**
 * A step of Adam on weights w with gradient g and moments m, v, as torch's: keep: what is left of a
 * weight (1 without decay); b1, b2: betas; rate: over the first correction; root: one over the root
 * of the second. Source: Kingma and Ba 2015, arXiv 1412.6980.
 */
function adam(w, g, m, v, count, keep, b1, b2, rate, root, tiny) {
  for (let i = 0; i < count; i++) {
    const gradient = g[i];
    const mean = m[i] + (1 - b1) * (gradient - m[i]);
    const square = b2 * v[i] + (1 - b2) * gradient * gradient;
    m[i] = mean;
    v[i] = square;
    w[i] = keep * w[i] - (rate * mean) / (Math.sqrt(square) * root + tiny);
  }
}
