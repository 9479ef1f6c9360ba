"""Chapter 03: what its numbers have to show, and that the loss in its cells is what trains."""

import ast
import math

import pytest
import torch

from tests.chapter_outputs import ROOT, line, numbers
from tests.stored_outputs import changed
from tools import notebooks

ROUNDING = 0.001  # three digits are printed


def value(label):
    """The first number after the label."""
    return numbers("03", label)[0]


def kinds(label):
    """The list of digits that stands at the end of the one line with this label."""
    return ast.literal_eval("[" + line("03", label).split("[", 1)[1])


# ---- what the chapter prints ----


def test_the_closed_form_of_the_kl_is_that_of_monte_carlo():
    exact, estimate, error = numbers("03", "closed form ")
    assert error < 0.01 and abs(exact - estimate) < 4 * error + ROUNDING


CLOUDS = ("N(0.00, 1.00^2):", "N(1.50, 0.50^2):", "N(0.75, 0.71^2):")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_bound_and_gap_add_up_and_only_the_posterior_has_no_gap(cloud):
    elbo, gap, total, log_px = numbers("03", cloud)
    assert abs(elbo + gap - log_px) < 3 * ROUNDING and total == pytest.approx(log_px, abs=ROUNDING)
    assert gap < ROUNDING if cloud == CLOUDS[-1] else gap > 0.1


def test_both_gradients_are_right_and_the_score_function_needs_many_more_samples():
    assert value("autograd through the sampling:") == pytest.approx(2, abs=0.02)
    deviations = []
    for label in ("reparametrised:", "score function:"):
        mean, error, deviation = numbers("03", label)
        assert abs(mean - 2) < 4 * error + ROUNDING
        deviations.append(deviation)
    ratio = value("samples that the score function needs for one:")
    assert ratio > 10 and ratio == pytest.approx((deviations[1] / deviations[0]) ** 2, rel=0.05)


def test_training_lowers_the_reconstruction_and_raises_the_kl():
    (first, free), (last, paid) = (numbers("03", f"VAE, {n} epoch:") for n in ("first", "last"))
    assert last < first - 10 and free < 0.5 < paid


def test_the_price_puts_the_codes_where_the_prior_is():
    centre, spread = numbers("03", "VAE   codes: centre")
    assert centre < 0.2 and 0.8 < spread < 1.2
    assert min(numbers("03", "plain codes: centre")) > 4


def test_random_latents_are_near_the_samples_of_the_vae_and_it_rebuilds_worse():
    plain, plain_far = numbers("03", "plain test reconstruction")
    vae, means_far = numbers("03", "VAE   test reconstruction")
    samples_far, perfect = numbers("03", "random latents far from the samples:")
    assert plain < vae
    assert perfect <= samples_far < 2 * perfect < means_far < plain_far
    few, many = (kinds(f"{n} digits among decoded random latents") for n in ("plain", "VAE  "))
    assert len(few) <= 4 and len(many) == 9 and 1 not in many
    assert 1 not in kinds("the judge calls the VAE's rebuilt ones")


def test_nearly_all_of_the_price_is_for_information():
    kl = value("KL to the prior")
    information, mismatch, total = numbers("03", "Monte Carlo: ")
    assert abs(total - kl) < 0.1 and abs(information + mismatch - total) < 0.02
    assert information > 0.9 * kl and math.exp(information) < 10
    assert kl == pytest.approx(numbers("03", "VAE, last epoch:")[1], abs=0.1)


def test_the_weight_trades_information_and_holes_against_reconstruction():
    rows = [numbers("03", f" {beta} ") for beta in ("0.1", "1.0", "4.0")]
    cost, kl, information, mismatch, holes = zip(*rows, strict=True)
    assert list(cost) == sorted(cost)
    for falling in (kl, information, mismatch, holes):
        assert list(falling) == sorted(falling, reverse=True)
    assert information[0] > 2 * information[1] and holes[0] > 20 > 5 > holes[1]
    assert (kl[2], information[2], mismatch[2], holes[2]) == (0, 0, 0, 0)
    assert cost[2] == pytest.approx(numbers("02", "always the mean image ")[0], abs=0.3)


def test_images_from_holes_are_farther_from_real_ones_and_of_fewer_kinds():
    distances = [value(f"from {n}: pixel distance to the nearest") for n in ("holes", "codes")]
    assert distances[0] > 1.1 * distances[1]
    holes, codes = (kinds(f"from {n}: digits among them") for n in ("holes", "codes"))
    assert len(holes) < len(codes)


# ---- what the cells train ----

CODE = [
    cell
    for cell in notebooks.read(ROOT / "notebooks" / "03_variational.ipynb").cells
    if cell.cell_type == "code"
]
NEEDED = (
    "import math",
    "def kl_to_prior(",
    "class VAE(",
    "def vae_step(",
    "history = train_vae(vae, x",
)
QUICK = {"history = train_vae(vae, x": {'"epochs": 60': '"epochs": 1'}}
EDITS = {
    "the KL divergence": {"def kl_to_prior(": {"return 0.5 *": "return 0.0 *"}},
    "the KL term": {"def vae_step(": {"reconstruction + beta * kl": "reconstruction"}},
    "the noise": {"def vae_step(": {".exp() * noise": ".exp() * 0"}},
    "the posterior": {"class VAE(": {"return mean, log_variance": "return mean, log_variance - 1"}},
}


def trained(edits):
    """The weights after one epoch of the chapter's own cells, with some texts changed."""
    names = {}
    for mark in NEEDED:
        cell = changed(CODE, mark, QUICK.get(mark, {}) | edits.get(mark, {}), "chapter 03")
        exec(cell.source, names)
    return torch.nn.utils.parameters_to_vector(names["vae"].parameters()).detach()


def test_the_same_cells_train_the_same_weights():
    assert torch.equal(trained({}), trained({}))


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_cell_is_what_trains(name):
    assert (trained(EDITS[name]) - trained({})).abs().max() > 1e-3


def test_without_the_kl_term_the_weight_of_it_changes_nothing():
    """No other KL term takes part: with that of the cell gone, beta is without effect."""
    gone = EDITS["the KL term"]
    four = {"history = train_vae(vae, x": {"beta=1.0": "beta=4.0"} | QUICK[NEEDED[-1]]}
    assert torch.equal(trained(gone), trained(gone | four))
    assert not torch.equal(trained({}), trained(four))


def test_every_training_of_a_vae_gets_the_step_of_the_cell():
    calls = [
        node
        for cell in CODE[1:]  # the first one sets up, and is not plain Python
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "train_vae"
    ]
    assert len(calls) == 2
    for call in calls:
        steps = [ast.unparse(k.value) for k in call.keywords if k.arg == "step"]
        assert steps == ["vae_step"], ast.unparse(call)


def test_the_code_of_the_toy_tells_half_the_logarithm_and_collapses_where_beta_is_the_quotient():
    for beta in (0.5, 1.0, 2.0, 3.0, 3.5, 4.5, 6.0):
        (nats,) = numbers("03", f"variance 4.0, noise 1.0, beta {beta}: information ")
        assert nats == pytest.approx(max(0.0, 0.5 * math.log(4 / beta)), abs=0.015)
