"""The course in one folder, for a room without a network.

python tools/bundle.py                                  # for Linux, macOS and Windows, Python 3.12
python tools/bundle.py --systems linux --pythons 3.11   # a smaller one
python tools/bundle.py --dry                            # say what would be downloaded

The book has to be built (`make book`). Slides and handouts come along if they have been made.
Needs uv, which alone can choose the packages of another system: pip install uv
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

if __package__ in (None, ""):  # called as a script: find the modules beside this one
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import students
from tools.notebook_text import ROOT

# What each system calls the wheels that it takes.
PLATFORMS = {
    "linux": [
        *(f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 26, 24, 17, 12, 5)),
        *("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"),
    ],
    "macos": ["macosx_14_0_arm64"],
    "windows": ["win_amd64"],
}
MACOS = "14.0"  # uv's own choice is 13.0, for which torch has no wheel
PYTHONS = ["3.12"]
EXTRAS = ("course", "lab")
SHARED = ROOT / "book" / "teach" / "bundle"


def requirements(root: Path = ROOT) -> list[str]:
    """What a student's environment needs, the package itself left out; torch in one version."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for name in EXTRAS for line in extras[name])]
    pins = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    torch = [pin for pin in pins if pin.startswith("torch==")]
    return sorted({line for line in lines if not line.startswith("torch>")} | {*torch})


def torch_index(root: Path = ROOT) -> str:
    """The index that has torch for the processor alone on Linux, from environment.yml."""
    text = (root / "environment.yml").read_text(encoding="utf-8")
    match = re.search(r"--extra-index-url (\S+)", text)
    if match is None:
        raise ValueError("environment.yml: expected a line with --extra-index-url, found none")
    return match[1]


def index_options(system: str) -> list[str]:
    """Where else to look: for torch on Linux; TORCH_INDEX in the environment says another place.

    An empty TORCH_INDEX means: nowhere else, pip knows already.
    """
    if system != "linux":
        return []
    index = os.environ.get("TORCH_INDEX", torch_index())
    return ["--extra-index-url", index] if index else []


def run(command: list[str]) -> str:
    """Run a command; what it printed. ValueError with its last lines if it fails."""
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": MACOS}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise ValueError(f"{' '.join(command[:6])} ... failed:\n{said}")
    return done.stdout


def chosen(system: str, python: str, folder: Path, root: Path = ROOT) -> list[str]:
    """Every package with its version for a system and a Python, as uv resolves it."""
    uv = shutil.which("uv")
    if uv is None:
        raise ValueError("expected the program uv, found none: pip install uv")
    wanted = folder / "wanted.txt"
    wanted.write_text("\n".join(requirements(root)) + "\n", encoding="utf-8")
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", str(wanted)]
    command += ["--constraint", str(root / "constraints.txt"), "--python-version", python]
    command += ["--python-platform", system, "--index-strategy", "unsafe-best-match"]
    try:
        lines = run([*command, *index_options(system)]).splitlines()
    finally:
        wanted.unlink()
    return [line for line in lines if re.match(r"[A-Za-z0-9]", line)]


def download(system: str, python: str, lines: list[str], folder: Path) -> None:
    """Put these packages' wheels into a folder, with the list of them."""
    file = folder / "requirements.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-r", str(file)]
    command += ["-d", str(folder), "--only-binary=:all:", "--implementation", "cp"]
    command += ["--python-version", python, *index_options(system)]
    run([*command, *(part for name in PLATFORMS[system] for part in ("--platform", name))])


def add_package(folders: list[Path], root: Path = ROOT) -> None:
    """Build the wheel of the course's own package, and put it and its name into each folder."""
    first = folders[0]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(first)]
    run([*command, str(root)])
    (wheel,) = first.glob("nav_utils-*.whl")
    for folder in folders:
        if folder != first:
            shutil.copy(wheel, folder)
        file = folder / "requirements.txt"
        file.write_text(f"nav_utils\n{file.read_text(encoding='utf-8')}", encoding="utf-8")


def write_pages(out: Path, root: Path = ROOT) -> None:
    """Book, explorer, playground, students' notebooks and, if they are there, slides and handouts.

    Raises:
        ValueError: if the book has not been built.
    """
    built = root / "_build" / "html"
    if not (built / "index.html").is_file():
        raise ValueError(f"expected the built book in {built}, found none: run make book first")
    shutil.copytree(built, out / "book")
    for name in ("slides", "handouts"):
        if (root / "_build" / name).is_dir():
            shutil.copytree(root / "_build" / name, out / name)
    students.write_sets(out, root)
    shutil.rmtree(out / students.TEACHER)  # its notebooks have the solutions
    for file in sorted(SHARED.iterdir()):
        shutil.copy(file, out)
    write_figures(out)


def write_figures(out: Path) -> None:
    """The explorer and the playground, one file each."""
    from nav_utils.explorer import to_html
    from nav_utils.playground import to_html as playground
    from nav_utils.pretrained import load_pretrained

    to_html(load_pretrained("mnist-2d"), out / "explorer.html")
    playground(out / "playground.html")


def write_bundle(out: Path, systems: list[str], pythons: list[str], root: Path = ROOT) -> None:
    """Write the whole folder: beside it first, and in its place when it is whole."""
    unfinished = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        write_pages(unfinished, root)
        folders = []
        for system in systems:
            for python in pythons:
                folders.append(unfinished / "wheels" / f"{system}-{python}")
                folders[-1].mkdir(parents=True)
                lines = chosen(system, python, folders[-1], root)
                print(f"{system}, Python {python}: {len(lines)} packages", flush=True)
                download(system, python, lines, folders[-1])
        add_package(folders, root)
        shutil.rmtree(out, ignore_errors=True)
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def main(arguments: list[str] | None = None) -> int:
    """Write the bundle and say how large it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "bundle", metavar="DIR")
    parser.add_argument("--systems", nargs="+", choices=PLATFORMS, default=list(PLATFORMS))
    parser.add_argument("--pythons", nargs="+", default=PYTHONS, metavar="X.Y")
    parser.add_argument("--dry", action="store_true", help="download nothing; list the packages")
    given = parser.parse_args(arguments)
    out = given.out.resolve()
    try:
        if given.dry:
            out.parent.mkdir(parents=True, exist_ok=True)
            for system in given.systems:
                for python in given.pythons:
                    lines = chosen(system, python, out.parent)
                    print(f"{system}, Python {python}, {len(lines)} packages: {', '.join(lines)}")
            return 0
        write_bundle(out, given.systems, given.pythons)
    except ValueError as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 2
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {size / 1e9:.1f} GB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
