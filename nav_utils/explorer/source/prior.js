// The prior: log p and its gradient, in closed form; see nav_utils/explorer/prior.py.

const LOG_2_PI = Math.log(2 * Math.PI);

/** N(0, I). A prior: logProb(x, y) in nats, score(x, y, out) writes the gradient of it. */
export const NORMAL = {
  kind: "normal",
  logProb: (x, y) => -LOG_2_PI - 0.5 * (x * x + y * y),
  score(x, y, out) {
    out[0] = -x;
    out[1] = -y;
  },
};

/** The uniform distribution on a box: no density outside, no slope anywhere. */
function box({ low: [left, low], high: [right, high] }) {
  const density = -Math.log(right - left) - Math.log(high - low);
  return {
    kind: "box",
    logProb: (x, y) => (x >= left && x <= right && y >= low && y <= high ? density : -Infinity),
    score: (x, y, out) => out.fill(0),
  };
}

/** A mixture of normal distributions, each [height, mean x, y, precision xx, xy, yy]. */
function mixture({ parts }) {
  function evaluate(x, y, out) {
    let [most, sum, sx, sy] = [-Infinity, 0, 0, 0]; // sums in units of the highest part so far
    for (const [height, mx, my, xx, xy, yy] of parts) {
      const gx = xx * (x - mx) + xy * (y - my);
      const gy = xy * (x - mx) + yy * (y - my);
      const log = height - 0.5 * (gx * (x - mx) + gy * (y - my));
      const shrink = log > most ? Math.exp(most - log) : 1;
      most = Math.max(most, log);
      const share = Math.exp(log - most);
      sum = sum * shrink + share;
      sx = sx * shrink - share * gx;
      sy = sy * shrink - share * gy;
    }
    if (out) [out[0], out[1]] = [sx / sum, sy / sum];
    return most + Math.log(sum);
  }
  return { kind: "mixture", logProb: (x, y) => evaluate(x, y), score: evaluate };
}

const isList = (list, n) => Array.isArray(list) && list.length === n && list.every(Number.isFinite);

/** The prior that the metadata describes; undefined for what makes no sense. */
export function readPrior(facts) {
  const { kind, low, high, parts } = facts ?? {};
  if (kind === "normal") return NORMAL;
  const isBox = isList(low, 2) && isList(high, 2) && low[0] < high[0] && low[1] < high[1];
  if (kind === "box" && isBox) return box(facts);
  const isMixture = Array.isArray(parts) && parts.length && parts.every((part) => isList(part, 6));
  return kind === "mixture" && isMixture ? mixture(facts) : undefined;
}
