"""Langevin dynamics: MALA samples q, ULA nearly so, and each chain is its own."""

import math

import pytest
import torch

from nav_utils.correction import Status
from nav_utils.densities import GaussianMixture, ring
from nav_utils.langevin import langevin
from nav_utils.models import mlp, seeded
from nav_utils.ratio import DensityRatio, ExactRatio

RING = ExactRatio(ring())


def generator(seed):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=generator(seed), dtype=dtype)


def samples(n, seed=1, dtype=torch.float32):
    return ring().sample(n, generator(seed), dtype)


def moments(z):
    """Mean radius and mean log q of points (..., 2)."""
    return float(z.norm(dim=-1).mean()), float(ring().log_prob(z).mean())


TRUTH = moments(samples(400_000, dtype=torch.float64))  # exact to 0.0003 and 0.001


def oblong(z):
    """Log density, up to a constant, and score of N((1, -2), diag(0.3, 2)^2)."""
    mean, std = torch.tensor([1.0, -2.0]).to(z), torch.tensor([0.3, 2.0]).to(z)
    scaled = (z - mean) / std
    return -0.5 * scaled.square().sum(-1), -scaled / std


# ---- does it sample what it should? ----


@pytest.mark.parametrize("start", ["codes", "prior"])
def test_mala_samples_q(start):
    z = samples(6000, 2) if start == "codes" else normal(6000, 2, dtype=torch.float32)
    chains = langevin(z, RING, 0.03, 100, keep_every=5)
    later = chains.samples[8:]
    for found, expected in zip(moments(later), TRUTH, strict=True):
        assert found == pytest.approx(expected, rel=0.01)
    assert 0.6 < float(chains.acceptance.mean()) < 0.98
    if start == "prior":
        assert moments(z)[1] < TRUTH[1] - 1  # it had somewhere to go


def test_mala_finds_mean_and_variances_of_a_normal_distribution():
    chains = langevin(torch.zeros(3000, 2), oblong, 0.1, 400, keep_every=50)
    later = chains.samples[4:].reshape(-1, 2)
    assert later.mean(0).tolist() == pytest.approx([1.0, -2.0], abs=0.08)
    assert later.std(0).tolist() == pytest.approx([0.3, 2.0], rel=0.03)


def test_the_bias_of_ula_is_proportional_to_the_step():
    steps, biases = (0.005, 0.01, 0.02), []
    for h in steps:
        chains = langevin(samples(6000, 3), RING, h, 60, metropolis=False, keep_every=5)
        biases.append(TRUTH[1] - moments(chains.samples[6:])[1])
    assert 0 < biases[0] < biases[1] < biases[2]
    for one, two in zip(biases, biases[1:], strict=False):
        assert two / one == pytest.approx(2, abs=0.5)
    exact = langevin(samples(6000, 3), RING, steps[-1], 60, keep_every=5)
    assert abs(TRUTH[1] - moments(exact.samples[6:])[1]) < biases[-1] / 4


def test_the_variance_that_ula_ends_with_is_the_one_it_must():
    """For N(0, s^2) the linear recursion ends at s^2 / (1 - h / (2 s^2))."""
    s, h = 0.5, 0.1
    chains = langevin(
        s * normal(40_000, 1),
        lambda z: (-0.5 * z.square().sum(-1) / s**2, -z / s**2),
        h,
        40,
        metropolis=False,
        keep_every=20,
    )
    assert float(chains.z.var()) == pytest.approx(s**2 / (1 - h / (2 * s**2)), rel=0.03)
    assert float(chains.z.mean()) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("start", ["codes", "prior"])
def test_small_steps_are_accepted(start):
    z = samples(1000, 4) if start == "codes" else normal(1000, 2)
    shares = [float(langevin(z, RING, h, 20).acceptance.mean()) for h in (0.3, 0.1, 0.01, 1e-4)]
    assert shares == sorted(shares) and shares[0] < 0.6 and shares[-1] > 0.999


