"""The peer's half of benchmarks/paths.py; runs in stochman's environment, without nav_utils.

Arguments: input file, output file, curve (a name in CURVES), power, radius of the box, grid size,
threads. In: z_a, z_b (B, 2), and either means (K, 2) and std () of a mixture, or log_q (size, size)
in nats on the grid, first coordinate first. Out: points (B, 400, 2), set_up (1,) and pairs (B,) in
seconds of the processor. Everything float64.

The metric is I / q^power. Which power serves stochman best, by the worst exact log q: on the test
problems' own pairs (both ends of the C's lie at -1.537), and, over 32 pairs of samples of each, the
largest fall below the worse of the two ends. Box of radius 3, 80 x 80:

                         own pair           32 pairs
    curve    power     ring       C       ring       C
    shortest     1   -1.860  -5.790     -0.168  -3.241   through the gap of the C
    _path        2   -1.699  -1.541     -0.054  -0.069
                 3   -1.699  -1.537     -0.054  -0.008
                 4   -1.642  -1.537     -0.054  -0.008
                 6   -1.642  -1.537     -0.012  -0.008   the best; 8 is the same
    geodesic     1   -1.777  -5.783     -0.099  -3.249
                 2   -1.665  -1.537     -0.024  -0.078   the best
               2.5   -1.665  -1.537     -0.068  -0.319
                 3   -1.682  -1.537     -0.774    -182
                 4   -1.631  -1.537        -49  -12858   splines leave the box

The spline is fitted over metric length. With a high power one edge, at an end where q is small, can
be half of it: whole segments of the spline then have no point to fit, and swing far out.
"""

import math
import sys
import time

import stochman.discretized_manifold
import torch
from safetensors.torch import load_file, save_file
from stochman.curves import CubicSpline, DiscreteCurve
from stochman.discretized_manifold import DiscretizedManifold
from stochman.manifold import Manifold

N_POINTS = 400
SMALLEST = 1e-12  # added to q: its powers stay finite far from every code


class Conformal(Manifold):
    """The metric I / q^power, as the diagonal of a matrix.

    It takes (N, 2) only, like the metric in stochman's README. `fit` then warns that there is no
    metric between the grid points and skips a Gaussian process on all of them, which costs ten
    seconds and which neither curve uses.
    """

    def __init__(self, log_q, power):
        self.log_q, self.power = log_q, power

    def metric(self, c):
        n, d = c.shape
        q = self.log_q(c).exp() + SMALLEST
        return q.pow(-self.power)[:, None].expand(n, d)


def mixture(means, std):
    """log q of equally likely normal distributions."""
    constant = math.log(len(means)) + math.log(2 * math.pi) + 2 * std.log()
    return lambda z: (
        torch.logsumexp(-0.5 * ((z[:, None] - means) / std).square().sum(-1), dim=1) - constant
    )


def table(log_q, radius):
    """log q at the nearest grid point: `fit` asks for the metric at grid points only."""
    last = len(log_q) - 1

    def at(z):
        i, j = ((z + radius) * last / (2 * radius)).round().long().clamp(0, last).unbind(1)
        return log_q[i, j]

    return at


class WritableCurve(DiscreteCurve):
    """`shortest_path` writes to `curve.parameters`, in 0.3.0 a method: the tensor it means."""

    @property
    def parameters(self):
        return self.params[0]


def shortest_path(manifold, z_a, z_b):
    """The polygon of grid points; its ends, the grid points next to z_a and z_b, moved there."""
    curve, _ = manifold.shortest_path(z_a, z_b)
    curve.begin, curve.end = z_a, z_b
    return curve


def connecting_geodesic(manifold, z_a, z_b):
    """A cubic spline, with stochman's default of five nodes, fitted to that polygon."""
    return manifold.connecting_geodesic(z_a, z_b)[0]


CURVES = {"shortest_path": shortest_path, "connecting_geodesic": connecting_geodesic}


def main(given, got, curve, power, radius, size, threads):
    torch.set_num_threads(int(threads))
    torch.set_default_dtype(torch.float64)
    stochman.discretized_manifold.DiscreteCurve = WritableCurve
    given = {name: x.double() for name, x in load_file(given).items()}
    radius, size = float(radius), int(size)
    exact = "means" in given
    log_q = mixture(given["means"], given["std"]) if exact else table(given["log_q"], radius)
    axis = torch.linspace(-radius, radius, size)
    # The first use of an optimiser imports for a second: not the algorithm's.
    CubicSpline(torch.zeros(1, 2), torch.ones(1, 2)).fit(torch.ones(1) / 2, torch.zeros(1, 2))

    start = time.process_time()
    manifold = DiscretizedManifold()
    manifold.fit(Conformal(log_q, float(power)), [axis, axis], batch_size=512)  # 4 takes 8 times it
    set_up = time.process_time() - start

    t, points, pairs = torch.linspace(0, 1, N_POINTS), [], []
    for z_a, z_b in zip(given["z_a"].split(1), given["z_b"].split(1), strict=True):
        start = time.process_time()
        path = CURVES[curve](manifold, z_a, z_b)
        with torch.no_grad():
            points.append(path(t).reshape(N_POINTS, 2))
        pairs.append(time.process_time() - start)
    tensors = {"points": torch.stack(points), "pairs": torch.tensor(pairs)}
    save_file(tensors | {"set_up": torch.tensor([set_up])}, got)


if __name__ == "__main__":
    main(*sys.argv[1:])
