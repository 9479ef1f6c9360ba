// The losses in nats, each with its gradient: nav_utils/training.py, by hand. Columns are points.

/**
 * Binary cross-entropy summed over pixels, mean over n images; its gradient in `gradient`.
 * logits, x: (pixels, n). The logarithms are taken of products: log(1 + e) is slow.
 */
export function reconstruction(kernels, logits, x, gradient, n) {
  const count = logits.length;
  kernels.expAbs(logits, gradient, count);
  let [sum, product] = [0, 1];
  for (let i = 0; i < count; i++) {
    const logit = logits[i];
    const e = gradient[i]; // exp(-|logit|)
    const s = 1 / (1 + e);
    sum += (logit > 0 ? logit : 0) - logit * x[i];
    product *= 1 + e; // at most 2
    if ((i & 511) === 511) {
      sum += Math.log(product);
      product = 1;
    }
    gradient[i] = ((logit > 0 ? s : e * s) - x[i]) / n;
  }
  return (sum + Math.log(product)) / n;
}

/** KL(N(mean, variance) || N(0, I)), mean over n; adds `weight` times its gradient. */
export function klToPrior(posterior, gradient, n, weight) {
  let sum = 0;
  for (let i = 0; i < 2 * n; i++) {
    const mean = posterior[i];
    const log = posterior[2 * n + i];
    const variance = Math.exp(log);
    sum += 0.5 * (mean * mean + variance - 1 - log);
    gradient[i] += (weight * mean) / n;
    gradient[2 * n + i] += (0.5 * weight * (variance - 1)) / n;
  }
  return sum / n;
}

/** log(1 + exp(x)). */
export const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
export const sigmoid = (x) => (x > 0 ? 1 / (1 + Math.exp(-x)) : 1 - 1 / (1 + Math.exp(x)));

/**
 * The discriminator's loss, prior 1 and codes 0: both classes' means added, times `share`. Logits
 * are those of n codes, then of n prior samples; the gradient in them goes into `gradient`.
 */
export function logistic(logits, gradient, n, share = 1) {
  let sum = 0;
  for (let j = 0; j < n; j++) {
    sum += softplus(logits[j]) + softplus(-logits[n + j]);
    gradient[j] = (share * sigmoid(logits[j])) / n;
    gradient[n + j] = (-share * sigmoid(-logits[n + j])) / n;
  }
  return (share * sum) / n;
}

/**
 * The same as chapter 05 writes it first, through probabilities, in which float32 runs out of
 * digits: -log(D + tiny) and -log(1 - D + tiny). kernels.round rounds as torch does.
 */
export function logisticOfD({ round }, logits, gradient, n, tiny) {
  let sum = 0;
  for (let j = 0; j < n; j++) {
    const [d, onPrior] = [round(sigmoid(logits[j])), round(sigmoid(logits[n + j]))];
    const rest = round(1 - d);
    sum -= Math.log(rest + tiny) + Math.log(onPrior + tiny);
    gradient[j] = (d * rest) / (rest + tiny) / n;
    gradient[n + j] = (-onPrior * (1 - onPrior)) / (onPrior + tiny) / n;
  }
  return sum / n;
}

/** Its counterpart for the encoder: -mean log(D + tiny) at n codes; weight only in the gradient. */
export function adversarialOfD({ round }, logits, gradient, n, tiny, weight) {
  let sum = 0;
  for (let j = 0; j < n; j++) {
    const d = round(sigmoid(logits[j]));
    sum -= Math.log(d + tiny);
    gradient[j] = (-weight * d * (1 - d)) / (d + tiny) / n;
  }
  return sum / n;
}
