"""Chapter 04: what its printed numbers have to show, and that the step it builds is what trains."""

import contextlib
import io
import math

import nbformat
import pytest
import torch

from tests.chapter_outputs import ROOT, line, numbers
from tests.stored_outputs import changed, tokens

BLIND = 2 * math.log(2)


def test_the_optimal_logit_gives_the_divergence():
    estimate, exact = numbers("04", "E_q[-a*] = ")
    assert estimate == pytest.approx(exact, abs=0.02) and exact > 0.2


def test_a_step_moves_every_network_and_detach_stops_a_gradient():
    moved = " a weight moved by up to "
    assert all(numbers("04", name + ":" + moved)[0] > 0 for name in ("encoder", "decoder"))
    assert numbers("04", "discriminator:" + moved)[0] > 0
    assert numbers("04", "with detach: length") == [0]
    assert numbers("04", "without: length")[0] > 0.01


def test_the_game_ends_in_a_draw_and_the_images_are_rebuilt():
    untrained = numbers("04", "untrained: ")[0]
    assert numbers("04", "reconstruction loss ")[0] < 0.6 * untrained
    (discriminator, _), _ = tokens(line("04", "(blind: 1.386)"))
    (adversarial, _), _ = tokens(line("04", "(at p = q: 0)"))
    assert discriminator.value == pytest.approx(BLIND, abs=0.1)
    assert abs(adversarial.value) < 0.15


def test_the_codes_are_about_as_wide_as_the_prior_and_those_of_a_plain_autoencoder_are_not():
    low, high = numbers("04", "the test codes' covariance ")[:2]
    assert 0.5 < low <= high < 1.7
    assert numbers("04", "their mean is ")[0] < 0.4
    assert numbers("04", "plain  ")[1] > 3


def test_a_stranger_sees_more_than_the_discriminator_and_less_than_with_a_plain_autoencoder():
    own = numbers("04", "our own discriminator's ")[0]
    stranger = numbers("04", "the stranger's accuracy ")[0]
    assert 0.5 < own < stranger < numbers("04", "plain  ")[3] - 0.1


def test_of_three_autoencoders_the_adversarial_rebuilds_best_and_two_decode_the_prior():
    plain, variational, adversarial = (
        numbers("04", name + " " * (12 - len(name)) + "  ")
        for name in ("plain", "variational", "adversarial")
    )
    assert adversarial[0] < min(plain[0], variational[0])
    assert variational[3] < adversarial[3] < plain[3], "the variational codes are nearest"
    assert plain[4] < 8 and variational[4] >= 9 and adversarial[4] >= 9


STEP_CELLS = (
    "from nav_utils.arguments import expect_shape",
    "class AAE(",
    "import reconstruction_nats",
    "def gradient_penalty(",
    "def update(",
    "def aae_step(",
    "history = train_aae(",
)


def trained_codes(edits):
    """The codes of 256 images after the chapter's own cells have trained on them, with edits.

    `edits` maps the mark of a cell to what is changed in it, as in tests/tries/.
    """
    small = {"train.images": "train.images[:256]", "epochs=60": "epochs=5"}
    edits = {"history = train_aae(": small} | edits
    (path,) = (ROOT / "notebooks").glob("04_*.ipynb")
    code = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    names = {}
    for mark in STEP_CELLS:
        cell = changed(code, mark, edits.get(mark, {}), path.name)
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(cell.source, path.name, "exec"), names)
    with torch.no_grad():
        return names["model"].encode(names["train"].images[:256])


@pytest.fixture(scope="module")
def spread_as_stored():
    return spread(trained_codes({}))


def spread(codes):
    return torch.linalg.eigvalsh(torch.cov(codes.T))


@pytest.mark.parametrize(
    "edits",
    [
        {"def aae_step(": {"weight * adversarial": "0 * adversarial"}},
        {"def update(": {"    optimizer.step()": "    pass"}},
        {"def gradient_penalty(": {"gradient.square().sum(-1)": "100 * gradient.square().sum(-1)"}},
    ],
    ids=["no adversarial loss", "no step", "a steep price of steepness"],
)
def test_what_a_learner_changes_in_a_cell_changes_the_training(edits, spread_as_stored):
    assert not torch.allclose(spread(trained_codes(edits)), spread_as_stored, rtol=0.1)


def test_chance_moves_the_accuracy_by_as_much_as_the_solution_says():
    low, high, deviation = numbers("04", "2970 prior samples and 297 codes: accuracy from ")
    expected = math.sqrt(0.25 / 2970 + 0.25 / 297) / 2
    assert expected == pytest.approx(0.015, abs=5e-4)
    assert low < 0.5 < high and 0.6 < deviation / expected < 1.4
    (stranger,) = numbers("04", "the stranger's accuracy ")[:1]
    own = numbers("04", "our own discriminator's ")[0]
    assert (stranger - 0.5) / expected > 7 and (own - 0.5) / expected > 3
