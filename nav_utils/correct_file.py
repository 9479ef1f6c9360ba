"""The command that corrects a file of codes into another.

    nav-utils correct IN OUT --space mnist-2d --method gauss_newton
    torchrun --standalone --nproc-per-node 2 -m nav_utils correct IN OUT --space mnist-2d

IN is a safetensors file with codes "z" (N, d). OUT gets the columns of a `Correction`, and its
metadata say what they were made from. Rows are computed in shards, which the processes share out;
each finished shard is a file in OUT.parts, and the first process joins them. So after any accident
the same command, with any number of processes, finishes the work and does none of it twice.

A process holds one shard in memory, however many there are; for a moment the disk has to hold OUT
twice. With --device cuda each process takes a GPU of its machine. `correct`'s noise depends on a
point's place in its batch, here the shard: there is no such option.
`python -m nav_utils.correct_file` is the same command under its old name.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from tqdm.auto import tqdm

from nav_utils import __version__
from nav_utils.arguments import expect_samples
from nav_utils.checkpointing import write_safetensors, write_whole
from nav_utils.correction import Run, Status, correct
from nav_utils.joining import joined, opened
from nav_utils.pretrained import CHECKPOINTS, verified
from nav_utils.ratio import DensityRatio
from nav_utils.steps import GOALS, METHODS, Band, Below, Denser, Goal, Method, Score, method_of

RATIO = "a file that DensityRatio.save wrote, as FOLDER/ratio.safetensors of a space of your own"
COLUMNS = ("z", "status", "n_steps", "logit_before", "logit_after", "displacement")


class Job(NamedTuple):
    """What is to be done; the same in every process."""

    source: pathlib.Path
    target: pathlib.Path
    shards: list[slice]  # of rows
    ratio: DensityRatio
    method: Method  # the three choices of `correct`
    goal: Goal
    run: Run
    facts: dict[str, Any]  # all that the result depends on, as plain data

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        return self.ratio.device or torch.device("cpu")

    @property
    def parts(self) -> pathlib.Path:
        """The folder of finished shards."""
        return self.target.with_name(self.target.name + ".parts")

    def part(self, number: int) -> pathlib.Path:
        """The file of one shard."""
        return self.parts / f"{number:06d}.safetensors"

    def missing(self) -> list[int]:
        """Numbers of the shards that are not finished."""
        return [number for number in range(len(self.shards)) if not self.part(number).exists()]


# ---- before: everything is checked before anything is computed ----------------------------------


def make_job(given: argparse.Namespace) -> Job:
    """What the command line asks for; ValueError or OSError when it cannot be done."""
    expect_apart(given.source, given.target, "IN")
    if given.ratio is None:
        file = f"{given.space}.ratio.safetensors"
        content = verified(file, CHECKPOINTS)
    else:
        expect_apart(given.ratio, given.target, "--ratio")
        file, content = given.ratio, given.ratio.read_bytes()
    ratio = DensityRatio.from_bytes(content, file).to(given.device)
    names = ("method", "step_size", "goal", "eps", "level", "level_alpha", "max_steps")
    facts: dict[str, Any] = {name: getattr(given, name) for name in names} | {
        "command": "python -m nav_utils.correct_file",
        "nav_utils": __version__,
        "input": sha256(given.source),
        "ratio": hashlib.sha256(content).hexdigest(),
        "shard_size": given.shard_size,
    }
    step_size = () if given.step_size is None else (given.step_size,)
    method = method_of(given.method, *step_size)
    goal, run = goal_from(given, method, ratio), Run(max_steps=given.max_steps)
    shards = look_at(given.source, ratio.prior.dim, given.shard_size)
    return Job(given.source, given.target, shards, ratio, method, goal, run, facts)


def goal_from(given: argparse.Namespace, method: Method, ratio: DensityRatio) -> Goal:
    """What --goal, --eps, --level and --level-alpha describe; ValueError if they do not agree."""
    name = given.goal or ("denser" if isinstance(method, Score) else "band")
    level, alpha = given.level, given.level_alpha
    if alpha is not None and (level is not None or name == "band"):
        raise ValueError("--level-alpha: expected --goal below or denser beside it, and no --level")
    if name == "denser":
        if alpha is None and level is None:
            alpha = 0.5
        return Denser(level if alpha is None else ratio.log_q_level(alpha))
    band = Band(given.eps, level or 0.0)
    if name == "band":
        return band
    if alpha is not None:
        level = ratio.level(alpha)
    return Below(band.width if level is None else level, band.width)


def expect_apart(given: pathlib.Path, target: pathlib.Path, name: str) -> None:
    """ValueError when OUT is a file that is to be read, or a folder."""
    if target.is_dir():
        raise ValueError(f"{target}: expected a file as OUT, got a folder; name a file in it")
    linked = given.exists() and target.exists() and given.samefile(target)
    if linked or given.resolve() == target.resolve():
        raise ValueError(
            f"{target}: expected OUT to be another file than {name}, got the same, which would be "
            "overwritten; name another OUT"
        )


def sha256(path: pathlib.Path) -> str:
    """SHA-256 of a file, as a hexadecimal string."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def look_at(path: pathlib.Path, dim: int, shard_size: int) -> list[slice]:
    """The shards of a file; ValueError unless its codes are floating, finite and (N, dim)."""
    if shard_size < 1:
        raise ValueError(f"--shard-size: expected at least 1, got {shard_size}")
    with opened(path) as file:
        names = sorted(file.keys())
        if "z" not in names:
            raise ValueError(f'{path}: expected codes named "z", got {", ".join(names)}')
        z = file.get_slice("z")
        shape, dtype = tuple(z.get_shape()), z.get_dtype()
        if dtype not in {"F32", "F64"} or len(shape) != 2 or shape[0] == 0 or shape[1] != dim:
            raise ValueError(
                f"{path}: expected z of shape (N, {dim}), N at least 1, in float32 (F32) or "
                f"float64 (F64), got {shape} in {dtype}"
            )
    starts = range(0, shape[0], shard_size)
    shards = [slice(first, min(first + shard_size, shape[0])) for first in starts]
    for rows in shards:
        with opened(path) as file:  # anew: what was read before is let go
            z = file.get_slice("z")[rows]
            expect_samples(**{f"{path}, rows {rows.start} to {rows.stop - 1}, codes": z})
    return shards


