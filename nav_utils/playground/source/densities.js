// The exact densities of nav_utils/densities.py: mixtures { means, std } of equal weights.

const circle = (angles, radius) => angles.map((t) => [radius * Math.cos(t), radius * Math.sin(t)]);
const several = (n, angle) => Array.from({ length: n }, (_, i) => angle(i));
const single = Math.fround; // the package's angles of the ring are float32

export const densities = {
  ring: {
    means: circle(
      several(24, (i) => single(single(2 * i * single(Math.PI)) / 24)),
      1.3,
    ),
    std: 0.25,
  },
  c_shape: {
    means: circle(
      several(20, (i) => 0.5 + (i * (2 * Math.PI - 1)) / 19),
      1.4,
    ),
    std: 0.22,
  },
  two_clusters: {
    means: [
      [-1.2, 0],
      [1.2, 0],
    ],
    std: 0.35,
  },
};

/** log p of N(0, I), in nats. */
export const logPrior = (x, y) => -Math.log(2 * Math.PI) - 0.5 * (x * x + y * y);

/** log q of a mixture, in nats. */
export function logDensity({ means, std }, x, y) {
  let [most, sum] = [-Infinity, 0];
  for (const [mx, my] of means) {
    const log = -0.5 * (((x - mx) / std) ** 2 + ((y - my) / std) ** 2);
    sum = log > most ? sum * Math.exp(most - log) + 1 : sum + Math.exp(log - most);
    most = Math.max(most, log);
  }
  return most + Math.log(sum / means.length) - Math.log(2 * Math.PI * std * std);
}

/** a* = log p - log q, the logit of the best discriminator. */
export const trueLogit = (density, x, y) => logPrior(x, y) - logDensity(density, x, y);
