"""Models of one's own: they are looked at and never touched, and a wrong convention is told."""

import copy
import math
import warnings

import pytest
import torch
from torch import nn

from nav_utils.arguments import expect_codes, expect_images
from nav_utils.densities import GaussianMixture, StandardNormal, ring
from nav_utils.evaluation import Reference, evaluate, find_holes, hole_mass
from nav_utils.models import AAE
from nav_utils.navigation import String, navigate
from nav_utils.ratio import DensityRatio, ExactRatio, sampled_log_prob

RING = ExactRatio(ring())


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Answers(nn.Module):
    """The exact logit of the ring, times a sign, perhaps through a sigmoid."""

    def __init__(self, sign=1.0, sigmoid=False):
        super().__init__()
        self.sign, self.sigmoid = nn.Parameter(torch.tensor(sign)), sigmoid

    def forward(self, z):
        a = self.sign * RING.logit(z)
        return a.sigmoid() if self.sigmoid else a


HELD_OUT = RING.held_out[:500].float()


# ---- conventions ----


def test_a_network_of_the_right_convention_is_taken_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for options in ({}, {"scale": 0.5, "shift": 0.2}):
            DensityRatio(Answers(), HELD_OUT, **options)
        DensityRatio(Answers(-1.0), HELD_OUT, reversed=True)
        DensityRatio(nn.Linear(2, 1), HELD_OUT)  # knows nothing yet
        for seed in range(5):  # a blind one, too, whatever its constant
            torch.manual_seed(seed)
            DensityRatio(nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)), HELD_OUT)


@pytest.mark.parametrize(
    ("net", "options", "words"),
    [
        (Answers(-1.0), {}, r"lower one: does it call codes 1 .* reversed=True"),
        (Answers(), {"reversed": True}, "reversed=False, which it is by default"),
        (
            Answers(sigmoid=True),
            {},
            r"all within 0 and 1: does it end in a sigmoid\? .*probability",
        ),
        (Answers(-1.0, sigmoid=True), {"probability": True}, "reversed=True"),
    ],
)
def test_a_wrong_convention_is_told_with_the_flag_that_cures_it(net, options, words):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="D is rounded")
        with pytest.warns(UserWarning, match=words):
            DensityRatio(net, HELD_OUT, **options)


def test_reversed_turns_logit_gradient_and_file_round(tmp_path):
    ratio = DensityRatio(Answers(-1.0), HELD_OUT, reversed=True, scale=0.5, shift=0.1)
    z = normal(20, 2)
    a, gradient = RING.logit_and_grad(z)
    torch.testing.assert_close(ratio.logit(z), 0.5 * a + 0.1)
    torch.testing.assert_close(ratio.logit_and_grad(z)[1], 0.5 * gradient)
    ratio.save(tmp_path / "r.safetensors")
    again = DensityRatio.load(tmp_path / "r.safetensors", Answers())
    assert again.reversed and torch.equal(again.logit(z), ratio.logit(z))


