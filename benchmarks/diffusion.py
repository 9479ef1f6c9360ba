"""Diffusion of codes against diffusion of pixels: what each costs, and how good its images are.

    NAV_UTILS_DATA=... python benchmarks/diffusion.py train      # 20 minutes of one core
    NAV_UTILS_DATA=... python benchmarks/diffusion.py            # measures

"""

from __future__ import annotations

import argparse

import torch
from denoisers import FOLDER, RECIPES, train

from nav_utils.pretrained import CHECKPOINTS


def main() -> None:
    """Train, or measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", nargs="?", choices=["train"])
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.names or RECIPES:
        train(name, FOLDER, CHECKPOINTS)


if __name__ == "__main__":
    main()
