"""The score network of the benchmarks, what judges it, and the tables of its results."""

import json
import sys
from pathlib import Path

import pytest
import torch

from nav_utils.densities import GaussianMixture, two_clusters
from nav_utils.models import mlp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
import score
import score_mnist
from denoising import ScoreNetwork, as_ratio, denoising_loss, fisher_loss, fit_score

RESULTS = Path(__file__).resolve().parent.parent / "benchmarks" / "results"


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_the_fisher_loss_is_half_the_squared_error_but_for_a_constant():
    q = two_clusters()
    z = q.sample(20_000, seeded(0), torch.float64)
    lean = torch.tensor([[0.3, -0.4], [0.1, 0.2]], dtype=torch.float64)

    def wrong(x):
        return q.score(x) + torch.sin(x @ lean)

    error = (wrong(z) - q.score(z)).square().sum(1).mean()
    gap = fisher_loss(wrong, z) - fisher_loss(q.score, z)
    assert float(error) > 0.1
    assert gap == pytest.approx(float(error) / 2, rel=0.1)


@pytest.mark.parametrize("energy", [False, True])
def test_a_score_network_learns_the_blurred_score(energy):
    q, sigma = GaussianMixture(torch.zeros(1, 2), 0.5), 0.5
    codes, held_out, z = (q.sample(n, seeded(n)) for n in (2000, 400, 500))
    network = fit_score(
        codes, held_out, sigma=sigma, energy=energy, hidden=(32,), steps=200, rows=256,
        learning_rate=3e-2,
    )  # fmt: skip
    found = network.at(sigma)(z).detach()
    errors = {  # of the blurred score and of the score of the codes
        blur: score.relative_error(found, -z / (0.5**2 + blur**2)) for blur in (sigma, 0.0)
    }
    assert errors[sigma] < 0.02 < 0.2 < errors[0.0]


def test_the_denoising_loss_is_least_for_the_score_of_a_normal_distribution():
    """By hand: an identity in place of the network, at one level."""
    network, z = ScoreNetwork(3, sigma=0.7), torch.randn(4000, 3, generator=seeded(1))
    noise, sigma = torch.randn(4000, 3, generator=seeded(2)), torch.full((4000, 1), 0.7)
    y = z + 0.7 * noise
    losses = []
    for share in (-0.2, 0.0, 0.2):  # codes from N(0, I): the true answer of the network is 0
        network.network = mlp([3, 3])
        network.network.load_state_dict(
            {"0.weight": share * torch.eye(3), "0.bias": torch.zeros(3)}
        )
        losses.append(float(denoising_loss(network, z, noise, sigma)))
    by_hand = (-y / (1 + 0.7**2) * 0.7 + noise).square().mean() * (1 + 0.7**2)
    assert losses[1] == pytest.approx(float(by_hand), rel=1e-5)
    assert losses[1] < min(losses[0], losses[2])


@pytest.mark.parametrize("level", [None, 0.3])
def test_an_energy_is_a_ratio_with_the_same_score(level):
    torch.manual_seed(0)
    network, held_out = ScoreNetwork(2, level, energy=True, hidden=(16, 16)), torch.randn(300, 2)
    ratio = as_ratio(network, 0.3, held_out)
    z = torch.randn(50, 2)
    torch.testing.assert_close(ratio.score_q(z), network.at(0.3)(z).detach(), rtol=1e-3, atol=1e-4)
    assert ratio.sizes == [2, 16, 16, 1]
    prior = ratio.prior.sample(4000, seeded(3))
    noisy = held_out + 0.3 * torch.randn(300, 2, generator=seeded(4))
    balance = ratio.prob(prior).mean() + ratio.prob(noisy).mean()
    assert float(balance) == pytest.approx(1, abs=0.05)
    with pytest.raises(ValueError, match="energy=True"):
        as_ratio(ScoreNetwork(2), 0.3, held_out)


def test_clusters_are_as_far_from_the_prior_as_asked():
    data = score.drawn(8, 8.0, 500, seed=0)
    z = data.places["on q"]
    kl = -float(data.exact.logit(z.double()).mean())
    assert kl == pytest.approx(8, abs=0.5)
    assert torch.allclose(z.var(0), torch.ones(8), atol=0.1)
    assert len(data.stopping) + len(data.choosing) == 100


def test_features_alike_are_at_distance_0_and_moved_ones_at_the_square_of_the_move():
    x = torch.randn(400, 3, generator=seeded(0), dtype=torch.float64)
    assert score_mnist.frechet(x, x) == pytest.approx(0, abs=1e-6)
    assert score_mnist.frechet(x + 2, x) == pytest.approx(12)
    assert score_mnist.precision_recall(x, x) == (1, 1)
    assert score_mnist.precision_recall(x + 50, x) == (0, 0)
    half = x[x[:, 0] > 0]  # all of it is real, and much of what is real lacks
    precision, recall = score_mnist.precision_recall(half, x)
    assert precision == 1 and 0.4 < recall < 0.9


def test_the_tables_are_those_of_the_runs():
    found = json.loads((RESULTS / "score.json").read_text())
    assert found["cells"] == score.printed(found["runs"])
    assert set(found["cells"]) == {score.name_of(*cell) for cell in score.CELLS}
    assert found["forms"] == score.tried_forms(found["pilot"])
    others = found["other dimensions"]
    assert others["cells"] == score.printed(others["runs"])
    assert set(others["cells"]) == {score.name_of(*cell) for cell in score.OTHERS}
