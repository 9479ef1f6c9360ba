"""Diffusion: preconditioning, the flow on densities whose best guess is known, training, files."""

import json
import sys
from pathlib import Path

import pytest
import torch

from nav_utils import Denoiser, draw_samples, heun, load_denoiser, noise_levels, train_denoiser
from nav_utils.checkpointing import read_safetensors
from nav_utils.densities import GaussianMixture
from nav_utils.diffusion import denoiser_loss
from nav_utils.pretrained import CHECKPOINTS

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
import denoisers
from quality import frechet, moments, radii

NAMES = ["mnist-16d", "mnist"]


def normal(n, *shape, seed=0):
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed))


def equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def guess_of_normal(mean, std):
    """E[clean | x] when the clean x are normal."""
    return lambda x, sigma: mean + std**2 / (std**2 + sigma**2) * (x - mean)


def test_the_flow_brings_noise_to_a_normal_density_and_errs_in_the_second_order():
    noise, mean, std, errors = normal(200, 3).double(), 0.7, 1.5, []
    for steps in (20, 40):
        sigmas = noise_levels(steps, std).double()
        assert len(sigmas) == steps + 1 and sigmas[-1] == 0 and bool((sigmas.diff() < 0).all())
        start = mean + sigmas[0] * noise
        truth = mean + std * (start - mean) / (std**2 + sigmas[0] ** 2).sqrt()
        found = heun(guess_of_normal(mean, std), start, sigmas)
        errors.append(float((found - truth).abs().max()))
    assert errors[1] < errors[0] / 3 < 0.25


def test_a_denoiser_starts_as_the_best_guess_of_a_normal_density():
    """The preconditioning is right when the network gives nothing: shrink by s^2 / (s^2 + n^2)."""
    denoiser = Denoiser((2,), (8,), mean=0.5, std=2.0)
    for weight in denoiser.network.leave.parameters():
        torch.nn.init.zeros_(weight)
    x, sigma = normal(5, 2), torch.tensor([0.01, 0.5, 1.0, 4.0, 90.0])
    right = guess_of_normal(0.5, 2.0)(x, sigma[:, None])
    torch.testing.assert_close(denoiser(x, sigma), right)
    torch.testing.assert_close(denoiser.score(x, sigma), (right - x) / sigma[:, None] ** 2)


