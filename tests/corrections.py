"""What the tests of the correctors share: ratios, a callback that keeps all, and a comparison."""

import copy
from dataclasses import fields

import torch
from torch import nn

from nav_utils.correction import Run, correct
from nav_utils.densities import ring
from nav_utils.fitting import fit_ratio
from nav_utils.models import mlp, seeded
from nav_utils.ratio import DensityRatio, ExactRatio
from nav_utils.steps import METHODS


def corrected(z, ratio, method="probability", goal=None, **numbers):
    """`correct`, with the numbers of the method and of the run in one row."""
    own = {f.name for f in fields(METHODS[method])} & numbers.keys()
    step = METHODS[method](**{name: numbers.pop(name) for name in own})
    return correct(z, ratio, step, goal, Run(**numbers))


def generator(seed):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=generator(seed), dtype=dtype)


def network(sizes=(2, 16, 16, 1), seed=0):
    with seeded(seed):
        return mlp(sizes)


HELD_OUT = ring().sample(200, generator(5))


def learnt_ratio():
    """A network that knows the ring roughly, in float32 as networks are shipped."""
    quick = {"steps": 250, "batch_size": 256, "hidden": (32, 32), "progress": False}
    return fit_ratio(ring().sample(3000, generator(1)), HELD_OUT, **quick)


RING, SINGLE = ExactRatio(ring()), learnt_ratio()
LEARNT = DensityRatio(copy.deepcopy(SINGLE.network).double(), HELD_OUT)


class Looks(list):
    """A callback that keeps what it is shown."""

    def __call__(self, look):
        self.append(look)

    def of(self, place, name="z"):
        """What was shown of one point, after each step that it took."""
        taken, shown = 0, []
        for look in self:
            row = (look["place"] == place).nonzero().squeeze(-1)
            if len(row) and int(look["n_steps"][row]) > taken:
                taken = int(look["n_steps"][row])
                shown.append(look[name][row[0]])
        return shown


class Field(nn.Module):
    """A network that is any function from points (N, d) to logits (N,)."""

    def __init__(self, logit):
        super().__init__()
        self.logit = logit

    def forward(self, z):
        return self.logit(z)


def field(logit, held_out=HELD_OUT):
    return DensityRatio(Field(logit), held_out)


def same(found, expected, rows=slice(None), atol=1e-9):
    """Two corrections agree on each point."""
    assert torch.equal(found.status, expected.status[rows])
    assert torch.equal(found.n_steps, expected.n_steps[rows])
    for name in ("z", "logit_before", "logit_after", "displacement"):
        one, other = getattr(found, name), getattr(expected, name)[rows]
        torch.testing.assert_close(one, other, rtol=0, atol=atol, equal_nan=True)
