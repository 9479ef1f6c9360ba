"""Batches of images, as training and encoding ask for them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler, SubsetRandomSampler, WeightedRandomSampler

from nav_utils.arguments import expect_images, expect_whole, seeded_generator
from nav_utils.checkpointing import tensor_hash
from nav_utils.models import seeded
from nav_utils.sources import Images, Items, Stored, channels_first, described, floating, source_of


def epoch_order(n: int, seed: int, epoch: int) -> Tensor:
    """The order (n,) in which an epoch visits the images: the same whenever it is asked for."""
    return torch.randperm(n, generator=seeded_generator(1_000_003 * seed + epoch))


class Shuffled:
    """Batches in an order that the seed and the epoch decide, whenever they are asked for.

    Args:
        images: those of `source_of`.
        weight: of the model, which says on which device and in which type batches come.
        batch_size: of all but the last batch of an epoch.
        seed: of the order.
        labels: (N,) to give with each batch, if there are any.
        progress: show a bar while images are read for `digest`.
    """

    def __init__(
        self,
        images: Stored | Items,
        weight: Tensor,
        batch_size: int,
        seed: int,
        labels: Tensor | None = None,
        progress: bool = False,
    ) -> None:
        images.to(weight)
        self.images, self.weight = images, weight
        self.device, self.dtype = weight.device, weight.dtype
        self.batch_size, self.seed, self.progress = batch_size, seed, progress
        self.labels = None if labels is None else labels.to(weight.device)
        self.epoch, self.order = -1, tuple[Tensor, ...]()

    def __len__(self) -> int:
        return math.ceil(len(self.images) / self.batch_size)

    def batch(self, epoch: int, number: int) -> Any:
        """Images (n, C, H, W), or a pair of them and their labels (n,)."""
        if epoch != self.epoch:
            order = epoch_order(len(self.images), self.seed, epoch)
            if isinstance(self.images, Stored):
                order = order.to(self.device)
            self.epoch, self.order = epoch, order.split(self.batch_size)
        rows = self.order[number]
        x = floating(self.images[rows], self.weight)
        return x if self.labels is None else (x, self.labels[rows.to(self.device)])

    def digest(self) -> str:
        """SHA-256 of all images, and labels."""
        images = self.images.digest(self.progress)
        return images if self.labels is None else f"{images} {tensor_hash(self.labels)}"


class Streamed:
    """Batches of a loader, as it gives them, epoch after epoch.

    Args:
        loader: knows how many batches it has.
        weight: as in `Shuffled`.
        seed: the torch generator that a loader without one of its own draws from.
    """

    def __init__(self, loader: DataLoader[Any], weight: Tensor, seed: int) -> None:
        try:
            n = len(loader)
        except TypeError as error:
            raise ValueError(
                "images: expected a DataLoader that knows its length, as the learning rate falls "
                f"towards the end of the run, got one that does not ({error}); give its dataset a "
                "__len__"
            ) from error
        if n == 0:
            raise ValueError("images: expected at least one batch, got a DataLoader without any")
        self.loader, self.weight, self.seed, self.n = loader, weight, seed, n
        self.device, self.dtype = weight.device, weight.dtype
        self.iterator: Iterator[Any] = iter(())

    def __len__(self) -> int:
        return self.n

    def batch(self, epoch: int, number: int) -> Tensor:
        """Images (n, C, H, W); to be asked for in order."""
        with seeded(1_000_003 * self.seed + self.n * epoch + number):
            if number == 0:
                self.iterator = iter(self.loader)
            try:
                item = next(self.iterator)
            except StopIteration:
                raise ValueError(
                    f"images: expected {self.n} batches, as many as the DataLoader says it has, "
                    f"got {number}; correct the __len__ of its dataset"
                ) from None
        return floating(batch_of(item, number), self.weight)


def batch_of(item: Any, number: int) -> Tensor:
    """The images (n, C, H, W) in what a loader gives, floating in [0, 1]."""
    x = item[0] if isinstance(item, tuple | list) and len(item) else item
    if not isinstance(x, Tensor) or x.ndim != 4:
        raise ValueError(
            f"batch {number}: expected images (n, C, H, W), or a tuple that begins with them, "
            f"got {described(x)}"
        )
    x = floating(channels_first(x)) if x.dtype == torch.uint8 else x
    expect_images(x)
    return x


def batches_of(
    images: Images | Shuffled,
    model: nn.Module,
    batch_size: int | None,
    seed: int,
    progress: bool = False,
) -> Shuffled | Streamed:
    """Batches to train a model on, of 256 images if a number is not given, or those given.

    Raises:
        ValueError: for images that are none, and for a batch size beside a loader, which has its
            own.
    """
    if isinstance(images, Shuffled):
        return images
    if batch_size is not None:
        (batch_size,) = expect_whole(1, batch_size=batch_size)
    source, weight = source_of(images), next(model.parameters(), torch.empty(0))
    if not isinstance(source, DataLoader):
        return Shuffled(source, weight, batch_size or 256, seed, progress=progress)
    if batch_size is not None:
        raise ValueError(
            f"batch_size: expected none beside a DataLoader, which has its own, got {batch_size}"
        )
    return Streamed(source, weight, seed)


def in_order(
    images: Images, weight: Tensor, batch_size: int
) -> tuple[int | None, Iterator[Tensor]]:
    """How many images there are, if that is known, and all of them in order, in batches."""
    source = source_of(images)
    if not isinstance(source, DataLoader):
        rows = torch.arange(len(source)).split(batch_size)
        return len(source), (floating(source[some], weight) for some in rows)
    if isinstance(source.sampler, RandomSampler | SubsetRandomSampler | WeightedRandomSampler):
        raise ValueError(
            "images: expected a DataLoader that keeps the order, so that codes can be told apart, "
            f"got one with a {type(source.sampler).__name__}; give DataLoader(..., shuffle=False), "
            "or its dataset"
        )
    batches = (batch_of(item, number) for number, item in enumerate(source))
    return None, (floating(x, weight) for x in batches)
