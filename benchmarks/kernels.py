"""Memory and start-up of many notebooks on one machine: python benchmarks/kernels.py

Starts three kernels one after the other, runs the code of chapter 00 in each, and measures what
all hold together; the slope says what thirty hold. Then runs whole chapters, one at a time, for the
most memory that each needs, and writes benchmarks/results/kernels.json. Two minutes on a machine
that does nothing else. Linux only: the memory that processes share is counted once (the
proportional set size).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.manager import KernelManager

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import notebooks
from tools.notebook_exercises import checked

RESULTS = Path(__file__).parent / "results" / "kernels.json"
ROOM = 30  # people
SIDE_BY_SIDE = 3
WHOLE = ("00", "11", "13")  # chapters to run from top to bottom
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
MB, GB = 1e6, 1e9
QUIET = 0.5  # the load below which nothing else counts


class Kernel:
    """A running kernel."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=os.environ | {"TQDM_DISABLE": "1"})
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def run(self, code: str) -> str:
        """Run code, give back what it printed; RuntimeError if it raises."""
        said: list[str] = []

        def note(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])

        reply = self.client.execute_interactive(code, output_hook=note, timeout=1_200)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{reply['content'].get('ename')}: {reply['content'].get('evalue')}")
        return "".join(said)

    def shared_out(self) -> int:
        """Bytes of its process, what it shares with others counted in part."""
        return int(psutil.Process(self.manager.provisioner.pid).memory_full_info().pss)

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def code_of(number: str) -> list[str]:
    """The code cells of a chapter, but for the exercises."""
    (path,) = [p for p in notebooks.chapters() if p.name.startswith(number)]
    cells = notebooks.read(path).cells
    return [c.source for c in cells if c.cell_type == "code" and not checked(c.source)]


def side_by_side() -> dict[int, dict[str, Any]]:
    """Start kernels one after the other; for each count, seconds to begin and bytes of all."""
    kernels: list[Kernel] = []
    found = {}
    setup, imports, *rest = code_of("00")
    try:
        for count in range(1, SIDE_BY_SIDE + 1):
            start = time.perf_counter()
            kernels.append(Kernel())
            kernels[-1].run(setup)
            kernels[-1].run(imports)
            seconds = time.perf_counter() - start
            for source in rest:
                kernels[-1].run(source)
            held = sum(kernel.shared_out() for kernel in kernels)
            found[count] = {"seconds": seconds, "bytes": held}
            print(f"{count} side by side: {held / MB:.0f} MB, begun in {seconds:.1f} s", flush=True)
        return found
    finally:
        for kernel in kernels:
            kernel.stop()


def whole(number: str) -> dict[str, str]:
    """The most memory that a chapter takes in a kernel of its own, and how long it runs."""
    kernel = Kernel()
    try:
        start = time.perf_counter()
        for source in code_of(number):
            kernel.run(source)
        seconds = time.perf_counter() - start
        peak = int(kernel.run(PEAK).split()[-1]) * 1024
    finally:
        kernel.stop()
    return {"most memory, MB": f"{peak / MB:.0f}", "seconds": f"{seconds:.0f}"}


def results_of(
    found: dict[int, dict[str, Any]], chapters: dict[str, Any], load: float
) -> dict[str, Any]:
    """The numbers of the page, from what was measured.

    Args:
        found: by the number of kernels, what `side_by_side` gives.
        chapters: by number, what `whole` gives.
        load: of the machine before the first kernel was started.
    """
    first, last = found[1]["bytes"], found[SIDE_BY_SIDE]["bytes"]
    slope = (last - first) / (SIDE_BY_SIDE - 1)
    starts = sorted(count["seconds"] for count in found.values())
    return {
        "machine": f"{os.cpu_count()} cores, load {load:.1f} before",
        "kernels": {str(n): {"all, MB": f"{f['bytes'] / MB:.0f}"} for n, f in found.items()},
        "each further, MB": f"{slope / MB:.0f}",
        f"{ROOM} from the slope, GB": f"{(first + (ROOM - 1) * slope) / GB:.1f}",
        "start-up, median s": f"{starts[len(starts) // 2]:.1f}",
        "start-up, slowest s": f"{starts[-1]:.1f}",
        "chapters": chapters,
    }


def main() -> None:
    """Measure, and write the results when all is measured."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    start, load = time.perf_counter(), os.getloadavg()[0]
    if load > QUIET:
        print(f"load {load:.1f}: other programs run, so the seconds will be too long", flush=True)
    found, chapters = side_by_side(), {}
    for number in WHOLE:
        chapters[number] = whole(number)
        print(number, chapters[number], flush=True)
    text = json.dumps(results_of(found, chapters, load), indent=1) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(f"{RESULTS}, in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
