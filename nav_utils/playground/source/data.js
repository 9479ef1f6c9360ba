// The digits, from the bytes of nav_utils/playground/digits.py.

export const PIXELS = 64; // of one image
const WHITE = 16; // the largest value of a pixel

/**
 * { train, test }, each { pixels, count, grey Uint8Array(64 count) from 0 to 16, labels, fill(rows,
 * x, n) }: fill writes the images of these rows into the n columns of x (64, n), from 0 to 1.
 * Throws an Error that says what was expected and what came.
 */
export function readDigits(bytes) {
  const [nTrain, nTest] = [bytes[0] + 256 * bytes[1], bytes[2] + 256 * bytes[3]];
  const n = nTrain + nTest;
  const labelsAt = 4 + (n * PIXELS) / 2;
  const bitsAt = labelsAt + Math.ceil(n / 2);
  if (!(nTrain > 0 && bytes.length >= bitsAt)) {
    throw new Error(`digits: expected at least ${bitsAt} bytes, got ${bytes.length}`);
  }
  const half = (at, i) => (i & 1 ? bytes[at + (i >> 1)] & 15 : bytes[at + (i >> 1)] >> 4);
  const labels = Uint8Array.from({ length: n }, (_, i) => half(labelsAt, i));
  let bit = 0;
  const grey = Uint8Array.from({ length: n * PIXELS }, (_, i) => {
    const value = half(4, i);
    if (value < 15) return value;
    const isFull = (bytes[bitsAt + (bit >> 3)] << (bit & 7)) & 128;
    bit++;
    return isFull ? WHITE : 15;
  });
  const expected = bitsAt + Math.ceil(bit / 8);
  if (bytes.length !== expected) {
    throw new Error(`digits: expected ${expected} bytes, got ${bytes.length}`);
  }
  return {
    train: images(grey.subarray(0, nTrain * PIXELS), labels.subarray(0, nTrain)),
    test: images(grey.subarray(nTrain * PIXELS), labels.subarray(nTrain)),
  };
}

/** Images of `pixels` pixels, from 0 to 16 each. */
export function images(grey, labels, pixels = PIXELS) {
  return {
    pixels,
    count: labels.length,
    grey,
    labels,
    fill(rows, x, n) {
      for (let j = 0; j < rows.length; j++) {
        for (let i = 0, at = rows[j] * pixels; i < pixels; i++) x[i * n + j] = grey[at + i] / WHITE;
      }
    },
  };
}
