// Stands for the engine until that is there: the same messages with made-up numbers.

import { BATCH, MAP, clamped } from "./protocol.js";

export function stub(report) {
  const n = 1500;
  const labels = Uint8Array.from({ length: n }, (_, i) => i % 10);
  let settings = clamped();
  let [step, timer, fitted] = [0, null, false];
  let told = [];
  const wave = (i, k) => 0.5 + 0.5 * Math.sin(1.7 * i + 0.9 * k);

  const codes = () =>
    Float32Array.from({ length: 2 * n }, (_, j) => {
      const [i, c] = [j >> 1, labels[j >> 1]];
      const reach = Math.min(1, step / 300) * (0.6 + wave(i, 3));
      return reach * (j % 2 ? Math.sin : Math.cos)((2 * Math.PI * (c + wave(i, step / 400))) / 10);
    });
  const map = (shift) =>
    Float32Array.from({ length: MAP.nodes ** 2 }, (_, at) => {
      const [x, y] = [at % MAP.nodes, Math.floor(at / MAP.nodes)].map(
        (i) => -MAP.radius + (2 * MAP.radius * i) / (MAP.nodes - 1),
      );
      return 1.5 * Math.cos(2 * Math.hypot(x, y) + shift + step / 200);
    });
  const images = (k) => Uint8Array.from({ length: 64 * k }, (_, i) => 255 * wave(i, i >> 6));
  const one = () => {
    step++;
    const fall = Math.exp(-step / 150);
    told.push(step, 20 + 22 * fall, 0.3 * fall, 1.386 - 0.2 * fall);
    if (settings.optimisers === "two" && settings.tiny === 0 && step > 90) diverge();
  };
  const diverge = () => {
    pause();
    const losses = { reconstruction: 24.84, adversarial: 11.25, discriminator: Infinity };
    const tries = [["learningRate", "smaller"], ["lambda", "smaller"], ["penalty", "larger"]];
    report({ type: "diverged", step, losses, weights: false, tries });
  };
  const pause = () => {
    clearInterval(timer);
    timer = null;
  };
  const frame = () => {
    const digits = settings.data === "digits";
    report({
      type: "frame",
      step,
      steps: settings.steps,
      playing: timer !== null,
      ended: step >= settings.steps,
      rate: timer ? 100 : 0,
      learningRate: settings.learningRate,
      codes: codes(),
      map: settings.objective === "adversarial" || !digits ? map(0) : null,
      fresh: fitted ? map(0.5) : null,
      losses: Float32Array.from(told),
      eigenvalues: [0.8, 1.1],
      mean: [0, 0],
      holes: 0.1 + 0.5 * Math.exp(-step / 200),
      rebuilt: digits ? images(10) : new Uint8Array(0),
      exact: digits ? null : { loss: 1.2, optimum: 1.1, truth: map(0.3), error: 0.05 },
    });
    told = [];
  };
  const ready = (given) => {
    settings = clamped(given);
    [step, told, fitted] = [0, [], false];
    pause();
    const known = settings.data === "digits" ? labels : new Uint8Array(0);
    const facts = { arithmetic: "plain", host: "page", labels: known, n, originals: images(10) };
    report({ type: "ready", settings, ...facts });
    frame();
  };
  const slow = () => {
    const b = BATCH;
    const some = codes().slice(0, 2 * b);
    one();
    const pull = some.map((x) => -0.1 * x);
    report({
      type: "slow",
      step,
      images: images(b),
      rebuilt: images(b),
      labels: labels.slice(0, b),
      codes: some,
      after: some.map((x, i) => x + pull[i]),
      prior: some.map((x, i) => 2 * wave(i, 1) - 1),
      logits: some.slice(0, b),
      priorLogits: some.slice(b),
      pulls: { reconstruction: pull, adversarial: pull.map((x) => -x) },
      losses: { reconstruction: 22, adversarial: 0.1, discriminator: 1.37, penalty: 0.02 },
      moved: {
        reconstruction: { encoder: 3, decoder: 8 },
        adversarial: { encoder: 0.5 },
        discriminator: { discriminator: 0.2 },
      },
    });
    frame();
  };
  const fit = () => {
    pause();
    fitted = true;
    const bins = Array.from({ length: 10 }, (_, i) => {
      const predicted = (i + 0.5) / 10;
      return { predicted, observed: predicted, count: 59, low: predicted - 0.1, high: predicted + 0.1 };
    });
    const judged = { loss: 0.68, ece: 0.03, bins };
    const result = { leftOver: judged, fresh: judged, exact: null };
    const common = { type: "fit", steps: 1500, train: 0.67, heldOut: 0.68, best: 0.68 };
    report({ ...common, step: 750, done: false, fresh: map(0.5), result: null });
    report({ ...common, step: 1500, done: true, fresh: map(0.5), result });
  };
  const commands = {
    start: (command) => ready(command.settings),
    reset: () => ready(settings),
    set: ({ settings: some }) => (settings = clamped({ ...settings, ...some })),
    play() {
      timer ??= setInterval(() => {
        for (let i = 0; i < 5; i++) if (timer) one();
        if (step >= settings.steps) pause();
        frame();
      }, 50);
    },
    pause() {
      pause();
      frame();
    },
    step() {
      one();
      frame();
    },
    slow,
    fit,
    thaw: () => (fitted = false),
    frame,
    export: () => report({ type: "error", text: "the stub exports nothing" }),
    stop: pause,
  };
  return { send: (command) => commands[command.type](command), close: pause };
}
