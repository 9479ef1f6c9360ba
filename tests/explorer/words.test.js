import assert from "node:assert/strict";
import test from "node:test";

import { en } from "../../nav_utils/explorer/source/words.en.js";

const verdict = (bottleneck, typical, what) =>
  en.verdict({ bottleneck, verdict: what }, typical).replaceAll("\u2212", "-");

test("two numbers that are said to differ look different", () => {
  assert.match(verdict(-4.64, -4.61, "infeasible"), /is -4\.64, rarer than .* above -4\.61\.$/);
  assert.match(verdict(-4.6104, -4.6101, "infeasible"), /-4\.6104, .* -4\.6101\.$/);
  assert.match(verdict(-5.2, -4.6, "infeasible"), /is -5\.2, rarer than .* above -4\.6\.$/);
  assert.match(verdict(-4.6, -4.6, "infeasible"), /-4\.600000, .* -4\.600000\.$/);
});

test("a formula names the level that it aims at, if that is not 0", () => {
  const { logit, probability, evaluate } = en.formula;
  assert.match(logit(0), /· a ∇a/);
  assert.match(logit(0.5), /· \(a − 0\.5\) ∇a/);
  assert.match(logit(-0.5), /· \(a \+ 0\.5\) ∇a/);
  assert.match(probability(-0.5), /, with D = σ\(a \+ 0\.5\)$/);
  assert.equal(evaluate.band(0), "|D(z) − ½| ≤ ϵ ?");
  assert.equal(evaluate.band(1), "|a(z) − 1| ≤ 2 artanh 2ϵ ?");
});

test("a step up log q is written out for N(0, I), and with the prior's gradient for others", () => {
  const { score, string } = en.formula;
  assert.match(score(0, "normal"), /η \(−z − ∇a\), no longer/);
  assert.match(score(0, "box"), /η \(∇log p − ∇a\), no longer/);
  assert.match(string(0, "mixture"), /η \(∇log p − ∇a\); then/);
});

test("a verdict knows paths off the support, and paths without a word on log q", () => {
  assert.match(verdict(-Infinity, -4, "non_finite"), /^It leaves the places where the prior has /);
  assert.equal(verdict(null, undefined, "reached"), "It arrives.");
  assert.equal(verdict(null, undefined, "stalled"), "It stalls: it does not arrive at B.");
  assert.equal(verdict(null, undefined, "non_finite"), "It met values that are not finite.");
});
