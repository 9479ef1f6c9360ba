"""What a file of ten million codes costs: bytes, seconds and memory, with one and two processes.

    python benchmarks/many_devices.py   # four minutes of a processor

Each process times the parts of `nav_utils.correct_file` by its own clock of processor seconds, one
thread each. So other programs on the machine do not count, and a process that waits costs nothing.
Writes benchmarks/results/many_devices.json, which chapter 18 and the page of measurements read.
"""

from __future__ import annotations

import functools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import torch
from printed import number
from safetensors.torch import save_file

from nav_utils import correct_file

RESULTS = pathlib.Path(__file__).parent / "results" / "many_devices.json"
POINTS, FEWER, SHARED = 10_000_000, 1_000_000, 2_000_000
OPTIONS = "--space mnist-2d --method gauss_newton --goal below --level-alpha 0.05 --device cpu"
PARTS = {  # of the work, by the function that does it
    "hash": "sha256",
    "check": "look_at",
    "correct": "correct",
    "write shards": "write_safetensors",
    "join": "join",
}


# ---- in each process ----------------------------------------------------------------------------


def work(source: str, target: str, notes: str) -> None:
    """The command, its parts timed; writes the seconds of this process, and its peak of memory."""
    seconds = dict.fromkeys(PARTS, 0.0)

    def timed(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            start = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                seconds[part] += time.process_time() - start

        return call

    for part, name in PARTS.items():
        setattr(correct_file, name, timed(part, getattr(correct_file, name)))
    start = time.process_time()
    correct_file.main([source, target, *OPTIONS.split()])
    seconds["all"] = time.process_time() - start
    status = pathlib.Path("/proc/self/status").read_text()  # Linux
    peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
    rank = os.environ.get("RANK", "0")
    pathlib.Path(f"{notes}.{rank}").write_text(json.dumps(seconds | {"peak": peak}))


# ---- all of it ----------------------------------------------------------------------------------


def run(source: pathlib.Path, processes: int = 1) -> list[dict[str, float]]:
    """What each process noted down of correcting a file."""
    target, notes = source.with_name("out"), source.with_name("notes")
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    words = [__file__, "work", source, target, notes]
    start = launch if processes > 1 else []
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    subprocess.run([sys.executable, *start, *words], check=True, env=environment)
    found = [json.loads(pathlib.Path(f"{notes}.{rank}").read_text()) for rank in range(processes)]
    found[0]["bytes"] = target.stat().st_size
    target.unlink()
    return found


def codes(folder: str, n: int) -> pathlib.Path:
    """A file of n samples of the prior."""
    path = pathlib.Path(folder, f"{n}.safetensors")
    save_file({"z": torch.randn(n, 2, generator=torch.Generator().manual_seed(0))}, path)
    return path


def main() -> None:
    """Measure, and write the results."""
    with tempfile.TemporaryDirectory() as folder:
        code = "import time, nav_utils.correct_file; print(time.process_time())"
        start = [sys.executable, "-c", code]
        begun = subprocess.run(start, check=True, capture_output=True, text=True).stdout
        (small,), (large,) = run(codes(folder, FEWER)), run(codes(folder, POINTS))
        source = codes(folder, SHARED)
        (alone,), together = run(source), run(source, 2)
    millions = POINTS / 1e6
    rest = large["all"] - sum(large[part] for part in PARTS)
    shared = {"one process": [alone], "two processes": together}
    results = {
        "command": "python benchmarks/many_devices.py",
        "machine": f"one thread for each process, torch {torch.__version__}, no GPU",
        "load of other programs": number(os.getloadavg()[0]),
        "points": f"{POINTS:,}",
        "seconds of a processor for a million points": {
            part: number(large[part] / millions) for part in PARTS
        }
        | {"read shards, and the rest": number(rest / millions)},
        "start of a process, seconds": number(float(begun)),
        "bytes for a point": {"IN": 8, "OUT": number(large["bytes"] / POINTS)},
        "peak memory of the process, MB": {
            f"{n:,} points": number(found["peak"] / 1e6)
            for n, found in ((FEWER, small), (POINTS, large))
        },
        f"{SHARED:,} points, seconds of the slowest process": {
            name: number(max(found["all"] for found in processes))
            for name, processes in shared.items()
        },
        f"{SHARED:,} points, seconds of correcting": {
            name: [number(found["correct"]) for found in processes]
            for name, processes in shared.items()
        },
    }
    print(json.dumps(results, indent=2))
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    work(*sys.argv[2:]) if sys.argv[1:2] == ["work"] else main()
