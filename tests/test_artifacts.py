"""What the benchmark of artifacts is made of: p-values, judges, bottlenecks, a loop."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from nav_utils.models import seeded
from nav_utils.pretrained import load_pretrained

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
import hybrids
import loop
import pieces
from court import Seen, shuffled
from judges import Features, Judge, PixelDensity, contrastive, levels_of, p_values, view


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_a_p_value_is_the_rank_among_all_and_counts_ties():
    usual, scores = torch.tensor([1.0, 2.0, 2.0, 5.0]), torch.tensor([0.0, 2.0, 3.0, 9.0])
    assert p_values(scores, usual).tolist() == [1.0, 4 / 5, 2 / 5, 1 / 5]


def test_of_new_real_images_a_share_t_at_most_has_p_below_t():
    usual, fresh = noise(400), noise(4000, seed=1)
    for judge in (Judge(torch.abs, usual), Judge(torch.abs, usual, two_sided=True)):
        p = judge.p(fresh)
        assert float((p <= 0.1).double().mean()) == pytest.approx(0.1, abs=0.03)
        assert float(p.min()) > 0 and float(p.max()) <= 1


def test_both_tails_are_strange_only_to_a_judge_of_two():
    usual, far = noise(400), torch.tensor([-9.0, 0.0, 9.0])
    assert (Judge(torch.abs, usual).p(far) < 0.05).tolist() == [False, False, True]
    two = Judge(torch.abs, usual, two_sided=True)
    assert (two.p(far) < 0.05).tolist() == [True, False, True]


def test_the_contrastive_loss_is_least_where_the_views_of_an_image_agree():
    x = torch.nn.functional.normalize(noise(20, 8), dim=-1)
    agree, not_so = contrastive(torch.cat([x, x])), contrastive(torch.cat([x, x.roll(1, 0)]))
    assert float(agree) < 0.5 * float(not_so)


def test_a_view_keeps_the_image_and_its_ink_within_a_few_percent():
    x = torch.zeros(30, 1, 28, 28)
    x[:, :, 9:19, 12:16] = 1
    seen = view(x, torch.Generator().manual_seed(0))
    ink = seen.sum((1, 2, 3)) / x.sum((1, 2, 3))
    assert 0.6 < float(ink.min()) < float(ink.max()) < 1.6
    assert float((seen - x).abs().amax((1, 2, 3)).min()) > 0.3, "and every one is moved"
    assert Features()(x[:2]).norm(dim=-1).tolist() == pytest.approx([1, 1], abs=1e-5)


def test_the_density_of_a_pixel_depends_on_the_pixels_before_it_alone():
    with seeded(0):
        network = PixelDensity()
    x = torch.rand(1, 1, 14, 14, generator=torch.Generator().manual_seed(0)) - 0.5
    x.requires_grad_()
    h = network.first(x)
    for block in network.blocks:
        h = h + block(torch.nn.functional.silu(h))
    network.last(h)[0, :, 6, 7].sum().backward()
    reached = x.grad[0, 0].flatten().abs() > 0
    here = 6 * 14 + 7
    assert not reached[here:].any() and reached[:here].any()


def test_levels_are_whole_numbers_of_eight_and_keep_white_and_black():
    x = torch.zeros(1, 1, 28, 28)
    x[:, :, :, 14:] = 1
    levels = levels_of(x)
    assert levels.shape == (1, 14, 14) and levels.unique().tolist() == [0, 7]
    log_p = PixelDensity()(levels).detach()
    assert float(log_p) == pytest.approx(-196 * math.log(8), rel=0.2), "untaught: nearly uniform"


def test_shuffled_images_keep_their_grey_values_and_nothing_else():
    x = torch.rand(3, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    y = shuffled(x)
    assert torch.equal(y.flatten(1).sort(1).values, x.flatten(1).sort(1).values)
    assert float((x == y).double().mean()) < 0.2


def clusters(n, apart, seed=0):
    """Points of the plane in two clusters, and which one each is of."""
    x = noise(2 * n, 2, seed=seed)
    x[n:, 0] += apart
    return x, np.repeat([0, 1], n)


def test_the_fall_of_a_pair_is_the_gap_that_its_best_way_bridges():
    x = torch.cat([torch.arange(12.0), 40 + torch.arange(12.0)])[:, None]
    fall = pieces.falls(pieces.distances(x))
    radius = 10.0  # of an end of a piece: the tenth neighbour; in the middle it is 5
    assert fall[0, 5] == 0, "within a piece no place is sparser than the sparser end"
    assert fall[0, 12] == fall[5, 12] == pytest.approx(math.log(29 / radius))


def test_the_gap_tells_two_clusters_from_one_and_the_longest_bar_does_not():
    x, labels = clusters(150, 5.0)
    d, generator = pieces.distances(x), np.random.default_rng(0)
    mixed = pieces.gap(d, generator.permutation(labels))
    single, own = pieces.gaussian_like(x, torch.from_numpy(labels), 0)
    of_one = pieces.gap(pieces.distances(single), own)
    assert pieces.gap(d, labels) > 0.1 > 0.05 > max(abs(mixed), of_one)
    assert pieces.points_of_bars(d).startswith("1 (median)")
    assert pieces.largest_parts(d) > pieces.largest_parts(pieces.distances(single))


def test_a_gaussian_like_the_data_has_its_covariance():
    x = noise(1500, 3) @ torch.tensor([[2.0, 0.5, 0], [0, 1.0, 0], [0.3, 0, 0.1]])
    like, labels = pieces.gaussian_like(x, torch.arange(1500) % 2, 1)
    torch.testing.assert_close(torch.cov(like.T).float(), torch.cov(x.T), atol=0.3, rtol=0.15)
    assert set(labels) == {0, 1}


def test_a_full_turn_is_no_turn_and_angles_are_apart_by_half_a_turn_at_most():
    images, angles = loop.loop_of(loop.PADDING["swung"], 0)
    images, angles = images[:5], angles[:5]
    x = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    whole = loop.turned(x, torch.full((2,), 2 * math.pi), loop.PADDING["swung"])
    still = loop.turned(x, torch.zeros(2), loop.PADDING["swung"])
    torch.testing.assert_close(whole, still, atol=1e-3, rtol=0)
    assert images.shape == (5, 1, 16, 16) and float(still[:, :, :8].sum()) > 0.9 * float(x.sum())
    assert float(still[:, :, 9:].abs().max()) == 0, "it hangs above the pivot"
    ends = torch.tensor([0.1, 0.1]), torch.tensor([2 * math.pi - 0.1, 0.1 + math.pi])
    torch.testing.assert_close(loop.apart(*ends), torch.tensor([11.459, 180.0]), atol=0.01, rtol=0)


def test_a_loop_laid_across_itself_is_seen():
    t = 2 * math.pi * torch.arange(400) / 400
    circle, eight = ([f(t), g(t)] for f, g in ((torch.cos, torch.sin), (torch.sin, sin2)))
    assert not loop.crossings(torch.stack(circle, 1), t).any()
    assert 0 < float(loop.crossings(torch.stack(eight, 1), t).double().mean()) < 0.2


def sin2(t):
    return (2 * t).sin()


class Half:
    """A court to which dark images are hybrids, and the darkest strange."""

    def look(self, images):
        ink = images.flatten(-3).mean(-1)
        return Seen({}, ink, ink > 0, torch.zeros(*ink.shape, 2))

    def hybrid(self, seen):
        return seen.entropy < 0.3

    ambiguous = hybrid

    def flags(self, seen, count):
        return {"strange": seen.entropy < 0.27}


def test_ways_are_judged_over_trainings_and_a_loop_counts_where_it_stops(monkeypatch):
    ways = {way: hybrids.WAYS[way] for way in ("line", "line, step by step")}
    monkeypatch.setattr(hybrids, "CLASSES", {(1, 3): 6, (4, 9): 6})
    monkeypatch.setattr(hybrids, "WAYS", ways)
    space = load_pretrained("digits-2d")
    jury = hybrids.Jury(Half(), [], torch.arange(40) < 10)
    runs = [(space, [space.ratio, space.ratio]), (space, [space.ratio])]
    table, ranges = hybrids.on_paths("digits-2d", runs, jury, part=2)
    line, loop_of = table["line"], table["line, step by step"]
    assert line["arrive"].startswith("100 %") and hybrids.LESS not in line
    low, high = ranges["line, step by step"]["arrive"]
    assert 20 < low <= high < 80, "some of its paths stop on the way"
    assert low - 1 < float(loop_of["arrive"].split(" ")[0]) < high + 1
    assert hybrids.LESS in loop_of
    ends = [hybrids.ends(space, draw=draw)[0] for draw in (0, 1)]
    assert not torch.equal(*ends), "refits of a space get pairs of their own"
