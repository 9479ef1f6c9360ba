"""Run every chapter as other processors would, and compare what is printed with what is stored.

python tools/portable.py                       # all chapters, all settings, one and two threads
python tools/portable.py notebooks/04*.ipynb   # some chapters

Which instructions a matrix product uses decides the last digits of a result. Variables of MKL and
of PyTorch make this processor use fewer of them, as another one would. MKL leaves its own aside on
a processor that is not Intel's; there a library of one line, built with the C compiler, tells it
otherwise, so that the Intel routines run too. A table says which of these settings change anything
here; below it stands every output that differs beyond its tolerance.
"""

from __future__ import annotations

import argparse
import atexit
import functools
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

if __package__ in (None, ""):  # called as a script: find the modules beside this one
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nbval.plugin import get_sanitize_patterns

from tests.stored_outputs import Tolerance, difference
from tools import notebooks
from tools.notebook_lint import texts_of

SETTINGS: dict[str, dict[str, str]] = {
    "native": {},
    "MKL SSE4.2": {"MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
    "MKL AVX2": {"MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "MKL AVX512": {"MKL_ENABLE_INSTRUCTIONS": "AVX512"},
    "MKL compatible": {"MKL_CBWR": "COMPATIBLE"},
    "ATen default": {"ATEN_CPU_CAPABILITY": "default"},
}
THREADS = (1, 2)
# MKL asks this before it takes the routines that MKL_ENABLE_INSTRUCTIONS chooses from.
AS_INTEL = "int mkl_serv_intel_cpu_true(void) { return 1; }"
# Numbers that depend on the instructions used: products, sums, activations, a short training.
PROBE = """
import hashlib, torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 1))
optimizer = torch.optim.Adam(net.parameters(), fused=True)
for _ in range(20):
    loss = net(torch.randn(256, 2)).square().mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
numbers = torch.cat([p.detach().flatten() for p in net.parameters()] + [torch.randn(99, 99).mm(
    torch.randn(99, 99)).flatten()])
print(hashlib.sha256(numbers.numpy().tobytes()).hexdigest())
"""


# What varies from run to run and says nothing, as nbval is told.
NOISE = Path(__file__).resolve().parent.parent / "tests" / "nbval.cfg"
PATTERNS = get_sanitize_patterns(NOISE.read_text(encoding="utf-8"))


class Run(NamedTuple):
    """One chapter under one setting: its texts by cell, what fails, or what it raised."""

    chapter: str
    setting: str
    threads: int
    texts: list[dict[str, str]]
    failures: list[str]
    seconds: float


def cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def here() -> list[str]:
    """The settings that this processor can be told to follow."""
    return [k for k in SETTINGS if k != "MKL AVX512" or "avx512f" in cpuinfo()]


@functools.cache
def as_intel() -> dict[str, str]:
    """What makes MKL run as on an Intel processor: nothing on one, or where no C compiler is."""
    compiler = shutil.which("cc")
    if "GenuineIntel" in cpuinfo() or "x86" not in platform.machine() or not compiler:
        return {}
    library = Path(tempfile.mkdtemp(prefix="as_intel_")) / "as_intel.so"
    atexit.register(shutil.rmtree, library.parent, ignore_errors=True)
    command = [compiler, "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)]
    subprocess.run(command, input=AS_INTEL, text=True, check=True)
    return {"LD_PRELOAD": str(library)}


def environment(setting: str, threads: int) -> dict[str, str]:
    count = str(threads)
    env = SETTINGS[setting] | {"OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}
    return env | (as_intel() if "MKL_ENABLE_INSTRUCTIONS" in env else {})


def probe(setting: str, threads: int) -> str:
    """A digest of computed numbers: another one means that the setting changes something."""
    command = [sys.executable, "-c", PROBE]
    env = os.environ | environment(setting, threads)
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def cell_texts(cell: Any) -> dict[str, str]:
    """Every text that a cell shows, by place and kind, pictures and widgets left out."""
    texts = {}
    for place, output in enumerate(cell.get("outputs", [])):
        for kind, text in texts_of(output).items():
            if not kind.startswith("image/") and kind != notebooks.WIDGET_VIEW:
                for pattern, word in PATTERNS:
                    text = re.sub(pattern, word, text)
                texts[f"{place} {kind}"] = text
    return texts


def compare(chapter: str, stored: Any, fresh: Any) -> list[str]:
    """What is printed beyond the tolerance of each cell, in words."""
    failures = []
    for number, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True), 1):
        if old.cell_type != "code" or any(m in old.source for m in ("NBVAL_IGNORE", "NBVAL_SKIP")):
            continue
        before, after = cell_texts(old), cell_texts(new)
        if before.keys() != after.keys():
            failures.append(f"{chapter} [{number}]: other outputs came")
        tolerance = Tolerance.from_tags(old.metadata.get("tags", []))
        for key in before.keys() & after.keys():
            reason = difference(before[key], after[key], tolerance)
            if reason:
                failures.append(f"{chapter} [{number}]: {reason}")
    return failures


def run(path: Path, setting: str, threads: int) -> Run:
    """Run one chapter under one setting."""
    start, chapter = time.perf_counter(), path.stem
    stored = notebooks.read(path)
    try:
        fresh = notebooks.executed(path, extra=environment(setting, threads))
    except notebooks.RunFailed as error:
        seconds = time.perf_counter() - start
        return Run(chapter, setting, threads, [], [f"{chapter}: {error}"], seconds)
    texts = [cell_texts(cell) for cell in fresh.cells]
    failures = compare(chapter, stored, fresh)
    return Run(chapter, setting, threads, texts, failures, time.perf_counter() - start)


def run_all(paths: list[Path], settings: list[str], threads: tuple[int, ...]) -> list[Run]:
    """Run every chapter under every setting, as many at a time as the processor has cores for."""
    results = []
    for count in threads:
        jobs = [(path, setting, count) for setting in settings for path in paths]
        with ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // count)) as pool:
            for result in pool.map(lambda job: run(*job), jobs):
                state = "as stored" if not result.failures else f"{len(result.failures)} differ"
                where = f"{result.chapter}, {result.setting}, threads {count}"
                lines = [f"{where}: {result.seconds:.0f} s, {state}", *result.failures]
                print("\n    ".join(lines), flush=True)
                results.append(result)
    return results


def table(results: list[Run]) -> str:
    """One row a setting: whether numbers change, how many cells print others, how many fail."""
    native = {r.chapter: r.texts for r in results if (r.setting, r.threads) == ("native", 1)}
    digest = probe("native", 1)
    rows = [
        "| setting | threads | other numbers | cells that print others | beyond tolerance |",
        "| --- | --- | --- | --- | --- |",
    ]
    for setting, threads in dict.fromkeys((r.setting, r.threads) for r in results):
        mine = [r for r in results if (r.setting, r.threads) == (setting, threads)]
        other = "yes" if probe(setting, threads) != digest else "no"
        cells = [pair for r in mine for pair in zip(native[r.chapter], r.texts, strict=False)]
        changed = sum(a != b for a, b in cells)
        failed = sum(len(r.failures) for r in mine)
        rows.append(f"| {setting} | {threads} | {other} | {changed} of {len(cells)} | {failed} |")
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="chapters; all of them if none")
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), help="all that apply")
    parser.add_argument("--threads", nargs="+", type=int, default=list(THREADS))
    options = parser.parse_args(arguments)
    settings = list(dict.fromkeys(["native", *(options.settings or here())]))
    if as_intel():
        print("MKL is told that this is an Intel processor, where a setting chooses instructions")
    paths = options.files or notebooks.chapters()
    results = run_all(paths, settings, tuple(options.threads))
    print("\n" + table(results) + "\n")
    failures = [
        f"{r.setting}, threads {r.threads}: {failure}" for r in results for failure in r.failures
    ]
    print("\n".join(failures) or "nothing is printed beyond its tolerance")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
