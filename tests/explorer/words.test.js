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

test("what happened is told in a reader's words, without symbols", () => {
  const path = {
    status: Array(48).fill(1),
    walked: 48,
    failed: 0,
    holes: [19, 0],
    tears: 3,
    verdict: "reached",
    bottleneck: -4,
  };
  const told = (changes, state) => en.told({ ...path, ...changes }, { steps: 50, ...state });
  const line = { proposal: "linear" };
  assert.equal(
    told({}, line),
    "19 of 48 points of the straight line lay in holes; now none. " +
      "The path is torn in three places. It arrives.",
  );
  assert.match(told({ holes: [19, 4], tears: 1 }, { proposal: "arcs" }), /arc lay in holes; now 4\./);
  assert.match(told({ tears: 1 }, line), /torn in one place\./);
  assert.match(told({ tears: 12 }, line), /torn in 12 places\./);
  assert.match(told({}, { ...line, steps: 0 }), /lay in holes; no step is allowed\./);
  assert.equal(
    told({ holes: [0, 0], tears: 0 }, line),
    "None of 48 points lies in a hole. It arrives.",
  );
  assert.match(told({ holes: [0, 2] }, line), /^None of 48 points .* lay in holes; now 2\./);
  assert.match(told({ verdict: "infeasible" }, line), /crosses a place emptier than where 95 %/);
  assert.match(told({ verdict: "stalled" }, line), /It ends beside B/);
  const bare = path.status.map((code, i) => (i < 5 || i > 40 ? 4 : code));
  assert.match(told({ status: bare, failed: 9 }, line), /12 points lie where there are no data\.$/);
  const stalled = { status: bare, walked: 20, failed: 9, verdict: "stalled" };
  assert.match(
    told(stalled, line),
    /holes; of the 20 it came to, none\. .* It stalls at point 20 of 48 .* 5 points lie where .* 4 gave up/,
  );
  assert.match(told({ bottleneck: -Infinity }, line), /It leaves the places where the prior has mass/);
});

test("a verdict knows paths off the support, and paths without a word on log q", () => {
  assert.match(verdict(-Infinity, -4, "non_finite"), /^It leaves the places where the prior has /);
  assert.equal(verdict(null, undefined, "reached"), "It arrives.");
  assert.equal(verdict(null, undefined, "stalled"), "It stalls: it does not arrive at B.");
  assert.equal(verdict(null, undefined, "non_finite"), "It met values that are not finite.");
});
