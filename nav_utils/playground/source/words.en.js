// All English texts of the playground, but for its presets (presets.json). Another language is one
// more file like this one.

import { badLink, number, plain, short } from "../../browser/source/words.js";

const SPOT = 0.001; // a variance: on the map such a cloud is as wide as its digits
const share = (x) => `${number(100 * x, 0)} %`;

/** Settings, as the controls call them. */
const NAMES = {
  data: "data",
  objective: "route",
  optimisers: "optimisers",
  lambda: "\u03bb, weight of KL(q || p)",
  beta: "\u03b2, weight of the KL term",
  penalty: "\u03b3, gradient penalty of D",
  learningRate: "learning rate",
  discriminatorRate: "D\u2019s rate, times that",
  generatorRate: "generator\u2019s rate, times that",
  tiny: "added to D inside log",
  steps: "steps of a run",
  decay: "share of the run with falling rate",
  seed: "seed",
  speed: "speed",
};

export const en = {
  title: "Playground: an autoencoder that trains in this page",
  map: {
    D: "The plane with all codes and the map of D. Orange: more codes than prior. Blue: fewer.",
    none: "The plane with all codes. This route has no discriminator, so there is no map of D.",
  },
  half: "D = \u00bd",
  losses: "Losses against the step.",
  lossNames: ["reconstruction", "adversarial", "discriminator"],
  kl: "KL term",
  ln2: "ln 2: D is blind",
  optimum: "loss of the best D",
  rowsLabel: "Ten digits, and below each its reconstruction.",
  rowNames: ["digits", "rebuilt"],
  place: "Place",
  placeRole: "point on a map",
  placeValue: ([x, y], d) => `x ${plain(x)}, y ${plain(y)}${d === null ? "" : `, D ${plain(d)}`}`,
  placeSaid: ([x, y], d, fresh) =>
    `At the place ? (${number(x)}, ${number(y)}): ` +
    (d === null ? "no D here" : `D ${number(d)}`) +
    (fresh === null ? "" : `, the fresh D ${number(fresh)}`) +
    ". Drag it, or focus it and use the arrow keys.",

  reach: (radius, isMap) =>
    `Codes lie far out: the map is drawn up to ${radius}` +
    `${isMap ? "; D is computed in its middle only" : ""}.`,

  names: NAMES,
  options: {
    data: {
      digits: "1,500 digits of 8 \u00d7 8 pixels",
      ring: "a ring, D* known",
      c_shape: "a letter C, D* known",
      two_clusters: "two clusters, D* known",
    },
    objective: { plain: "plain", variational: "variational", adversarial: "adversarial" },
    optimisers: { one: "one for both losses", two: "one for each loss (chapter 05)" },
    speed: {
      0: "as fast as it goes",
      30: "30 steps a second",
      5: "5 steps a second",
      1: "1 step a second",
    },
  },
  unused: "This run makes no use of it.",
  presets: "Show",
  noPreset: "settings of your own",
  reset: "Reset",
  play: "Play",
  pause: "Pause",
  step: "One step",
  fit: "Calibrate",
  thaw: "Train on",
  take: "Take this space to the explorer",
  controls: "Controls",
  more: "In numbers",
  slow: "Slow motion",
  slowEnd: "Leave slow motion",
  back: "Back",
  next: "Next",
  copy: "Copy",
  copied: "Copied",
  cannotCopy: "Press Ctrl+C",
  link: "Link to these settings",
  python: "These settings in Python",
  short,
  number,

  starting: "The model is being set up.",
  /** frame: see protocol.js. last: [step, reconstruction, adversarial, discriminator] or null. */
  said(frame, last, settings) {
    const { step, steps, rate, ended } = frame;
    const now = `Step ${step} of ${steps}${rate ? `, ${number(rate, 0)} a second` : ""}.`;
    const found = [now];
    if (last) found.push(...this.lossesSaid(last, settings, frame.exact));
    if (frame.exact) {
      const { error } = frame.exact;
      found.push(`D is off by ${number(error, 3)} on average.`);
    } else {
      const [small, large] = frame.eigenvalues;
      found.push(
        `Eigenvalues of the covariance of the codes: ${number(small)} and ${number(large)} ` +
          `(the prior: 1 and 1).${large < SPOT ? " All codes lie in one spot." : ""}`,
        `${share(frame.holes)} of the prior lies in holes.`,
      );
    }
    if (ended) found.push("The run is over: Play goes on.");
    return found.join(" ");
  },
  lossesSaid([, rebuilt, pull, judge], { objective, optimisers }, exact) {
    const found = [];
    if (Number.isFinite(rebuilt)) found.push(`reconstruction ${number(rebuilt, 1)} nats an image`);
    if (Number.isFinite(pull)) {
      const name = objective === "variational" ? "KL term" : "adversarial";
      const blind = optimisers === "two" && objective === "adversarial" ? " (ln 2 is blind)" : "";
      found.push(`${name} ${number(pull)}${blind}`);
    }
    if (Number.isFinite(judge)) {
      const best = exact ? `the best D has ${number(exact.optimum / 2, 3)}, ` : "";
      found.push(`discriminator ${number(judge / 2, 3)} (${best}a blind one ln 2 = 0.693)`);
    }
    return found.length ? [`Losses: ${found.join(", ")}.`] : [];
  },
  host: ({ arithmetic, host }) =>
    `Computed ${host === "worker" ? "beside the page, in a worker" : "in the page itself"}, by ` +
    `${arithmetic === "wasm" ? "WebAssembly" : "plain JavaScript"}.`,
  refused: { worker: "no worker is allowed here", wasm: "no WebAssembly is allowed here" },
  refusedSaid: (what, why) => `Note: ${what}${why ? ` (${why})` : ""}; it goes on without.`,
  badLink,
  calm: "Motion is reduced: one picture a second.",

  diverged({ step, losses, weights, tries }) {
    const names = { reconstruction: "reconstruction", adversarial: "adversarial" };
    const told = Object.entries({ ...names, discriminator: "discriminator" })
      .map(([key, name]) => `${name} ${valueOf(losses[key])}`)
      .join(", ");
    const advice = tries.map(([key, how]) => `a ${how} ${NAMES[key].split(",")[0]}`).join(", ");
    return (
      `It diverged at step ${step}: ${weights ? "a weight is" : "a loss is"} not finite (losses: ` +
      `${told}). The model is as before that step. Try ${advice}, or Reset.`
    );
  },
  error: (text) => `The playground stopped: ${text}`,
  problem: (reason) => `The playground could not start: ${reason}`,

  fitting: ({ step, steps, heldOut }) =>
    `The encoder is frozen. A fresh discriminator learns its codes: step ${step} of ${steps}, ` +
    `held-out loss ${number(heldOut, 3)}.`,
  fitted({ leftOver, fresh, exact }) {
    const one = (name, { loss, ece }) =>
      `${name}: held-out loss ${number(loss, 3)}, calibration error ${number(ece, 3)}`;
    const found = [one("fresh D", fresh)];
    if (leftOver) found.unshift(one("left-over D", leftOver));
    if (exact) found.push(one("best D", exact));
    const text = found.join("; ");
    return `${text[0].toUpperCase()}${text.slice(1)} (a blind D: 0.693).`;
  },
  freshMap: "D of the fresh discriminator.",
  truthMap: "D*, the best one, known exactly.",
  errorMap: "|D \u2212 D*|: black where D is off by \u00bd.",
  reliability: "Reliability: predicted D against the share of prior samples.",
  reliabilityAxis: "\u25a1 left-over, \u25cf fresh",
  predicted: "D",
  taking: "The ratio is fitted and the space is packed.",
  taken: "The space is in the explorer below: drag A and B through it.",
  takenPython: "playground.space() has it now.",
  explorer: "The space that was just trained, in the explorer",

  /** Slow motion: head and text of each part of a step. */
  parts: {
    encode: ["Encode", "the encoder turns the 128 images of the batch into codes (large dots)."],
    moments: [
      "Encode",
      "the encoder turns each of the 128 images into a mean \u03bc (large dots) and a width \u03c3.",
    ],
    noise: [
      "Add noise",
      "the code is z = \u03bc + \u03c3 \u00b7 noise, with fresh noise from N(0, I). Lines: from each " +
        "\u03bc to its z.",
    ],
    decode: ["Decode", "the decoder rebuilds images from the codes: the rows show ten of them."],
    prior: ["Draw", "as many samples of the prior N(0, I) are drawn (crosses)."],
    judge: ["Judge", "D looks at both batches and gives each point a logit."],
    reconstruction: [
      "Reconstruction loss",
      "its gradient flows back through decoder and encoder, and moves both. Lines: where it pulls " +
        "the codes.",
    ],
    adversarial: [
      "Adversarial loss",
      "its gradient flows through D into the encoder, and moves the encoder alone. Lines: where it " +
        "pulls the codes.",
    ],
    variational: [
      "KL term",
      "its gradient moves the encoder alone. Lines: where it pulls the codes.",
    ],
    discriminator: ["Discriminator loss", "its gradient stops at the codes, and moves D alone."],
    after: ["After the step", "lines lead from where the codes were to where they are."],
  },
  partNumbers: {
    noise: ({ sigma }) => `Mean \u03c3: ${number(sigma)}, where the prior has 1.`,
    judge: ({ logits, priorLogits }) =>
      `Mean D: ${number(meanD(logits))} at the codes, ${number(meanD(priorLogits))} at the prior.`,
    reconstruction: ({ losses, moved: { reconstruction: m } }) =>
      `Loss ${number(losses.reconstruction)} nats; gradient norms: encoder ${short(m.encoder)}, ` +
      `decoder ${short(m.decoder)}.`,
    adversarial: ({ losses, moved: { adversarial: m } }) =>
      `Loss ${number(losses.adversarial)} nats; gradient norm: encoder ${short(m.encoder)}.`,
    discriminator: ({ losses, moved: { discriminator: m } }) =>
      `Loss ${number(losses.discriminator)} nats of both classes (blind: 1.386), penalty ` +
      `${number(losses.penalty, 3)}; gradient norm: D ${short(m.discriminator)}.`,
  },
  flow: {
    title: "How the gradients of the losses flow",
    x: "images x",
    encoder: "encoder",
    z: "codes z",
    moments: "\u03bc and \u03c3",
    noise: "noise N(0, I)",
    sample: "\u03bc + \u03c3 \u00b7 noise",
    decoder: "decoder",
    rebuilt: "rebuilt x\u0302",
    prior: "prior p",
    D: "discriminator",
    reconstruction: "reconstruction loss",
    adversarial: "adversarial loss",
    kl: "KL term",
    discriminator: "discriminator loss",
  },
};

/** A number that may be none. */
const valueOf = (x) => (Math.abs(x) === Infinity ? "infinite" : number(x));

const meanD = (logits) =>
  logits.reduce((sum, a) => sum + 1 / (1 + Math.exp(-a)), 0) / logits.length;
