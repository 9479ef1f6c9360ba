"""Is this machine ready for the course? One screen, and what to do about each failure.

    python -m nav_utils.check_setup

`nav-utils check` is the same; in a notebook, on Colab or a hub: `!python -m nav_utils.check_setup`.
The exit code is 0 if all is well and 1 if something has to be done. Each check is a function that
returns a line of what was found, or raises `Trouble` with what is wrong and what to do.
"""

from __future__ import annotations

import importlib
import os
import pathlib
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping

from nav_utils import __version__

PYTHON = "3.11"
# The least version of each package; a test holds this equal to pyproject.toml.
PACKAGES = {
    "torch": "2.2",
    "numpy": "1.26",
    "matplotlib": "3.8",
    "scikit-learn": "1.4",
    "scipy": "1.11",
    "safetensors": "0.4",
    "pillow": "10",
    "pooch": "1.7",
    "tqdm": "4.66",
    "anywidget": "0.9.18",
    "ipython": "7.34",
    "ipywidgets": "7.7.1",
    "traitlets": "5.7",
}
MODULES = {"scikit-learn": "sklearn", "pillow": "PIL", "ipython": "IPython"}  # other names
SHOWN = ("torch", "numpy", "matplotlib", "ipywidgets", "anywidget")
DISK_GB = 0.5
MEMORY_GB = 1.5  # for one kernel; what chapters need is in book/teach/hosting.md
SLOW = 5.0  # seconds for the training below, which takes about one
ADDRESS = "git+https://github.com/OWNER/REPOSITORY"
REINSTALL = f'pip install --upgrade "nav_utils[course] @ {ADDRESS}"'


class Trouble(Exception):
    """A check that failed: what is wrong, and what to do."""

    def __init__(self, wrong: str, do: str) -> None:
        super().__init__(wrong)
        self.do = do


