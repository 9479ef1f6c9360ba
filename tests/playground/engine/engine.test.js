import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import test from "node:test";

import { createEngine } from "../../../nav_utils/playground/source/engine.js";
import { massInHoles } from "../../../nav_utils/playground/source/holes.js";
import { FIT } from "../../../nav_utils/playground/source/fit.js";
import { MAP } from "../../../nav_utils/playground/source/protocol.js";
import { digits, folder, near, needsFolder } from "./support.js";

FIT.steps = 300; // the tests have little time

/** An engine, and what it has told; do(command) works until there is nothing to do. */
function engine(settings = {}, options = {}) {
  const told = [];
  const own = createEngine((report) => told.push(report), { digits, ...options });
  const go = () => {
    while (own.work(0) !== Infinity);
  };
  const found = {
    told,
    own,
    all: (type) => told.filter((report) => report.type === type),
    last: (type) => found.all(type).at(-1),
    do(command) {
      own.send(typeof command === "string" ? { type: command } : command);
      go();
      return found;
    },
  };
  return found.do({ type: "start", settings });
}

test("an engine begins with its model, and a step moves it", needsFolder, () => {
  const e = engine();
  const [ready, frame] = e.told;
  assert.deepEqual([ready.type, ready.n, ready.arithmetic], ["ready", 1500, "wasm"]);
  assert.deepEqual([ready.labels.length, ready.originals.length], [1500, 640]);
  assert.ok(ready.originals.includes(255));
  assert.deepEqual([frame.type, frame.step, frame.steps, frame.playing], ["frame", 0, 720, false]);
  assert.deepEqual([frame.codes.length, frame.map.length], [3000, MAP.nodes ** 2]);
  assert.equal(frame.losses.length, 0);
  const next = e.do("step").last("frame");
  assert.deepEqual([next.step, next.losses.length, next.losses[0]], [1, 4, 1]);
  assert.ok(
    next.losses[1] > 40 && next.losses[1] < 50,
    "reconstruction of a network that knows nothing",
  );
  assert.notDeepEqual(next.codes, frame.codes);
  assert.notDeepEqual(next.map, frame.map);
  assert.ok(next.rebuilt.some((x, i) => x !== frame.rebuilt[i]));
  e.do("reset");
  assert.deepEqual(e.last("frame").codes, frame.codes);
});

test("a run ends where it should, has every loss once, and learns", needsFolder, () => {
  let time = 0;
  const now = () => (time += 0.05);
  const e = engine({ steps: 60 }, { now }).do("play");
  const frames = e.all("frame");
  const losses = frames.flatMap((frame) => [...frame.losses]);
  const steps = losses.filter((_, i) => i % 4 === 0);
  assert.ok(frames.length < 10, `${frames.length} frames in ${time} milliseconds`);
  assert.deepEqual(
    steps,
    [...Array(60).keys()].map((i) => i + 1),
  );
  const { ended, playing, rate, learningRate, codes, holes } = frames.at(-1);
  const judging = massInHoles(codes);
  let judged = judging.next();
  while (!judged.done) judged = judging.next();
  assert.equal(holes, judged.value, "of these codes, not of some frames before");
  assert.deepEqual([ended, playing], [true, false]);
  assert.ok(rate > 0 && learningRate === 0.003);
  assert.ok(losses.at(-3) < 30, `reconstruction ${losses.at(-3)} nats`);
  const again = e
    .do({ type: "set", settings: { steps: 10 } })
    .do("play")
    .last("frame");
  assert.deepEqual([again.step, again.ended], [70, true]);
});

test("settings act at once; some begin a fresh model", needsFolder, () => {
  const e = engine().do("step");
  const set = (settings) => e.do({ type: "set", settings }).all("ready").length;
  assert.equal(set({ lambda: 900, penalty: 0 }), 1);
  assert.equal(e.do("step").last("frame").step, 2);
  assert.equal(set({ objective: "plain" }), 1, "a warm start keeps the weights");
  e.do("step");
  assert.deepEqual([e.last("frame").step, e.last("frame").map], [3, null]);
  assert.ok(Number.isNaN(e.last("frame").losses[2]));
  assert.equal(set({ objective: "variational" }), 2);
  assert.equal(e.do("step").last("frame").step, 1);
  assert.ok(e.last("frame").losses[2] >= 0, "the KL term");
  assert.equal(set({ seed: 1 }), 3);
  assert.equal(set({ data: "ring" }), 4);
  assert.equal(set({ objective: "plain" }), 4, "an exact density has no objective");
});

