"""Run the playground's presets to their end, in node, and print what the page then says.

    python tools/playground_presets.py

The numbers of book/playground.md, of the chapters' answers and of the presets' sentences are these.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from nav_utils.playground.digits import packed_digits
from nav_utils.playground.page import HERE

# Runs that go on: name, settings, then what is pressed or set. The chapters and book/playground.md
# quote them.
LONGER = [
    (
        "beta 1, 10, 1",
        {"objective": "variational"},
        ["play", {"beta": 10}, "play", {"beta": 1}, "play"],
    ),
    ("calibrated", {}, ["play", "fit"]),
    ("lambda 0, then 2", {"lambda": 0}, ["play", {"lambda": 2}, "play"]),
    ("lambda 1", {"lambda": 1}, ["play"]),
    ("lambda 2, three runs", {}, ["play", "play", "play"]),
    ("lambda 2, then 100", {}, ["play", {"lambda": 100}, "play"]),
]
SCRIPT = """
import { readFileSync } from "node:fs";
import { createEngine } from "%(here)s/source/engine.js";
import { en } from "%(here)s/source/words.en.js";
const digits = new Uint8Array(readFileSync("%(digits)s"));
const presets = JSON.parse(readFileSync("%(here)s/presets.json", "utf8"));
const now = () => performance.now();
const runs = Object.entries(presets).map(([name, { settings }]) => [name, settings, ["play"]]);
for (const [name, settings, acts] of [...runs, ...%(longer)s]) {
  let [ready, rows, said] = [null, [], null];
  const range = (bins) => [bins.at(0), bins.at(-1)].map((bin) => bin.predicted.toFixed(2));
  const hear = (report) => {
    if (report.type === "ready") ready = report;
    if (report.type === "diverged") said = en.diverged(report);
    if (report.type === "error") said = en.error(report.text);
    if (report.type === "fit" && report.done) {
      const [old, fresh] = [report.result.leftOver, report.result.fresh].map((r) => range(r.bins));
      said = `${en.fitted(report.result)} Bins: ${old.join(" to ")}, ${fresh.join(" to ")}.`;
    }
    if (report.type !== "frame") return;
    rows = report.losses.length ? report.losses : rows;
    if (report.ended) said ??= en.said({ ...report, rate: 0 }, [...rows.slice(-4)], ready.settings);
  };
  const engine = createEngine(hear, { digits, host: "page", now });
  engine.send({ type: "start", settings });
  for (const act of acts) {
    if (typeof act === "object") engine.send({ type: "set", settings: act });
    else {
      said = null;
      engine.send({ type: act });
      while (said === null) engine.work(now() + 100);
      console.log(`${name}: ${said}`);
    }
  }
}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "digits.bin"
        file.write_bytes(packed_digits())
        script = SCRIPT % {
            "here": HERE.as_posix(),
            "digits": file.as_posix(),
            "longer": json.dumps(LONGER),
        }
        sys.exit(subprocess.run(["node", "--input-type=module", "-e", script]).returncode)


if __name__ == "__main__":
    main()
