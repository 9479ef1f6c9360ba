// The engine's half of benchmarks/playground.py: node playground.mjs FOLDER SECONDS SEEDS, where
// FOLDER has digits.bin. Writes one object of JSON, and the trained spaces into FOLDER. Without
// seeds it measures speeds alone.

import { readFileSync, writeFileSync } from "node:fs";

import { readDigits } from "../nav_utils/playground/source/data.js";
import { createEngine } from "../nav_utils/playground/source/engine.js";
import { begin, createModel } from "../nav_utils/playground/source/model.js";
import { plainKernels } from "../nav_utils/playground/source/plain.js";
import { BATCH, CHOICES, DEFAULTS } from "../nav_utils/playground/source/protocol.js";
import { simdKernels } from "../nav_utils/playground/source/simd.js";
import { oneStep } from "../nav_utils/playground/source/steps.js";

const [folder, seconds, seeds] = [
  process.argv[2],
  Number(process.argv[3]),
  Number(process.argv[4]),
];
const digits = new Uint8Array(readFileSync(`${folder}/digits.bin`));
const used = () => process.cpuUsage().user / 1e6; // seconds of this process, all its threads
const MANY = 20; // engines at once

function drained(generator) {
  for (;;) {
    const { done, value } = generator.next();
    if (done) return value;
  }
}

/** Steps for each second of the processor, after a warm-up. */
function speed(kernels, objective) {
  const { train } = readDigits(digits);
  const model = createModel(kernels, { ...DEFAULTS, objective }, train, BATCH);
  drained(begin(model));
  for (let i = 0; i < 40; i++) drained(oneStep(model));
  const start = used();
  let steps = 0;
  for (; used() - start < seconds; steps++) drained(oneStep(model));
  return Math.round(steps / (used() - start));
}

function engine(report, options = {}) {
  const own = createEngine(report, { digits, ...options });
  return (command) => {
    own.send(command);
    while (own.work(performance.now() + 12) !== Infinity);
  };
}

/** The default run with all its frames, as in a worker: when its space became a usable one. */
function run(seed, arithmetic) {
  const [frames, spaces] = [[], []];
  let began = null;
  const go = engine(
    ({ type, step, eigenvalues, losses, space }) => {
      if (space) spaces.push(space);
      if (type !== "frame" || !losses.length) return;
      const [processor, clock] = [used() - began[0], (performance.now() - began[1]) / 1000];
      frames.push({ step, eigenvalues, nats: losses.at(-3), processor, clock });
    },
    { arithmetic },
  );
  began = [used(), performance.now()];
  go({ type: "start", settings: { seed } });
  go({ type: "play" });
  const bad = ({ eigenvalues: [small, large], nats }) => !(small > 0.5 && large < 2 && nats < 23);
  const usable = frames[frames.findLastIndex(bad) + 1] ?? null;
  const end = frames.at(-1);
  const fitted = used();
  go({ type: "export" });
  writeFileSync(`${folder}/${arithmetic}-${seed}.safetensors`, spaces[0]);
  return { seed, frames: frames.length, usable, end, fit: used() - fitted };
}

/** Memory that engines hold that have trained a little, in MB each, and after they have stopped. */
function many() {
  globalThis.gc();
  const before = process.memoryUsage().rss;
  const all = Array.from({ length: MANY }, () => engine(() => {}));
  for (const go of all) {
    go({ type: "start", settings: { steps: 5 } });
    go({ type: "play" });
  }
  const held = process.memoryUsage().rss - before;
  for (const go of all) go({ type: "stop" });
  return { engines: MANY, MB_each: Math.round(held / MANY / 1e5) / 10 };
}

const speeds = { WebAssembly: {}, "plain JavaScript": {} };
for (const objective of CHOICES.objective) {
  speeds.WebAssembly[objective] = speed(simdKernels(), objective);
  speeds["plain JavaScript"][objective] = speed(plainKernels(Float32Array), objective);
}
const runs = Array.from({ length: seeds }, (_, seed) => run(seed, "wasm"));
const rest = seeds ? { plain: run(0, "plain"), many: many() } : {};
console.log(JSON.stringify({ speeds, runs, ...rest }));
