"""The same correction in an existing engine, Ray Data; it needs the extra `ray`."""

from typing import Any, cast

import numpy as np
import torch

from nav_utils.correction import correct
from nav_utils.pretrained import load_ratio
from nav_utils.ratio import DensityRatio


class Worker:
    """What each process of Ray keeps: the ratio, loaded once."""

    def __init__(self, space: str, device: str) -> None:
        self.ratio = cast(DensityRatio, load_ratio(space)).to(device)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = correct(torch.tensor(batch["z"]), self.ratio, "gauss_newton", "below")
        return {"z": found.z.numpy(), "status": found.status.numpy()}


def corrected_dataset(codes: Any, space: str = "mnist-2d", workers: int = 2, gpus: int = 0) -> Any:
    """A ray.data.Dataset of corrected codes from one with a column z (d,); lazy, as Ray's are."""
    arguments = (space, "cuda" if gpus else "cpu")
    return codes.map_batches(
        Worker, fn_constructor_args=arguments, concurrency=workers, num_gpus=gpus, batch_size=2**18
    )
