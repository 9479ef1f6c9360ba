"""The record of a training run: every loss at every step."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes


class History:
    """Losses by name and step; `history["reconstruction"]` is an array with one number for each
    step.

    Args:
        steps_per_epoch: how many steps make an epoch.
    """

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps_per_epoch = steps_per_epoch
        self.losses: dict[str, list[float]] = {}

    def append(self, values: dict[str, float]) -> None:
        """Record the losses of one step."""
        for name, value in values.items():
            self.losses.setdefault(name, []).append(value)

    def __len__(self) -> int:
        return max((len(values) for values in self.losses.values()), default=0)

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.losses:
            raise KeyError(
                f"no loss called {name!r}; there are: {', '.join(self.losses) or 'none yet'}"
            )
        return np.asarray(self.losses[name])

    def epochs(self, name: str) -> np.ndarray:
        """Mean of a loss over each epoch; an unfinished epoch counts with the steps it has."""
        values = self[name]
        starts = range(0, len(values), self.steps_per_epoch)
        return np.array([values[start : start + self.steps_per_epoch].mean() for start in starts])

    def plot(self, ax: Axes | None = None, names: list[str] | None = None) -> Axes:
        """Draw losses against epochs: every step faint, the mean of each epoch with a marker.

        Args:
            ax: the Axes to draw on; a new figure's if not given.
            names: which losses; all if not given.

        Returns:
            The Axes.
        """
        import matplotlib.pyplot as plt

        ax = ax if ax is not None else plt.subplots(layout="constrained")[1]
        for i, name in enumerate(names or list(self.losses)):
            values, means = self[name], self.epochs(name)
            ax.plot(
                np.arange(1, len(values) + 1) / self.steps_per_epoch,
                values,
                color=f"C{i}",
                alpha=0.25,
                lw=0.8,
            )
            ax.plot(
                np.arange(1, len(means) + 1),
                means,
                color=f"C{i}",
                marker="osD^v"[i % 5],
                label=name,
            )
        ax.set(xlabel="epoch", ylabel="nats")
        ax.legend(title="marker: mean of an epoch;\nfaint line: every step")
        return ax

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {self.epochs(name)[-1]:.4g}" for name in self.losses)
        return f"History({len(self)} steps; last epoch: {last or 'none'})"
