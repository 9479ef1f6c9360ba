"""What the tests of paths share: the three exact problems, their ends, and a broken ratio."""

import torch

from nav_utils.densities import c_shape, circle, ring, two_clusters
from nav_utils.navigation import Graph, PathStatus, Stepwise, String
from nav_utils.ratio import ExactRatio


def generator(seed):
    return torch.Generator().manual_seed(seed)


def points(*rows, dtype=torch.float32):
    return torch.tensor(rows, dtype=dtype)


RING, C, TWO = (ExactRatio(q) for q in (ring(), c_shape(), two_clusters()))
ENDS = {
    "ring": (points([-1.3, 0.02]), points([1.3, 0.0])),
    "C": tuple(circle(points(angle), 1.4).float() for angle in (0.55, -0.55)),
    "two": (points([-1.2, 0.1]), points([1.2, 0.0])),
}
PROBLEMS = {"ring": RING, "C": C, "two": TWO}
ONE_SIDED = Stepwise("gauss_newton", "below")
GRAPH_ALONE = Graph(string=String(0))
ANSWERS = {"ring": (-1.64, PathStatus.REACHED), "C": (-1.55, PathStatus.REACHED)}


def worst(path, q):
    """Lowest exact log q on 400 places of each path (B,)."""
    return q.log_prob(path.resample(400)).min(-1).values


def alike(path, other, rows=slice(None), tolerance=1e-5):
    """Whether a path is the rows of another."""
    close = torch.allclose(path.points, other.points[rows], atol=tolerance)
    same = torch.equal(path.status, other.status[rows])
    return close and same and torch.allclose(path.bottleneck, other.bottleneck[rows], atol=1e-3)


class Broken(ExactRatio):
    """An exact ratio that is not a number where x lies between two values."""

    low, high = -0.2, 0.2

    def logit(self, z):
        broken = (z[..., 0] > self.low) & (z[..., 0] < self.high)
        return super().logit(z).masked_fill(broken, float("nan"))

    def logit_and_grad(self, z):
        a, gradient = super().logit_and_grad(z)
        return a, gradient.masked_fill(a.isnan().unsqueeze(-1), float("nan"))

    def score_q(self, z):
        return super().score_q(z).masked_fill(self.logit(z).isnan().unsqueeze(-1), float("nan"))
