// The digits, from the bytes of nav_utils/playground/digits.py.

export const PIXELS = 64; // of one image
const WHITE = 16; // the largest value of a pixel

/**
 * { train, test }, each { pixels, count, grey Uint8Array(64 count) from 0 to 16, labels, fill(rows,
 * x, n) }: fill writes the images of these rows into the n columns of x (64, n), from 0 to 1.
 * Throws an Error that says what was expected and what came.
 */
export function readDigits(bytes = new Uint8Array(4)) {
  const [nTrain, nTest] = [bytes[0] + 256 * bytes[1], bytes[2] + 256 * bytes[3]];
  const n = nTrain + nTest;
  const labelsAt = 4 + (n * PIXELS) / 2;
  const bitsAt = labelsAt + Math.ceil(n / 2);
  if (!(nTrain > 0 && bytes.length >= bitsAt)) {
    const expected = nTrain > 0 ? `at least ${bitsAt} bytes` : "images";
    throw new Error(`digits: expected ${expected}, got ${bytes.length} bytes`);
  }
  const labels = halfBytes(bytes, labelsAt, n);
  const grey = halfBytes(bytes, 4, n * PIXELS);
  let bit = 0;
  for (let i = 0; i < grey.length; i++) {
    if (grey[i] < 15) continue;
    if ((bytes[bitsAt + (bit >> 3)] << (bit & 7)) & 128) grey[i] = WHITE;
    bit++;
  }
  const expected = bitsAt + Math.ceil(bit / 8);
  if (bytes.length !== expected) {
    throw new Error(`digits: expected ${expected} bytes, got ${bytes.length}`);
  }
  return {
    train: images(grey.subarray(0, nTrain * PIXELS), labels.subarray(0, nTrain)),
    test: images(grey.subarray(nTrain * PIXELS), labels.subarray(nTrain)),
  };
}

/** n numbers from 0 to 15, two in a byte, the earlier in the higher bits. */
function halfBytes(bytes, at, n) {
  const values = new Uint8Array(n);
  for (let i = 0; i < n; i++) values[i] = (bytes[at + (i >> 1)] >> (i & 1 ? 0 : 4)) & 15;
  return values;
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
