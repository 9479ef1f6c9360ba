// The discriminator's gradient in its input, and the zero-centred penalty on it: the mean of
// |grad a|^2 over the codes, and over the prior samples, times gamma (Mescheder et al. 2018).
//
// With u_k = W_k h_(k-1) + b_k, h_k = s(u_k), and a = w h_K + b:
//   back:      g_K = w,   v_k = g_k s'(u_k),   g_(k-1) = W_k^T v_k;   grad a = g_0
//   and the penalty's own gradient, from r_0 = 2 gamma / n g_0 forward again:
//              q_k = W_k r_(k-1),   r_k = q_k s'(u_k);
//              it adds v_k r_(k-1)^T to W_k, r_K to w, and q_k g_k s''(u_k) to the gradient in u_k.

/** Room for n points beside network.js's: what the way back leaves. */
export function slopesRoom({ kernels, layers }, n) {
  const like = (units) => kernels.alloc(units * n);
  return {
    input: like(layers[0].inputs), // grad a, (2, n)
    start: like(layers[0].inputs), // r_0
    hidden: layers.slice(0, -1).map(({ outputs }) => ({
      g: like(outputs),
      v: like(outputs),
      r: like(outputs),
    })),
  };
}

/** grad a at the points that `at` has gone forward with, in slopes.input. */
export function* inputGradient({ kernels, layers }, at, slopes) {
  const { n } = at;
  const { weight, inputs } = layers.at(-1);
  const top = slopes.hidden.at(-1);
  for (let i = 0; i < inputs; i++) top.g.fill(weight[i], i * n, (i + 1) * n);
  for (let k = layers.length - 2; k >= 0; k--) {
    const { weight, inputs, outputs } = layers[k];
    const { g, v } = slopes.hidden[k];
    kernels.mul(g, at.hidden[k].slope, v, outputs * n);
    const below = slopes.hidden[k - 1]?.g ?? slopes.input;
    kernels.gemm(weight, 1, inputs, v, below, inputs, outputs, n, null);
    yield;
  }
}

/**
 * gamma times the penalty of each half of the points, added; its gradient goes into the weights,
 * except for what comes through the u_k: that is left in the r of each layer, times bend still to
 * come (network.js, `more`).
 */
export function* gradientPenalty({ kernels, layers }, at, slopes, gamma) {
  const { n } = at;
  const { input, start } = slopes;
  let sum = 0;
  for (let i = 0; i < 2 * n; i++) {
    sum += input[i] * input[i];
    start[i] = ((4 * gamma) / n) * input[i];
  }
  let r = start;
  for (let k = 0; k < layers.length - 1; k++) {
    const { weight, weightGradient, inputs, outputs } = layers[k];
    const here = slopes.hidden[k];
    kernels.outer(here.v, r, weightGradient, null, outputs, inputs, n);
    yield;
    kernels.gemm(weight, inputs, 1, r, here.r, outputs, inputs, n, null); // q
    kernels.mul(here.r, here.g, here.g, outputs * n); // q g: times s'' it is for u
    kernels.mul(here.r, at.hidden[k].slope, here.r, outputs * n);
    r = here.r;
    yield;
  }
  const { weightGradient, inputs } = layers.at(-1);
  for (let i = 0; i < inputs; i++) {
    let total = 0;
    for (let j = i * n; j < (i + 1) * n; j++) total += r[j];
    weightGradient[i] += total;
  }
  return (2 * gamma * sum) / n;
}
