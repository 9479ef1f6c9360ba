// The contract between the engine, which trains, and the view, which shows: what the view may ask
// for (commands), what it is told (reports), and the settings of a run. No DOM, no arithmetic.
//
//   const engine = connect(report, { digits });      // connect.js; digits: bytes, see data.js
//   engine.send({ type: "start", settings: {} });    // then a report "ready" and a report "frame"
//   engine.send({ type: "play" });
//   engine.close();                                  // for good; frees all that it held
//
// ---- commands: view -> engine -------------------------------------------------------------------
//
// { type: "start", settings }   a fresh model with these settings (missing ones: DEFAULTS)
// { type: "reset" }             a fresh model with the settings that are
// { type: "set", settings }     some settings, at once, on the running model. Those in FRESH begin
//                               a fresh model ("ready" comes again). "plain" <-> "adversarial"
//                               keeps the weights: that is a warm start.
// { type: "play" }              steps until "pause", the end of the run, or a diverged step. Play
//                               at the end of a run begins another `steps` steps on the same model.
// { type: "pause" }
// { type: "step" }              one step, then a frame
// { type: "slow" }              one step whose parts are told: report "slow", then a frame
// { type: "fit" }               freeze the encoder; a fresh discriminator learns its codes: reports
//                               "fit" until `done`. Pauses the training. Frames then have `fresh`.
// { type: "thaw" }              forget the fresh discriminator: training may go on
// { type: "frame" }             a frame now
// { type: "export" }            report "export"; fits first where nothing was fitted. Digits only.
// { type: "stop" }              pause and let go of worker and memory; the model is lost
//
// ---- reports: engine -> view --------------------------------------------------------------------
//
// { type: "ready", settings, arithmetic: "wasm" | "plain", host: "worker" | "page",
//   labels: Uint8Array(n) of the images (empty for exact densities), n: number of codes,
//   originals: Uint8Array(10 * 64), grey 0..255, one digit of each class, 8 x 8, row by row }
//
// { type: "frame", step, steps (where the run ends), playing, ended, rate (steps a second while
//   playing, measured; 0 before), learningRate (of this step),
//   codes: Float32Array(2n) x, y in turn; for an exact density samples of it,
//   map: Float32Array(k * k) the discriminator's logit a at nodes, row i at
//     y = -R + 2 R i / (k - 1), column j at x likewise, k = MAP.nodes, R = MAP.radius;
//     D = 1 / (1 + exp(-a)). Null for "plain" and "variational", which have none,
//   fresh: the same map of the fresh discriminator, or null,
//   losses: Float32Array(4 m), for the m steps since the last frame: step, reconstruction (nats per
//     image), adversarial (-mean a at the codes; variational: the KL term), discriminator (sum of
//     both classes, nats: 2 ln 2 = 1.386 is blind). NaN where the objective has no such loss,
//   eigenvalues: [small, large] of the covariance of all codes, mean: [x, y],
//   holes: share of the prior where its density is more than 4 times that of the codes (kernel
//     estimate, bandwidth by cross-validation), from 0 to 1; while it plays, up to 1/4 s old,
//   rebuilt: Uint8Array(10 * 64), the ten digits' reconstructions, as `originals`; empty for exact,
//   exact: null, or { loss, optimum: the loss of D* (both as losses above: 1.386 is blind),
//     truth: Float32Array(k * k) of a* = log p - log q as in `map`, error: mean |D - D*| under
//     (p + q) / 2 } }
//
// { type: "slow", step, images: Uint8Array(b * 64) the batch (grey), rebuilt: likewise,
//   labels: Uint8Array(b), codes: Float32Array(2b) before the step, after: Float32Array(2b),
//   means: Float32Array(2b), sigma: number (variational: the codes without noise, and the mean
//     standard deviation of the noise; `after` are means; else null),
//   prior: Float32Array(2b) samples (null for "plain"), logits: Float32Array(b) at the codes,
//   priorLogits: Float32Array(b),
//   pulls: { reconstruction: Float32Array(2b), adversarial: Float32Array(2b) } where each loss
//     alone wants a code to go: minus its gradient in that code, weighted as in the step,
//   losses: { reconstruction, adversarial, discriminator, penalty },
//   moved: { reconstruction: { encoder, decoder }, adversarial: { encoder }, discriminator:
//     { discriminator } } norms of the gradients of each loss in the weights that it moves }
//   Exact densities: images, rebuilt, labels, pulls are null, moved has the discriminator alone.
//
// { type: "fit", step, steps, done, train (loss of the last steps), heldOut (loss now), best,
//   fresh: map as above,
//   result: null until done, then { leftOver, fresh, exact (null unless known): each { loss (mean
//     of both classes on held-out codes and as many prior samples, nats: ln 2 = 0.693 is blind),
//     ece, bins: [{ predicted, observed, count, low, high }] (reliability; 95 % interval) } } }
//   leftOver is null for "plain" and "variational".
//
// { type: "export", space: Uint8Array (a safetensors file for trained_space of
//   nav_utils/playground/spaces.py), payload: Uint8Array (as nav_utils.explorer.payload makes: readPayload reads it) }
//
// { type: "diverged", step, losses: { reconstruction, adversarial, discriminator }, weights (true:
//   a weight was not finite), tries: names of settings to make smaller or larger, as in
//   [["learningRate", "smaller"], ["lambda", "smaller"], ["penalty", "larger"]] }
//   The weights are those before this step; "set" and "play" may go on from there, or "reset".
//
// { type: "refused", what: "worker" | "wasm", why }   told once; the engine goes on without
// { type: "error", text }                             something is wrong with the page or data