@pytest.mark.parametrize(("shape", "widths"), [((3,), (8, 8)), ((1, 8, 8), (8, 16))])
def test_a_row_has_one_answer_whatever_stands_beside_it(shape, widths):
    denoiser = Denoiser(shape, widths).requires_grad_(False)
    x, sigma = normal(4, *shape), torch.tensor([0.1, 0.3, 1.0, 5.0])
    whole = denoiser(x, sigma)
    assert whole.shape == x.shape
    torch.testing.assert_close(denoiser(x[1:2], 0.3), whole[1:2], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(denoiser(x.flip(0), sigma.flip(0)), whole.flip(0))
    assert denoiser(x.double(), sigma).dtype == torch.float64
    low, high = (denoiser.network(x, level + sigma.log()) for level in (0.0, 1.0))
    assert not torch.allclose(low, high), "it is told the level"
    assert torch.equal(Denoiser(shape, widths)(x, 1.0), Denoiser(shape, widths)(x, 1.0))


@pytest.fixture(scope="module")
def mixture():
    """Codes of two clusters, and a denoiser that has learnt from them."""
    clusters = GaussianMixture([[1.0, 0.0], [-1.0, 0.0]], 0.2, weights=[0.25, 0.75])
    codes = clusters.sample(4000, torch.Generator().manual_seed(0))
    denoiser = Denoiser((2,), (32, 32))
    history = train_denoiser(
        denoiser, codes, 10, batch_size=200, learning_rate=1e-2, progress=False
    )
    return codes, denoiser, history


def test_a_trained_denoiser_draws_from_both_clusters_in_their_shares(mixture):
    codes, denoiser, history = mixture
    with torch.no_grad():
        before, after = (
            float(denoiser_loss(some, codes, torch.Generator().manual_seed(1)))
            for some in (Denoiser((2,), (32, 32)), denoiser)
        )
    assert after < 0.7 * before and history.epochs("denoising")[-1] < 0.7 * before
    made = draw_samples(denoiser, 2000)
    assert torch.equal(made, draw_samples(denoiser, 2000))
    right = made[:, 0] > 0
    assert 0.19 < float(right.double().mean()) < 0.31
    assert 0.1 < float(made[right].std(0).mean()) < 0.3
    assert float((made[~right].mean(0) - torch.tensor([-1.0, 0.0])).norm()) < 0.1


def test_what_comes_back_is_the_mean_of_the_weights(mixture):
    """The loss of the last weights jumps from batch to batch; the mean is another network."""
    codes, denoiser, _ = mixture
    seen = {}
    again = Denoiser((2,), (32, 32))

    def look(info):
        seen["average"] = [p.clone() for p in info["model"]["average"].module.parameters()]
        seen["now"] = [p.clone() for p in info["model"]["now"].parameters()]

    options = {"batch_size": 100, "learning_rate": 1e-2, "progress": False}
    train_denoiser(again, codes, 1, callback=look, **options)
    assert equal(again.parameters(), seen["average"])
    assert not equal(again.parameters(), seen["now"])


def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(tmp_path):
    images, file = torch.rand(64, 1, 4, 4), tmp_path / "run.safetensors"
    options = {"batch_size": 16, "progress": False, "half": True}

    def stop(info):
        if info["step"] == 3:
            raise KeyboardInterrupt

    whole, halves = (Denoiser((1, 4, 4), (8,), std=0.3) for _ in range(2))
    train_denoiser(whole, images, 2, **options)
    options |= {"checkpoint": file, "checkpoint_every": 2}
    with pytest.raises(KeyboardInterrupt):
        train_denoiser(halves, images, 2, callback=stop, **options)
    again = Denoiser((1, 4, 4), (8,), std=0.3)
    train_denoiser(again, images, 2, **options)
    assert equal(whole.parameters(), again.parameters())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Denoiser((2,), (8, 16)), "equal widths"),
        (lambda: Denoiser((1, 6, 6), (8, 8)), "multiples of 2 "),
        (lambda: Denoiser((1, 4, 4), (12,)), "multiples of 8"),
        (lambda: Denoiser((2,), (8,), std=0.0), "above 0"),
        (lambda: Denoiser((2,), (8,))(torch.zeros(3, 4), 1.0), r"expected shape \(..., 2\)"),
        (lambda: train_denoiser(Denoiser((2,), (8,)), torch.zeros(3, 4), 1), "data: expected"),
        (lambda: noise_levels(1), "at least 2"),
        (lambda: draw_samples(Denoiser((2,), (8,)), 0), "n: expected"),
    ],
)
def test_what_does_not_fit_is_told(make, said):
    with pytest.raises(ValueError, match=said):
        make()


# ---- what is shipped ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_denoiser_is_the_one_of_its_recipe_and_card(name):
    denoiser, recipe = load_denoiser(name), denoisers.RECIPES[name]
    card = json.loads((CHECKPOINTS / f"{name}.denoiser.json").read_text())
    assert card["model"] == denoiser.config == Denoiser(**recipe["model"]).config
    assert card["training"].items() >= recipe["training"].items()
    assert card["cost"]["FLOPs of one answer"] == denoisers.flops_of_an_answer(denoiser)
    assert card["cost"]["seconds of one core"] > 10
    assert not any(p.requires_grad for p in denoiser.parameters())
    weights, _ = read_safetensors(CHECKPOINTS / f"{name}.denoiser.safetensors")
    assert {w.dtype for w in weights.values()} == {torch.float16}


def test_an_unknown_diffusion_is_answered_with_those_that_are_there():
    with pytest.raises(ValueError, match="expected one of mnist, mnist-16d; did you mean 'mnist'"):
        load_denoiser("minst")


# ---- how it is measured -------------------------------------------------------------------------


def test_the_frechet_distance_is_that_of_the_formula():
    """Commuting covariances: |m1 - m2|^2 + sum of (s1 - s2)^2."""
    first = (torch.tensor([1.0, 0.0]).double(), torch.diag(torch.tensor([4.0, 9.0])).double())
    second = (torch.tensor([0.0, 2.0]).double(), torch.diag(torch.tensor([1.0, 25.0])).double())
    assert frechet(first, second) == pytest.approx(1 + 4 + 1 + 4)
    same = moments(normal(50, 4).double())
    assert frechet(same, same) == pytest.approx(0, abs=1e-9)


def test_the_radius_is_that_of_the_third_nearest_other_one():
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0], [20.0]]).double()
    assert radii(line)[0] == pytest.approx(7, abs=1e-6) and radii(line)[4] == pytest.approx(19)


def test_snapshots_double_and_end_with_the_last_step():
    assert denoisers.snapshot_steps(1876) == [80, 160, 320, 640, 1280, 1876]
    assert denoisers.snapshot_steps(1400) == [80, 160, 320, 640, 1400]
