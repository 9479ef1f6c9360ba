"""Several steps at once do what one after the other does, to the last bit."""

import pytest
import torch

from nav_utils import walks
from nav_utils.correction import Run, Status, correct
from nav_utils.densities import ring
from nav_utils.pretrained import load_pretrained
from nav_utils.ratio import ExactRatio
from nav_utils.steps import Band, Below, Denser, GaussNewton, Logit, Probability, Score
from tests.corrections import field
from tests.ratios import normal

RATIOS = {"exact": lambda: ExactRatio(ring()), "learnt": lambda: load_pretrained("mnist-2d").ratio}
WALKS = [
    (Probability(), Band(), {}),
    (Probability(), Band(), {"noise": 0.05}),
    (Probability(0.1), Below(-0.2, 0.1), {"chunk_size": 100}),
    (Logit(0.5), Band(0.02), {"precision": "bfloat16"}),
    (Score(), Denser(-2.5), {"check_every": 3}),
    (Probability(0.01), Band(1e-6), {}),  # after the first stride nobody ends but by the steps
    (Logit(1e-7), Band(0.05), {"check_every": 7}),  # one after the other is too small to move
    (Logit(0.02), Band(1e-6), {"check_every": 1}),
]


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize(("method", "goal", "options"), WALKS)
def test_a_stride_is_many_steps(monkeypatch, ratio, method, goal, options):
    ratio, run = RATIOS[ratio](), Run(max_steps=19, **options)
    z = 2 * normal(400, 2, dtype=ratio.held_out.dtype)
    z[:3] = 6 * torch.eye(3, 2, dtype=z.dtype)  # far out, where the literal step is nothing
    strides = spied(monkeypatch)
    found = correct(z, ratio, method, goal, run)
    assert strides and None not in strides and len(found.status.unique()) > 1
    monkeypatch.setattr(walks, "stride", lambda *_: None)
    expect_same(found, correct(z, ratio, method, goal, run))


def test_who_refuses_steps_or_wants_to_see_them_takes_them_one_by_one(monkeypatch):
    ratio, z = RATIOS["exact"](), normal(40, 2, dtype=torch.float64)
    strides, seen = spied(monkeypatch), []
    correct(z, ratio, GaussNewton(), run=Run(max_steps=5))
    correct(
        z, ratio, Logit(), run=Run(max_steps=5, callback=lambda look: seen.append(look["step"]))
    )
    assert strides == [] and seen == [1, 2, 3, 4, 5]


def test_what_is_not_finite_is_told_by_single_steps(monkeypatch):
    strides, ratio, z = spied(monkeypatch), RATIOS["learnt"](), normal(40, 2)
    found = correct(z, ratio, Probability(1e38), Band(1e-6), Run(max_steps=9))
    assert None in strides and bool((found.status >= Status.OFF_SUPPORT).any())
    monkeypatch.setattr(walks, "stride", lambda *_: None)
    expect_same(found, correct(z, ratio, Probability(1e38), Band(1e-6), Run(max_steps=9)))


def test_a_walk_ends_where_noise_and_move_are_nothing_once(monkeypatch):
    ratio, strides = field(lambda z: 3 + 0 * z[:, 0]), spied(monkeypatch)
    monkeypatch.setattr(
        walks, "noises", lambda state, *_: [x * torch.ones_like(state.z) for x in (1, 1, 0, 1)]
    )
    found = correct(normal(5, 2), ratio, Logit(), run=Run(9, noise=1.0, check_every=4))
    assert len(strides) == 1
    assert bool((found.status == Status.FLAT_GRADIENT).all()) and bool((found.n_steps == 3).all())


def expect_same(found, other):
    """Two corrections are the same in everything."""
    for name, one, two in zip(found._fields, found, other, strict=True):
        assert torch.equal(torch.as_tensor(one), torch.as_tensor(two)), name


def spied(monkeypatch):
    """A list that every stride adds its answer to."""
    answers, stride = [], walks.stride

    def spy(*arguments):
        answers.append(stride(*arguments))
        return answers[-1]

    monkeypatch.setattr(walks, "stride", spy)
    return answers