test("slow motion is a step like any other, and tells its parts", needsFolder, () => {
  const moved = {
    plain: { reconstruction: ["decoder", "encoder"] },
    variational: { reconstruction: ["decoder", "encoder"], adversarial: ["encoder"] },
    adversarial: {
      reconstruction: ["decoder", "encoder"],
      adversarial: ["encoder"],
      discriminator: ["discriminator"],
    },
  };
  for (const [settings, expected] of [
    [{ objective: "plain" }, moved.plain],
    [{ objective: "variational" }, moved.variational],
    [{}, moved.adversarial],
    [{ optimisers: "two" }, moved.adversarial],
    [{ data: "ring" }, { discriminator: ["discriminator"] }],
  ]) {
    const name = JSON.stringify(settings);
    const e = engine(settings).do("slow");
    const told = e.last("slow");
    const other = engine(settings).do("step").last("frame");
    assert.deepEqual(e.last("frame").codes, other.codes, name);
    assert.deepEqual(e.last("frame").map, other.map, name);
    const names = Object.entries(told.moved).map(([loss, nets]) => [
      loss,
      Object.keys(nets).sort(),
    ]);
    assert.deepEqual(Object.fromEntries(names), expected, name);
    assert.ok(
      Object.values(told.moved).every((nets) => Object.values(nets).every((x) => x > 0)),
      name,
    );
    assert.equal(told.codes.length, 256, name);
    if (settings.data) {
      assert.deepEqual([told.images, told.pulls, told.after], [null, null, told.codes]);
      continue;
    }
    assert.deepEqual(
      [told.images.length, told.rebuilt.length, told.labels.length],
      [8192, 8192, 128],
    );
    assert.notDeepEqual(told.after, told.codes, name);
    assert.ok(
      told.pulls.reconstruction.some((x) => x),
      name,
    );
    assert.equal(told.pulls.adversarial === null, settings.objective === "plain", name);
    if (settings.objective !== "variational") {
      assert.deepEqual([told.means, told.sigma], [null, null], name);
      continue;
    }
    // z = mu + sigma * noise, whose standard deviation is 1; after some steps sigma is below that.
    const { codes, means, sigma } = engine({ ...settings, steps: 120 })
      .do("play")
      .do("slow")
      .last("slow");
    const noise = codes.map((z, i) => z - means[i]);
    const mean = noise.reduce((sum, x) => sum + Math.abs(x), 0) / noise.length;
    const width = mean * Math.sqrt(Math.PI / 2);
    assert.ok(Math.abs(width / sigma - 1) < 0.12 && sigma < 0.8, `noise of ${width}, not ${sigma}`);
  }
});

test(
  "the adversarial pull is lambda times the slope of the map, whose values are the logits",
  needsFolder,
  () => {
    const e = engine({ lambda: 3 }).do("step");
    const told = e.do("slow").last("slow");
    const { map } = e.all("frame").at(-2);
    const { nodes, radius } = MAP;
    const perUnit = (nodes - 1) / (2 * radius);
    const nodeAt = (points, j) => {
      const [column, row] = [0, 1].map((k) => Math.round((points[2 * j + k] + radius) * perUnit));
      return row * nodes + column;
    };
    const off = (points, logits) =>
      logits.reduce((sum, a, j) => sum + Math.abs(a - (map[nodeAt(points, j)] ?? a)), 0) /
      logits.length;
    assert.ok(off(told.codes, told.logits) < 0.02);
    assert.ok(off(told.prior, told.priorLogits) < 0.02);
    assert.ok(off(told.prior, told.logits) > 0.04, "not those of the codes");
    const node = nodeAt(told.codes, 0);
    const slope = ((map[node + 1] - map[node - 1]) / 2) * perUnit;
    const pull = told.pulls.adversarial[0] / 3;
    assert.ok(Math.abs(slope - pull) < 0.02, `${slope} and ${pull}`);
  },
);

