import assert from "node:assert/strict";
import test from "node:test";

import { NORMAL, readPrior } from "../../nav_utils/explorer/source/prior.js";
import { golden, near } from "./support.js";

test("log p and its gradient are Python's", () => {
  assert.deepEqual(
    golden.priors.map(({ prior }) => prior.kind),
    ["mixture", "mixture", "box"],
  );
  for (const { prior, points, log_p: logP, score } of golden.priors) {
    const { logProb, score: write } = readPrior(prior);
    const out = [NaN, NaN];
    for (let i = 0; i < logP.length; i++) {
      const [x, y] = points.slice(2 * i, 2 * i + 2);
      near([logProb(x, y)], [logP[i]], 1e-10, prior.kind);
      write(x, y, out);
      near(out, score.slice(2 * i, 2 * i + 2), 1e-9, prior.kind);
    }
  }
});

test("a mixture of one standard normal distribution is N(0, I), however far", () => {
  const one = readPrior({ kind: "mixture", parts: [[-Math.log(2 * Math.PI), 0, 0, 1, 0, 1]] });
  const [mine, usual] = [
    [0, 0],
    [0, 0],
  ];
  for (const [x, y] of [
    [0, 0],
    [1.5, -2],
    [60, 80],
  ]) {
    near([one.logProb(x, y)], [NORMAL.logProb(x, y)], 1e-9);
    one.score(x, y, mine);
    NORMAL.score(x, y, usual);
    near(mine, usual, 1e-9);
  }
  assert.equal(readPrior({ kind: "normal" }), NORMAL);
});
