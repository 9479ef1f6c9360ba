"""The calibration report: what it says of logits that are right, blind, too sure or backwards."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from nav_utils.calibration import calibration_report
from nav_utils.densities import StandardNormal, ring
from nav_utils.ratio import ExactRatio, Ratio

N = 20_000
EXACT = ExactRatio(ring())
CODES = ring().sample(N, torch.Generator().manual_seed(1))
PRIOR = StandardNormal(2).sample(N, torch.Generator().manual_seed(2))


class Logit(Ratio):
    """A ratio whose logit is any function of the points."""

    def __init__(self, function):
        self.function = function

    def logit(self, z):
        return self.function(z)


def report(function, codes=CODES, prior=PRIOR, **options):
    return calibration_report(Logit(function), codes, prior, **options)


def first(values):
    """Points whose first coordinate has these values."""
    return torch.tensor([[float(value), 0.0] for value in values])


def test_the_exact_ratio_is_calibrated():
    found = calibration_report(EXACT, CODES, PRIOR)
    assert found.ece < 0.01 and abs(found.dawid_z) < 3
    low, high = found.interval()
    assert ((low <= found.predicted) & (found.predicted <= high)).mean() > 0.7
    assert found.auc > 0.7 and found.brier < 0.25
    # The least loss there is: ln 2 - JS(p, q), by integration.
    axis = torch.linspace(-6, 6, 601, dtype=torch.float64)
    z = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), dim=-1)
    p, q = StandardNormal(2).log_prob(z).exp(), ring().log_prob(z).exp()
    best = -0.5 * float((p * (p / (p + q)).log() + q * (q / (p + q)).log()).sum()) * 0.02**2
    assert found.held_out_loss == pytest.approx(best, abs=0.005)


def test_every_number_against_its_definition():
    codes, prior = CODES[:300], PRIOR[:300]
    found = calibration_report(EXACT, codes, prior, bins=10)
    a, y = EXACT.logit(torch.cat([prior, codes])).double(), torch.ones(600).double()
    y[300:] = 0
    d = a.sigmoid()
    assert found.held_out_loss == pytest.approx(
        float(-(y * d.log() + (1 - y) * (1 - d).log()).mean())
    )
    assert found.brier == pytest.approx(float(((d - y) ** 2).mean()))
    z = (y - d).sum() / (d * (1 - d)).sum().sqrt()
    assert found.dawid_z == pytest.approx(float(z))
    assert found.auc == pytest.approx(float((a[:300, None] > a[None, 300:]).double().mean()))
    assert found.edges == pytest.approx(np.quantile(a.numpy(), np.linspace(0, 1, 11)))
    ece = 0.0
    for i in range(10):
        inside = (a >= found.edges[i]) & ((a < found.edges[i + 1]) | (i == 9))
        assert found.counts[i] == int(inside.sum())
        assert found.predicted[i] == pytest.approx(float(d[inside].mean()))
        assert found.observed[i] == pytest.approx(float(y[inside].mean()))
        ece += float((d[inside] - y[inside]).mean().abs() * inside.sum() / 600)
    assert found.ece == pytest.approx(ece)


def test_a_constant_logit_is_blind():
    found = report(lambda z: torch.zeros(len(z)))
    assert found.held_out_loss == pytest.approx(math.log(2))
    assert found.brier == 0.25 and found.auc == 0.5 and found.ece == 0 and found.dawid_z == 0
    assert found.counts.tolist() == [2 * N] and found.edges.tolist() == [0, 0]


def test_a_logit_that_is_too_sure_is_found_out_by_its_probabilities_not_by_its_order():
    right, sure = report(EXACT.logit), report(lambda z: 3 * EXACT.logit(z))
    assert sure.ece > right.ece + 0.05
    assert sure.held_out_loss > right.held_out_loss + 0.1 and sure.brier > right.brier + 0.01
    assert sure.auc == pytest.approx(right.auc)
    assert sure.counts.tolist() == right.counts.tolist()


def test_a_swapped_sign_is_worse_than_blind():
    right, swapped = report(EXACT.logit), report(lambda z: -EXACT.logit(z))
    assert swapped.auc == pytest.approx(1 - right.auc) and swapped.auc < 0.3
    assert swapped.held_out_loss > math.log(2) and swapped.brier > 0.25


def test_the_sign_of_dawids_z_says_which_way_d_is_wrong():
    assert report(lambda z: EXACT.logit(z) - 0.3).dawid_z > 10, "D too low"
    assert report(lambda z: EXACT.logit(z) + 0.3).dawid_z < -10, "D too high"


@pytest.mark.parametrize("bins", [1, 2, 15, 40])
def test_bins_hold_every_point_and_are_equally_full(bins):
    found = report(EXACT.logit, bins=bins)
    assert found.edges.shape == (bins + 1,) and (np.diff(found.edges) > 0).all()
    for column in (found.predicted, found.observed, found.counts):
        assert column.shape == (bins,)
    assert found.counts.sum() == 2 * N and np.ptp(found.counts) <= 2
    a = EXACT.logit(torch.cat([CODES, PRIOR]))
    assert found.edges[[0, -1]] == pytest.approx([float(a.min()), float(a.max())])


@pytest.mark.parametrize(
    "values",
    [[0] * 3 + [1] * 20 + [2] * 17, [-1] + [1] * 39, [0, 1] * 20],
    ids=["empty bin between", "one below", "two values"],
)
def test_logits_that_repeat_leave_no_bin_empty(values):
    found = report(lambda z: z[:, 0], first(values[:20]), first(values[20:]))
    assert found.edges.tolist() == [*sorted(set(values)), max(values)], "each value is its own bin"
    assert found.counts.tolist() == [values.count(v) for v in sorted(set(values))]
    a, y = np.array(values[20:] + values[:20]), np.repeat([1.0, 0.0], 20)
    gaps = [abs((1 / (1 + np.exp(-v)) - y[a == v]).sum()) for v in set(values)]
    assert found.ece == pytest.approx(sum(gaps) / 40)


def test_two_logits_that_are_certain_and_wrong_are_not_averaged_into_one_that_is_right():
    found = report(lambda z: z[:, 0], first([-10, 10] * 20), first([10, -10] * 20))
    assert found.ece == pytest.approx(0.5, abs=1e-3)


def test_a_logit_that_is_certain_and_right_divides_by_nothing():
    found = report(lambda z: z[:, 0], first([-800] * 20), first([800] * 20))
    assert found.auc == 1 and found.brier == 0 and found.ece == 0 and found.dawid_z == 0
    assert found.held_out_loss == 0


def test_the_intervals_are_those_of_clopper_and_pearson():
    codes, prior = first([-2] * 30 + [2] * 10), first([-2] * 5 + [2] * 35)
    found = report(lambda z: z[:, 0], codes, prior, bins=2)
    low, high = found.interval()
    for i, (hits, count) in enumerate(zip((5, 35), (35, 45), strict=True)):
        exact = binomtest(hits, count).proportion_ci(0.95, method="exact")
        assert (low[i], high[i]) == pytest.approx((exact.low, exact.high))


def test_a_bin_with_none_and_a_bin_with_all_have_one_sided_intervals():
    found = report(lambda z: z[:, 0], first([-2] * 20), first([2] * 20), bins=2)
    low, high = found.interval()
    assert found.observed.tolist() == [0, 1]
    assert low[0] == 0 and high[1] == 1 and 0.1 < high[0] < 0.2 and 0.8 < low[1] < 0.9


def test_float32_and_float64_agree():
    double = calibration_report(EXACT, CODES.double(), PRIOR.double())
    assert calibration_report(EXACT, CODES, PRIOR)[:5] == pytest.approx(double[:5], abs=1e-3)


BAD = {
    "unbalanced": (CODES[:100], PRIOR[:99], "as many prior_samples as codes.*got 99 and 100"),
    "fewer than bins": (CODES[:14], PRIOR[:14], "at least 15, got 14 and 14"),
    "other dimension": (CODES[:100], torch.zeros(100, 3), r"codes \(100, 2\), prior_samples"),
    "NaN": (CODES[:100], torch.full((100, 2), float("nan")), "prior_samples: expected finite"),
    "one axis": (torch.zeros(100), PRIOR[:100], r"codes: expected shape \(N, d\)"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    codes, prior, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        calibration_report(EXACT, codes, prior)


def test_the_diagram_has_one_point_for_each_bin():
    found = calibration_report(EXACT, CODES, PRIOR, bins=12)
    ax = found.plot(label="exact")
    (container,) = ax.containers
    points = container.lines[0].get_xydata()
    assert points == pytest.approx(np.stack([found.predicted, found.observed], axis=1))
    low, high = found.interval()
    (bars,) = container.lines[2]
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert ends == pytest.approx(np.stack([low, high], axis=1))
    assert container.get_label() == "exact" and ax.get_xlabel() and ax.get_ylabel()
    assert ax.get_xlim() == ax.get_ylim() == (0, 1)
    assert any(np.allclose(line.get_xydata(), [[0, 0], [1, 1]]) for line in ax.lines), "diagonal"
    own = plt.subplots()[1]
    assert found.plot(own) is own
    plt.close("all")