export const MAP = { nodes: 64, radius: 3.5 };
export const HOLES = { folds: 5, factor: 4 }; // as nav_utils.densities.kde_bandwidth, chapter 07

export const DEFAULTS = Object.freeze({
  data: "digits", // or an exact density, where D* is known: "ring", "c_shape", "two_clusters"
  objective: "adversarial", // "plain", "variational"; exact densities have the discriminator alone
  optimisers: "one", // "two": chapter 05's version, an Adam for each loss; adversarial only
  lambda: 2, // nats of reconstruction paid for one nat of KL(q || p); "two": weight of its loss
  beta: 1, // weight of the variational KL term
  penalty: 0.05, // gamma of the discriminator's gradient penalty; "two" has none
  learningRate: 0.003, // of Adam
  discriminatorRate: 1, // the discriminator's learning rate over the autoencoder's
  generatorRate: 0.1, // "two": the generator's learning rate over the reconstruction's
  tiny: 1e-8, // "two": what is added to D inside the logarithm; 0 diverges
  steps: 720, // of a run: 61 rounds over the images
  decay: 0.3, // the autoencoder's rate falls to 0 along half a cosine over this share of the run
  seed: 0, // of weights, order of the images and noise
  speed: 0, // at most so many steps a second; 0: as fast as it goes
});

export const BATCH = 128;

export const CHOICES = {
  data: ["digits", "ring", "c_shape", "two_clusters"],
  objective: ["plain", "variational", "adversarial"],
  optimisers: ["one", "two"],
};

export const LIMITS = {
  lambda: [0, 1000],
  beta: [0, 100],
  penalty: [0, 10],
  learningRate: [1e-5, 1],
  discriminatorRate: [0.01, 100],
  generatorRate: [0.001, 100],
  tiny: [0, 1e-3],
  steps: [1, 100000],
  decay: [0.01, 1],
  seed: [0, 2 ** 53 - 1],
  speed: [0, 1000],
};
const WHOLE = ["steps", "seed"];

/** Settings whose change begins a fresh model; objective only to or from "variational". */
export const FRESH = ["data", "optimisers", "seed"];

/** Whole settings out of any object: unknown keys and nonsense dropped, numbers put in range. */
export function clamped(settings = {}) {
  const found = { ...DEFAULTS };
  for (const [key, choices] of Object.entries(CHOICES)) {
    if (choices.includes(settings[key])) found[key] = settings[key];
  }
  for (const [key, [low, high]] of Object.entries(LIMITS)) {
    const value = settings[key];
    if (typeof value !== "number" || Number.isNaN(value)) continue;
    const inside = Math.min(Math.max(value, low), high);
    found[key] = WHOLE.includes(key) ? Math.round(inside) : inside;
  }
  return found;
}
