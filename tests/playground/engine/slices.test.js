import assert from "node:assert/strict";
import test from "node:test";

import { createEngine } from "../../../nav_utils/playground/source/engine.js";
import { plainKernels } from "../../../nav_utils/playground/source/plain.js";
import { digits, needsFolder } from "./support.js";

// A page's slice is 4 milliseconds, and the piece of work that has begun then is finished: 8 in all.
// In units of the largest product, 1.3 milliseconds on a quiet core: others may be at work here.
const LONGEST = 3;

/** Milliseconds of this process that some work takes. */
function spent(work) {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1000, value];
}

/** What a product of 64 x 64 with 64 x 512 numbers takes: the middle of many. */
function unit() {
  const kernels = plainKernels(Float32Array);
  const [w, h, u] = [64 * 64, 64 * 512, 64 * 512].map((n) => kernels.alloc(n).fill(0.5));
  const times = Array.from(
    { length: 25 },
    () => spent(() => kernels.gemm(w, 64, 1, h, u, 64, 64, 512, null))[0],
  );
  return times.sort((a, b) => a - b)[12];
}

/** What every piece of a run takes, in units; the same pieces each time. */
function pieces() {
  let time = 0;
  const now = () => (time += 0.01);
  const engine = createEngine(() => {}, { digits, arithmetic: "plain", now });
  const found = [];
  const go = (command, most = Infinity) => {
    engine.send(command);
    for (let i = 0; i < most; i++) {
      const [took, wait] = spent(() => engine.work(0));
      found.push(took);
      if (wait === Infinity) return;
    }
  };
  const before = unit();
  go({ type: "start", settings: { steps: 3 } });
  go({ type: "play" });
  go({ type: "slow" });
  go({ type: "fit" }, 150);
  const scale = Math.max(before, unit());
  return found.map((took) => took / scale);
}

test("without a worker no piece of work keeps the page waiting", needsFolder, () => {
  // The compiler and the collector of garbage come in between, but not at the same place each time:
  // a piece that is late is late in every run. A crowded machine gets some runs more to show it.
  const runs = [];
  let least = [Infinity];
  while (runs.length < 4 || (runs.length < 12 && Math.max(...least) > LONGEST)) {
    runs.push(pieces());
    least = runs[0].map((_, i) => Math.min(...runs.map((run) => run[i])));
  }
  const late = least.filter((piece) => piece > LONGEST);
  assert.ok(least.length > 600, `${least.length} pieces`);
  assert.deepEqual(late, []);
});
