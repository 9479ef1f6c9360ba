"""What the benchmarks of the ledger are made of: splits, intervals, controls, and what moved."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from nav_utils import Reference, halves, navigate
from nav_utils.densities import ring
from nav_utils.interpolation import lerp
from nav_utils.ratio import ExactRatio

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
from controls import ByLength, KernelRatio, way_back
from intervals import beyond, found, hierarchical, range_of, share, shares, words
from moved import moved
from seeds import PENALTY, SEEDS, SPACES, train


def codes(n, seed=0):
    return ring().sample(n, torch.Generator().manual_seed(seed))


def test_halves_are_shuffled_share_no_row_and_are_those_of_a_reference():
    first, second = halves(1001)
    assert sorted([*first.tolist(), *second.tolist()]) == list(range(1001))
    assert 400 < float(first.double().mean()) < 600, "not the first half of the rows"
    z = codes(200)
    reference = Reference(z)
    assert torch.equal(reference.density_codes, z[halves(200)[0]])
    assert torch.equal(reference.usual["log q"], reference.measures(z[halves(200)[1]])["log q"])
    assert not torch.equal(halves(200)[0], halves(200, seed=1)[0])


def test_an_interval_over_seeds_covers_the_mean_of_seeds_that_differ():
    """Coverage on normal data, whose seeds differ more than their points."""
    generator, hits = np.random.default_rng(0), 0
    for _ in range(40):
        groups = [
            [seed + generator.normal(0, 0.3) + generator.normal(0, 1, 50) for _ in range(3)]
            for seed in generator.normal(0, 1, 3)
        ]
        value, low, high = hierarchical(groups)
        assert low < value < high
        hits += low < 0 < high
    assert hits >= 35  # of 95 % asked for; points alone would give a fifth


def test_words_say_shares_in_percent_and_one_number_without_an_interval():
    flags = torch.tensor([True] * 3 + [False] * 17)
    assert words([[share(flags)]]) == "15 % [3, 38]", "Clopper and Pearson"
    assert words([[found(3.0, "number")]]) == "3"
    assert words([[found(1.0, "number")], [found(2.0, "number")]]).startswith("2 [")
    low, high = words([[found(torch.arange(100.0))]]).split("[")[1][:-1].split(", ")
    assert 43 < float(low) < 45 and 54 < float(high) < 56


def test_a_share_over_several_spaces_stays_within_0_and_1():
    whole = torch.ones(40, dtype=torch.bool)
    assert words([[share(whole)], [share(whole)]]) == words([[share(whole)]]) == "100 % [91, 100]"
    some = torch.arange(40) > 0
    low, high = words([[share(whole)], [share(whole)], [share(some)]]).split("[")[1].split(", ")
    assert 0 < float(low) < float(high.rstrip("]")) == 100
    less = [[found([-0.5, 0.5], "shares")], [found([-1.0, 0.5], "shares")]]
    assert float(words(less).split("[")[1].split(",")[0]) < 0, "a difference may be negative"


def test_shares_that_are_none_on_every_path_have_the_bound_of_as_many_flags():
    none = torch.zeros(40)
    assert words([[shares(none)]]) == words([[share(none.bool())]]) == "0 % [0, 9]"
    assert words([[shares(none), shares(none)], [shares(none)]]) == "0 % [0, 9]"


def test_a_share_beyond_another_has_the_error_of_both():
    null, most = share(torch.arange(200) < 50), [[shares(torch.full((60,), 0.9))]]
    assert beyond(most, null) == "65 % [59, 71]", "0.9 is certain here, a quarter of 200 is not"
    low, high = beyond([[shares([0.8])], [shares([1.0])]], null).split("[")[1].split(", ")
    assert float(low) < -30 and float(high[:-1]) > 150, "of two trainings hardly anything is known"


def test_a_range_is_that_of_single_ratios_as_they_are_printed():
    groups = [[share([1, 0]), share([1, 1])], [share([0, 0, 0, 1])]]
    assert range_of(groups) == (25.0, 100.0)
    assert range_of([[found([1.0, 2.0])], [found([5.0])]]) == (1.5, 5.0)
    assert range_of(groups, share([1, 0])) == (-25.0, 50.0)


def test_each_training_goes_on_from_a_file_of_its_own(tmp_path, monkeypatch):
    """A penalty of 0.05 in a name is no suffix: two seeds once shared a checkpoint."""
    asked = []
    monkeypatch.setattr("seeds.trained", lambda running, *run: asked.append((running, *run)))
    for run in itertools.product(SPACES, (PENALTY, 0.0), SEEDS):
        train(tmp_path, *run)
    files = [running for running, *_ in asked]
    assert len(set(files)) == len(files) == 2 * 12, "without and with a warm start"


def test_what_moved_is_what_intervals_exclude():
    written = {"C1": {"a": "10 % [8, 12]", "b": "-2.5 [-2.6, -2.4]", "c": "1,300", "d": "7"}}
    same = {"C1": {"a": "13 % [11, 15]", "b": "-2.3 [-2.5, -2.1]", "c": "1,350", "d": "7"}}
    assert moved(same, written) == []
    other = {"C1": {"a": "16 % [13, 19]", "b": "2.5 [2.4, 2.6]", "c": "2,900", "e": "7"}}
    lines = moved(other, written)
    assert [line[4] for line in lines] == ["a", "b", "c", "e"]
    assert lines[0] == "C1, a: 16 % [13, 19], written 10 % [8, 12]"
    with pytest.raises(ValueError, match="expected a number"):
        moved({"C1": {"a": "no gap"}}, written)


def test_what_a_single_ratio_gives_has_not_moved():
    written = {"C2": {"a": "80.6 % [80.0, 81.2]", "b": "0.5 [0.4, 0.6]"}}
    again = {"C2": {"a": "82.3 % [81.7, 82.8]", "b": "0.9 [0.8, 1.0]"}}
    assert [line[4] for line in moved(again, written)] == ["a", "b"]
    ranges = {"C2": {"a": [79.1, 82.3], "b": [0.3, 0.7]}}
    (line,) = moved(again, written, ranges)
    assert line == "C2, b: 0.9 [0.8, 1.0], written 0.5 [0.4, 0.6], single ratios 0.3 to 0.7"


def test_a_high_power_goes_round_the_ring_that_a_low_one_cuts_across():
    q, ends = ring(), torch.tensor([[-1.3, 0.0], [1.3, 0.0]])
    lowest = []
    for power in (1.0, 6.0):
        path = navigate(*ends, ExactRatio(q), ByLength(codes(400), power))
        assert torch.equal(path.points[0, [0, -1]], ends)
        lowest.append(float(q.log_prob(path.resample(100)).min()))
    assert lowest[1] > lowest[0] + 0.5
    line = float(q.log_prob(lerp(*ends, torch.linspace(0, 1, 100))).min())
    assert lowest[1] > line + 2


def test_the_cheapest_way_is_cheaper_than_any_other_of_few_codes():
    """Four codes and two ends, all joined: every order of codes is tried."""
    z, ends, power = codes(4).double(), codes(2, seed=1).double(), 3.0
    path = navigate(*ends, ExactRatio(ring()), ByLength(z, power, k=3), n_points=2000)
    ways = [way for n in range(1, 5) for way in itertools.permutations(range(4), n)]
    polygons = [torch.stack([ends[0], *z[list(way)], ends[1]]) for way in ways]
    best = min(polygons, key=lambda points: float((points.diff(dim=0).norm(dim=-1) ** power).sum()))
    away = torch.cdist(best, path.points[0]).amin(1)  # from each corner to the path
    assert float(away.max()) < 0.01
    assert way_back(np.array([-9999, 0, -9999]), 0, 2) == [0, 2], "no way: the line"


def test_a_kernel_ratio_has_the_gradient_of_its_logit():
    ratio = KernelRatio(codes(300).double())
    z = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    a, gradient = ratio.logit_and_grad(z)
    assert torch.equal(a, ratio.logit(z))
    step = 1e-5 * torch.eye(2, dtype=torch.float64)
    numeric = [(ratio.logit(z + s) - ratio.logit(z - s)) / 2e-5 for s in step]
    torch.testing.assert_close(gradient, torch.stack(numeric, -1), rtol=1e-4, atol=1e-6)
