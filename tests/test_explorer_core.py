"""The explorer's core, in node, computes what the package computes."""

import base64
import importlib.util
import json
import math
import pathlib
from types import ModuleType
from typing import Any

import pytest
from in_node import expect_passed, run_tests

from nav_utils.explorer import payload
from nav_utils.pretrained import LatentSpace, load_pretrained

FOLDER = pathlib.Path(__file__).parent / "explorer"


@pytest.fixture(scope="module")
def space() -> LatentSpace:
    return load_pretrained("mnist-2d")


@pytest.fixture(scope="module")
def golden() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden", FOLDER / "golden.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_near(came: Any, wanted: Any, tolerance: float, where: str) -> None:
    """The same keys, words and whole numbers, and floats that differ by less than a tolerance."""
    assert type(came) is type(wanted), f"{where}: expected {wanted!r}, got {came!r}"
    if isinstance(wanted, dict):
        assert came.keys() == wanted.keys(), where
        for key in wanted:
            assert_near(came[key], wanted[key], tolerance, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert len(came) == len(wanted), where
        for i in range(len(wanted)):
            assert_near(came[i], wanted[i], tolerance, f"{where}[{i}]")
    elif isinstance(wanted, float):
        near = math.isclose(came, wanted, rel_tol=1e-12, abs_tol=tolerance)
        assert near, f"{where}: expected {wanted!r}, got {came!r}"
    else:
        assert came == wanted, f"{where}: expected {wanted!r}, got {came!r}"


def test_golden_vectors_are_those_of_the_package(golden: ModuleType, space: LatentSpace) -> None:
    text = golden.FILE.read_text(encoding="utf-8")
    assert len(text) < 150_000
    stored, now = json.loads(text), json.loads(golden.written(golden.golden(space)))
    grey = [base64.b64decode(vectors["digits"].pop("grey")) for vectors in (stored, now)]
    assert len(grey[0]) == len(grey[1])
    assert max(abs(a - b) for a, b in zip(*grey, strict=True)) <= 1, "digits: another grey level"
    # Another processor rounds the last digits otherwise.
    for subject in stored:
        tolerance = 1e-12 if subject in {"noise", "interpolation", "states"} else 1e-6
        assert_near(now[subject], stored[subject], tolerance, subject)
    assert stored.keys() == now.keys()


def test_core_in_node(space: LatentSpace, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "mnist-2d.safetensors"
    file.write_bytes(payload(space))
    expect_passed(run_tests(FOLDER, least=8, env={"NAV_PAYLOAD": str(file)}))
