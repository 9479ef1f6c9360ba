"""One safetensors file out of many with the same columns, as long as a disk can hold.

Only the header of a part is read at first, and then one column of one part at a time. So the file
that comes out may be larger than the memory.
"""

from __future__ import annotations

import contextlib
import json
import math
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

from safetensors import SafetensorError, safe_open

from nav_utils.memory import bytes_of

SIZES = {"I64": 8, "F64": 8, "F32": 4}  # bytes of a number, of what a `Correction` holds


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[Any]:
    """A safetensors file, of which only the header is read; ValueError when it is not one."""
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except SafetensorError as error:
        raise ValueError(f"{path}: expected a whole safetensors file, got: {error}") from error


def joined(
    parts: Sequence[pathlib.Path], names: Sequence[str], metadata: dict[str, str]
) -> Iterator[bytes]:
    """The bytes of a file whose columns are those of the parts, one below the other.

    Args:
        parts: safetensors files, at least one, with the columns `names`, (N, ...) each, of the same
            types and the same shapes but for N.
        names: of the columns.
        metadata: of the new file.

    Yields:
        The header, then column by column what each part has of it.

    Raises:
        ValueError: for a part that is no whole safetensors file.
    """
    columns: dict[str, tuple[str, list[int]]] = {}  # type and shape
    for part in parts:
        with opened(part) as file:
            for name in names:
                rows = file.get_slice(name)
                n, *row = rows.get_shape()
                before = columns[name][1][0] if name in columns else 0
                columns[name] = rows.get_dtype(), [before + n, *row]
    widest_first = sorted(names, key=lambda name: -SIZES[columns[name][0]])  # nothing lies askew
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name in widest_first:
        dtype, shape = columns[name]
        begin, end = end, end + SIZES[dtype] * math.prod(shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    for name in widest_first:
        for part in parts:
            with opened(part) as file:
                yield bytes_of(file.get_tensor(name))