def expect_same(path: pathlib.Path, facts: dict[str, Any]) -> None:
    """ValueError when a result that is there already was made from something else."""
    with opened(path) as file:
        there = json.loads((file.metadata() or {}).get("correction", "{}"))
    other = [f"{k} {there.get(k)!r} and not {v!r}" for k, v in facts.items() if there.get(k) != v]
    if other:
        raise ValueError(
            f"{path}: expected nothing there, or a result of this very command, got one of "
            f"{', '.join(other)}. Delete it, or name another OUT"
        )


# ---- the work -----------------------------------------------------------------------------------


def run(job: Job) -> None:
    """Compute what is missing, this process its share of it; the first then joins all shards."""
    for path in [job.target, *sorted(job.parts.glob("*.safetensors"))]:
        if path.exists():
            expect_same(path, job.facts)
    done, missing, n = job.target.exists(), job.missing(), len(job.shards)
    with processes(job.device) as (rank, world):
        if not done:
            job.parts.mkdir(parents=True, exist_ok=True)
            silent = bool(rank or os.environ.get("TQDM_DISABLE"))
            with tqdm(total=n, initial=n - len(missing), unit="shard", disable=silent) as bar:
                for number in missing[rank::world]:
                    compute(job, number)
                    bar.update(n - len(job.missing()) - bar.n)
                while rank == 0 and job.missing():  # the others are still at work
                    time.sleep(0.1)
                    bar.update(n - len(job.missing()) - bar.n)
        if rank == 0:
            ends = "nothing to do" if done else join(job)
            kept = n if done else n - len(missing)
            shutil.rmtree(job.parts, ignore_errors=True)
            print(f"{job.target}: {n} shards, {kept} of them from before; {ends}")