def test_a_step_is_that_of_the_formula():
    """Ten lines of Metropolis-adjusted Langevin, beside what `langevin` did."""
    h, looks = 0.2, []
    z = normal(500, 2)
    ula = langevin(z, oblong, h, 1, metropolis=False, seed=7).z  # where each chain wants to go
    mala = langevin(z, oblong, h, 1, seed=7, callback=looks.append)

    def log_step(here, there):  # log density of going from here to there
        return -(there - here - h * oblong(here)[1]).square().sum(-1) / (4 * h)

    log_odds = oblong(ula)[0] + log_step(ula, z) - oblong(z)[0] - log_step(z, ula)
    went = (mala.z == ula).all(-1)
    assert torch.equal(mala.z[~went], z[~went])
    assert torch.equal(went, looks[0]["accepted"]) and torch.equal(mala.acceptance, went.double())
    assert bool(went[log_odds >= 0].all()) and bool((log_odds < 0).any())
    share = log_odds.clamp_max(0).exp()
    assert float(went.double().mean()) == pytest.approx(float(share.mean()), abs=0.05)
    assert float(share[went].mean()) > float(share[~went].mean()) + 0.1
    noise = (ula - z - h * oblong(z)[1]) / math.sqrt(2 * h)
    assert float(noise.std()) == pytest.approx(1, abs=0.05)
    assert float(noise.mean()) == pytest.approx(0, abs=0.1)


# ---- chains are their own ----


@pytest.mark.parametrize("metropolis", [True, False])
def test_a_chain_with_its_own_seed_does_not_know_the_others(metropolis):
    z, seeds = normal(3, 4, 2), torch.arange(12).reshape(3, 4) + 5
    options = {"metropolis": metropolis, "keep_every": 5}
    together = langevin(z, RING, 0.05, 20, seed=seeds, **options)
    alone = langevin(z[1, 2], RING, 0.05, 20, seed=seeds[1, 2], **options)
    torch.testing.assert_close(alone.z, together.z[1, 2], rtol=0, atol=1e-9)
    torch.testing.assert_close(alone.samples, together.samples[:, 1, 2], rtol=0, atol=1e-9)
    assert torch.equal(alone.acceptance, together.acceptance[1, 2])
    turned = langevin(z.flip(0), RING, 0.05, 20, seed=seeds.flip(0), **options)
    torch.testing.assert_close(turned.z.flip(0), together.z, rtol=0, atol=1e-9)
    twins = langevin(z[:1, :1].expand(1, 2, 2), RING, 0.05, 9, seed=torch.tensor([[3, 3]]))
    torch.testing.assert_close(twins.z[0, 0], twins.z[0, 1])
    options = {"metropolis": False, "seed": torch.tensor([3, 4])}
    others = langevin(z[:1, 0].expand(2, 2), RING, 0.05, 9, **options)
    assert not bool((others.z[0] == others.z[1]).any())


