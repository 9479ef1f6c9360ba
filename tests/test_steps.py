"""The three choices of a correction: what each takes, and what it refuses."""

import math

import pytest
import torch

from nav_utils.correction import Run, correct
from nav_utils.densities import ring
from nav_utils.ratio import ExactRatio
from nav_utils.steps import (
    BAND,
    METHODS,
    Band,
    Below,
    Denser,
    GaussNewton,
    Logit,
    Place,
    Probability,
    Score,
)

RING = ExactRatio(ring())
Z = 1.5 * torch.randn(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
HERE = Place(Z, *RING.logit_and_grad(Z))
GOALS = [Band(), Band(0.3, -1.0), Below(), Below(0.8), Denser(-2.0), Denser(-1.0, 0.0)]


@pytest.mark.parametrize("goal", GOALS, ids=str)
def test_the_slope_of_a_goal_is_the_gradient_of_what_it_aims_at(goal):
    z = Z.clone().requires_grad_()
    aim = goal.aim(Place(z, RING.logit(z), HERE.gradient), RING.prior)
    (gradient,) = torch.autograd.grad(aim.sum(), z)
    torch.testing.assert_close(goal.slope(HERE, RING.prior), gradient)


@pytest.mark.parametrize("goal", GOALS, ids=str)
def test_where_the_aim_is_met_a_point_is_inside(goal):
    """The aim lies inside by the margin, or in the middle of the band."""
    aim, excess = goal.aim(HERE, RING.prior), goal.excess(HERE, RING.prior)
    assert bool((excess[aim <= 0] <= 0).all()) or isinstance(goal, Band)
    depth = goal.width if isinstance(goal, Band) else goal.margin
    outside = aim > 0
    torch.testing.assert_close(excess[outside], aim[outside] - depth)


@pytest.mark.parametrize("goal", GOALS, ids=str)
@pytest.mark.parametrize("method", METHODS)
def test_any_method_goes_with_any_goal(method, goal):
    found = correct(Z, RING, method, goal, Run(max_steps=60))
    there = Place(found.z, *RING.logit_and_grad(found.z))
    assert torch.equal(found.status <= 1, goal.excess(there, RING.prior) <= 0)
    before = goal.excess(HERE, RING.prior)
    assert bool((goal.excess(there, RING.prior) <= before).all())
    assert bool((found.n_steps > 0).any())


def test_gauss_newton_reaches_a_level_of_log_q():
    found = correct(Z, RING, GaussNewton(), Denser(-2.0))
    reached = RING.log_q(found.z) >= -2.0
    assert torch.equal(reached, found.status <= 1) and float(reached.double().mean()) > 0.8


@pytest.mark.parametrize(
    ("name", "goal"),
    [("band", Band()), ("below", Below()), ("denser", Denser(RING.log_q_level(0.5)))],
)
def test_a_name_stands_for_the_usual_numbers(name, goal):
    for method, step in METHODS.items():
        named, built = correct(Z, RING, method, name), correct(Z, RING, step(), goal)
        assert all(torch.equal(x, y) for x, y in zip(named[:-1], built[:-1], strict=True))


def test_the_usual_goal_is_the_band_and_for_the_score_the_median_code():
    for method in METHODS:
        usual = correct(Z, RING, method, "denser" if method == "score" else "band")
        assert torch.equal(correct(Z, RING, method).z, usual.z)
    assert pytest.approx(math.log(1.5)) == BAND == Band().width == Below().level


BAD = {
    "method": (lambda: correct(Z, RING, "newton"), "method: expected one of probability.*'newton'"),
    "no method": (lambda: correct(Z, RING, 3), "method: expected one of .*got a int"),
    "goal": (lambda: correct(Z, RING, goal="left"), "goal: expected one of band.*'left'"),
    "no goal": (lambda: correct(Z, RING, goal=0.5), "goal: expected one of band.*0.5"),
    "eps 0": (lambda: Band(0.0), "eps: expected a number between 0 and 1/2, got 0"),
    "eps 1/2": (lambda: Band(0.5), "eps: expected"),
    "eps NaN": (lambda: Band(math.nan), "eps: expected"),
    "centre": (lambda: Band(centre=math.nan), "centre: expected a finite number, got nan"),
    "level": (lambda: Below(math.inf), "level: expected a finite number, got inf"),
    "margin": (lambda: Below(1.0, math.nan), "margin: expected a finite number"),
    "log q": (lambda: Denser(math.nan), "log_q_level: expected a finite number, got nan"),
    "step 0": (lambda: Logit(0.0), "step_size: expected a finite, positive number, got 0"),
    "step NaN": (lambda: Score(math.nan), "step_size: expected a finite, positive number"),
    "step infinite": (lambda: Probability(math.inf), "step_size: expected a finite, positive"),
    "max_move": (lambda: Logit(max_move=-1.0), "max_move: expected a finite, positive number"),
    "damping": (lambda: GaussNewton(damping=-0.1), "damping: expected a finite number that is not"),
    "precision": (lambda: Run(precision="fp8"), "precision: expected one of .*'fp8'"),
    "max_steps": (lambda: Run(max_steps=-1), "max_steps >= 0.*got -1"),
    "check_every": (lambda: Run(check_every=0), "check_every >= 1.* 0 "),
    "chunk_size 0": (lambda: Run(chunk_size=0), "chunk_size: expected at least 1, got 0"),
    "chunk_size": (lambda: Run(chunk_size=-4), "chunk_size: expected at least 1, got -4"),
    "noise": (lambda: Run(noise=-0.1), "noise >= 0"),
    "noise NaN": (lambda: Run(noise=math.nan), "noise >= 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_makes_no_sense_is_refused(case):
    build, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        build()


def test_an_undamped_step_is_allowed():
    assert GaussNewton(damping=0.0).damping == 0