def compute(job: Job, number: int) -> None:
    """Correct one shard and write its file."""
    with opened(job.source) as file:
        z = file.get_slice("z")[job.shards[number]].clone()  # the file is let go
    found = correct(z, job.ratio, job.method, job.goal, job.run)._asdict()
    columns = {name: found[name] for name in COLUMNS}
    write_safetensors(job.part(number), columns, {"correction": json.dumps(job.facts)})


def join(job: Job) -> str:
    """Write OUT from its parts, and say how the points ended."""
    parts = [job.part(number) for number in range(len(job.shards))]
    write_whole(job.target, joined(parts, COLUMNS, {"correction": json.dumps(job.facts)}))
    ends = torch.zeros(len(Status), dtype=torch.int64)
    for part in parts:
        with opened(part) as file:
            ends += file.get_tensor("status").bincount(minlength=len(Status))
    return ", ".join(f"{int(ends[status]):,} {status.name}" for status in Status if ends[status])


@contextlib.contextmanager
def processes(device: torch.device) -> Iterator[tuple[int, int]]:
    """Rank and number of the processes that torchrun started; 0 and 1 without it.

    They wait for each other by NCCL where they compute on GPUs, by gloo elsewhere.

    Inside, all have come so far: none writes before every one has looked at what is there.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        dist.barrier()
    try:
        yield int(os.environ.get("RANK", "0")), world
    finally:
        if world > 1:
            dist.destroy_process_group()


def stop(number: int, _: Any) -> None:
    """End on a signal; torchrun sends one to all processes when one of them has failed."""
    raise SystemExit(
        f"stopped by {signal.Signals(number).name}. Finished shards are kept: the same command "
        "goes on from there. If a process has failed, torchrun names it below."
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add, gpu = parser.add_argument, torch.cuda.is_available()
    add("source", type=pathlib.Path, metavar="IN", help='safetensors file with codes "z" (N, d)')
    add("target", type=pathlib.Path, metavar="OUT", help="safetensors file to write")
    compass = parser.add_mutually_exclusive_group(required=True)
    compass.add_argument("--space", metavar="NAME", help="a shipped latent space")
    compass.add_argument("--ratio", metavar="FILE", type=pathlib.Path, help=RATIO)
    add("--method", choices=METHODS, default="probability", help="default: the literal update")
    add("--step-size", type=float, help="default: the method's own")
    add("--goal", choices=GOALS, help="default: the band; for the score, denser")
    add("--eps", type=float, default=0.1, help="half the width of the band round D = 1/2")
    add("--level", type=float, help="in nats: the band's centre, or the level of the other goals")
    add("--level-alpha", type=float, metavar="A", help="the level that 1 - A of the codes reach")
    add("--max-steps", type=int, default=200)
    add("--shard-size", type=int, default=250_000, metavar="ROWS", help="default: 250,000")
    add("--device", choices=["cpu", "cuda"], default="cuda" if gpu else "cpu")


def carry_out(given: argparse.Namespace) -> None:
    """Do what the command line asks for; ValueError or OSError when it cannot be done."""
    if given.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: torch finds no GPU here")
    if given.device == "cuda":  # one for each process
        number, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if number >= there:
            raise ValueError(
                f"--device cuda: expected at most as many processes as GPUs, {there} on this "
                f"machine, got process {number}; start {there} with --nproc-per-node"
            )
        torch.cuda.set_device(number)
    run(make_job(given))


def main(arguments: list[str] | None = None) -> None:
    """The command line by its old name; `nav-utils correct` is the same."""
    parser = argparse.ArgumentParser(
        prog="python -m nav_utils.correct_file",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    try:
        carry_out(parser.parse_args(arguments))
    except (OSError, ValueError) as error:
        raise SystemExit(f"{parser.prog}: {error}") from error


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    main()