def test_a_seed_is_a_run():
    z, state = normal(20, 2), torch.get_rng_state()
    one, again, other = (langevin(z, RING, 0.05, 15, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.z, again.z) and torch.equal(one.acceptance, again.acceptance)
    assert not bool((one.z == other.z).all(-1).any())
    ula, other = (langevin(z, RING, 0.05, 1, metropolis=False, seed=s).z for s in (0, 1))
    assert not bool((ula == other).any())
    assert torch.equal(torch.get_rng_state(), state)
    same_start = langevin(z[:1].expand(20, 2), RING, 0.05, 15)  # but another noise each
    assert len(same_start.z.unique(dim=0)) == 20
    longer = langevin(z, RING, 0.05, 25, keep_every=15)
    assert torch.equal(longer.samples[0], one.z)  # a longer run begins as the shorter one


@pytest.mark.parametrize("metropolis", [True, False])
def test_a_function_is_as_good_as_a_ratio(metropolis):
    z = normal(50, 2)
    by_ratio = langevin(z, RING, 0.05, 20, metropolis=metropolis)
    by_function = langevin(
        z,
        lambda x: (ring().log_prob(x) + 3.0, ring().score(x)),
        0.05,
        20,
        metropolis=metropolis,
    )
    torch.testing.assert_close(by_ratio.z, by_function.z, rtol=0, atol=1e-6)
    other = ExactRatio(ring(), GaussianMixture([[0.5, 0.0]], 2.0))  # q does not know the prior
    again = langevin(z, other, 0.05, 20, metropolis=metropolis)
    torch.testing.assert_close(by_ratio.z, again.z, rtol=0, atol=1e-6)


# ---- what comes back ----


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3, 4)])
def test_shape_and_dtype_follow_the_starts(dtype, shape):
    with seeded(0):
        learnt = DensityRatio(mlp((2, 16, 1)), ring().sample(50, generator(0)))
    z = normal(*shape, 2, dtype=dtype).requires_grad_()
    before = z.detach().clone()
    for ratio in (RING, learnt):
        for keep_every, kept in ((None, 0), (2, 3), (7, 1), (99, 0)):
            chains = langevin(z, ratio, 0.01, 7, keep_every=keep_every)
            assert chains.z.shape == z.shape and chains.samples.shape == (kept, *z.shape)
            assert chains.z.dtype == chains.samples.dtype == chains.acceptance.dtype == dtype
            assert chains.acceptance.shape == chains.status.shape == shape
            assert not chains.z.requires_grad and bool((chains.status == Status.MAX_STEPS).all())
    assert torch.equal(z.detach(), before) and z.grad is None
    assert all(p.grad is None for p in learnt.network.parameters())


def test_the_callback_and_the_samples_see_the_same_walk():
    z, looks = normal(6, 2), []
    chains = langevin(z, RING, 0.2, 10, keep_every=3, callback=looks.append)
    assert [look["step"] for look in looks] == list(range(1, 11))
    for kept, number in zip(chains.samples, (3, 6, 9), strict=True):
        assert torch.equal(kept, looks[number - 1]["z"])
    assert torch.equal(chains.z, looks[-1]["z"])
    for look in looks:
        torch.testing.assert_close(look["log_density"], ring().log_prob(look["z"]))
    accepted = torch.stack([look["accepted"] for look in looks])
    torch.testing.assert_close(chains.acceptance, accepted.double().mean(0))
    places = torch.stack([z, *(look["z"] for look in looks)])
    assert torch.equal((places.diff(dim=0) != 0).any(-1), accepted)
    assert bool(accepted.any()) and not bool(accepted.all())


# ---- what goes wrong ----


def quartic(z):
    return -z.square().square().sum(-1), -4 * z**3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_chain_that_runs_away_is_finite_and_says_so(dtype):
    z = torch.tensor([[0.1, 0.1], [9.0, 0.0], [0.2, -0.1]], dtype=dtype)
    wild = langevin(z, quartic, 0.02, 200, metropolis=False, keep_every=1)
    assert wild.status.tolist() == [Status.MAX_STEPS, Status.NON_FINITE, Status.MAX_STEPS]
    assert bool(wild.z.isfinite().all()) and bool(wild.samples.isfinite().all())
    assert bool((quartic(wild.z)[0]).isfinite().all())
    assert float(wild.acceptance[1]) < 1 and wild.acceptance[[0, 2]].tolist() == [1, 1]
    alone = langevin(z[:1], quartic, 0.02, 200, metropolis=False)
    assert torch.equal(alone.z[0], wild.z[0])
    tame = langevin(z, quartic, 0.02, 200)  # Metropolis refuses to run away
    assert tame.status.tolist() == [Status.MAX_STEPS] * 3
    assert bool(tame.z.isfinite().all())


