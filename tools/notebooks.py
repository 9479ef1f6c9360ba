"""Run, refresh, check and convert the chapters in notebooks/.

python tools/notebooks.py run             # every chapter in a fresh kernel, outputs stored
python tools/notebooks.py lint            # what a comparison of outputs can't see
python tools/notebooks.py --help          # all verbs
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

if __package__ in (None, ""):  # called as a script: find the modules beside this one
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import notebook_text as text
from tools.notebook_lint import Finding, is_setup, lint, lint_course

CELL_TIMEOUT = 300
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# No progress bars, one thread and a fixed order of sets, so that a second run stores the same.
ENVIRONMENT = {"TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}


class RunFailed(RuntimeError):
    """A cell raised, ran out of time, or took the kernel with it."""


def chapters(root: Path = text.ROOT) -> list[Path]:
    """Return the chapters, notebooks/NN_topic.ipynb, in order."""
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def read(path: Path) -> Any:
    """Read a notebook, with an id for every cell."""
    notebook = nbformat.read(path, as_version=4)
    notebook.nbformat_minor = 5
    return notebook


def write(notebook: Any, path: Path) -> bool:
    """Store a notebook whole or not at all; return whether the file changed."""
    strip_volatile(notebook)
    set_ids(notebook)
    nbformat.validate(notebook)
    content = (nbformat.writes(notebook).rstrip("\n") + "\n").encode()
    if path.exists() and path.read_bytes() == content:
        return False
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return True


def strip_volatile(notebook: Any) -> None:
    """Take out what differs from run to run or from machine to machine and isn't shown."""
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)


def set_ids(notebook: Any) -> None:
    """Give an id, made from the content, to every cell without one of its own."""
    seen: set[str] = set()
    for cell in notebook.cells:
        cell_id = cell.get("id")
        if not cell_id or cell_id in seen:
            digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
            copies = (f"{digest}-{n}" if n else digest for n in range(len(notebook.cells) + 1))
            cell_id = next(c for c in copies if c not in seen)
        cell.id = cell_id
        seen.add(cell_id)


def sync_notebook(notebook: Any, path: Path, root: Path = text.ROOT) -> None:
    """Refresh in memory what a chapter repeats: setup cell, badge, folded code, results."""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            if place == 0:
                cell.source = text.fill_badge(cell.source, path, root)
            cell.source = text.fill_folded(cell.source, root)
        elif cell.cell_type == "code" and is_setup(cell.source):
            cell.source = text.setup_cell(root)
        else:
            cell.source = text.fill_measured(cell.source, root)


def sync(path: Path, root: Path = text.ROOT) -> bool:
    """Refresh a stored chapter, its outputs left as they are; return whether it changed."""
    notebook = read(path)
    sync_notebook(notebook, path, root)
    return write(notebook, path)


def executed(
    path: Path,
    root: Path = text.ROOT,
    timeout: int = CELL_TIMEOUT,
    extra: dict[str, str] | None = None,
) -> Any:
    """Run a chapter in a fresh kernel, with `extra` in its environment; return it with outputs.

    Raises:
        RunFailed: if a cell fails.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = read(path)
    sync_notebook(notebook, path, root)
    at = 0

    def started(cell: Any, cell_index: int) -> None:
        nonlocal at
        at = cell_index + 1

    search = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": search} | (extra or {})
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        on_cell_start=started,
        extra_arguments=["--IPKernelApp.log_level=40"],  # no word on the kernel's transport
        resources={"metadata": {"path": str(path.parent.resolve())}},
    )
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        raise RunFailed(f"cell {at} raised {error.ename}: {error.evalue}") from error
    except CellTimeoutError as error:
        raise RunFailed(f"cell {at} took longer than {timeout} s") from error
    except DeadKernelError as error:
        raise RunFailed(f"the kernel died in cell {at}") from error
    return notebook


def run(path: Path, root: Path = text.ROOT, timeout: int = CELL_TIMEOUT) -> bool:
    """Run a chapter in a fresh kernel and store its outputs; return whether the file changed.

    Raises:
        RunFailed: if a cell fails; the stored file stays as it was.
    """
    return write(executed(path, root, timeout), path)


def from_script(script: Path, path: Path, root: Path = text.ROOT) -> bool:
    """Write a chapter, without outputs, from a script in jupytext's percent format."""
    import jupytext

    notebook = jupytext.reads(script.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip()]
    sync_notebook(notebook, path, root)
    for cell in notebook.cells:
        cell.id = ""
    return write(notebook, path)


