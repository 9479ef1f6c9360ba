"""The command that corrects a file: alone, with processes, after accidents."""

import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import nav_utils
from nav_utils import correct_file
from nav_utils.checkpointing import write_whole
from nav_utils.correct_file import COLUMNS, main
from nav_utils.correction import Run, Status, correct
from nav_utils.joining import joined
from nav_utils.models import mlp, seeded
from nav_utils.pretrained import load_ratio
from nav_utils.ratio import DensityRatio
from nav_utils.steps import Band, Below, Denser, Probability

OPTIONS = ["--space", "mnist-2d", "--method", "gauss_newton", "--shard-size", "100"]


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.fixture
def files(tmp_path):
    """IN with 550 codes, and OUT in a folder that is not there yet."""
    source = tmp_path / "in.safetensors"
    save_file({"z": normal(550, 2), "labels": torch.zeros(550)}, source)
    return source, tmp_path / "results" / "out.safetensors"


def command(files, *more):
    main([*map(str, files), *OPTIONS, *more])


def left_in(folder):
    return sorted(path.name for path in folder.glob("*"))


@pytest.fixture
def shards(monkeypatch):
    """A list that notes the number of every shard that is computed."""
    computed, compute = [], correct_file.compute

    def noted(job, number):
        compute(job, number)
        computed.append(number)

    monkeypatch.setattr(correct_file, "compute", noted)
    return computed


def stop_after(monkeypatch, count):
    """Let the command be interrupted after so many shards."""
    compute, left = correct_file.compute, iter(range(count))

    def breaking(job, number):
        if next(left, None) is None:
            raise KeyboardInterrupt
        compute(job, number)

    monkeypatch.setattr(correct_file, "compute", breaking)


