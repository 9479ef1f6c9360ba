// The logit on a grid: a cubic B-spline, whose value and gradient have no jumps.

/**
 * The field of n x n coefficients, each worth `scale` nats, over the square from low to high: row i
 * at y = low + i (high - low) / (n - 1), column j at x likewise. The spline is mirrored at its
 * edge, so it is flat across it; beyond, it is what it is at the nearest point of the square.
 */
export function gridField(coefficients, n, low, high, scale) {
  const width = n + 3; // one more row and column before and two behind
  const mirrored = (i) => n - 1 - Math.abs(n - 1 - Math.abs(i));
  const padded = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++) {
      padded[i * width + j] = coefficients[mirrored(i - 1) * n + mirrored(j - 1)] * scale;
    }
  }
  const perUnit = (n - 1) / (high - low);
  const [wx, wy, sx, sy] = [0, 1, 2, 3].map(() => new Float64Array(4)); // weights and slopes

  function evaluate(x, y, out) {
    const u = (Math.min(Math.max(x, low), high) - low) * perUnit;
    const v = (Math.min(Math.max(y, low), high) - low) * perUnit;
    const column = Math.floor(u);
    const row = Math.floor(v);
    cubics(u - column, wx, sx);
    cubics(v - row, wy, sy);
    let a = 0;
    let ax = 0;
    let ay = 0;
    for (let i = 0, at = row * width + column; i < 4; i++, at += width) {
      const value = fourTimes(wx, padded, at);
      a += wy[i] * value;
      ax += wy[i] * fourTimes(sx, padded, at);
      ay += sy[i] * value;
    }
    out[0] = a;
    out[1] = ax * perUnit;
    out[2] = ay * perUnit;
  }
  return { evaluate };
}

const fourTimes = (w, p, at) =>
  w[0] * p[at] + w[1] * p[at + 1] + w[2] * p[at + 2] + w[3] * p[at + 3];

/** The four cubics that overlap on a cell, at its share f from 0 to 1, and their slopes. */
function cubics(f, weights, slopes) {
  const g = 1 - f;
  weights[0] = (g * g * g) / 6;
  weights[1] = 2 / 3 - f * f * (1 - f / 2);
  weights[2] = 2 / 3 - g * g * (1 - g / 2);
  weights[3] = (f * f * f) / 6;
  slopes[0] = (-g * g) / 2;
  slopes[1] = f * (1.5 * f - 2);
  slopes[2] = g * (2 - 1.5 * g);
  slopes[3] = (f * f) / 2;
}

/** Whether a point's nearest node has its bit set; bits lie row by row, the highest first. */
export function nodeMask(bits, n, low, high) {
  const nearest = (x) => {
    const i = Math.round(((x - low) / (high - low)) * (n - 1));
    return i > 0 ? Math.min(i, n - 1) : 0; // 0 for NaN too
  };
  return (x, y) => bitAt(bits, nearest(y) * n + nearest(x));
}

/** Bit i of bytes as numpy.packbits fills them. */
export const bitAt = (bits, i) => ((bits[i >> 3] << (i & 7)) & 128) !== 0;
