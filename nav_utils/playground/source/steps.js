// One step of each objective, as in nav_utils/training.py, and chapter 05's for "two". A step is a
// generator: it yields after each product.

import { fillMixture, fillNormal } from "./draws.js";
// prettier-ignore
import {
  adversarialOfD, klToPrior, logistic, logisticOfD, reconstruction,
} from "./losses.js";
import { fallingRate, learningRate } from "./model.js";
import { backward, descend, finite, forward, norm } from "./network.js";
import { gradientPenalty, inputGradient } from "./penalty.js";

/**
 * One step; returns { losses, diverged, weights }: losses { reconstruction, adversarial,
 * discriminator }, those that the objective has. If one of them or a weight is not finite (weights:
 * true), the weights are as before, and the optimisers begin anew.
 *
 * watch: what slow motion tells is then in model.seen.
 */
export function* oneStep(model, watch = false) {
  const { networks, images, settings } = model;
  for (const { w, kept } of networks) kept.set(w);
  model.seen = watch ? { moved: {}, pulls: {} } : null;
  const losses = {};
  yield* (images ? STEPS[kindOf(settings)] : exactStep)(model, losses);
  const weights = !networks.every(({ w }) => finite(w));
  const diverged = weights || !Object.values(losses).every(Number.isFinite);
  if (diverged) putBack(model);
  else model.step++;
  return { losses, diverged, weights };
}

const kindOf = ({ objective, optimisers }) =>
  objective === "adversarial" && optimisers === "two" ? "two" : objective;

function putBack({ networks, moments }) {
  for (const { w, g, kept } of networks) {
    w.set(kept);
    g.fill(0);
  }
  for (const state of Object.values(moments)) {
    state.m.fill(0);
    state.v.fill(0);
    state.t = 0;
  }
}

const STEPS = {
  *plain(model, losses) {
    yield* rebuild(model, losses);
    yield* improveAutoencoder(model, losses.reconstruction);
  },

  *variational(model, losses) {
    const { encoding, decoding, noise, n, settings } = model;
    yield* rebuild(model, losses);
    const { output, outputGradient } = encoding;
    for (let i = 0; i < 2 * n; i++) {
      const slope = decoding.inputGradient[i];
      outputGradient[i] = slope; // in the mean, then in the log-variance
      outputGradient[2 * n + i] = slope * noise[i] * 0.5 * Math.exp(0.5 * output[2 * n + i]);
    }
    share(model, "reconstruction");
    losses.adversarial = klToPrior(output, outputGradient, n, settings.beta);
    share(model, "adversarial");
    yield* improveAutoencoder(model, losses.reconstruction + settings.beta * losses.adversarial);
  },

  *adversarial(model, losses) {
    const { discriminator, encoding, judging, slopes, n, settings } = model;
    yield* rebuild(model, losses);
    yield* judge(model);
    yield* inputGradient(discriminator, judging, slopes);
    losses.adversarial = -mean(judging.output, n);
    const weight = settings.lambda / n;
    for (let j = 0; j < n; j++) {
      encoding.outputGradient[j] -= weight * slopes.input[j];
      encoding.outputGradient[n + j] -= weight * slopes.input[2 * n + j];
    }
    share(model, "adversarial");
    yield* improveAutoencoder(model, losses.reconstruction + settings.lambda * losses.adversarial);
    yield* improveDiscriminator(model, losses, settings.learningRate);
  },

  *two(model, losses) {
    const { kernels, encoder, discriminator, encoding, judging, slopes, n, moments } = model;
    const { tiny, lambda, learningRate, generatorRate, discriminatorRate } = model.settings;
    yield* rebuild(model, losses);
    yield* improveAutoencoder(model, losses.reconstruction);
    yield* forward(encoder, encoding);
    yield* judge(model);
    const { output, outputGradient } = judging;
    losses.discriminator = logisticOfD(kernels, output, outputGradient, n, tiny);
    yield* backward(discriminator, judging, outputGradient, false);
    moved(model, "discriminator", { discriminator });
    const rate = discriminatorRate * learningRate;
    improve(discriminator, moments.discriminator, losses.discriminator, rate);
    yield* forward(discriminator, judging);
    yield* inputGradient(discriminator, judging, slopes);
    losses.adversarial = adversarialOfD(kernels, output, outputGradient, n, tiny, lambda);
    for (let j = 0; j < n; j++) {
      encoding.outputGradient[j] = outputGradient[j] * slopes.input[j];
      encoding.outputGradient[n + j] = outputGradient[j] * slopes.input[2 * n + j];
    }
    share(model, "adversarial", true);
    yield* backward(encoder, encoding, encoding.outputGradient, false);
    moved(model, "adversarial", { encoder });
    improve(encoder, moments.generator, lambda * losses.adversarial, generatorRate * learningRate);
  },
};

