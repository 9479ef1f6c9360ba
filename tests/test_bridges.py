"""A ratio in K easier questions: the chain, the sum of the heads, any prior, and its warnings."""

import warnings

import pytest
import torch
from ratios import generator, normal

from nav_utils.bridges import chain, telescope, warn_of_separation
from nav_utils.densities import GaussianMixture, StandardNormal
from nav_utils.fitting import bridge_loss, fit_ratio, logistic_loss
from nav_utils.models import mlp
from nav_utils.navigation import PathStatus, navigate
from nav_utils.priors import Box
from nav_utils.ratio import DensityRatio, ExactRatio

QUICK = {"steps": 500, "batch_size": 200, "hidden": (64, 64), "progress": False}
QUICK |= {"learning_rate": 1e-2}
FAR = GaussianMixture(2.2 * torch.eye(8), 0.35)  # 8 clusters in 8 dimensions, 8 nats from N(0, I)
CODES, OTHERS = FAR.sample(3000, generator(1)).float(), FAR.sample(600, generator(2)).float()


@pytest.fixture(scope="module")
def far():
    """The same codes with one question and with four."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {k: fit_ratio(CODES, OTHERS, bridges=k, **QUICK) for k in (1, 4)}


# ---- the chain ----


@pytest.mark.parametrize("prior", [StandardNormal(2), Box([1.0, -3.0], [2.0, 5.0])])
def test_the_ends_of_a_chain_are_prior_and_codes_themselves(prior):
    n, z = prior.sample(50, generator(1)), normal(50, 2)
    links = chain(n, z, n.mean(0), 4)
    assert len(links) == 5 and torch.equal(links[0], n) and torch.equal(links[-1], z)
    assert [len(x) for x in chain(n, z, n.mean(0), 1)] == [50, 50]


def test_a_link_mixes_so_that_variance_and_mean_stay():
    prior = GaussianMixture([[4.0, -2.0]], 1.0)
    n, z = prior.sample(30_000, generator(1)).float(), prior.sample(30_000, generator(2)).float()
    links = chain(n, z, torch.tensor([4.0, -2.0]), 3)
    for link in links:
        torch.testing.assert_close(link.mean(0), torch.tensor([4.0, -2.0]), atol=0.03, rtol=0)
        torch.testing.assert_close(link.std(0), torch.ones(2), atol=0.03, rtol=0)
    alone = chain(n, torch.zeros(30_000, 2) + n.mean(0), n.mean(0), 4)  # codes at one point
    shares = [float(link.std(0).mean()) for link in alone]
    assert shares == pytest.approx([1, 0.75, 0.5, 0.25, 0], abs=0.01)


def test_the_shorter_side_of_a_chain_is_used_again():
    n, z = normal(40, 2), normal(10, 2, seed=1)
    first, between, last = chain(n, z, torch.zeros(2), 2)
    assert (len(first), len(between), len(last)) == (40, 40, 10)
    torch.testing.assert_close(between[10:20], 0.75**0.5 * z + 0.5 * n[10:20])


# ---- the sum of the heads ----


def test_each_head_is_asked_about_its_own_neighbours():
    logits = [normal(30, 2, seed=s) for s in range(3)]
    first = logistic_loss(logits[0][:, 0], logits[1][:, 0])
    second = logistic_loss(logits[1][:, 1], logits[2][:, 1])
    torch.testing.assert_close(bridge_loss(logits), (first + second) / 2)


def test_the_sum_of_the_heads_is_a_network_with_one_output():
    heads, z = mlp([3, 16, 4]), normal(20, 3)
    before = heads(z)
    total = telescope(heads, [(1.0, 0.0), (0.5, 1.0), (2.0, 0.0), (1.0, -3.0)])
    expected = before @ torch.tensor([1.0, 0.5, 2.0, 1.0]) - 2
    torch.testing.assert_close(total(z).squeeze(-1), expected)
    torch.testing.assert_close(telescope(heads)(z).squeeze(-1), before.sum(-1))
    assert torch.equal(heads(z), before), "a copy"
    assert repr(total) == repr(mlp([3, 16, 1]))


def test_a_telescoped_ratio_is_a_plain_network_everywhere(far, tmp_path):
    ratio, z = far[4], normal(20, 8)
    assert ratio.sizes == [8, 64, 64, 1] and (ratio.scale, ratio.shift) == (1.0, 0.0)
    ratio.save(tmp_path / "r.safetensors")
    again = DensityRatio.load(tmp_path / "r.safetensors")
    assert torch.equal(again.logit(z), ratio.logit(z)) and again.history == ratio.history
    a, gradient = ratio.logit_and_grad(z)
    x = z.clone().requires_grad_()
    value = ratio.network(x).squeeze(-1)
    torch.testing.assert_close(a, value.detach())
    torch.testing.assert_close(gradient, torch.autograd.grad(value.sum(), x)[0])


# ---- what it is for ----


def score_error(ratio, exact):
    """Mean squared error of the score over q, by the mean square of the score."""
    z = exact.q.sample(3000, generator(5)).float()
    truth = exact.score_q(z.double()).float()
    return float((ratio.score_q(z) - truth).square().sum() / truth.square().sum())


def test_bridges_learn_what_one_question_cannot(far):
    exact = ExactRatio(FAR)
    single, telescoped = (score_error(far[k], exact) for k in (1, 4))
    assert telescoped < 0.75 * single
    z = FAR.sample(3000, generator(6)).float()
    kl = -float(exact.logit(z.double()).mean())
    assert -float(far[4].logit(z).mean()) == pytest.approx(kl, rel=0.2)


@pytest.mark.parametrize(
    ("prior", "q"),
    [
        (Box([0.0, 0.0], [4.0, 4.0]), Box([1.0, 1.0], [2.0, 2.0])),
        (GaussianMixture([[3.0, 0.0], [5.0, 0.0]], 0.6), GaussianMixture([[4.0, 1.0]], 0.3)),
    ],
    ids=["box", "mixture"],
)
def test_the_sum_is_right_for_other_priors(prior, q):
    codes, others = q.sample(3000, generator(1)).float(), q.sample(600, generator(2)).float()
    ratio = fit_ratio(codes, others, prior, bridges=3, **QUICK)
    z = q.sample(2000, generator(3)).float()
    with torch.no_grad():
        error = ratio.logit(z) - (prior.log_prob(z) - q.log_prob(z))
    assert abs(float(error.mean())) < 0.2  # of log 16 = 2.8 nats in the box, 3.2 in the mixture
    assert float(error.abs().median()) < 0.8  # a box has edges, which a network rounds
    off = prior.sample(2000, generator(4)).float()
    off = off[q.log_prob(off) < q.log_prob(z).min() - 5]
    with torch.no_grad():
        assert float((ratio.logit(off) > 1).float().mean()) > 0.85


def test_the_history_tells_both_losses_and_the_callback_gets_one_output():
    looks = []
    options = QUICK | {"steps": 40, "check_every": 20, "callback": looks.append}
    ratio = fit_ratio(CODES, OTHERS, bridges=3, **options)
    assert set(ratio.history) == {"step", "train_loss", "held_out_loss", "bridge_loss"}
    assert ratio.history["bridge_loss"] == [look["bridge_loss"] for look in looks]
    assert looks[-1]["held_out_loss"] < looks[-1]["bridge_loss"], "neighbours are harder to tell"
    assert looks[-1]["network"](CODES[:5]).shape == (5, 1)
    torch.testing.assert_close(looks[-1]["network"](CODES[:5]).squeeze(-1), ratio.logit(CODES[:5]))


def test_training_stops_by_the_bridges_and_each_is_calibrated():
    """Few codes, which the heads learn by heart."""
    few = {"weight_decay": 0.0, "learning_rate": 1e-2, "check_every": 50, "patience": 99}
    options = QUICK | few | {"bridges": 3, "steps": 300}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain, turned = (fit_ratio(CODES[:60], OTHERS, recalibrate=r, **options) for r in (0, 1))
    losses = plain.history["bridge_loss"]
    assert losses.index(min(losses)) < len(losses) - 1
    prior, z = normal(4000, 8, seed=3), FAR.sample(4000, generator(7)).float()
    before, after = (float(logistic_loss(r.logit(prior), r.logit(z))) for r in (plain, turned))
    assert after < before
    assert turned.sizes == plain.sizes and (turned.scale, turned.shift) == (1.0, 0.0)


@pytest.mark.parametrize("bridges", [0, -1, 1.5, "auto"])
def test_a_number_of_bridges_that_is_none_is_refused(bridges):
    with pytest.raises(ValueError, match="bridges: expected a whole number of at least 1"):
        fit_ratio(CODES, OTHERS, bridges=bridges, **QUICK)


# ---- warnings ----


def test_a_ratio_that_separates_too_well_says_what_to_do():
    """Codes of 4 x 32 x 32 coordinates, where straight lines were called reached."""
    codes = 0.8 * normal(400, 4096) + 0.2
    options = QUICK | {"steps": 20, "hidden": (16,), "check_every": 10}
    with pytest.warns(UserWarning, match=r"AUC of (0\.99\d\d|1\.0000).*Take bridges=4 or more"):
        ratio = fit_ratio(codes[:280], codes[280:], **options)
    path = navigate(codes[280:300], codes[300:320], ratio, "straight", n_points=16)
    assert bool((path.status == PathStatus.REACHED).all()), "which is why a warning is needed"


def test_no_prior_sample_below_the_level_is_told_too():
    on_prior, on_codes = torch.linspace(0, 2, 200), torch.linspace(-1, 0.005, 100)
    on_codes[-4:] = 2.5  # so that the AUC is about 0.96
    with pytest.warns(UserWarning, match="no prior sample is below the level"):
        warn_of_separation([on_prior[:, None], on_codes[:, None]])


def test_a_bridge_that_separates_too_well_is_named():
    blind, sure = torch.zeros(100, 1), torch.linspace(5, 6, 100)[:, None]
    logits = [torch.cat([blind, x], 1) for x in (blind, sure, -sure)]
    with pytest.warns(UserWarning, match="bridge 2 of 2, .*bridges=4"):
        warn_of_separation(logits)


def test_where_they_overlap_or_codes_are_few_nothing_is_said(far):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_ratio(normal(600, 2), normal(300, 2, seed=1), **QUICK | {"steps": 5})
        fit_ratio(CODES, OTHERS, bridges=4, **QUICK | {"steps": 5})
        apart = torch.ones(40, 1)
        warn_of_separation([apart, -apart])  # a perfect AUC of 40 codes may be luck
