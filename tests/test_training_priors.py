"""An adversarial autoencoder whose codes shall be distributed like another prior than N(0, I)."""

import contextlib
import io
from pathlib import Path

import nbformat
import pytest
import torch
from torch.distributions import MultivariateNormal

from nav_utils.data import load_images
from nav_utils.models import AAE
from nav_utils.priors import Box, petals
from nav_utils.training import aae_step, adam, autoencoder_parameters, train_aae

DIGITS = load_images().images[:128]
ROOT = Path(__file__).parents[1]


def small():
    return AAE((1, 8, 8), 2, (16,), discriminator_hidden=(8,))


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def after_one_step(step):
    """The weights after one step on some digits."""
    model = small()
    optimizers = {
        "autoencoder": adam(autoencoder_parameters(model), 1e-3),
        "discriminator": adam(model.discriminator.parameters(), 1e-3),
    }
    step(model, optimizers, DIGITS[:32], torch.Generator().manual_seed(4), weight=2.0, penalty=0.1)
    return weights(model)


CELLS = (
    "from nav_utils.arguments import expect_shape",
    "class AAE(",
    "import reconstruction_nats",
    "def gradient_penalty(",
    "def update(",
    "def aae_step(",
)


def test_the_step_that_the_chapter_builds_is_that_of_the_package_for_the_usual_prior():
    notebook = nbformat.read(ROOT / "notebooks" / "04_adversarial.ipynb", as_version=4)
    names = {}
    for mark in CELLS:
        (cell,) = [c for c in notebook.cells if c.cell_type == "code" and mark in c.source]
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(cell.source, mark, "exec"), names)
    assert names["aae_step"] is not aae_step
    assert torch.equal(after_one_step(names["aae_step"]), after_one_step(aae_step))


@pytest.mark.parametrize(
    ("prior", "centre"),
    [
        (Box([1.0, -2.5], [2.0, -1.5]), (1.5, -2.0)),
        (MultivariateNormal(torch.tensor([-2.0, 1.5]), 0.25 * torch.eye(2)), (-2.0, 1.5)),
    ],
    ids=["a box", "of torch"],
)
def test_codes_go_where_the_prior_is(prior, centre):
    model = AAE((1, 8, 8), 2, (32,), discriminator_hidden=(32,))
    options = {"weight": 20.0, "batch_size": 64, "progress": False}
    train_aae(model, DIGITS, 40, prior=prior, **options)
    with torch.no_grad():
        mean = model.encode(DIGITS).mean(0)
    assert (mean - torch.tensor(centre)).norm() < 0.5


def test_a_step_of_one_s_own_gets_the_prior_only_if_there_is_one():
    seen = []

    def step(model, optimizers, x, generator, **options):
        seen.append(options)
        return {"none": torch.zeros(())}

    prior = petals()
    train_aae(small(), DIGITS, 1, step=step, batch_size=128, progress=False)
    train_aae(small(), DIGITS, 1, step=step, batch_size=128, prior=prior, progress=False)
    assert [set(options) for options in seen] == [
        {"weight", "penalty"},
        {"weight", "penalty", "prior"},
    ]
    assert seen[1]["prior"] is prior


def test_a_run_goes_on_with_its_prior_and_with_no_other(tmp_path):
    def stop(info):
        if info["step"] == 3:
            raise KeyboardInterrupt

    def run(prior, **options):
        model = small()
        options |= {"batch_size": 64, "progress": False}
        train_aae(model, DIGITS, 3, prior=prior, **options)
        return weights(model)

    file = {"checkpoint": tmp_path / "run.safetensors", "checkpoint_every": 1}
    with pytest.raises(KeyboardInterrupt):
        run(petals(5), callback=stop, **file)
    for other in (None, petals(6), Box([-1.0, -1.0], [1.0, 1.0])):
        with pytest.raises(ValueError, match="a checkpoint of this run.*step options"):
            run(other, **file)
    assert torch.equal(run(petals(5), **file), run(petals(5)))


@pytest.mark.parametrize(
    ("prior", "words"),
    [
        (Box([0.0], [1.0]), "prior: expected dimension 2, that of the codes, got 1"),
        ("box", "prior: expected a distribution of torch.distributions, or an object with dim"),
    ],
)
def test_what_is_no_prior_of_the_codes_is_told(prior, words):
    with pytest.raises(ValueError, match=words):
        train_aae(small(), DIGITS, 1, prior=prior)