@pytest.mark.parametrize("metropolis", [True, False])
def test_a_target_that_is_broken_somewhere_harms_only_the_chains_there(metropolis):
    def target(z):
        value, score = oblong(z)
        beyond = z[:, 0] > 2
        return value.masked_fill(beyond, math.nan), score.masked_fill(beyond[:, None], math.inf)

    z = torch.tensor([[0.9, -2.0], [3.0, 0.0]], dtype=torch.float64)
    chains = langevin(z, target, 1e-3, 30, metropolis=metropolis)
    clean = langevin(z, oblong, 1e-3, 30, metropolis=metropolis)
    assert chains.status.tolist() == [Status.MAX_STEPS, Status.NON_FINITE]
    assert torch.equal(chains.z[0], clean.z[0]) and torch.equal(chains.z[1], z[1])
    assert float(chains.acceptance[1]) == 0


POINTS = torch.zeros(3, 2)
BAD = {
    "empty": ({"z": torch.empty(0, 2)}, r"z: expected finite floating values.*\(0, 2\)"),
    "NaN": ({"z": torch.tensor([[0.0, math.nan]])}, "z: .*1 of them not finite"),
    "integers": ({"z": torch.zeros(3, 2).long()}, "z: .*int64"),
    "half": ({"z": torch.zeros(3, 2).half()}, "z: expected float32 or float64.*float16"),
    "a number": ({"z": torch.tensor(1.0)}, r"z: expected shape \(\.\.\., d\)"),
    "three coordinates": ({"z": torch.zeros(4, 3)}, r"z: expected shape \(\.\.\., 2\)"),
    "step 0": ({"step_size": 0.0}, "positive step_size.*0.0"),
    "step NaN": ({"step_size": math.nan}, "positive step_size.*nan"),
    "step infinite": ({"step_size": math.inf}, "positive step_size.*inf"),
    "no steps": ({"n_steps": 0}, "n_steps >= 1"),
    "keep 0": ({"keep_every": 0}, "keep_every >= 1.* 0$"),
    "keep -1": ({"keep_every": -1}, "keep_every >= 1.* -1$"),
    "seeds": ({"seed": torch.arange(4)}, r"seed: expected shape \(3,\), got \(4,\)"),
    "seeds that are no numbers": ({"seed": torch.zeros(3)}, "seed: expected an int64 tensor"),
    "negative seed": ({"seed": -1}, "seed: expected a whole number"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        langevin(**{"z": POINTS, "target": RING, "step_size": 0.1, "n_steps": 3} | options)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("metropolis", [True, False])
def test_chains_on_a_gpu_take_the_same_steps(metropolis):
    z, seeds = normal(200, 2), torch.arange(200)
    here, there = (
        langevin(x, RING, 0.02, 10, metropolis=metropolis, seed=s)
        for x, s in ((z, seeds), (z.cuda(), seeds.cuda()))
    )
    assert there.z.is_cuda and there.acceptance.is_cuda and there.status.is_cuda
    torch.testing.assert_close(here.z, there.z.cpu(), rtol=0, atol=1e-6)


def attached(z):
    """A target that does not detach: N(0, I) through a parameter."""
    weight = torch.ones((), requires_grad=True)
    return -weight * z.square().sum(-1) / 2, -weight * z


@pytest.mark.parametrize("metropolis", [True, False])
def test_no_graph_of_the_target_is_kept(metropolis):
    seen = []
    chains = langevin(
        torch.zeros(3, 2), attached, 0.1, 5, metropolis=metropolis, keep_every=1,
        callback=seen.append,
    )  # fmt: skip
    kept = [chains.z, chains.samples, *(x for facts in seen for x in facts.values())]
    assert not any(isinstance(x, torch.Tensor) and x.requires_grad for x in kept)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (lambda z: (z.sum(-1, keepdim=True), z), r"shape \(3,\).*got \(3, 1\) and \(3, 2\)"),
        (lambda z: (z.sum(-1), z.sum(-1)), r"score of shape \(3, 2\), got \(3,\) and \(3,\)"),
    ],
)
def test_a_target_of_another_shape_is_told(target, told):
    with pytest.raises(ValueError, match=f"target: expected a log density of .*{told}"):
        langevin(torch.zeros(3, 2), target, 0.1, 5)
