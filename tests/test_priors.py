"""Priors of one's own: alike in what they promise, usable wherever N(0, I) is, kept in files."""

import math

import pytest
import torch
from torch import distributions as td

from nav_utils.correction import Run, Status, correct
from nav_utils.densities import GaussianMixture, StandardNormal
from nav_utils.evaluation import find_holes, hole_mass
from nav_utils.fitting import fit_ratio
from nav_utils.langevin import langevin
from nav_utils.navigation import navigate
from nav_utils.priors import Box, FullMixture, Prior, TorchPrior, as_prior, petals
from nav_utils.ratio import DensityRatio, ExactRatio, Region
from nav_utils.steps import Denser

TILTED = FullMixture([[0.0, 0.0], [2.0, 1.0]], [[[1.0, 0.6], [0.6, 1.0]], [[0.2, 0.0], [0.0, 0.3]]])
PRIORS = {
    "normal": StandardNormal(2),
    "mixture": GaussianMixture([[0.0, 0.0], [2.0, 1.0]], 0.5, [1.0, 3.0]),
    "full": TILTED,
    "petals": petals(),
    "box": Box([-2.0, -1.0], [2.0, 3.0]),
    "torch, independent": as_prior(
        td.Normal(torch.tensor([0.5, -0.5]).double(), torch.tensor([1.0, 2.0]).double())
    ),
    "torch, uniform": as_prior(td.Uniform(torch.tensor([-2.0, -1.0]), torch.tensor([2.0, 3.0]))),
    "torch, student": as_prior(
        td.Independent(td.StudentT(5.0, torch.zeros(2).double(), torch.ones(2).double()), 1)
    ),
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", PRIORS)
def test_each_is_a_prior_and_comes_from_its_seed(name):
    prior = PRIORS[name]
    assert isinstance(prior, Prior) and prior.dim == 2 and as_prior(prior) is prior
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    for dtype in (torch.float32, torch.float64):
        z = prior.sample(50, generator(), dtype)
        assert z.shape == (50, 2) and z.dtype == dtype
        assert torch.equal(z, prior.sample(50, generator(), dtype))
        assert not torch.equal(z, prior.sample(50, generator(1), dtype))
        assert prior.log_prob(z).dtype == prior.score(z).dtype == dtype
    assert torch.equal(state, torch.random.get_rng_state())  # no other drawing is disturbed


@pytest.mark.parametrize("name", PRIORS)
def test_density_and_samples_are_of_one_distribution(name):
    """The integral of the density over a half plane is the share of samples in it."""
    prior = PRIORS[name]
    axis = torch.linspace(-12, 12, 801, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    cell = float(axis[1] - axis[0]) ** 2
    density = prior.log_prob(grid).exp()
    share = float(density[grid[:, 0] + grid[:, 1] > 0.7].sum()) * cell
    z = prior.sample(20_000, generator(3), torch.float64)
    assert float(density.sum()) * cell == pytest.approx(1, abs=0.02)
    assert float((z.sum(-1) > 0.7).double().mean()) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("name", PRIORS)
def test_the_score_is_the_slope_of_the_log_density(name):
    prior, h = PRIORS[name], 1e-5
    z = prior.sample(40, generator(2), torch.float64)
    for i, step in enumerate(torch.eye(2, dtype=torch.float64) * h):
        slope = (prior.log_prob(z + step) - prior.log_prob(z - step)) / (2 * h)
        there = slope.isfinite()  # not across the wall of a box
        torch.testing.assert_close(prior.score(z)[there, i], slope[there], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["box", "torch, uniform"])
def test_off_the_support_there_is_no_density_and_no_slope(name):
    z = torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, -1.5]])
    log_p = PRIORS[name].log_prob(z)
    assert float(log_p[0]) == pytest.approx(-math.log(16)) and bool(log_p[1:].isneginf().all())
    assert bool((PRIORS[name].score(z) == 0).all())


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: Box([0.0, 1.0], [1.0, 1.0]), "expected low < high"),
        (lambda: Box([0.0], [1.0, 1.0]), "expected low < high"),
        (lambda: Box([0.0], [math.inf]), "expected low < high"),
        (lambda: FullMixture([[0.0, 0.0]], torch.eye(2)), r"means \(K, d\) and covariances"),
        (lambda: as_prior(td.Normal(0.0, 1.0)), "expected a distribution over vectors"),
        (lambda: as_prior(td.Normal(torch.zeros(3, 2), 1.0)), r"event \(\), batch \(3, 2\)"),
        (lambda: as_prior("N(0, I)"), "prior: expected a distribution of torch.distributions"),
        (
            lambda: DensityRatio(torch.nn.Linear(2, 1), torch.zeros(9, 2), 3),
            "prior: expected a dis",
        ),
    ],
)
def test_what_is_no_prior_is_told(made, words):
    with pytest.raises(ValueError, match=words):
        made()