test("a run that diverges stops with its losses and what to try", needsFolder, () => {
  const settings = { optimisers: "two", tiny: 0, discriminatorRate: 15, generatorRate: 0.01 };
  const e = engine({ ...settings, learningRate: 0.002 }).do("play");
  const { step, losses, weights, tries } = e.last("diverged");
  const frame = e.last("frame");
  assert.deepEqual([frame.step, frame.playing, frame.ended], [step - 1, false, false]);
  assert.ok(!Number.isFinite(losses.discriminator) && Number.isFinite(losses.reconstruction));
  assert.equal(weights, false);
  assert.deepEqual(tries[0], ["learningRate", "smaller"]);
  const before = engine({ ...settings, learningRate: 0.002, steps: step - 1 }).do("play");
  assert.deepEqual(
    frame.codes,
    before.last("frame").codes,
    "the weights are those before the step",
  );
  e.do({ type: "set", settings: { tiny: 1e-8 } }).do("step");
  assert.equal(e.last("frame").step, step, "with the weights from before it goes on");
});

test("a fresh discriminator, and what Python gets", needsFolder, () => {
  const e = engine({ steps: 150 }).do("play").do("export");
  const looks = e.all("fit");
  assert.deepEqual([looks.length, looks.at(-1).done, looks[0].result], [6, true, null]);
  const { leftOver, fresh, exact } = looks.at(-1).result;
  assert.ok(fresh.loss < leftOver.loss, `fresh ${fresh.loss}, left over ${leftOver.loss}`);
  assert.equal(exact, null);
  assert.equal(
    fresh.bins.reduce((sum, { count }) => sum + count, 0),
    2 * 297,
  );
  assert.equal(e.do("frame").last("frame").fresh.length, MAP.nodes ** 2);
  assert.equal(e.do("thaw").last("frame").fresh, null);
  const { space, payload } = e.last("export");
  writeFileSync(`${folder}/space.safetensors`, space);
  writeFileSync(`${folder}/payload.safetensors`, payload);
});

test("a fit gives way to the next command", needsFolder, () => {
  const e = engine({ data: "two_clusters", penalty: 0 });
  e.own.send({ type: "fit" });
  for (let i = 0; i < 300; i++) e.own.work(0);
  e.do("step");
  assert.equal(e.last("frame").step, 1);
  assert.ok(e.all("fit").every(({ done }) => !done));
  assert.equal(e.last("frame").fresh, null);
});

test("an exact density's discriminator comes nearer to the truth", needsFolder, () => {
  const e = engine({ data: "two_clusters", penalty: 0, steps: 150 });
  const before = e.last("frame").exact;
  const after = e.do("play").last("frame").exact;
  assert.equal(after.optimum, before.optimum);
  assert.ok(after.loss - after.optimum < 0.2 * (before.loss - before.optimum));
  assert.ok(after.loss > after.optimum && after.error < 0.5 * before.error);
  assert.equal(after.truth.length, MAP.nodes ** 2);
  assert.match(e.do("export").last("error").text, /exact density/);
});

test("speed is kept, and without WebAssembly it goes on", needsFolder, () => {
  const clock = { time: 0 };
  const e = engine({ speed: 10 }, { arithmetic: "plain", now: () => clock.time });
  assert.equal(e.last("ready").arithmetic, "plain");
  e.own.send({ type: "play" });
  while (clock.time < 500) {
    const wait = e.own.work(clock.time);
    if (wait) clock.time += wait;
  }
  e.do("pause");
  assert.ok(
    Math.abs(e.last("frame").step - 5) <= 1,
    `${e.last("frame").step} steps in half a second`,
  );
});

test("what makes no sense is told", needsFolder, () => {
  const e = engine().do("dance");
  assert.match(e.last("error").text, /expected a command of start,.* got dance/);
  assert.equal(e.do("step").last("frame").step, 1, "and the engine goes on");
  assert.match(
    engine({}, { digits: digits.subarray(0, 99) }).last("error").text,
    /digits: expected/,
  );
  assert.match(engine({}, { digits: undefined }).last("error").text, /digits: expected images/);
  e.do("stop").do("step");
  assert.equal(e.do("frame").last("frame").step, 1, "after a stop there is no model");
});
