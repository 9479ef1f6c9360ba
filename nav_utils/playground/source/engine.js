// The engine: commands in, reports out (protocol.js), and work in slices in between. It knows
// neither page nor worker: connect.js and worker.js give it time.

import { readDigits } from "./data.js";
import { SHOWN, JUDGES, fillMixture } from "./draws.js";
import { FIT, calibration, fitFresh, fitRoom, priorSamples, splitRows } from "./fit.js";
// prettier-ignore
import {
  againstTruth, encodeAll, inTurn, logitsAt, lossOfAll, plane, spread, truthMap,
} from "./measure.js";
import { massInHoles } from "./holes.js";
import { begin, createModel, learningRate } from "./model.js";
import { trueLogit } from "./densities.js";
import { forward } from "./network.js";
import { payloadBytes, spaceBytes } from "./packing.js";
import { firstOfEach, greyOf, inkOf } from "./pictures.js";
import { plainKernels } from "./plain.js";
import { BATCH, DEFAULTS, FRESH as FRESH_SETTINGS, MAP, clamped } from "./protocol.js";
import { simdKernels } from "./simd.js";
import { slowReport } from "./trace.js";
import { oneStep } from "./steps.js";

const SAMPLES = 1500; // of an exact density, that are shown
const FRAME = 50; // milliseconds between frames, at least
const SHARE = 5; // and so many times what a frame takes
const HOLES = 250; // milliseconds between two looks at holes, which take most of a frame
const FEW = 4; // frames over which their cost is averaged, so that they come evenly
const IDLE = Infinity;

/**
 * report(message) is called with every report. options: digits, bytes for readDigits; host,
 * "worker" or "page"; arithmetic, "plain" to do without WebAssembly; now(), milliseconds.
 *
 * Returns { send(command), work(deadline) }: work does what there is to do until then, and returns
 * in how many milliseconds there is more, 0 for at once, Infinity for not before a command.
 */
