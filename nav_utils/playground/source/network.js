// A multilayer perceptron with SiLU between its layers: weights, forward, backward. What takes
// time is a generator that yields after each product, so that a page can go on in between.

/** Weights, gradients and Adam's moments; sizes from input to output. `kernels`: see plain.js. */
export function network(kernels, sizes) {
  const layers = [];
  let count = 0;
  for (let k = 1; k < sizes.length; k++) count += (sizes[k - 1] + 1) * sizes[k];
  const [w, g, kept] = [1, 2, 3].map(() => kernels.alloc(count));
  for (let k = 1, at = 0; k < sizes.length; k++) {
    const [inputs, outputs] = [sizes[k - 1], sizes[k]];
    const end = at + inputs * outputs;
    const parts = (all) => [all.subarray(at, end), all.subarray(end, end + outputs)];
    const [[weight, bias], [weightGradient, biasGradient]] = [parts(w), parts(g)];
    layers.push({ inputs, outputs, weight, bias, weightGradient, biasGradient });
    at = end + outputs;
  }
  return { kernels, sizes, layers, count, w, g, kept };
}

/** Room for n points (a multiple of 8) on their way through a network. bends: see silu. */
export function room({ kernels, layers }, n, bends = false) {
  const like = (units) => kernels.alloc(units * n);
  return {
    n,
    input: like(layers[0].inputs),
    inputGradient: like(layers[0].inputs),
    output: like(layers.at(-1).outputs),
    outputGradient: like(layers.at(-1).outputs),
    hidden: layers.slice(0, -1).map(({ outputs }) => ({
      u: like(outputs), // before SiLU; on the way back, the gradient in it
      h: like(outputs), // after it
      slope: like(outputs),
      bend: bends ? like(outputs) : null,
    })),
  };
}

/** The first `n` points of a room, or all, from input to output. */
export function* forward({ kernels, layers }, at, input = at.input) {
  for (let k = 0; k < layers.length; k++) {
    const { weight, bias, inputs, outputs } = layers[k];
    const { u, h, slope, bend } = at.hidden[k] ?? { u: at.output };
    kernels.gemm(weight, inputs, 1, input, u, outputs, inputs, at.n, bias);
    yield;
    if (!h) return;
    kernels.silu(u, h, slope, bend, outputs * at.n);
    input = h;
    yield;
  }
}

/**
 * From the gradient in the output (at.output's shape) to those of the weights, which are added to
 * what is there, and, if wanted, at.inputGradient. `more` holds what else comes to each u.
 */
export function* backward({ kernels, layers }, at, gradient, toInput, more = null) {
  for (let k = layers.length - 1; k >= 0; k--) {
    const { weight, weightGradient, biasGradient, inputs, outputs } = layers[k];
    const below = at.hidden[k - 1];
    const input = below?.h ?? at.input;
    kernels.outer(gradient, input, weightGradient, biasGradient, outputs, inputs, at.n);
    yield;
    if (!below && !toInput) return;
    const back = below?.u ?? at.inputGradient;
    kernels.gemm(weight, 1, inputs, gradient, back, inputs, outputs, at.n, null);
    if (!below) return;
    kernels.mul(back, below.slope, back, inputs * at.n);
    if (more) kernels.mulAdd(more[k - 1], below.bend, back, inputs * at.n);
    gradient = back;
    yield;
  }
}

// ---- Adam ---------------------------------------------------------------------------------------

/** Moments for a network; betas as torch's Adam has them, decay as its AdamW. */
export function adam({ kernels, count }, betas = [0.9, 0.999], decay = 0) {
  return { m: kernels.alloc(count), v: kernels.alloc(count), betas, decay, t: 0 };
}

/** A descent step by the gradients that a network holds, which are then 0 again. */
export function descend({ kernels, count, w, g }, moments, rate) {
  const { m, v, betas, decay } = moments;
  const [b1, b2] = betas;
  const t = ++moments.t;
  const root = 1 / Math.sqrt(1 - b2 ** t);
  kernels.adam(w, g, m, v, count, 1 - rate * decay, b1, b2, rate / (1 - b1 ** t), root, 1e-8);
  g.fill(0);
}

/** Whether all numbers are finite: one that is not spoils the sum. */
export function finite(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return Number.isFinite(sum);
}

/** The Euclidean length. */
export function norm(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}