def test_reversed_in_closed_form_too():
    net = nn.Sequential(nn.Linear(2, 16), nn.SiLU(), nn.Linear(16, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain, turned = (DensityRatio(net, HELD_OUT, reversed=r) for r in (False, True))
    z = normal(20, 2)
    assert plain.sizes is not None
    for one, other in zip(plain.logit_and_grad(z), turned.logit_and_grad(z), strict=True):
        torch.testing.assert_close(one, -other)


# ---- nothing of one's own is touched ----


def test_your_discriminator_goes_on_learning():
    model = AAE((1, 4, 4), 2, hidden=(8,))
    model.train()
    ratio = DensityRatio(model.discriminator, HELD_OUT)
    assert (
        all(p.requires_grad for p in model.discriminator.parameters())
        and model.discriminator.training
    )
    z, before = normal(8, 2), ratio.logit(normal(8, 2))
    loss = model.discriminator(z).sum()
    loss.backward()
    with torch.no_grad():
        for weights in model.discriminator.parameters():
            weights.sub_(0.1 * weights.grad)
    assert torch.equal(ratio.logit(z), before)


class Normed(nn.Module):
    """An autoencoder of images 1 x 1 x 2 with what training mode changes: dropout, batch norm."""

    def __init__(self):
        super().__init__()
        self.norm, self.drop = nn.BatchNorm1d(2), nn.Dropout(0.5)
        self.fixed = nn.BatchNorm1d(2).eval()  # someone has frozen this one

    def encode(self, x):
        return self.fixed(self.norm(x.flatten(1)))

    def decode(self, z):
        return self.drop(z).reshape(-1, 1, 1, 2)


def test_a_reference_leaves_a_model_in_training_mode_as_it_is():
    model, judge = Normed().train(), nn.Sequential(nn.Flatten(), nn.Linear(2, 3), nn.Dropout(0.5))
    model.fixed.eval()
    before = copy.deepcopy(model.state_dict())
    reference = Reference(normal(200, 2), model, judge)
    z = normal(50, 2, seed=1)
    one, other = reference.measures(z), reference.measures(z)
    for name in one:  # no dropout
        assert torch.equal(one[name], other[name])
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert model.norm.training and model.drop.training and not model.fixed.training
    assert judge.training and judge[2].training


def test_a_model_that_raises_is_in_its_mode_again():
    model = Normed().train()
    reference = Reference(normal(200, 2), model)
    model.decode = lambda z: 1 / 0
    with pytest.raises(ZeroDivisionError):
        reference.measures(normal(5, 2))
    assert model.norm.training


# ---- the prior goes with the ratio ----

WIDE = GaussianMixture([[-1.5, 0.0], [1.5, 0.0]], 0.4)


@pytest.mark.parametrize("form", ["ratio", "its logit"])
def test_holes_are_those_of_the_ratios_own_prior(form):
    ratio = ExactRatio(GaussianMixture([[-1.5, 0.0]], 0.4), WIDE)
    asked = ratio if form == "ratio" else ratio.logit
    [hole] = find_holes(asked)
    assert hole.mass == pytest.approx(0.5, abs=0.02) and hole.centre[0] > 0.5
    mass, low, high = hole_mass(asked)
    assert low < 0.5 < high and high - low < 0.02
    assert hole_mass(asked, StandardNormal(2))[0] != mass  # another one if told so


def test_an_estimate_that_is_no_ratio_brings_no_prior():
    with pytest.raises(ValueError, match="prior: expected one beside an estimate"):
        hole_mass(lambda z: z[:, 0])
    with pytest.raises(ValueError, match="ratio: expected a Ratio, or a function of points, got a"):
        find_holes("ratio")
    assert find_holes(lambda z: 10 * z[:, 0])[0].mass == pytest.approx(0.44, abs=0.03)


def test_the_centre_of_a_hole_lies_in_it():
    crescent = ExactRatio(GaussianMixture([[0.6, 0.0]], 0.9))
    for level in (math.log(4), math.log(20)):
        for hole in find_holes(crescent, level):
            assert float(crescent.logit(hole.centre)) > level


# ---- many dimensions ----


def test_four_thousand_dimensions_take_little_memory(monkeypatch):
    most = []
    sample = StandardNormal.sample

    def noted(self, n, *args):
        most.append(n * self.dim)
        return sample(self, n, *args)

    monkeypatch.setattr(StandardNormal, "sample", noted)
    density = sampled_log_prob(StandardNormal(4096))
    assert len(density) == 10_000 and max(most) <= 10_000_000
    assert len(sampled_log_prob(StandardNormal(2))) == 100_000
    entropy = -4096 / 2 * math.log(2 * math.pi * math.e)
    assert float(density.mean()) == pytest.approx(entropy, abs=2)


def test_rows_in_both_sets_are_found_whatever_their_type():
    codes = normal(50, 300)
    codes[3, 7] = -0.0
    mine = codes[[3, 10]].clone().double()
    mine[0, 7] = 0.0
    with pytest.raises(ValueError, match="got 2 of 12 rows"):
        expect_codes(codes, torch.cat([mine, normal(10, 300, seed=1).double()]))
    expect_codes(codes, normal(12, 300, seed=1))


# ---- words ----


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (2 * torch.rand(2, 1, 2, 2) - 1, r"\(images \+ 1\) / 2 brings \[-1, 1\] there"),
        (200 * torch.rand(2, 1, 2, 2), "divide 8-bit images by 255"),
        (4 * torch.randn(9, 1, 2, 2), r"undo their normalisation: images \* std \+ mean"),
        (torch.full((2, 1, 2, 2), math.nan), "look for what made them so"),
        (torch.zeros(2, 1, 2, 2, dtype=torch.uint8), r"images\.float\(\) / 255 makes it one"),
    ],
)
def test_images_of_another_range_are_told_what_to_do(images, words):
    with pytest.raises(ValueError, match=words):
        expect_images(images)


def test_paths_from_elsewhere_are_judged_like_ours():
    reference = Reference(RING.held_out[:200].float())
    ends = torch.tensor([[[-1.3, 0.0], [0.0, 1.3]], [[1.3, 0.0], [0.0, -1.3]]])
    path = navigate(*ends, RING, String(0), proposal="linear")
    ours, theirs = evaluate(path, reference), evaluate(path.points, reference)
    for name in ("worst_log_q", "mean_log_q", "distance", "length_over_chord", "largest_gap"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name))
    assert theirs.n_evaluations == 0 and bool((theirs.end_error == 0).all())


@pytest.mark.parametrize("points", [normal(5, 2), normal(5, 1, 2), normal(2, 5, 2).half()])
def test_points_that_are_no_paths_are_told(points):
    reference = Reference(RING.held_out[:200].float())
    with pytest.raises(ValueError, match=r"path: expected a Path or points \(B, m, d\)"):
        evaluate(points, reference)
