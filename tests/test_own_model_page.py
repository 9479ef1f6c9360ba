"""The page "On your own model": its blocks run one after the other, on tiny data."""

import functools
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nav_utils import data, fitting

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "book" / "own_model.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TWELVE = BLOCKS[0]


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """An empty folder to work in, few steps, no bars; no word on how little was learnt."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    few = functools.partial(fitting.fit_ratio, steps=20, check_every=10, hidden=(16, 16))
    monkeypatch.setattr(fitting, "fit_ratio", functools.wraps(fitting.fit_ratio)(few))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="held-out codes are told|the neighbours of")
        yield


def run(source, names):
    exec(compile(source.replace("epochs=40", "epochs=1"), "own_model.md", "exec"), names)


def write_pictures(folder, images, labels):
    """PNG files in subfolders by their label."""
    for i, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        place = Path(folder, f"class {label}")
        place.mkdir(parents=True, exist_ok=True)
        pixels = (image * 255).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels.squeeze()).save(place / f"{i:04}.png")


def at_hand(name, split, monkeypatch):
    """A dataset in the folder NAV_UTILS_DATA; the test is skipped where it has none of the name."""
    absent = f"NAV_UTILS_DATA has no {name}"
    monkeypatch.setattr(data, "download", lambda *_: pytest.skip(absent))
    try:
        return data.load_images(name, split)
    except ValueError as error:  # files of the other one, which have the same names
        if name == "fashion_mnist" and "expected the train files" in str(error):
            pytest.skip(absent)
        raise


def colour_folders():
    """pictures/train and pictures/test: patches of two photographs."""
    for split, n in (("train", 200), ("test", 100)):
        images, labels = data.load_images("patches", split)
        rows = torch.arange(0, len(images), len(images) // n)[:n]
        write_pictures(f"pictures/{split}", images[rows], labels[rows])


def test_every_block_of_the_page_runs(capsys):
    colour_folders()
    np.save("codes.npy", np.random.default_rng(0).normal(size=(300, 5)))
    names = {}
    for block in BLOCKS:
        run(block, names)
    said = capsys.readouterr().out
    assert "200 codes, loss" in said and "KL" in said
    assert said.count("distance") == 2 and "straight" in said and "graph" in said
    assert names["images"].shape[1:] == (3, 16, 16)
    assert names["space"].labels.unique().tolist() == [0, 1]
    assert torch.equal(names["again"].codes, names["space"].codes)
    assert Path("explorer.html").stat().st_size > 100_000
    assert Path("my.ratio.safetensors").stat().st_size > 1000


def test_from_images_to_an_explorer_it_takes_twelve_lines():
    lines = [line for line in TWELVE.splitlines() if line and "import" not in line]
    assert len(lines) <= 12
    assert sum(len(block.splitlines()) for block in BLOCKS[:4]) < 60


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "colour"])
def test_the_twelve_lines_take_other_images(name, monkeypatch):
    """Real data where NAV_UTILS_DATA has it; nothing is downloaded."""
    if name == "colour":
        colour_folders()
    else:
        for split, n in (("train", 200), ("test", 100)):
            images, labels = at_hand(name, split, monkeypatch)
            write_pictures(f"pictures/{split}", images[:n], labels[:n])
    names = {}
    run(TWELVE, names)
    assert Path("explorer.html").stat().st_size > 100_000
    assert names["codes"].shape == (200, 2) and len(names["unseen"]) == 100
    assert names["model"].decode(names["codes"][:1]).shape[1] == (3 if name == "colour" else 1)