# ---- what it writes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "choices"),
    [
        ([], lambda ratio: ("gauss_newton", "band")),
        (["--goal", "below"], lambda ratio: ("gauss_newton", "below")),
        (
            ["--method", "logit", "--goal", "band", "--level", "1"],
            lambda ratio: ("logit", Band(centre=1.0)),
        ),
        (
            ["--goal", "below", "--level-alpha", "0.05"],
            lambda ratio: ("gauss_newton", Below(ratio.level(0.05))),
        ),
        (["--method", "score"], lambda ratio: ("score", "denser")),
        (
            ["--method", "score", "--level-alpha", "0.2"],
            lambda ratio: ("score", Denser(ratio.log_q_level(0.2))),
        ),
        (
            ["--method", "score", "--goal", "denser", "--level", "-3", "--max-steps", "20"],
            lambda ratio: ("score", Denser(-3.0), Run(max_steps=20)),
        ),
        (
            ["--method", "probability", "--eps", "0.2", "--step-size", "2", "--max-steps", "7"],
            lambda ratio: (Probability(2.0), Band(0.2), Run(max_steps=7)),
        ),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_correct_in_one_piece(files, more, choices, dtype, capsys):
    z, ratio = normal(550, 2, dtype=dtype), load_ratio("mnist-2d")
    save_file({"z": z}, files[0])
    command(files, *more)
    wanted, found = correct(z, ratio, *choices(ratio)), load_file(files[1])
    assert found.keys() == set(COLUMNS)
    for name in COLUMNS:  # not to the last digit: products of other shapes round otherwise
        expected = getattr(wanted, name)
        assert found[name].dtype == expected.dtype and found[name].shape == expected.shape
        same = torch.isclose(found[name], expected, rtol=1e-3, atol=1e-3)
        assert same.float().mean() > 0.99
    assert left_in(files[1].parent) == ["out.safetensors"]
    said = capsys.readouterr().out
    assert "6 shards, 0 of them from before" in said
    assert f"{int((found['status'] == Status.CONVERGED).sum())} CONVERGED" in said


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_join_holds_one_column_of_one_part_at_a_time(tmp_path, dtype):
    parts, whole = [], {"z": [], "status": []}
    for number, n in enumerate((5, 5, 1)):  # an odd number: what follows may not lie askew
        columns = {"z": normal(n, 3, seed=number, dtype=dtype), "status": torch.arange(n)}
        parts.append(tmp_path / f"{number}.safetensors")
        save_file(columns, parts[-1])
        for name, column in columns.items():
            whole[name].append(column)
    pieces = list(joined(parts, ("z", "status"), {"made": "here"}))
    assert sorted(map(len, pieces[1:])) == sorted(
        rows * width for rows in (5, 5, 1) for width in (3 * dtype.itemsize, 8)
    )
    write_whole(tmp_path / "out", iter(pieces))
    found = load_file(tmp_path / "out")
    assert all(torch.equal(found[name], torch.cat(columns)) for name, columns in whole.items())
    with safe_open(tmp_path / "out", framework="pt") as file:
        assert file.metadata() == {"made": "here"}


def test_another_ratio(files):
    with seeded(0):
        ratio = DensityRatio(mlp([2, 8, 1]), normal(100, 2))
    file = files[0].with_name("ratio.safetensors")
    ratio.save(file)
    main([*map(str, files), "--ratio", str(file)])
    assert torch.allclose(load_file(files[1])["z"], correct(normal(550, 2), ratio).z, atol=1e-5)


def test_the_metadata_say_what_it_was_made_from(files):
    command(files, "--eps", "0.2")
    with safe_open(files[1], framework="pt") as file:
        facts = json.loads(file.metadata()["correction"])
    assert facts["input"] == correct_file.sha256(files[0]) and len(facts["ratio"]) == 64
    assert facts["method"] == "gauss_newton" and facts["eps"] == 0.2 and facts["goal"] is None
    assert str(files[0].parent) not in str(facts)


# ---- after an accident --------------------------------------------------------------------------


def test_an_interrupted_run_goes_on(files, monkeypatch, shards, capsys):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_after(patch, 2)
        command(files)
    assert not files[1].exists()
    parts = files[1].with_name("out.safetensors.parts")
    assert left_in(parts) == ["000000.safetensors", "000001.safetensors"]
    (parts / "000002.safetensors.partial").write_bytes(b"half")
    shards.clear()
    command(files)
    assert shards == [2, 3, 4, 5] and left_in(files[1].parent) == ["out.safetensors"]
    assert "6 shards, 2 of them from before" in capsys.readouterr().out
    resumed = files[1].read_bytes()
    files[1].unlink()
    command(files)
    assert files[1].read_bytes() == resumed


def test_a_finished_run_has_nothing_to_do(files, shards, capsys):
    command(files)
    written = files[1].stat().st_mtime_ns
    files[1].with_name("out.safetensors.parts").mkdir()  # killed before it could tidy up
    command(files)
    assert "nothing to do" in capsys.readouterr().out and len(shards) == 6
    assert files[1].stat().st_mtime_ns == written
    assert left_in(files[1].parent) == ["out.safetensors"]


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("other", ["eps", "input", "shard_size"])
def test_results_of_another_run_are_refused_and_kept(files, monkeypatch, finished, other):
    if finished:
        command(files)
    else:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            stop_after(patch, 1)
            command(files)
    more = {"eps": ["--eps", "0.2"], "input": [], "shard_size": ["--shard-size", "50"]}[other]
    if other == "input":
        save_file({"z": normal(550, 2, seed=1)}, files[0])
    before = left_in(files[1].parent)
    with pytest.raises(
        SystemExit, match=f"a result of this very command, got one of {other} .*OUT"
    ):
        command(files, *more)
    assert left_in(files[1].parent) == before


def test_a_file_that_it_did_not_write_is_not_overwritten(files):
    files[1].parent.mkdir()
    save_file({"z": torch.zeros(1)}, files[1])
    with pytest.raises(SystemExit, match="got one of method None and not 'gauss_newton'"):
        command(files)
    files[1].write_text("a diary")
    with pytest.raises(SystemExit, match="expected a whole safetensors file"):
        command(files)
    assert files[1].read_text() == "a diary"


# ---- what it refuses ----------------------------------------------------------------------------

BAD = {
    'no "z"': ({"codes": normal(5, 2)}, 'expected codes named "z", got codes'),
    "other d": ({"z": normal(5, 3)}, r"expected z of shape \(N, 2\).*\(5, 3\) in F32"),
    "one point": ({"z": normal(2)}, r"\(N, 2\).*got \(2,\)"),
    "no points": ({"z": normal(0, 2)}, r"N at least 1.*got \(0, 2\)"),
    "integers": ({"z": torch.ones(5, 2).long()}, "float32.*got .* in I64"),
    "half": ({"z": torch.ones(5, 2).half()}, "float32.*got .* in F16"),
    "NaN": (
        {"z": torch.full((250, 2), 1.0).index_fill(0, torch.tensor([120]), torch.nan)},
        "rows 100 to 199, codes: expected finite.* 2 of them not finite",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(files, case):
    tensors, message = BAD[case]
    save_file(tensors, files[0])
    with pytest.raises(SystemExit, match=message):
        command(files)
    assert not files[1].parent.exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--eps", "0.7"], "eps: expected a number between 0 and 1/2, got 0.7"),
        (["--shard-size", "0"], "--shard-size: expected at least 1"),
        (["--level-alpha", "0.05"], "--level-alpha: expected --goal below or denser"),
        (["--goal", "below", "--level-alpha", "2"], "alpha: expected .* got 2"),
        (["--goal", "below", "--level", "1", "--level-alpha", "0.1"], "and no --level"),
        (["--space", "mnist-3d"], "'mnist-3d': expected one of .*mnist-2d"),
    ],
)
def test_bad_options(files, more, message):
    with pytest.raises(SystemExit, match=message):
        command(files, *more)
    assert not files[1].parent.exists()


def test_a_file_that_is_read_is_not_written(files):
    source, link, hard = files[0], files[0].with_name("link"), files[0].with_name("hard")
    link.symlink_to(source)
    os.link(source, hard)
    before = source.read_bytes()
    for target in (source, source.parent / "." / source.name, link, hard):
        with pytest.raises(SystemExit, match="OUT to be another file than IN.*name another OUT"):
            command((source, target))
    ratio = files[0].with_name("ratio.safetensors")
    with seeded(0):
        DensityRatio(mlp([2, 8, 1]), normal(100, 2)).save(ratio)
    with pytest.raises(SystemExit, match="OUT to be another file than --ratio"):
        main([str(source), str(ratio), "--ratio", str(ratio)])
    with pytest.raises(SystemExit, match="expected a file as OUT, got a folder; name a file in it"):
        command((source, source.parent))
    assert source.read_bytes() == before
    assert left_in(source.parent) == ["hard", "in.safetensors", "link", "ratio.safetensors"]


def test_it_runs_where_nothing_is_installed(files, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    command(files)
    with safe_open(files[1], framework="pt") as file:
        assert json.loads(file.metadata()["correction"])["nav_utils"] == nav_utils.__version__


def test_a_space_without_a_ratio_is_no_compass(files):
    with pytest.raises(
        SystemExit, match="'mnist-classifier': expected one of digits-2d, mnist-16d"
    ):
        command(files, "--space", "mnist-classifier")


def test_files_that_are_not_there_or_cannot_be_written(files):
    with pytest.raises(SystemExit, match="No such file.*nowhere"):
        command((files[0].with_name("nowhere"), files[1]))
    files[0].with_name("text").write_text("no safetensors, but a text")
    with pytest.raises(SystemExit, match="expected a whole safetensors file"):
        command((files[0].with_name("text"), files[1]))
    with pytest.raises(SystemExit, match="Not a directory.*text"):
        command((files[0], files[0].with_name("text") / "out.safetensors"))
    if os.geteuid():  # nothing is forbidden to root
        files[0].parent.chmod(0o500)
        with pytest.raises(SystemExit, match="Permission denied"):
            command(files)
        files[0].parent.chmod(0o700)


# ---- several processes --------------------------------------------------------------------------

WORKER = """
import os, runpy, signal
from nav_utils import checkpointing

def noted(path, *rest, write=checkpointing.write_safetensors):
    write(path, *rest)
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(os.environ["RANK"] + ":" + path.stem + " ")
    if os.environ["KILL"] == os.environ["RANK"]:
        os.kill(os.getpid(), signal.SIGKILL)

checkpointing.write_safetensors = noted
runpy.run_module("nav_utils.correct_file", run_name="__main__")
"""


def torchrun(files, notes, kill=""):
    """The command in two processes, one of which is perhaps killed after its first shard."""
    worker = notes.with_name("worker.py")
    worker.write_text(WORKER)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    root = str(pathlib.Path(correct_file.__file__).parents[1])
    return subprocess.run(
        [sys.executable, *torchrun, worker, *files, *OPTIONS],
        env=os.environ | {"NOTES": str(notes), "KILL": kill, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_every_process_takes_a_gpu_of_its_own(files, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(SystemExit, match="as many processes as GPUs, 2 on this .*got process 2"):
        command(files, "--device", "cuda")
    monkeypatch.setenv("WORLD_SIZE", "2")
    backends = []
    monkeypatch.setattr(correct_file.dist, "init_process_group", backends.append)
    monkeypatch.setattr(correct_file.dist, "barrier", lambda: None)
    monkeypatch.setattr(correct_file.dist, "destroy_process_group", lambda: None)
    for device in ("cuda", "cpu"):
        with correct_file.processes(torch.device(device)) as (_, world):
            assert world == 2
    assert backends == ["nccl", "gloo"]


def test_a_killed_process_is_named_and_a_restart_does_nothing_twice(files, tmp_path, shards):
    first, second = tmp_path / "first", tmp_path / "second"
    broken = torchrun(files, first, kill="1")
    assert broken.returncode == 1 and not files[1].exists()
    assert "stopped by SIGTERM. Finished shards are kept: the same command" in broken.stderr
    assert "rank      : 1" in broken.stderr and "exitcode  : -9" in broken.stderr
    assert "1:000001" in first.read_text()
    parts = files[1].with_name("out.safetensors.parts")
    missing = {f"{number:06d}" for number in range(6)} - {path.stem for path in parts.glob("*.s*")}
    assert missing >= {"000003", "000005"}  # the dead process's; the other had up to three shards

    alone = files[0].with_name("alone.safetensors")
    shutil.copytree(parts, f"{alone}.parts")
    command((files[0], alone))  # one process goes on with what two have begun
    assert shards == sorted(map(int, missing))

    whole = torchrun(files, second)
    assert whole.returncode == 0, whole.stderr
    notes = [note.split(":") for note in second.read_text().split()]  # rank and shard
    assert sorted(shard for _, shard in notes) == sorted(missing)
    assert {rank for rank, _ in notes} == {"0", "1"}  # what is missing is dealt anew
    assert f"6 shards, {6 - len(missing)} of them from before" in whole.stdout
    assert left_in(files[1].parent) == ["out.safetensors"]
    assert files[1].read_bytes() == alone.read_bytes()
