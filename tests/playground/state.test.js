import assert from "node:assert/strict";
import test from "node:test";

import { isFresh } from "../../nav_utils/playground/source/controls.js";
import { History } from "../../nav_utils/playground/source/curves.js";
import { diagram, partsOf, toText } from "../../nav_utils/playground/source/flow.js";
import { DEFAULTS, clamped } from "../../nav_utils/playground/source/protocol.js";
import { fromQuery, toQuery, unused } from "../../nav_utils/playground/source/state.js";
import { labelContour } from "../../nav_utils/browser/source/map.js";
import { en } from "../../nav_utils/playground/source/words.en.js";

test("a query says only what differs, and is read back", () => {
  assert.equal(toQuery(clamped()), "");
  const some = clamped({ objective: "plain", lambda: 0, seed: 7, learningRate: 0.01 });
  assert.equal(toQuery(some), "objective=plain&lambda=0&learningRate=0.01&seed=7");
  assert.deepEqual(fromQuery(toQuery(some)), { settings: some, faults: [] });
});

test("what a link says wrong is told, and the usual values stand", () => {
  const { settings, faults } = fromQuery(
    "lambda=abc&objective=__proto__&data=ring&x=1&beta=&seed=NaN",
  );
  assert.deepEqual(settings, clamped({ data: "ring" }));
  assert.deepEqual(faults, ["lambda=abc", "objective=__proto__", "x=1", "beta=", "seed=NaN"]);
  assert.match(en.badLink(faults), /lambda=abc, objective=__proto__/);
  assert.equal(fromQuery("lambda=1e9").settings.lambda, 1000);
  for (const text of ["%", "%E0%A4%A", "&&==", "\u0000", "a=".repeat(1e5)]) {
    assert.deepEqual(fromQuery(text).settings, clamped());
  }
});

test("a setting that a run does not use is known, and what begins a fresh model", () => {
  const of = (settings) => unused(clamped(settings));
  assert.ok(of({}).includes("beta") && !of({}).includes("lambda"));
  assert.ok(of({ objective: "plain" }).includes("penalty"));
  assert.ok(!of({ objective: "variational" }).includes("beta"));
  assert.ok(
    of({ optimisers: "two" }).includes("penalty") && !of({ optimisers: "two" }).includes("tiny"),
  );
  assert.ok(
    of({ data: "ring" }).includes("objective") && !of({ data: "ring" }).includes("penalty"),
  );
  const fresh = (patch) => isFresh(patch, DEFAULTS);
  assert.ok(fresh({ seed: 1 }) && fresh({ data: "ring" }) && fresh({ objective: "variational" }));
  assert.ok(!fresh({ seed: 0 }) && !fresh({ objective: "plain" }) && !fresh({ lambda: 1 }));
});

test("each loss's gradient moves the modules that its loss is computed from", () => {
  const moved = (objective, part) =>
    [...toText(diagram(objective, part, en.flow)).matchAll(/>([a-zA-Z ]+) \u2191</g)].map(
      ([, x]) => x,
    );
  assert.deepEqual(moved("adversarial", "reconstruction"), ["encoder", "decoder"]);
  assert.deepEqual(moved("adversarial", "adversarial"), ["encoder"]);
  assert.deepEqual(moved("adversarial", "discriminator"), ["discriminator"]);
  assert.deepEqual(moved("variational", "variational"), ["encoder"]);
  assert.deepEqual(moved("variational", null), ["encoder", "decoder"]);
  const noisy = toText(diagram("variational", "noise", en.flow));
  for (const name of ["\u03bc and \u03c3", "noise N(0, I)", "\u03bc + \u03c3 \u00b7 noise"]) {
    assert.ok(noisy.includes(`>${name}<`), name);
    assert.ok(!toText(diagram("plain", null, en.flow)).includes(name));
  }
  assert.deepEqual(moved("plain", null), ["encoder", "decoder"]);
  assert.deepEqual(moved("adversarial", "judge"), []);
  assert.ok(!toText(diagram("plain", null, en.flow)).includes("discriminator"));
  for (const objective of ["plain", "variational", "adversarial"]) {
    for (const part of partsOf(objective)) assert.ok(en.parts[part], part);
  }
  assert.match(toText(diagram("plain", null, { ...en.flow, x: "<&" })), /&#60;&#38;/);
});

test("losses are averaged over pieces of the run, without those that there are not", () => {
  const history = new History();
  history.add(Float32Array.of(1, 40, NaN, 1, 2, 20, NaN, 2, 3, 10, 6, 3, 4, 10, 8, NaN));
  assert.deepEqual(history.means(1, 2), [
    [2, 30],
    [4, 10],
  ]);
  assert.deepEqual(history.means(2, 2), [[4, 7]]);
  assert.deepEqual(
    history.means(3, 4).map(([k]) => k),
    [1, 2, 3],
  );
  history.clear();
  assert.equal(history.last, null);
});

test("sentences for what went well and what did not", () => {
  const report = {
    step: 76,
    losses: { reconstruction: 27, adversarial: 5.4, discriminator: Infinity },
  };
  const said = en.diverged({ ...report, weights: false, tries: [["learningRate", "smaller"]] });
  assert.match(said, /diverged at step 76.*discriminator infinite.*a smaller learning rate/);
  const told = (eigenvalues) =>
    en.said({ step: 9, steps: 60, rate: 0, eigenvalues, holes: 0.99 }, null, clamped());
  assert.match(told([0.0001, 0.0004]), /0\.00 and 0\.00 \(.*\)\. All codes lie in one spot\. 99 %/);
  assert.doesNotMatch(told([0.0001, 0.04]), /spot/);
});

test("the label of a contour lies on the map, wherever the contour is", () => {
  const written = [];
  const context = { measureText: () => ({ width: 40 }), fillRect() {} };
  context.fillText = (text, x, y) => written.push([x, y]);
  for (const line of [[398, 60, 400, 62], [3, 0, 5, 2], [200, 399, 210, 400]]) {
    labelContour(context, line, 400, "D = \u00bd");
  }
  assert.deepEqual(written, [[376, 60], [24, 9], [200, 391]]);
});