# ---- wherever N(0, I) is ----

BOX = PRIORS["box"]
CLUSTER = GaussianMixture([[-1.0, 0.0], [1.0, 2.0]], 0.4)
EXACT = ExactRatio(CLUSTER, BOX)


def test_a_ratio_learns_against_a_box():
    codes = CLUSTER.sample(3000, generator(1))
    ratio = fit_ratio(codes, prior=BOX, hidden=(64, 64), steps=600, progress=False)
    z = BOX.sample(500, generator(4))
    z = z[EXACT.logit(z).abs() < 2]
    assert float((ratio.logit(z) - EXACT.logit(z)).abs().mean()) < 0.3
    low, high = hole_mass(EXACT)[1:]
    assert low - 0.05 < hole_mass(ratio)[0] < high + 0.05
    assert find_holes(ratio)


def test_a_distribution_of_torch_will_do():
    uniform = td.Uniform(torch.tensor([-2.0, -1.0]), torch.tensor([2.0, 3.0]))
    ours, theirs = (hole_mass(ExactRatio(CLUSTER, p))[0] for p in (BOX, uniform))
    assert theirs == pytest.approx(ours, abs=0.02)


@pytest.mark.parametrize("method", ["probability", "logit", "gauss_newton", "score"])
def test_points_off_the_support_are_said_to_be_so(method):
    z = torch.tensor([[0.0, 0.5], [9.0, 0.5]], dtype=torch.float64)
    found = correct(z, EXACT, method, Denser(EXACT.log_q_level(0.5)), Run(max_steps=50))
    assert Status(int(found.status[1])) == Status.OFF_SUPPORT
    assert torch.equal(found.z[1], z[1]) and Status(int(found.status[0])) != Status.NON_FINITE
    assert int(EXACT.region(z)[1]) == Region.NO_DATA


def test_a_step_out_of_the_support_ends_there_and_is_not_kept():
    class Pushing(ExactRatio):
        """A logit that falls towards the wall of the box, and on beyond it."""

        def logit(self, z):
            return -z[..., 0]

    start = torch.tensor([[1.9, 0.0]], dtype=torch.float64)
    found = correct(start, Pushing(CLUSTER, BOX), "score", Denser(5.0), Run(max_steps=90))
    assert Status(int(found.status)) == Status.OFF_SUPPORT
    assert float(BOX.log_prob(found.z)) == pytest.approx(-math.log(16))


def test_chains_and_paths_stay_in_a_box():
    z = BOX.sample(20, generator(5)).double()
    chains = langevin(z, EXACT, 0.01, 50)
    assert bool(BOX.log_prob(chains.z).isfinite().all())
    path = navigate(*CLUSTER.sample(2, generator(6), torch.float64), EXACT)
    assert bool(path.bottleneck.isfinite().all())


# ---- in a file ----

STORED = ["normal", "mixture", "full", "petals", "box"]


def ratio_with(prior, seed=0):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.SiLU(), torch.nn.Linear(8, 1))
    return DensityRatio(net, BOX.sample(30, generator()), prior)


@pytest.mark.filterwarnings("ignore:network:UserWarning")
@pytest.mark.parametrize("name", STORED)
def test_a_file_brings_its_prior(name, tmp_path):
    ratio = ratio_with(PRIORS[name])
    ratio.save(tmp_path / "ratio.safetensors")
    again = DensityRatio.load(tmp_path / "ratio.safetensors")
    z = BOX.sample(20, generator(1))
    assert torch.equal(again.log_q(z), ratio.log_q(z))
    same = DensityRatio.load(tmp_path / "ratio.safetensors", prior=PRIORS[name])
    assert same.prior is PRIORS[name]
    with pytest.raises(ValueError, match="expected the prior that the ratio was written with"):
        DensityRatio.load(tmp_path / "ratio.safetensors", prior=Box([-9.0, -9.0], [9.0, 9.0]))


@pytest.mark.filterwarnings("ignore:network:UserWarning")
def test_a_prior_of_ones_own_is_handed_in_again(tmp_path):
    file, own = tmp_path / "ratio.safetensors", PRIORS["torch, student"]
    ratio = ratio_with(own)
    ratio.save(file)
    with pytest.raises(ValueError, match="expected prior=, as the file was written with one of"):
        DensityRatio.load(file)
    with pytest.raises(ValueError, match="expected the prior that the ratio was written with"):
        DensityRatio.load(file, prior=StandardNormal(2))
    again = DensityRatio.load(file, prior=own)
    assert torch.equal(again.log_q(ratio.held_out), ratio.log_q(ratio.held_out))
    assert isinstance(own, TorchPrior)
