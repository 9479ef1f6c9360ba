"""`nav-utils train`: an adversarial autoencoder on images and a ratio on its codes, as a folder."""

from __future__ import annotations

import argparse
import math
import pathlib
import shlex
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Subset

from nav_utils import __version__
from nav_utils.arguments import seeded_generator
from nav_utils.calibration import calibration_report
from nav_utils.commands.calibrate import words
from nav_utils.commands.inputs import array_from, existing
from nav_utils.data import NAMES, has_idx, load_images
from nav_utils.encoding import encode_all
from nav_utils.fitting import fit_ratio
from nav_utils.models import AAE
from nav_utils.pictures import Pictures
from nav_utils.sources import Images, Stored, source_of
from nav_utils.spaces import LatentSpace
from nav_utils.training import train_aae

RUNNING = ".training.safetensors"  # OUT and this is the checkpoint, until the space is written
USUAL_STEPS = 3000  # of training, if no number of epochs is given


class Data(NamedTuple):
    """Images to train on and images that judge, with their labels if they have any."""

    train: Images
    test: Images
    shape: tuple[int, ...]  # (C, H, W)
    labels: Tensor  # zeros where there are none
    test_labels: Tensor


def run(given: argparse.Namespace) -> None:
    if given.out.exists():
        raise ValueError(f"OUT: expected a new folder, got {given.out}, which is there already")
    data = data_from(given.data, given.test_share, given.seed, given.test)
    batches = math.ceil(len(data.labels) / max(1, given.batch_size))
    epochs = math.ceil(USUAL_STEPS / batches) if given.epochs is None else given.epochs
    model = AAE(data.shape, given.latent_dim, tuple(given.hidden), seed=given.seed)
    options = {"weight": given.weight, "batch_size": given.batch_size, "seed": given.seed}
    running = given.out.with_name(given.out.name + RUNNING)
    whole = options | {"checkpoint": running, "checkpoint_every": 100, "device": given.device}
    history = train_aae(model, data.train, epochs, **whole)
    codes, test_codes = (encode_all(model, x).cpu() for x in (data.train, data.test))
    ratio = fit_ratio(codes, seed=given.seed, steps=given.ratio_steps, device=given.device)
    ratio.to("cpu")
    model.to("cpu").requires_grad_(False)
    prior = ratio.prior.sample(len(test_codes), seeded_generator(given.seed + 1))
    report = calibration_report(ratio, test_codes, prior, bins=min(15, len(test_codes)))
    card = {
        "name": given.out.name,
        "command": shlex.join(["nav-utils", *given.words]),
        "nav_utils": __version__,
        "training": options | {"epochs": epochs},
        "losses of the last epoch (nats)": {
            name: round(float(history.epochs(name)[-1]), 4) for name in history.losses
        },
        "held-out loss of the ratio": round(report.held_out_loss, 4),
    }
    space = LatentSpace(
        model, ratio, model.discriminator, codes, data.labels, test_codes, data.test_labels, card
    )
    space.save(given.out)
    running.unlink()
    print(words(report, ratio, len(codes), len(test_codes)))
    print(f"written to {given.out}")


def data_from(text: str, test_share: float, seed: int, judges: pathlib.Path | None = None) -> Data:
    """What DATA names; ValueError or OSError for what cannot be trained on."""
    path = pathlib.Path(text).expanduser()
    known = text in NAMES or (path.is_dir() and has_idx(path))
    if judges is not None:
        if known or not path.is_dir():
            raise ValueError(f"--test: expected it with a folder of pictures, got DATA {text}")
        return two_folders(path, judges)
    if known:
        data, other = load_images(text), load_images(text, "test")
        shape = tuple(data.images.shape[1:])
        return Data(data.images, other.images, shape, data.labels, other.labels)
    if path.is_dir():
        pictures = Pictures(path)  # read as they are needed
        if {"train", "test"} <= {name.split("/")[0] for name in pictures.classes}:
            raise ValueError(
                f"DATA: expected one folder of pictures, got {path} with train and test in it; "
                f"give {path / 'train'} --test {path / 'test'}"
            )
        rows, others = parted(len(pictures), test_share, seed)
        train, test = (Subset(pictures, part.tolist()) for part in (rows, others))
        labels = pictures.labels[rows], pictures.labels[others]
        return Data(train, test, pictures.shape, *labels)
    source = source_of(array_from(existing(path)).numpy())
    assert isinstance(source, Stored)
    rows, others = parted(len(source), test_share, seed)
    none = torch.zeros(len(source), dtype=torch.int64)
    shape = tuple(source.pixels.shape[1:])
    return Data(source[rows], source[others], shape, none[rows], none[others])


def two_folders(path: pathlib.Path, other: pathlib.Path) -> Data:
    """Pictures to train on and pictures that judge, of one size and the same classes."""
    train, test = Pictures(path), Pictures(other)
    if (train.shape, train.classes) != (test.shape, test.classes):
        raise ValueError(
            f"--test: expected pictures {train.shape} of the classes {', '.join(train.classes)}, "
            f"as in DATA, got {test.shape} of {', '.join(test.classes)}"
        )
    return Data(train, test, train.shape, train.labels, test.labels)


def parted(n: int, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """The rows to train on and the rows that judge."""
    if not 0 < share < 1 or n * share < 2:
        raise ValueError(
            f"--test-share: expected a share between 0 and 1 with at least two of {n} images, "
            f"got {share}"
        )
    order, count = torch.randperm(n, generator=seeded_generator(seed)), int(n * share)
    return order[count:].sort().values, order[:count].sort().values