export function createEngine(report, options) {
  const { digits, host = "page", arithmetic = "wasm", now = () => performance.now() } = options;
  const state = { queue: [], settings: { ...DEFAULTS }, model: null, kernels: null };
  const clock = { frame: 0, holes: 0, cost: 0, step: 0, steps: 0, since: 0, rate: 0 };
  let [data, life] = [null, null];

  function arithmeticOf() {
    if (arithmetic === "wasm") {
      try {
        return simdKernels();
      } catch (error) {
        report({ type: "refused", what: "wasm", why: error.message });
      }
    }
    return plainKernels(Float32Array);
  }

  // ---- a model ----------------------------------------------------------------------------------

  function* fresh(settings) {
    const none = { playing: false, ended: false, fit: null, truth: null };
    Object.assign(state, { ...none, settings, losses: [] });
    data ??= readDigits(digits);
    yield;
    state.images = settings.data === "digits" ? data.train : null;
    state.kernels = arithmeticOf(); // with a memory of its own; the old model's goes
    state.model = createModel(state.kernels, settings, state.images, BATCH);
    yield;
    yield* begin(state.model);
    const { model, images } = state;
    state.shown = images ? firstOfEach(images) : [];
    if (!images) {
      const z = new Float32Array(2 * SAMPLES);
      fillMixture(z, SAMPLES, 0, SAMPLES, model.density, settings.seed, 0, SHOWN);
      state.samples = inTurn(z, SAMPLES);
    }
    Object.assign(clock, { rate: 0, cost: 0 });
    report({
      type: "ready",
      settings,
      arithmetic: state.kernels.name,
      host,
      labels: images ? images.labels.slice() : new Uint8Array(0),
      n: images ? images.count : SAMPLES,
      originals: images ? greyOf(images, state.shown) : new Uint8Array(0),
    });
    yield* frame();
  }

  function* change(some) {
    const { settings: old, model } = state;
    const settings = clamped({ ...old, ...some });
    const variational = ({ data, objective }) => data === "digits" && objective === "variational";
    const other = FRESH_SETTINGS.some((key) => settings[key] !== old[key]);
    if (!model || other || variational(settings) !== variational(old)) yield* fresh(settings);
    else state.settings = model.settings = settings;
  }

  // ---- training ---------------------------------------------------------------------------------

  function* step(watch = false) {
    const { model } = state;
    const before = model.step;
    const { losses, diverged, weights } = yield* oneStep(model, watch);
    if (diverged) {
      state.playing = false;
      const tries = [
        ["learningRate", "smaller"],
        ["lambda", "smaller"],
        ["penalty", "larger"],
      ];
      report({ type: "diverged", step: before + 1, losses: threeOf(losses), weights, tries });
      return null;
    }
    clock.steps++;
    state.losses.push(model.step, ...Object.values(threeOf(losses)));
    state.ended = model.step % state.settings.steps === 0;
    return losses;
  }

  function* play() {
    const { speed } = state.settings;
    const wait = speed ? clock.step + 1000 / speed - now() : 0;
    if (wait > 0) {
      yield wait;
      return;
    }
    clock.step = now();
    const losses = yield* step();
    if (state.ended) state.playing = false;
    if (!losses || !state.playing || now() >= clock.frame) yield* frame();
  }

  function* frame() {
    const { model, settings, images, fit } = state;
    const start = now();
    measureRate(start);
    const codes = images ? yield* encodeAll(model, images) : state.samples.slice();
    const learns = model.discriminator && (!images || settings.objective === "adversarial");
    const exact = images
      ? null
      : yield* againstTruth(model.discriminator, model.judging, model.density);
    if (exact) exact.truth = (state.truth ??= truthMap(model.density, MAP)).slice();
    const rebuilt = images ? yield* rebuiltShown() : new Uint8Array(0);
    const map = learns ? yield* mapOf(model.discriminator, model.judging) : null;
    yield;
    if (!state.playing || start >= clock.holes) {
      state.holes = yield* massInHoles(codes);
      clock.holes = now() + HOLES;
      yield;
    }
    report({
      type: "frame",
      step: model.step,
      steps: Math.max(1, Math.ceil(model.step / settings.steps)) * settings.steps,
      playing: state.playing,
      ended: state.ended,
      rate: clock.rate,
      learningRate: learningRate(model),
      codes,
      map,
      fresh: fit?.map?.slice() ?? null,
      losses: Float32Array.from(state.losses),
      ...spread(codes),
      holes: state.holes,
      rebuilt,
      exact,
    });
    state.losses = [];
    clock.cost += (now() - start - clock.cost) / FEW;
    clock.frame = now() + Math.max(FRAME, SHARE * clock.cost);
  }

  function measureRate(time) {
    if (clock.steps && clock.since) clock.rate = (1000 * clock.steps) / (time - clock.since);
    clock.steps = 0;
    clock.since = state.playing ? time : 0;
  }

  function* mapOf(network, at) {
    return yield* logitsAt(network, at, plane(MAP.nodes, MAP.radius));
  }

  function* rebuiltShown() {
    const { model, images, shown } = state;
    const { encoder, encoding, decoder, decoding, n } = model;
    images.fill(shown, encoding.input, n);
    yield* forward(encoder, encoding);
    decoding.input.set(encoding.output.subarray(0, 2 * n));
    yield* forward(decoder, decoding);
    return inkOf(decoding.output, n, shown.length, images.pixels);
  }

  // ---- slow motion ------------------------------------------------------------------------------

  function* slow() {
    const losses = yield* step(true);
    if (!losses) return;
    report(yield* slowReport(state.model, state.images, threeOf(losses)));
    yield* frame();
  }

  // ---- a fresh discriminator --------------------------------------------------------------------

  function* fit() {
    const { model, settings, images, kernels } = state;
    const { seed } = settings;
    state.playing = false;
    model.fitRoom ??= fitRoom(kernels);
    const { net, at } = model.fitRoom;
    const codes = images ? yield* encodeAll(model, images) : state.samples;
    const fitted = {
      codes,
      levels: splitRows(codes.length / 2, seed).levels,
      history: [],
      map: null,
    };
    state.fit = null;
    const told = function* (look) {
      fitted.history.push(look);
      fitted.map = yield* mapOf(net, at);
      const done = look.step === FIT.steps;
      if (done) {
        fitted.result = yield* judged(net, at);
        state.fit = fitted;
      }
      const result = fitted.result ?? null;
      const message = {
        type: "fit",
        ...look,
        steps: FIT.steps,
        done,
        fresh: fitted.map.slice(),
        result,
      };
      report(message);
    };
    yield* interruptible(fitFresh(model.fitRoom, codes, seed, FIT.steps, told));
  }

  /** Goes on until the end, or until a command that changes something comes. */
  function* interruptible(work) {
    for (;;) {
      const { done, value } = work.next();
      if (done || state.queue.some(({ type }) => type !== "frame" && type !== "export")) return;
      yield value;
    }
  }

  /** Left-over, fresh and true discriminator, on held-out codes and as many prior samples. */
  function* judged(net, at) {
    const { model, settings, images } = state;
    const n = images ? data.test.count : SAMPLES;
    let codes = images ? yield* encodeAll(model, data.test) : new Float32Array(2 * n);
    if (!images) {
      fillMixture(codes, n, 0, n, model.density, settings.seed, 1, SHOWN);
      codes = inTurn(codes, n);
    }
    const prior = priorSamples(n, settings.seed, JUDGES, 1);
    const logits = function* (network, room) {
      return [yield* logitsAt(network, room, codes), yield* logitsAt(network, room, prior)];
    };
    const result = { leftOver: null, fresh: calibration(...(yield* logits(net, at))), exact: null };
    if (!images || settings.objective === "adversarial") {
      result.leftOver = calibration(...(yield* logits(model.discriminator, model.judging)));
    }
    if (!images) {
      const truth = (points) =>
        Float32Array.from({ length: n }, (_, i) =>
          trueLogit(model.density, points[2 * i], points[2 * i + 1]),
        );
      result.exact = calibration(truth(codes), truth(prior));
    }
    return result;
  }

  function* exported() {
    const { model, settings, images } = state;
    if (!images) return report({ type: "error", text: "an exact density has no images to export" });
    if (!state.fit) yield* fit();
    if (!state.fit) return undefined; // another command came
    const { codes, levels, history, result } = state.fit;
    const { net, at } = model.fitRoom;
    const { leftOver, fresh: refit } = result;
    const losses = { leftOver: leftOver?.loss ?? null, fresh: refit.loss };
    const reconstruction = yield* lossOfAll(model, images);
    const facts = { settings, step: model.step, reconstruction, history, heldOut: losses };
    const space = spaceBytes(model, net, codes, levels, facts);
    const name = `playground, ${settings.objective}, ${model.step} steps`;
    const payload = yield* payloadBytes(model, net, at, codes, images.labels, levels, name);
    return report({ type: "export", space, payload });
  }

  // ---- commands ---------------------------------------------------------------------------------

  const thaw = () => (state.fit = null);
  const commands = {
    start: ({ settings }) => fresh(clamped(settings)),
    reset: () => fresh(state.settings),
    *set({ settings }) {
      yield* change(settings);
    },
    *play() {
      Object.assign(state, { playing: true, ended: false });
      thaw();
      clock.since = now();
      clock.steps = 0;
      yield* frame();
    },
    *pause() {
      state.playing = false;
      yield* frame();
    },
    *step() {
      thaw();
      yield* step();
      yield* frame();
    },
    *slow() {
      thaw();
      yield* slow();
    },
    fit,
    *thaw() {
      thaw();
      yield* frame();
    },
    frame,
    export: exported,
    *stop() {
      Object.assign(state, { playing: false, model: null, kernels: null, fit: null });
    },
  };

  function* live() {
    for (;;) {
      if (state.queue.length) {
        const command = state.queue.shift();
        const known = Object.hasOwn(commands, command.type);
        if (!known)
          throw new Error(`expected a command of ${Object.keys(commands)}, got ${command.type}`);
        if (state.model || ["start", "reset", "set", "stop"].includes(command.type)) {
          yield* commands[command.type](command);
        }
      } else if (state.playing) yield* play();
      else yield IDLE;
    }
  }

  function work(deadline) {
    do {
      try {
        life ??= live();
        const { value } = life.next();
        if (value !== undefined && !(state.queue.length && value === IDLE)) return value;
      } catch (error) {
        life = null;
        state.playing = false;
        report({ type: "error", text: error.message });
      }
    } while (now() < deadline);
    return 0;
  }

  return { send: (command) => state.queue.push(command), work };
}

const threeOf = ({ reconstruction = NaN, adversarial = NaN, discriminator = NaN }) => ({
  reconstruction,
  adversarial,
  discriminator,
});
