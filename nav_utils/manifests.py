"""Folders whose files are known by their SHA-256, which a manifest holds."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Callable, Iterable
from typing import Any

from nav_utils.checkpointing import as_json, write_whole

MANIFEST = "manifest.json"


def read_manifest(folder: str | pathlib.Path, what: str, advice: str) -> dict[str, str]:
    """The SHA-256 of each file of a folder, by its name.

    Args:
        folder: with a manifest.
        what: it is a folder of, for messages.
        advice: what to do when it is none.

    Raises:
        FileNotFoundError: when there is no manifest.
        ValueError: when there is one that is not in JSON.
    """
    path = pathlib.Path(folder).expanduser() / MANIFEST
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(
            f"folder: expected a folder of {what}, with a {MANIFEST} in it, got {folder}; {advice}"
        ) from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: expected a manifest in JSON, got: {error}") from error


def listed(path: pathlib.Path, sha256: str, cure: str) -> bytes:
    """The bytes of a file; ValueError unless their SHA-256 is the one given.

    Read once: what is used is what was hashed, whatever becomes of the file.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path}: the manifest names this file, but it is missing; {cure}"
        ) from error
    came = hashlib.sha256(content).hexdigest()
    if came != sha256:
        raise ValueError(
            f"{path}: expected SHA-256 {sha256}, got {came}. The file was changed or damaged: "
            f"{cure}"
        )
    return content


def enter(folder: pathlib.Path, file: str) -> None:
    """Enter the SHA-256 of `file` into the folder's manifest."""
    manifest = folder / MANIFEST
    hashes = json.loads(manifest.read_text()) if manifest.exists() else {}
    hashes[file] = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    write_whole(manifest, (json.dumps(dict(sorted(hashes.items())), indent=2) + "\n").encode())


def write_card(folder: pathlib.Path, file: str, card: dict[str, Any]) -> None:
    """Write a model card, and enter its hash into the manifest."""
    facts = json.loads(as_json(card))  # numbers of NumPy and torch are numbers
    write_whole(folder / file, (json.dumps(facts, indent=2) + "\n").encode())
    enter(folder, file)


def replace_folder(
    folder: str | pathlib.Path, known: Iterable[str], write: Callable[[pathlib.Path], None]
) -> None:
    """Write a folder whole or not at all, in place of one with the same kind of files.

    Args:
        folder: where it goes.
        known: names of the files that such a folder may have.
        write: puts them into the folder that it is given.

    Raises:
        FileExistsError: for a folder with anything else in it, which is left alone.
    """
    target = pathlib.Path(folder).expanduser().resolve()
    partial, old = (target.with_name(f"{target.name}.{end}") for end in ("partial", "old"))
    if target.exists():
        others = {path.name for path in target.iterdir()} - {*known} if target.is_dir() else {""}
        if others:
            raise FileExistsError(
                f"{target}: expected a new folder, or one of these files to replace, got one with "
                f"{', '.join(sorted(others)[:8]) or 'a file of this name'}; name another one"
            )
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    try:
        partial.mkdir(parents=True)
        write(partial)
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
            os.rename(target, old)
        os.rename(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if old.exists() and not target.exists():
            os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)
