"""Chapter 02: what its numbers have to show, and that the loss in its cells is what trains."""

import ast
import re

import pytest
import torch

from tests.chapter_outputs import ROOT, line, numbers, printed
from tests.stored_outputs import changed
from tools import notebooks


def value(label):
    """The first number after the label."""
    return numbers("02", label)[0]


def kinds(label):
    """The list of digits that stands at the end of the one line with this label."""
    return ast.literal_eval(line("02", label).split(":", 1)[1].strip())


# ---- what the chapter prints ----


def test_three_formulas_of_the_loss_agree():
    assert numbers("02", "largest difference over the 5 images:") == [pytest.approx(0, abs=0.01)]
    first = numbers("02", "function ")
    assert len(first) == 3 and max(first) - min(first) < 0.02


def test_a_fresh_network_starts_at_grey_and_goes_down():
    found = [re.fullmatch(r"([\d.]+) nats", text) for text in printed("02")]
    first = [float(match[1]) for match in found if match]
    assert len(first) == 3 and first == sorted(first, reverse=True)
    assert first[0] == pytest.approx(value("always grey 1/2 "), abs=0.5)


def test_the_trained_decoder_lies_between_the_mean_image_and_the_floor():
    floor, mean_image = value("floor (perfect reconstruction)"), value("always the mean image ")
    train, test = value("training images, last epoch:"), value("test images:     ")
    assert floor < train < test < mean_image < value("always grey 1/2 ")
    assert (mean_image - 20) / (mean_image - floor) == pytest.approx(0.5, abs=0.1)  # as it says


def test_the_codes_are_neither_where_nor_as_wide_as_the_prior():
    share, *_, of_the_prior = numbers("02", "share of codes within radius 2:")
    assert share < of_the_prior / 4
    assert min(numbers("02", "standard deviation ")) > 4


def test_noise_costs_more_than_grey_and_its_code_does_not_tell():
    noise, board = value("noise        pays"), value("checkerboard pays")
    assert min(noise, board) > 2 * value("always grey 1/2 ") > 2 * value("test digits  pays")
    assert numbers("02", "checkerboard pays")[1] == 0
    assert value("noise images with a far code:") < 5
    assert value("spread of the 200 noise codes:") < 0.5


def test_random_latents_are_far_and_show_few_digits():
    far, of_codes = numbers("02", "far prior samples: ")
    fitted = value("far samples of the fitted Gaussian:")
    assert of_codes < fitted / 3 and fitted < far / 2 and far > 50
    assert len(kinds("digits among their images")) <= 4
    assert kinds("digits among the images of the fitted Gaussian") == list(range(10))


def test_more_room_helps_reconstruction_and_not_random_latents():
    eight, _, two, _ = numbers("02", "reconstruction of test images:")
    assert eight < two - 2
    assert value("far prior samples, d = 8:") > max(99, value("far prior samples: "))


# ---- what the cells train ----

CODE = [
    cell
    for cell in notebooks.read(ROOT / "notebooks" / "02_autoencoder.ipynb").cells
    if cell.cell_type == "code"
]
NEEDED = (
    "import itertools",
    "train, test = load_images(",
    "def mlp(",
    "class Autoencoder(",
    "def reconstruction_nats(",
    "def update(",
    "def autoencoder_step(",
    "history = fit(model, x, optimizers",
)
QUICK = {"history = fit(model, x, optimizers": {'"epochs": 60': '"epochs": 1'}}
EDITS = {
    "the loss": {"def reconstruction_nats(": {".sum(1)": ".square().sum(1)"}},
    "the step": {"def autoencoder_step(": {", reconstruction)": ", -reconstruction)"}},
    "the update": {"def update(": {"optimizer.step()": "pass"}},
}


def trained(edits):
    """The weights after one epoch of the chapter's own cells, with some texts changed."""
    names = {}
    for mark in NEEDED:
        cell = changed(CODE, mark, QUICK.get(mark, {}) | edits.get(mark, {}), "chapter 02")
        exec(cell.source, names)
    return torch.nn.utils.parameters_to_vector(names["model"].parameters()).detach()


def test_the_same_cells_train_the_same_weights():
    assert torch.equal(trained({}), trained({}))


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_cell_is_what_trains(name):
    assert (trained(EDITS[name]) - trained({})).abs().max() > 1e-3


def test_every_training_gets_the_step_of_the_cell():
    calls = [
        node
        for cell in CODE[1:]  # the first one sets up, and is not plain Python
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("fit", "train_autoencoder")
    ]
    assert len(calls) == 3
    assert "step=step" in ast.unparse(calls.pop())  # exercise 2.3 has a step of its own
    for call in calls:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        assert "autoencoder_step" in map(ast.unparse, given), ast.unparse(call)
    assert not any(
        name.name == "autoencoder_step"
        for cell in CODE[1:]
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    )
