// Noise that depends on (seed, stream, step, coordinate) alone: nav_utils/noise.py, word for word.

/** Philox4x32-10: four random words from four words of counter and two of key, all unsigned. */
export function philox([c0, c1, c2, c3], [k0, k1]) {
  for (let round = 0; round < 10; round++) {
    const high0 = highWord(c0, 0xd2511f53);
    const high1 = highWord(c2, 0xcd9e8d57);
    const low0 = Math.imul(c0, 0xd2511f53);
    const low1 = Math.imul(c2, 0xcd9e8d57);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/**
 * The first `dim` coordinates of noise from N(0, I).
 *
 * seed: a whole number from 0 to 2^53 - 1, or a BigInt up to 2^64 - 1; stream: whose noise it is,
 * likewise; step: from 0 to 2^32 - 1.
 */
export function standardNormal(seed, stream, step, dim = 2) {
  const key = words(seed);
  const [low, high] = words(stream);
  const values = [];
  for (let block = 0; values.length < dim; block++) {
    const [w0, w1, w2, w3] = philox([block, step, low, high], key);
    values.push(...boxMuller(w0, w1), ...(values.length + 2 < dim ? boxMuller(w2, w3) : []));
  }
  values.length = dim;
  return values;
}

/** Noise from (0, 1), independent of standardNormal's; arguments as there. */
export function uniform(seed, stream, step) {
  return unit(philox([0xffffffff, step, ...words(stream)], words(seed))[0]);
}

function boxMuller(word0, word1) {
  const radius = Math.sqrt(-2 * Math.log(unit(word0)));
  const angle = 2 * Math.PI * unit(word1);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** Strictly between 0 and 1. */
const unit = (word) => (word + 0.5) / 2 ** 32;

/** The low and the high 32 bits of a whole number. */
function words(whole) {
  if (typeof whole === "bigint") return [Number(whole & 0xffffffffn), Number(whole >> 32n)];
  const low = whole >>> 0;
  return [low, (whole - low) / 2 ** 32];
}

/** The upper half of the 64 bits of a product; a double holds only 53, so in halves of 16. */
function highWord(x, y) {
  const [xh, xl, yh, yl] = [x >>> 16, x & 0xffff, y >>> 16, y & 0xffff];
  const middle = xh * yl + ((xl * yl) >>> 16);
  const other = xl * yh + (middle & 0xffff);
  return xh * yh + (middle >>> 16) + (other >>> 16);
}