def to_script(path: Path) -> str:
    """Return a chapter as a script in jupytext's percent format."""
    import jupytext

    notebook = read(path)
    notebook.metadata = nbformat.from_dict({"jupytext": {"notebook_metadata_filter": "-all"}})
    return jupytext.writes(notebook, fmt="py:percent")


def lint_files(paths: list[Path], root: Path = text.ROOT) -> list[Finding]:
    """Apply every rule to these chapters; helpers may be shown in any earlier one."""
    names = {path.name for path in paths}
    course = {path.name: path for path in [*chapters(root), *paths]}
    findings = [finding for path in paths for finding in lint(path, root)]
    return findings + [f for f in lint_course(list(course.values()), root) if f.file in names]


def _run_all(paths: list[Path], root: Path, timeout: int) -> int:
    failed = 0
    for path in paths:
        start = time.perf_counter()
        try:
            state = "stored" if run(path, root, timeout) else "unchanged"
        except (RunFailed, ValueError) as error:
            failed += 1
            state = f"FAILED, file left as it was: {error}"
        print(f"{path.name}: {time.perf_counter() - start:.1f} s, {state}", flush=True)
    return 1 if failed else 0


def _sync_all(paths: list[Path], root: Path) -> int:
    failed = 0
    for path in paths:
        try:
            state = "refreshed" if sync(path, root) else "unchanged"
        except ValueError as error:
            failed += 1
            state = f"FAILED, file left as it was: {error}"
        print(f"{path.name}: {state}")
    return 1 if failed else 0


def _lint_all(paths: list[Path], root: Path) -> int:
    findings = lint_files(paths, root)
    print("\n".join(map(str, findings)) or f"{len(paths)} chapters, no finding")
    return 1 if findings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    verbs = parser.add_subparsers(dest="verb", required=True)
    several = {
        "run": "sync, run in a fresh kernel, store the outputs; a failing chapter stays as it was",
        "sync": "refresh setup cell, badge, folded code, copied results; outputs stay as they are",
        "lint": "list what breaks the rules for chapters; exit 1 if anything does",
    }
    for name, words in several.items():
        verb = verbs.add_parser(name, help=words, description=words)
        verb.add_argument("files", nargs="*", type=Path, help="chapters; all of them if none")
        if name == "run":
            verb.add_argument(
                "--timeout", type=int, default=CELL_TIMEOUT, help="seconds a cell may take"
            )
    words = "write a chapter, without outputs, from a script in jupytext's percent format"
    verb = verbs.add_parser("from-script", help=words, description=words)
    verb.add_argument("script", type=Path)
    verb.add_argument("notebook", type=Path)
    words = "write a chapter as a script in jupytext's percent format"
    verb = verbs.add_parser("to-script", help=words, description=words)
    verb.add_argument("notebook", type=Path)
    verb.add_argument("script", type=Path, nargs="?", help="standard output if not given")
    return parser


def main(arguments: list[str] | None = None, root: Path = text.ROOT) -> int:
    """Run the command; return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    inputs = {"from-script": "script", "to-script": "notebook"}.get(options.verb)
    paths = [getattr(options, inputs)] if inputs else options.files or chapters(root)
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        parser.error(f"no such file: {', '.join(missing)}")
    if options.verb == "run":
        return _run_all(paths, root, options.timeout)
    if options.verb == "sync":
        return _sync_all(paths, root)
    if options.verb == "lint":
        return _lint_all(paths, root)
    try:
        if options.verb == "from-script":
            from_script(options.script, options.notebook, root)
        elif options.script:
            options.script.write_text(to_script(options.notebook), encoding="utf-8")
        else:
            sys.stdout.write(to_script(options.notebook))
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
