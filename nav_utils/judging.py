"""A judge of pixels for labels of one's own: it learns from images, and never sees a code."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from nav_utils.arguments import kind_of
from nav_utils.batches import Shuffled
from nav_utils.data import ImageData
from nav_utils.models import Classifier, in_evaluation_mode
from nav_utils.pictures import Pictures
from nav_utils.sources import Images, Items, Stored, floating, source_of
from nav_utils.training import Losses, Optimizers, adam, fit, update

Labels = Tensor | np.ndarray | list[int]


def train_classifier(
    images: Images,
    labels: Labels | None = None,
    epochs: int = 8,
    *,
    model: nn.Module | None = None,
    learning_rate: float = 2e-3,
    batch_size: int = 128,
    most: int | None = None,
    seed: int = 0,
    device: str | torch.device = "cpu",
    **options: Any,
) -> nn.Module:
    """Train a judge of images, for `Reference(codes, model, classifier)`: cross-entropy on pixels.

    Keep some images back, and ask `accuracy` how good it is: a poor judge says little of paths.

    Args:
        images: as in `fit`, but no DataLoader.
        labels: (N,), whole numbers from 0; those that the images have, if they are an `ImageData`
            or a folder of pictures with subfolders.
        model: from images (N, C, H, W) to class logits; a `Classifier` with as many classes as the
            largest label needs, if not given.
        learning_rate: of Adam; falls to 0 along half a cosine.
        most: pixels by which a batch is shifted at random, at most, so that the place does not
            matter; a fourteenth of the image if not given, which is 2 pixels of 28.
        seed: of weights, order and shifts.
        options: those of `fit`: callback, checkpoint, checkpoint_every, progress.

    Returns:
        The judge, on `device`, in evaluation mode, with frozen weights.

    Raises:
        ValueError: for labels that are not one whole number for each image, or of one class only;
            else as `fit`.
    """
    source, known = labelled(images, labels)
    shape = tuple(source[torch.tensor([0])].shape[1:])
    n_classes = int(known.max()) + 1
    if int(known.min()) == n_classes - 1:
        raise ValueError(f"labels: expected at least two classes, got {n_classes - 1} only")
    judge = Classifier(n_classes, seed=seed, image_shape=shape) if model is None else model
    judge.to(device).requires_grad_(True)
    weight = next(judge.parameters())
    batches = Shuffled(source, weight, batch_size, seed, known)
    step = functools.partial(classifier_step, most=min(shape[1:]) // 14 if most is None else most)
    optimizers = {"classifier": adam(judge.parameters(), learning_rate)}
    schedule: dict[str, Any] = {"epochs": epochs, "seed": seed, "cosine": ("classifier",)}
    fit(judge, batches, optimizers, step, **schedule, **options)
    return judge.eval().requires_grad_(False)


@torch.no_grad()
def accuracy(classifier: nn.Module, images: Images, labels: Labels | None = None) -> float:
    """The share of images whose label has the largest logit; arguments as in `train_classifier`."""
    source, known = labelled(images, labels)
    weight = next(classifier.parameters(), torch.empty(0))
    rows = torch.arange(len(source)).split(1000)
    with in_evaluation_mode(classifier):
        answers = [classifier(floating(source[some], weight)).argmax(-1).cpu() for some in rows]
    return float((torch.cat(answers) == known).double().mean())


def classifier_step(
    model: nn.Module,
    optimizers: Optimizers,
    batch: tuple[Tensor, Tensor],
    generator: torch.Generator,
    most: int,
) -> Losses:
    """One step of a judge on images (N, C, H, W) and labels (N,)."""
    x, labels = batch
    loss = F.cross_entropy(model(shift(x, generator, most)), labels)
    update(optimizers["classifier"], loss)
    return {"cross-entropy": loss}


def shift(x: Tensor, generator: torch.Generator, most: int) -> Tensor:
    """Images (N, C, H, W), all moved alike at random, by at most `most` pixels each way."""
    device = generator.device
    dy, dx = torch.randint(-most, most + 1, (2,), generator=generator, device=device).tolist()
    return x.roll((dy, dx), dims=(-2, -1))


def labelled(images: Images, labels: Labels | None) -> tuple[Stored | Items, Tensor]:
    """What gives the images, and their labels (N,) int64; ValueError unless each has one."""
    if isinstance(images, DataLoader):
        raise ValueError("images: expected no DataLoader; give its dataset and the labels")
    if isinstance(images, str | os.PathLike):
        images = Pictures(images)
    if labels is None and isinstance(images, ImageData | Pictures):
        labels = images.labels
    if labels is None:
        raise ValueError("labels: expected (N,) whole numbers beside images that have none")
    source = source_of(images)
    assert not isinstance(source, DataLoader)
    try:
        known = torch.as_tensor(labels)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"labels: expected whole numbers, got: {error}") from error
    whole = not known.is_floating_point() and known.dtype != torch.bool
    if not whole or known.shape != (len(source),) or int(known.min()) < 0:
        raise ValueError(
            f"labels: expected {len(source)} whole numbers from 0, one for each image, got "
            f"{kind_of(known)} of shape {tuple(known.shape)}"
            + (f", the least {int(known.min())}" if whole and known.numel() else "")
        )
    return source, known.cpu().long()