/** The discriminator alone learns samples of an exact density; its rate falls at the end. */
function* exactStep(model, losses) {
  const { discriminator, judging, slopes, n, settings, density, step } = model;
  fillMixture(judging.input, 2 * n, 0, n, density, settings.seed, step);
  yield* judge(model, null);
  yield* inputGradient(discriminator, judging, slopes);
  losses.adversarial = -mean(judging.output, n);
  yield* improveDiscriminator(model, losses, fallingRate(model));
}

// ---- parts of a step ----------------------------------------------------------------------------

/** Encode and decode a batch: the loss, its gradient in the decoder, and in the codes. */
function* rebuild(model, losses) {
  const { kernels, encoder, decoder, encoding, decoding, images, n, noise, settings } = model;
  const rows = model.next(model.step);
  images.fill(rows, encoding.input, n);
  yield;
  yield* forward(encoder, encoding);
  const { output } = encoding;
  decoding.input.set(output.subarray(0, 2 * n)); // codes; of the variational, means
  if (noise) {
    fillNormal(noise, n, 0, n, settings.seed, model.step);
    for (let i = 0; i < 2 * n; i++)
      decoding.input[i] += noise[i] * Math.exp(0.5 * output[2 * n + i]);
  }
  yield* forward(decoder, decoding);
  const gradient = decoding.outputGradient;
  losses.reconstruction = reconstruction(kernels, decoding.output, encoding.input, gradient, n);
  yield;
  if (model.seen) {
    const [x, logits, codes] = [encoding.input, decoding.output, decoding.input].map((a) =>
      a.slice(),
    );
    const moments = noise && output.slice(); // means, then log-variances
    Object.assign(model.seen, { rows: rows.slice(), x, logits, codes, moments });
  }
  yield* backward(decoder, decoding, gradient, true);
  moved(model, "reconstruction", { decoder });
  if (noise) return;
  encoding.outputGradient.set(decoding.inputGradient);
  share(model, "reconstruction");
}

/** Logits of the batch's codes and of prior samples. */
function* judge(model, codes = model.encoding.output) {
  const { discriminator, judging, n, settings, step } = model;
  if (codes) {
    judging.input.set(codes.subarray(0, n), 0);
    judging.input.set(codes.subarray(n, 2 * n), 2 * n);
  }
  fillNormal(judging.input, 2 * n, n, n, settings.seed, step);
  yield;
  yield* forward(discriminator, judging);
  if (model.seen)
    Object.assign(model.seen, { z: judging.input.slice(), a: judging.output.slice() });
}

function* improveAutoencoder(model, loss) {
  const { encoder, decoder, encoding, moments } = model;
  if (model.seen) yield* observeShares(model);
  yield* backward(encoder, encoding, encoding.outputGradient, false);
  const rate = learningRate(model);
  improve(encoder, moments.encoder, loss, rate);
  yield;
  improve(decoder, moments.decoder, loss, rate);
  yield;
}

/** The logistic loss and the penalty; the way to the logits has been gone. */
function* improveDiscriminator(model, losses, rate) {
  const { discriminator, judging, slopes, n, settings, moments } = model;
  const { penalty, discriminatorRate } = settings;
  losses.discriminator = logistic(judging.output, judging.outputGradient, n);
  let [loss, more] = [losses.discriminator, null];
  if (penalty) {
    const added = yield* gradientPenalty(discriminator, judging, slopes, penalty);
    loss += added;
    more = slopes.hidden.map(({ g }) => g);
    if (model.seen) model.seen.penalty = added;
  }
  yield* backward(discriminator, judging, judging.outputGradient, false, more);
  moved(model, "discriminator", { discriminator });
  improve(discriminator, moments.discriminator, loss, discriminatorRate * rate);
  yield;
}

/** As nav_utils.training.update: no step on a loss that is not finite. */
function improve(network, moments, loss, rate) {
  if (Number.isFinite(loss)) descend(network, moments, rate);
  else network.g.fill(0);
}

const mean = (values, n) => values.subarray(0, n).reduce((sum, x) => sum + x, 0) / n;

// ---- slow motion --------------------------------------------------------------------------------

/** Note how far a loss's gradient moves networks. */
function moved({ seen }, loss, networks) {
  if (!seen) return;
  seen.moved[loss] ??= {};
  for (const [name, { g }] of Object.entries(networks)) seen.moved[loss][name] = norm(g);
}

/** Note what a loss has added to the gradient in the encoder's output; or all of it (`alone`). */
function share({ seen, encoding }, loss, alone = false) {
  if (!seen) return;
  const before = alone ? null : seen.pulls.reconstruction;
  seen.pulls[loss] = encoding.outputGradient.map((x, i) => x - (before ? before[i] : 0));
}

/** How far each share alone moves the encoder. */
function* observeShares(model) {
  const { encoder, encoding, seen } = model;
  const whole = encoding.outputGradient.slice();
  for (const [loss, values] of Object.entries(seen.pulls)) {
    encoding.outputGradient.set(values);
    yield* backward(encoder, encoding, encoding.outputGradient, false);
    moved(model, loss, { encoder });
    encoder.g.fill(0);
  }
  encoding.outputGradient.set(whole);
}
