// The report of a step in slow motion, from what the step has left in model.seen; see protocol.js.

import { inTurn } from "./measure.js";
import { forward } from "./network.js";
import { greyOf, inkOf } from "./pictures.js";

/** images: as in createModel, null for an exact density; losses: of the step. */
export function* slowReport(model, images, losses) {
  const { seen, step } = model;
  const told = { type: "slow", step, images: null, rebuilt: null, labels: null, pulls: null };
  Object.assign(told, { prior: null, logits: null, priorLogits: null, means: null, sigma: null });
  if (seen.z) tellOfDiscriminator(model, told);
  if (images) yield* tellOfImages(model, images, told);
  told.losses = { ...losses, penalty: seen.penalty ?? NaN };
  told.moved = seen.moved;
  model.seen = null;
  return told;
}

/** Codes, then prior samples, and their logits. */
function tellOfDiscriminator({ n, seen: { z, a } }, told) {
  const points = (first) =>
    Float32Array.from({ length: 2 * n }, (_, i) => z[(i & 1) * 2 * n + first + (i >> 1)]);
  [told.codes, told.prior] = [points(0), points(n)];
  told.after = told.codes.slice(); // of an exact density: they stay
  [told.logits, told.priorLogits] = [a.slice(0, n), a.slice(n)];
}

/** The batch, its codes before and after, and where each loss pulls them. */
function* tellOfImages({ n, seen, encoder, encoding }, images, told) {
  encoding.input.set(seen.x);
  yield* forward(encoder, encoding);
  told.after = inTurn(encoding.output, n);
  told.codes = inTurn(seen.codes, n);
  if (seen.moments) {
    told.means = inTurn(seen.moments, n);
    const widths = seen.moments.subarray(2 * n).map((logVariance) => Math.exp(0.5 * logVariance));
    told.sigma = widths.reduce((sum, width) => sum + width, 0) / widths.length;
  }
  told.images = greyOf(images, seen.rows);
  told.rebuilt = inkOf(seen.logits, n, n, images.pixels);
  told.labels = Uint8Array.from(seen.rows, (row) => images.labels[row]);
  const pull = (values) => (values ? inTurn(values, n).map((x) => -n * x) : null);
  const { reconstruction, adversarial } = seen.pulls;
  told.pulls = { reconstruction: pull(reconstruction), adversarial: pull(adversarial) };
}
