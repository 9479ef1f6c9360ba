import assert from "node:assert/strict";
import test from "node:test";

import { createEngine } from "../../../nav_utils/playground/source/engine.js";
import { digits, needsFolder } from "./support.js";

const LONGEST = 3; // milliseconds of work without a pause, beside a page's slice of 5

test("without a worker no piece of work keeps the page waiting", needsFolder, () => {
  const engine = createEngine(() => {}, { digits, arithmetic: "plain" });
  const pieces = [];
  const go = (command, most = Infinity) => {
    engine.send(command);
    for (let i = 0; i < most; i++) {
      const before = process.cpuUsage(); // of this process: others do not count
      const wait = engine.work(0);
      const { user, system } = process.cpuUsage(before);
      pieces.push((user + system) / 1000);
      if (wait === Infinity) return;
    }
  };
  go({ type: "start", settings: { steps: 12 } });
  go({ type: "play" });
  pieces.length = 0; // until here the code was being compiled
  go({ type: "reset" });
  go({ type: "play" });
  go({ type: "slow" });
  go({ type: "fit" }, 3000);
  pieces.sort((a, b) => b - a);
  const late = pieces.filter((piece) => piece > LONGEST);
  console.log(pieces.slice(0, 8), pieces.length);
  // A compiler or a collector of garbage at work beside it is counted too, now and then.
  assert.ok(late.length <= pieces.length / 1000, `of ${pieces.length}: ${late}`);
});