def numbers(version: str) -> tuple[int, ...]:
    """(2, 13, 0) of "2.13.0+cpu" or "v2.13.0rc1"; () if there is no number."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, match[1].split("."))) if match else ()


def python_version() -> str:
    found = platform.python_version()
    if numbers(found) < numbers(PYTHON):
        raise Trouble(
            f"this is Python {found}; the course needs {PYTHON} or newer",
            "install Python 3.12 from python.org, or use Colab",
        )
    return found


def packages() -> str:
    """Import every package that the chapters need, and compare its version."""
    faults, found = [], {}
    for name, least in PACKAGES.items():
        try:
            module = importlib.import_module(MODULES.get(name, name))
        except Exception as error:  # whatever a broken installation raises
            faults.append(f"{name} does not load ({type(error).__name__}: {error})")
            continue
        found[name] = str(module.__version__)
        if numbers(found[name]) < numbers(least):
            faults.append(f"{name} is {found[name]}, older than {least}")
    if faults:
        raise Trouble("; ".join(faults), f"{REINSTALL}, then restart the kernel")
    return ", ".join(f"{name} {found[name]}" for name in SHOWN)


def training() -> str:
    """Train an adversarial autoencoder on digits for about a second; its loss has to fall."""
    try:
        import torch

        from nav_utils.data import load_images
        from nav_utils.models import AAE
        from nav_utils.training import train_aae

        images = load_images("digits").images
        model = AAE(image_shape=(1, 8, 8), latent_dim=2, hidden=(128, 64))
        start = time.perf_counter()
        losses = train_aae(model, images, epochs=10, progress=False).epochs("reconstruction")
        seconds = time.perf_counter() - start
    except Exception as error:  # a torch that was built for another processor, and so on
        raise Trouble(f"{type(error).__name__}: {error}", f"{REINSTALL}, or use Colab") from error
    first, last = float(losses[0]), float(losses[-1])
    if not last < first:
        raise Trouble(f"the loss went from {first:.1f} to {last:.1f} nats", REINSTALL)
    threads = torch.get_num_threads()
    slow = "; slow, close other programs" if seconds > SLOW else ""
    return f"{first:.0f} to {last:.0f} nats an image in {seconds:.1f} s, {threads} threads{slow}"


def explorer() -> str:
    """Write the explorer of a shipped space as a file, and make the widget of it."""
    try:
        from nav_utils.explorer import Explorer, to_html
        from nav_utils.pretrained import load_pretrained

        space = load_pretrained("mnist-2d")
        with tempfile.TemporaryDirectory() as folder:
            size = os.path.getsize(to_html(space, pathlib.Path(folder, "explorer.html")))
        shown = Explorer(space)._repr_mimebundle_()
        if not any("widget-view" in kind for kind in shown[0]):
            raise ValueError(f"no widget view, only {sorted(shown[0])}")
    except Exception as error:
        do = f"{REINSTALL}; the explorer's page in the book works without any of this"
        raise Trouble(f"{type(error).__name__}: {error}", do) from error
    return f"a file of {size / 1e6:.1f} MB, and a widget"


def notebooks() -> str:
    """A kernel can be started."""
    try:
        import ipykernel
    except ImportError as error:
        raise Trouble("no Jupyter kernel here", "pip install jupyterlab (or: make lab)") from error
    return f"ipykernel {ipykernel.__version__}"


def disk() -> str:
    free = shutil.disk_usage(".").free / 1e9
    if free < DISK_GB:
        raise Trouble(
            f"{free:.1f} GB free in this folder, {DISK_GB} GB needed",
            "empty the bin, or work in another folder",
        )
    return f"{free:.0f} GB free" if free >= 10 else f"{free:.1f} GB free"


def memory() -> str:
    free = free_memory()
    if free is None:
        return "not known on this system"
    if free / 1e9 < MEMORY_GB:
        raise Trouble(
            f"{free / 1e9:.1f} GB free, {MEMORY_GB} GB needed for a chapter",
            "shut down other kernels (in JupyterLab: Kernel, Shut Down All Kernels) and programs",
        )
    return f"{free / 1e9:.1f} GB free"


def free_memory(root: pathlib.Path = pathlib.Path("/")) -> int | None:
    """Bytes that this process may still take; None if nothing says so.

    On a hub or Binder a container has a limit of its own, below that of the machine.
    """
    limits = []
    try:
        import psutil

        limits.append(psutil.virtual_memory().available)
    except ImportError:
        pass
    group = root / "sys" / "fs" / "cgroup"
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
        if limit != "max":
            limits.append(max(0, int(limit) - used))
    except (OSError, ValueError):
        pass
    return min(limits, default=None)


def place(environment: Mapping[str, str] = os.environ) -> str:
    """Where this runs, in words."""
    marks = {
        "COLAB_RELEASE_TAG": "Colab",
        "BINDER_SERVICE_HOST": "Binder",
        "JUPYTERHUB_USER": "a JupyterHub",
    }
    return next((name for mark, name in marks.items() if environment.get(mark)), "own machine")


CHECKS: dict[str, Callable[[], str]] = {
    "Python": python_version,
    "packages": packages,
    "training": training,
    "explorer": explorer,
    "notebooks": notebooks,
    "disk": disk,
    "memory": memory,
}


def main(checks: Mapping[str, Callable[[], str]] | None = None) -> int:
    """Print one line for each check, and what to do; the exit code, 0 or 1.

    Args:
        checks: by name, functions without arguments; those of this module if not given.
    """
    checks = CHECKS if checks is None else checks
    print(f"nav_utils {__version__}, {place()}, {platform.system()} {platform.machine()}")
    failed = 0
    for name, check in checks.items():
        try:
            state, said, do = "ok", check(), None
        except Trouble as trouble:
            state, said, do = "FAILED", str(trouble), trouble.do
        failed += do is not None
        print(f"{state:>6}  {name:<10}{said}", flush=True)
        if do:
            print(f"{'':>8}{'':<10}do: {do}", flush=True)
    print("Ready." if not failed else f"Not ready: {failed} of {len(checks)} checks failed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
