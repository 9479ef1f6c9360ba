"""The playground's engine, in node, computes what the package computes."""

import importlib.util
import json
import pathlib
from types import ModuleType

import numpy as np
import pytest
import torch
from in_node import expect_passed, run_tests

from nav_utils.checkpointing import parse_safetensors
from nav_utils.data import load_images
from nav_utils.explorer.packing import payload, usual_ends
from nav_utils.playground.digits import packed_digits
from nav_utils.playground.spaces import trained_space
from nav_utils.spaces import LatentSpace
from nav_utils.training import reconstruction_nats

FOLDER = pathlib.Path(__file__).parent / "playground" / "engine"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Golden vectors and digits, and beside them what the engine's tests have written."""
    found = tmp_path_factory.mktemp("playground")
    vectors = golden().golden()
    splits = [load_images("digits", split) for split in ("train", "test")]
    vectors["digits"] = {
        "grey": [int((16 * data.images).round().sum()) for data in splits],
        "labels": [data.labels[:50].tolist() for data in splits],
    }
    (found / "golden.json").write_text(json.dumps(vectors), encoding="utf-8")
    (found / "digits.bin").write_bytes(packed_digits())
    said = run_tests(FOLDER, least=6, env={"NAV_PLAYGROUND": str(found)})
    (found / "said").write_text(said, encoding="utf-8")
    return found


def golden() -> ModuleType:
    spec = importlib.util.spec_from_file_location("playground_golden", FOLDER / "golden.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_engine_in_node(folder: pathlib.Path) -> None:
    expect_passed((folder / "said").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def content(folder: pathlib.Path) -> bytes:
    return (folder / "space.safetensors").read_bytes()


@pytest.fixture(scope="module")
def space(content: bytes) -> LatentSpace:
    return trained_space(content)


def test_a_trained_space_is_one_like_any_other(space: LatentSpace, tmp_path: pathlib.Path) -> None:
    assert space.codes.shape == (1500, 2) and space.test_codes.shape == (297, 2)
    assert space.card["steps"] == 150 and space.card["settings"]["lambda"] == 2
    with torch.no_grad():
        images = load_images("digits").images
        nats = reconstruction_nats(space.model.decode_logits(space.codes), images).mean()
    assert float(nats) == pytest.approx(space.card["reconstruction (nats)"]["train"], abs=1e-3)
    assert 18 < float(nats) < 30  # a network that knows nothing: 44
    assert space.ratio is not None and len(space.ratio.held_out) == 125
    losses = space.ratio.history["held_out_loss"]
    assert len(losses) == 6 and min(losses) < losses[0]
    space.save(tmp_path / "space")


def test_the_page_packs_a_space_as_python_does(folder: pathlib.Path, space: LatentSpace) -> None:
    came, said = parse_safetensors((folder / "payload.safetensors").read_bytes(), "page")
    own, wanted = parse_safetensors(payload(space), "Python")
    facts, expected = json.loads(said["explorer"]), json.loads(wanted["explorer"])
    assert facts.keys() == expected.keys()
    assert facts.pop("start") == usual_ends(space)
    assert facts.pop("grid_error") < 0.005
    for key in facts.keys() - {"name"}:
        near = isinstance(expected[key], float)
        assert facts[key] == (pytest.approx(expected[key], rel=1e-5) if near else expected[key]), (
            key
        )
    inked = np.unpackbits(own.pop("decoder.pixels").numpy()).astype(bool)
    assert bool((came.pop("decoder.pixels") == 255).all())
    assert came.keys() == own.keys()
    for name in own.keys() - {"codes", "labels", "no_data"}:
        last = name.startswith("decoder.2.")
        values = came[name][torch.from_numpy(inked)] if last else came[name]
        assert values.dtype == own[name].dtype and values.shape == own[name].shape, name
        off = (values.double() - own[name].double()).abs().max()
        assert float(off) <= (2 if name == "grid" else 0), name
    bits = [np.unpackbits(tensors["no_data"].numpy()) for tensors in (came, own)]
    assert (bits[0] != bits[1]).mean() < 0.01 and bits[1].mean() > 0.1
    assert torch.equal(came["codes"], space.codes[:900].half())
    assert torch.equal(came["labels"], space.labels[:900].to(torch.uint8))


def test_other_bytes_are_told(content: bytes) -> None:
    with pytest.raises(ValueError, match="whole safetensors file"):
        trained_space(content[:1000])
    with pytest.raises(ValueError, match="what a playground exports"):
        trained_space(content.replace(b'\\"version\\":1', b'\\"version\\":7'))
    with pytest.raises(ValueError, match="expected a reconstruction of 9"):
        trained_space(content.replace(b'\\"reconstruction\\":2', b'\\"reconstruction\\":9'))
    start = 8 + int.from_bytes(content[:8], "little")  # of the codes
    with pytest.raises(ValueError, match="the codes that its encoder gives"):
        trained_space(content[:start] + bytes(400) + content[start + 400 :])


def test_the_stored_benchmark_holds_what_the_page_promises() -> None:
    """benchmarks/playground.py measures; here is only read what it has found."""
    file = pathlib.Path(__file__).parents[1] / "benchmarks" / "results" / "playground.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    speeds = found["speed"]
    assert min(speeds["WebAssembly"].values()) >= 100
    assert min(speeds["plain JavaScript"].values()) >= 40
    first, by_torch = found["runs"]["page"][0], found["runs"]["torch"]
    assert len(by_torch) == 5
    for measure in ("reconstruction (nats)", "smaller eigenvalue", "larger eigenvalue"):
        values = [run[measure] for run in by_torch]
        assert min(values) <= first[measure] <= max(values), measure
    assert found["usable after"] < 8
    many = found["in one page"]
    assert (many["playgrounds"], many["workers"], many["faults"]) == (20, 1, 0)
    assert 1 <= many["that go on"] <= 3  # those in sight
    for page in found["in Chromium"].values():
        assert page["frames asked for in 2 s after the run"] == 0
        assert page["frames asked for in 2 s out of sight"] == 0
        assert page["milliseconds of the processor, a picture"]["95 %"] < 1000 / 60
        assert page["milliseconds of the processor, another task"]["95 %"] < 8
        assert page["milliseconds between frames"]["median"] < 17
