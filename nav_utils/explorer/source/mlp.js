// Multilayer perceptrons with SiLU between their layers: the decoder, and the ratio's network.
// A layer is { weight (row by row), bias, inputs, outputs }.

const TOGETHER = 8; // points decoded at a time: each weight is read once for all of them

/**
 * decode(points, Float64Array(2k)) -> Uint8Array(k size): images, 255 is ink. Output i of the last
 * layer is the logit of pixel pixels[i] of `size`; the others are 0. The array belongs to the
 * decoder: the next call writes over it.
 */
export function decoder(layers, pixels, size) {
  const last = layers.at(-1);
  const widest = Math.max(...layers.map((layer) => layer.inputs));
  let h = new Float64Array(TOGETHER * widest); // [unit][point]
  let next = new Float64Array(TOGETHER * widest);
  const sums = new Float64Array(TOGETHER);
  let images = new Uint8Array(0);

  return (points) => {
    const k = points.length / 2;
    if (images.length < k * size) images = new Uint8Array(k * size);
    for (let first = 0; first < k; first += TOGETHER) {
      const some = Math.min(TOGETHER, k - first);
      for (let p = 0; p < some; p++) {
        h[p] = points[2 * (first + p)];
        h[TOGETHER + p] = points[2 * (first + p) + 1];
      }
      for (let depth = 0; depth < layers.length - 1; depth++) {
        for (let unit = 0; unit < layers[depth].outputs; unit++) {
          rowTimes(layers[depth], unit, h, sums);
          for (let p = 0; p < TOGETHER; p++) next[TOGETHER * unit + p] = silu(sums[p]);
        }
        [h, next] = [next, h];
      }
      for (let unit = 0; unit < last.outputs; unit++) {
        rowTimes(last, unit, h, sums);
        const at = first * size + pixels[unit];
        for (let p = 0; p < some; p++) images[at + p * size] = ink(sums[p]);
      }
    }
    return images.subarray(0, k * size);
  };
}

/** One row of a layer for all points at once; sums in registers, as arrays would go to memory. */
function rowTimes({ weight, bias, inputs }, unit, h, sums) {
  // prettier-ignore
  let s0 = bias[unit], s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  for (let i = 0, at = unit * inputs, j = 0; i < inputs; i++, at++, j += TOGETHER) {
    const w = weight[at];
    s0 += w * h[j];
    s1 += w * h[j + 1];
    s2 += w * h[j + 2];
    s3 += w * h[j + 3];
    s4 += w * h[j + 4];
    s5 += w * h[j + 5];
    s6 += w * h[j + 6];
    s7 += w * h[j + 7];
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
  sums[4] = s4;
  sums[5] = s5;
  sums[6] = s6;
  sums[7] = s7;
}

const silu = (x) => x / (1 + Math.exp(-x));

// 255 sigmoid(x), rounded: from a table whose cells are 1/256 wide, a quarter of a grey level where
// the sigmoid is steepest. Beyond +-8 it rounds to 0 and to 255.
const INK = Uint8Array.from({ length: 4096 }, (_, i) =>
  Math.round(255 / (1 + Math.exp(8 - (i + 0.5) / 256))),
);
const ink = (x) => INK[x > -8 ? (x < 8 ? ((x + 8) * 256) | 0 : 4095) : 0];

/** The field a = scale * network + shift in float64, its gradient in closed form. */
export function networkField(layers, scale, shift) {
  const hidden = layers.slice(0, -1).map((layer) => ({
    ...layer,
    columns: transposed(layer),
    h: new Float64Array(layer.outputs), // after SiLU
    slope: new Float64Array(layer.outputs), // of SiLU
    back: new Float64Array(layer.inputs), // the gradient in its inputs
  }));
  const last = layers.at(-1);
  const value = new Float64Array(1);
  const point = new Float64Array(2);

  function evaluate(x, y, out) {
    point[0] = x;
    point[1] = y;
    let input = point;
    for (const { weight, bias, h, slope } of hidden) {
      multiply(weight, input, h);
      for (let unit = 0; unit < h.length; unit++) {
        const sum = h[unit] + bias[unit];
        const gate = 1 / (1 + Math.exp(-sum));
        h[unit] = sum * gate;
        slope[unit] = gate * (1 + sum * (1 - gate));
      }
      input = h;
    }
    multiply(last.weight, input, value);
    let gradient = last.weight; // of the output in the last activations
    for (let depth = hidden.length - 1; depth >= 0; depth--) {
      const { columns, slope, back } = hidden[depth];
      for (let unit = 0; unit < slope.length; unit++) slope[unit] *= gradient[unit];
      multiply(columns, slope, back);
      gradient = back;
    }
    out[0] = scale * (value[0] + last.bias[0]) + shift;
    out[1] = scale * gradient[0];
    out[2] = scale * gradient[1];
  }
  return { evaluate };
}

function transposed({ weight, inputs, outputs }) {
  const columns = new Float64Array(weight.length);
  for (let unit = 0; unit < outputs; unit++) {
    for (let i = 0; i < inputs; i++) columns[i * outputs + unit] = weight[unit * inputs + i];
  }
  return columns;
}

/** A matrix (row by row) times a vector; four rows at a time, as additions wait for each other. */
function multiply(matrix, vector, result) {
  const n = vector.length;
  const rows = result.length;
  let row = 0;
  for (; row + 3 < rows; row += 4) {
    const first = row * n;
    // prettier-ignore
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let i = 0, at = first; i < n; i++, at++) {
      const x = vector[i];
      s0 += matrix[at] * x;
      s1 += matrix[at + n] * x;
      s2 += matrix[at + 2 * n] * x;
      s3 += matrix[at + 3 * n] * x;
    }
    result[row] = s0;
    result[row + 1] = s1;
    result[row + 2] = s2;
    result[row + 3] = s3;
  }
  for (; row < rows; row++) {
    result[row] = 0;
    for (let i = 0; i < n; i++) result[row] += matrix[row * n + i] * vector[i];
  }
}
