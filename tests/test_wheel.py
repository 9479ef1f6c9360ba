"""What is published works where nothing else of the project is: wheel, sdist, types, command.

The package is built from its sdist and installed into a fresh environment, which sees the other
packages of this one through a .pth file; files named so inside those folders are not read, so that
the checkout stays out.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import nav_utils

ROOT = Path(__file__).parents[1]
ELSEWHERE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
SAID = {"capture_output": True, "text": True, "env": ELSEWHERE}
BUILD = "import sys; from setuptools import build_meta as b; print(getattr(b, sys.argv[1])('.'))"
TEN_LINES = """
import sys, torch, nav_utils
from nav_utils import StandardNormal, find_holes, fit_ratio, navigate, ring
assert nav_utils.__version__ == "{version}" and nav_utils.__file__.startswith(sys.prefix)
codes = ring().sample(600, torch.Generator().manual_seed(0))
ratio = fit_ratio(codes, hidden=(16,), steps=200, progress=False)
path = navigate(codes[:2], codes[2:4], ratio, "string", n_points=16)
assert path.points.shape == (2, 16, 2) and len(find_holes(ratio, 0.2)) > 0
from nav_utils import load_pretrained, to_html
to_html(load_pretrained("digits-2d"), "explorer.html")
print(sorted({{"IPython", "anywidget", "ipywidgets", "traitlets"}} & set(sys.modules)))
"""
USER = """
from pathlib import Path as File

import torch
from torch import Tensor

from nav_utils import (
    AAE, DensityRatio, Graph, History, LatentSpace, Path, PathReport, Reference, Run, evaluate,
    calibration_report, correct, find_holes, fit_ratio, load_pretrained, navigate, train_aae,
)
from nav_utils.langevin import langevin


def judged(images: Tensor, folder: File) -> tuple[Path, PathReport, float]:
    model = AAE((1, 8, 8), 2, hidden=(32,))
    history: History = train_aae(model, images, 2, batch_size=64)
    space: LatentSpace = load_pretrained("digits-2d")
    ratio: DensityRatio = fit_ratio(model.encode(images), steps=100)
    ratio.save(folder / "ratio.safetensors")
    prior = ratio.prior.sample(100, torch.Generator())
    auc: float = calibration_report(ratio, space.codes[:100], prior).auc
    found = correct(prior, ratio, "logit", "below", Run(max_steps=10))
    path = navigate(found.z[:4], found.z[4:8], ratio, Graph(space.codes), n_points=32)
    centre: Tensor = find_holes(ratio)[0].centre
    moved: Tensor = langevin(centre[None], ratio, 0.01, 10).z
    return path, evaluate(path, Reference(space.test_codes)), auc + moved.sum().item()
"""
WRONG = [  # what a type checker has to find, with the line that it stands in
    ("from nav_utils import navigat", "navigat"),
    ('fit_ratio(torch.zeros(1), steps="many")', '"str"; expected "int"'),
    ("x: str = find_holes(fit_ratio(torch.zeros(1)))[0].mass", '"float", variable has type "str"'),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder in which sdist and wheel lie, the wheel made from the sdist alone."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    left_out = shutil.ignore_patterns("node_modules", "__pycache__")
    shutil.copytree(ROOT / "nav_utils", tree / "nav_utils", ignore=left_out)
    sdist = build("build_sdist", tree)
    with tarfile.open(sdist) as archive:
        archive.extractall(tree, filter="data")
    (folder,) = tree.glob("nav_utils-*[0-9]")
    shutil.move(build("build_wheel", folder), tree)
    return tree


def build(what, folder):
    """Build a distribution of a folder in it; its path."""
    run = subprocess.run([sys.executable, "-c", BUILD, what], cwd=folder, **SAID)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / run.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(built):
    """The folder of an environment into which the wheel was installed, with its programs."""
    folder = built / "environment with spaces"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    run = subprocess.run([*pip, "--no-deps", "--no-index", "--no-compile", str(wheel)], **SAID)
    assert run.returncode == 0, run.stderr
    places = {sysconfig.get_paths()[key] for key in ("purelib", "platlib")}
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "others.pth").write_text("\n".join(sorted(places)) + "\n")
    return folder


def test_the_sdist_and_the_wheel_have_what_the_package_has(built):
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "nav_utils").rglob("*.*")}
    package = {name for name in package if "__pycache__" not in name and "/source/" not in name}
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"nav_utils-{nav_utils.__version__}.dist-info/METADATA").decode()
    assert {name for name in names if ".dist-info/" not in name} == package
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert package | {"README.md", "LICENSE", "pyproject.toml", "setup.py"} <= inside
    description = metadata.partition("\n\n")[2]
    links = re.findall(r"\]\(([^)\s]+)\)", description)
    assert len(links) > 20 and [link for link in links if not re.match("https://|#", link)] == []
    assert "https://raw.githubusercontent.com/" in description.partition(".png)")[0]
    needed = re.findall(r"^Requires-Dist: ([\w-]+)[^;\n]*$", metadata, re.MULTILINE)
    assert {"anywidget", "ipywidgets", "ipython"}.isdisjoint(needed) and "torch" in needed


def test_ten_lines_run_in_an_environment_of_its_own_without_widgets(installed, tmp_path):
    code = TEN_LINES.format(version=nav_utils.__version__)
    run = subprocess.run([installed / "bin" / "python", "-c", code], cwd=tmp_path, **SAID)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "[]\n"


def test_the_command_is_installed_and_says_what_there_is(installed, tmp_path):
    python = installed / "bin" / "python"  # its own first line may be too long to be read
    command = [python, installed / "bin" / "nav-utils"]
    said = subprocess.run([*command, "--help"], cwd=tmp_path, **SAID)
    assert said.returncode == 0 and "nav-utils holes mnist-2d" in said.stdout
    same = subprocess.run([python, "-m", "nav_utils", "--help"], cwd=tmp_path, **SAID)
    assert same.stdout == said.stdout


def test_a_strict_type_checker_accepts_the_package_from_outside(installed, tmp_path):
    (tmp_path / "user.py").write_text(USER + "".join(f"\n{line}" for line, _ in WRONG) + "\n")
    (tmp_path / "mypy.ini").write_text(  # torch takes minutes: its names are then Any
        "[mypy]\nstrict = true\ncache_dir = cache\n[mypy-torch,torch.*]\nfollow_imports = skip\n"
        "[mypy-numpy.*,matplotlib.*,sklearn.*,scipy.*,IPython.*,PIL.*]\nfollow_imports = skip\n"
    )
    mypy = [sys.executable, "-m", "mypy", "--python-executable", installed / "bin" / "python"]
    said = subprocess.run([*mypy, "user.py"], cwd=tmp_path, **SAID)
    first = USER.count("\n") + 2
    print(said.stdout)
    found = re.findall(r"^user\.py:(\d+): error: (.*)$", said.stdout, re.MULTILINE)
    assert [int(number) for number, _ in found] == [first + n for n in range(len(WRONG))]
    for (_, wanted), (_, message) in zip(WRONG, found, strict=True):
        assert wanted in message
