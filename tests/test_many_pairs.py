"""Many pairs at once: the work is done in parts of one size, and each pair gets its own path."""

import torch

from nav_utils import graphs
from nav_utils.navigation import Graph, navigate
from nav_utils.ratio import ExactRatio, in_parts
from tests.plans import RING, generator


class Counting(ExactRatio):
    """Notes how many points it is asked about at a time."""

    def __init__(self, q):
        super().__init__(q)
        self.asked = []

    def logit(self, z):
        self.asked.append(z.numel() // z.shape[-1])
        return super().logit(z)

    def score_q(self, z):
        self.asked.append(z.numel() // z.shape[-1])
        return super().score_q(z)


def test_the_ratio_is_asked_about_so_many_points_at_a_time():
    counting = Counting(RING.q)
    z = RING.q.sample(160, generator(0))
    counting.asked.clear()
    path = navigate(z[:80], z[80:], counting, "string", n_points=64, log_q_level=-2.0)
    assert max(counting.asked) <= 4096 and sum(counting.asked) == path.n_evaluations > 80 * 400
    alone = navigate(z[7], z[87], RING, "string", n_points=64, log_q_level=-2.0)
    torch.testing.assert_close(path.points[7:8], alone.points, atol=1e-5, rtol=0)


def test_parts_are_of_nearly_one_size_and_keep_their_order():
    z = torch.randn(9, 1001, 2, generator=generator(0))
    sizes = []

    def asked(points):
        sizes.append(len(points))
        return points.sum(-1)

    assert torch.equal(in_parts(asked, z), z.sum(-1))
    assert sizes == [3003] * 3
    assert torch.equal(in_parts(lambda points: 2 * points, z), 2 * z)


def test_the_graph_is_searched_once_from_every_start(monkeypatch):
    z = RING.q.sample(12, generator(1))
    z[3] = z[0]  # two pairs with one start
    together = navigate(z[:6], z[6:], RING, Graph())
    searches, dijkstra = [], graphs.csgraph.dijkstra

    def noted(*arguments, indices, **options):
        searches.append(indices)
        return dijkstra(*arguments, indices=indices, **options)

    monkeypatch.setattr(graphs.csgraph, "dijkstra", noted)
    again = navigate(z[:6], z[6:], RING, Graph())
    assert len(searches) == 1 + 6, "from the middle, then from each end: two are nodes twice"
    assert torch.equal(again.points, together.points)
    alone = navigate(z[3:4], z[9:10], RING, Graph())
    torch.testing.assert_close(together.points[3:4], alone.points, atol=1e-5, rtol=0)
