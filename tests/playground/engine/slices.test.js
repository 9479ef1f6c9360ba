import assert from "node:assert/strict";
import test from "node:test";

import { createEngine } from "../../../nav_utils/playground/source/engine.js";
import { digits, needsFolder } from "./support.js";

const LONGEST = 3; // milliseconds of work without a pause, beside a page's slice of 5

/** What every piece of a run takes, in milliseconds of this process; the same pieces each time. */
function pieces() {
  let time = 0;
  const now = () => (time += 0.01);
  const engine = createEngine(() => {}, { digits, arithmetic: "plain", now });
  const found = [];
  const go = (command, most = Infinity) => {
    engine.send(command);
    for (let i = 0; i < most; i++) {
      const before = process.cpuUsage();
      const wait = engine.work(0);
      const { user, system } = process.cpuUsage(before);
      found.push((user + system) / 1000);
      if (wait === Infinity) return;
    }
  };
  go({ type: "start", settings: { steps: 4 } });
  go({ type: "play" });
  go({ type: "slow" });
  go({ type: "fit" }, 300);
  return found;
}

test("without a worker no piece of work keeps the page waiting", needsFolder, () => {
  const runs = Array.from({ length: 3 }, pieces);
  // The compiler and the collector of garbage come in between, but not at the same place each time.
  const least = runs[0].map((_, i) => Math.min(...runs.map((run) => run[i])));
  const late = least.filter((piece) => piece > LONGEST);
  assert.ok(least.length > 700, `${least.length} pieces`);
  assert.deepEqual(late, []);
});
