// Encoder, decoder and discriminator, with their optimisers and room for a batch.

import { densities } from "./densities.js";
import { batches, drawWeights } from "./draws.js";
import { adam, network, room } from "./network.js";
import { slopesRoom } from "./penalty.js";

export const HIDDEN = [128, 64];
export const JUDGE = [64, 64]; // the discriminator's hidden layers
const BETAS = [0.5, 0.99]; // of the discriminator's Adam, see nav_utils.training.train_aae

/**
 * A model without its first weights, see `begin`.
 *
 * settings: see protocol.js; n: points in a batch, a multiple of 8. images: { pixels, count,
 * fill(rows, x, n) }, which writes images, from 0 to 1, into the n columns of x; null for an exact
 * density, of which the discriminator alone learns samples.
 */
export function createModel(kernels, settings, images, n, hidden = HIDDEN, judge = JUDGE) {
  const variational = settings.objective === "variational" && images !== null;
  const two = settings.optimisers === "two";
  const model = { kernels, settings, images, n, step: 0, seen: null, moments: {} };
  if (images) {
    const back = [...hidden].reverse();
    model.encoder = network(kernels, [images.pixels, ...hidden, variational ? 4 : 2]);
    model.decoder = network(kernels, [2, ...back, images.pixels]);
    model.encoding = room(model.encoder, n);
    model.decoding = room(model.decoder, n);
    model.noise = variational ? kernels.alloc(2 * n) : null;
    model.next = batches(images.count, n, settings.seed);
    model.moments.encoder = adam(model.encoder);
    model.moments.decoder = adam(model.decoder);
    if (two) model.moments.generator = adam(model.encoder);
  } else {
    model.density = densities[settings.data];
  }
  if (!variational) {
    model.discriminator = network(kernels, [2, ...judge, 1]);
    model.judging = room(model.discriminator, 2 * n, true); // n codes, then n prior samples
    model.slopes = slopesRoom(model.discriminator, 2 * n);
    model.moments.discriminator = adam(model.discriminator, two && images ? undefined : BETAS);
  }
  const { encoder, decoder, discriminator } = model;
  model.networks = [encoder, decoder, discriminator].filter(Boolean);
  return model;
}

/** Draws the first weights. Yields in between. */
export function* begin(model) {
  const parts = [model.encoder, model.decoder, model.discriminator];
  for (let k = 0; k < parts.length; k++) {
    if (parts[k]) yield* drawWeights(parts[k], model.settings.seed, k);
  }
}

/** The learning rate that falls, after `step` steps: nav_utils.training.cosine_rate. */
export function cosineRate(rate, progress, decay) {
  const late = Math.max(0, 1 - (1 - progress) / decay);
  return 0.5 * rate * (1 + Math.cos(Math.PI * late));
}

/** That of the next step; play at the end of a run begins another. */
export function fallingRate({ settings, step }) {
  return cosineRate(
    settings.learningRate,
    (step % settings.steps) / settings.steps,
    settings.decay,
  );
}

/** That of the autoencoder; chapter 05's two optimisers keep theirs. */
export const learningRate = (model) =>
  model.settings.optimisers === "two" ? model.settings.learningRate : fallingRate(model);
