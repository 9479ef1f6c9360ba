"""Run every preset of the playground to its end, in node, and print what the page then says.

    python tools/playground_presets.py

The numbers of book/playground.md and of the presets' sentences are these.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from nav_utils.playground.digits import packed_digits
from nav_utils.playground.page import HERE

SCRIPT = """
import { readFileSync } from "node:fs";
import { createEngine } from "%(here)s/source/engine.js";
import { en } from "%(here)s/source/words.en.js";
const digits = new Uint8Array(readFileSync("%(digits)s"));
const presets = JSON.parse(readFileSync("%(here)s/presets.json", "utf8"));
const now = () => performance.now();
for (const [name, { settings }] of Object.entries(presets)) {
  let [ready, frame, rows, said] = [null, null, [], null];
  const hear = (report) => {
    if (report.type === "ready") ready = report;
    if (report.type === "diverged") said = en.diverged(report);
    if (report.type === "error") said = en.error(report.text);
    if (report.type !== "frame") return;
    frame = report;
    rows = report.losses.length ? report.losses : rows;
    if (report.ended) said ??= en.said({ ...report, rate: 0 }, [...rows.slice(-4)], ready.settings);
  };
  const engine = createEngine(hear, { digits, host: "page", now });
  engine.send({ type: "start", settings });
  engine.send({ type: "play" });
  while (said === null) engine.work(now() + 100);
  console.log(`${name}: ${said}`);
}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "digits.bin"
        file.write_bytes(packed_digits())
        script = SCRIPT % {"here": HERE.as_posix(), "digits": file.as_posix()}
        sys.exit(subprocess.run(["node", "--input-type=module", "-e", script]).returncode)


if __name__ == "__main__":
    main()
