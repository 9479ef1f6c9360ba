"""A density ratio learnt from codes: the loss, its training, early stopping, recalibration."""

import math
import warnings

import numpy as np
import pytest
import torch
from ratios import generator, normal
from torch import nn

from nav_utils.densities import GaussianMixture, StandardNormal, ring
from nav_utils.fitting import fit_ratio, logistic_loss, platt
from nav_utils.models import mlp
from nav_utils.ratio import DensityRatio, ExactRatio

CODES, OTHERS = ring().sample(20_000, generator(1)), ring().sample(4000, generator(2))
QUICK = {"steps": 200, "check_every": 50, "batch_size": 128, "hidden": (32, 32), "progress": False}


def test_the_logistic_loss_weighs_the_classes_alike():
    a, b = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([-1.0])
    d, e = a.sigmoid(), b.sigmoid()
    expected = -0.5 * (d.log().mean() + (1 - e).log().mean())
    torch.testing.assert_close(logistic_loss(a, b), expected)
    assert float(logistic_loss(torch.zeros(3), torch.zeros(9))) == pytest.approx(math.log(2))
    assert bool(logistic_loss(torch.tensor([-1e4]), torch.tensor([1e4])).isfinite())


def test_the_ring_is_learnt_from_twenty_thousand_codes():
    ratio = fit_ratio(CODES, OTHERS, steps=1000, batch_size=512, hidden=(64, 64), progress=False)
    exact = ExactRatio(ring())
    on_codes = ring().sample(20_000, generator(3))
    mixture = torch.cat([on_codes, StandardNormal(2).sample(20_000, generator(4))])
    error, everywhere = ((ratio.logit(z) - exact.logit(z)).abs() for z in (on_codes, mixture))
    cosine = torch.cosine_similarity(ratio.score_q(on_codes), exact.score_q(on_codes), dim=-1)
    assert float(error.mean()) <= 0.12
    assert float(everywhere.median()) <= 0.15
    assert float(cosine.mean()) >= 0.95
    assert ratio.history["held_out_loss"][-1] < 0.58 < math.log(2)
    above = ratio.logit(on_codes) > ratio.level(0.1)
    assert float(above.float().mean()) == pytest.approx(0.1, abs=0.025)


def test_where_prior_and_codes_agree_the_needle_stands_still():
    prior = StandardNormal(2)
    codes, others = prior.sample(5000, generator(1)), prior.sample(4000, generator(2))
    ratio = fit_ratio(codes, others, **QUICK)
    assert float(ratio.logit(prior.sample(5000, generator(3))).abs().mean()) < 0.1


def test_two_runs_with_one_seed_are_equal_and_another_seed_is_not():
    z = normal(20, 2)
    before = torch.get_rng_state()
    first, again, other = (fit_ratio(CODES, seed=seed, **QUICK) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before), "the global generator is left alone"
    assert torch.equal(first.logit(z), again.logit(z)) and first.history == again.history
    assert torch.equal(first.held_out, again.held_out)
    assert not torch.equal(first.logit(z), other.logit(z))
    assert not torch.equal(first.held_out, other.held_out)


def test_the_callback_is_told_at_every_look():
    looks = []
    ratio = fit_ratio(CODES, OTHERS, callback=looks.append, **QUICK | {"steps": 220})
    assert [look["step"] for look in looks] == [50, 100, 150, 200, 220]
    for name in ("step", "train_loss", "held_out_loss"):
        assert [look[name] for look in looks] == ratio.history[name]
    assert all(isinstance(look["network"], nn.Module) for look in looks)


def test_looks_change_nothing_and_tell_the_mean_loss_since_the_last():
    options = QUICK | {"steps": 60, "patience": 99}
    every, some = (fit_ratio(CODES, **options | {"check_every": n}) for n in (1, 20))
    losses = torch.tensor(every.history["train_loss"])
    assert some.history["train_loss"] == pytest.approx(losses.reshape(3, 20).mean(1).tolist())
    assert some.history["held_out_loss"] == every.history["held_out_loss"][19::20]
    assert losses[0] == pytest.approx(math.log(2), abs=0.05)


def path_of_weights(**options):
    """The weights after each step, as rows."""
    rows = []

    def keep(look):
        rows.append(torch.cat([p.detach().flatten() for p in look["network"].parameters()]))

    fit_ratio(CODES, callback=keep, **QUICK | {"check_every": 1, "patience": 99} | options)
    return torch.stack(rows)


def test_the_first_weights_are_drawn_by_the_seed():
    standing = {"steps": 1, "learning_rate": 0.0}
    first, again, other = (path_of_weights(seed=seed, **standing) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_steps_shrink_to_nothing_at_the_end():
    lengths = path_of_weights(steps=50).diff(dim=0).norm(dim=-1)
    assert lengths[-1] < 0.02 * lengths.max()


def test_weight_decay_shrinks_the_weights():
    free, decayed = (path_of_weights(steps=50, weight_decay=w)[-1].norm() for w in (0.0, 10.0))
    assert decayed < 0.7 * free


def overfit(patience, **options):
    """A run on 60 codes, which the network memorises, and its weights at every look."""
    weights = []

    def keep(look):
        weights.append({k: v.clone() for k, v in look["network"].state_dict().items()})

    options = QUICK | {"steps": 600, "learning_rate": 1e-2, "weight_decay": 0.0} | options
    codes, others = CODES[:60], OTHERS[:600]
    return fit_ratio(codes, others, callback=keep, patience=patience, **options), weights


def test_the_best_weights_are_kept_not_the_last():
    ratio, weights = overfit(patience=99)
    losses = ratio.history["held_out_loss"]
    best = min(range(len(losses)), key=losses.__getitem__)
    assert len(losses) == 12 and best < 11 and losses[-1] > losses[best] + 0.05
    for name, value in ratio.network.state_dict().items():
        assert torch.equal(value, weights[best][name])
    assert ratio.history["train_loss"][-1] < losses[-1], "it has memorised"


def test_training_stops_after_so_many_looks_without_a_better_one():
    patient = overfit(patience=99)[0].history["held_out_loss"]
    best = min(range(len(patient)), key=patient.__getitem__)
    stopped = overfit(patience=3)[0].history["held_out_loss"]
    assert stopped == patient[: best + 1 + 3]


def test_held_out_codes_are_shared_between_stopping_and_levels():
    ratio = fit_ratio(CODES[:500], OTHERS[:101], **QUICK | {"steps": 1})
    rows = {tuple(row) for row in OTHERS[:101].tolist()}
    assert len(ratio.held_out) == 50 and {tuple(row) for row in ratio.held_out.tolist()} < rows
    alone = fit_ratio(CODES[:600], **QUICK | {"steps": 1})  # a sixth, and half of that
    assert len(alone.held_out) == 50
    assert {tuple(row) for row in alone.held_out.tolist()} < {
        tuple(r) for r in CODES[:600].tolist()
    }


def test_codes_that_are_held_out_teach_nothing():
    """With none given, a sixth of the codes is drawn, and no batch has any of it."""
    seen = []
    hook = nn.modules.module.register_module_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0]) if isinstance(module, nn.Sequential) else None
    )
    try:
        ratio = fit_ratio(CODES[:600], **QUICK | {"steps": 50})
    finally:
        hook.remove()
    batches = {tuple(row) for x in seen if len(x) == 256 for row in x[128:].tolist()}
    held = {tuple(row) for row in ratio.held_out.tolist()}
    assert 450 < len(batches) <= 500 and not batches & held


def test_recalibration_undoes_a_distortion():
    exact = ExactRatio(ring())
    on_prior = StandardNormal(2).sample(100_000, generator(6))
    on_codes = ring().sample(25_000, generator(7))

    class Distorted(nn.Module):
        def forward(self, z):
            return 3 * exact.logit(z)[:, None] - 0.8

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scale, shift = platt(Distorted(), on_prior, on_codes)
    assert scale == pytest.approx(1 / 3, rel=0.05) and shift == pytest.approx(0.8 / 3, abs=0.03)


def test_recalibration_lowers_the_loss_of_a_network_that_is_too_sure():
    plain, recalibrated = (overfit(99, recalibrate=r, check_every=600)[0] for r in (False, True))
    z = normal(30, 2)
    assert (plain.scale, plain.shift) == (1.0, 0.0) and 0 < recalibrated.scale < 0.9
    torch.testing.assert_close(
        recalibrated.logit(z), recalibrated.scale * plain.logit(z) + recalibrated.shift
    )
    on_prior, on_codes = normal(4000, 2, seed=8), ring().sample(4000, generator(9))
    before, after = (
        float(logistic_loss(r.logit(on_prior), r.logit(on_codes))) for r in (plain, recalibrated)
    )
    assert after < before - 0.02


def test_fewer_codes_than_a_batch_are_drawn_more_than_once():
    ratio = fit_ratio(CODES[:12], **QUICK | {"batch_size": 1024, "steps": 20})
    assert bool(ratio.logit(normal(5, 2)).isfinite().all()) and len(ratio.held_out) == 2


def test_another_prior_and_another_dimension():
    prior = GaussianMixture([[2.0, 0.0, 0.0]], 0.7)
    codes, others = normal(3000, 3, seed=1), normal(1000, 3, seed=2)
    ratio = fit_ratio(codes, others, prior, **QUICK)
    exact = ExactRatio(StandardNormal(3), prior)
    z = torch.cat([normal(1000, 3, seed=3), prior.sample(1000, generator(4))])
    assert float(torch.corrcoef(torch.stack([ratio.logit(z), exact.logit(z)]))[0, 1]) > 0.9
    assert ratio.prior is prior


def test_codes_are_frozen_whatever_they_carry():
    codes = CODES[:500].clone().double().requires_grad_()
    ratio = fit_ratio(codes, OTHERS[:100].clone().requires_grad_(), **QUICK | {"steps": 5})
    assert codes.grad is None and not ratio.held_out.requires_grad
    assert not any(p.requires_grad for p in ratio.network.parameters())
    assert not ratio.network.training


BAD_CODES = {
    "NaN": (torch.full((50, 2), float("nan")), None, None, "codes: expected finite.*100 of them"),
    "one point": (normal(1, 2), None, None, "codes: expected at least 12 points, got 1"),
    "eleven points": (normal(11, 2), None, None, "codes: expected at least 12 points, got 11"),
    "constant": (torch.full((50, 2), 0.3), None, None, "the same point 50 times.*collapsed"),
    "integers": (torch.ones(50, 2).long(), None, None, "codes: expected finite floating.*int64"),
    "one axis": (normal(50), None, None, r"codes: expected shape \(N, d\), got \(50,\)"),
    "other dimension": (normal(50, 2), normal(20, 3, seed=1), None, r"held_out_codes \(20, 3\)"),
    "other prior": (normal(50, 2), None, StandardNormal(3), "prior: expected dimension 2.*got 3"),
    "few held out": (normal(50, 2), normal(3, 2, seed=1), None, "held_out: .*at least 4.*got 3"),
    "held out constant": (normal(50, 2), torch.ones(9, 2), None, "held_out: .*same point 9 times"),
    "NaN held out": (normal(50, 2), torch.full((9, 2), float("nan")), None, "held_out_codes: exp"),
    "overlap": (
        normal(50, 2),
        torch.cat([normal(20, 2, seed=1), normal(50, 2)[10:17]]),
        None,
        "held_out: expected codes of other images, got 7 of 27 rows",
    ),
}


@pytest.mark.parametrize("case", BAD_CODES)
def test_codes_that_teach_nothing_are_refused(case):
    codes, held_out, prior, message = BAD_CODES[case]
    with pytest.raises(ValueError, match=message):
        fit_ratio(codes, held_out, prior, **QUICK)


# ---- arrays, numbers of other kinds, a training that fails ----


def test_arrays_of_codes_are_answered_with_what_was_expected():
    codes = np.random.default_rng(0).normal(size=(50, 2))
    with pytest.raises(ValueError, match="codes: expected a tensor, got a ndarray; torch.from_nu"):
        fit_ratio(codes, **{"steps": 2, "progress": False})
    with pytest.raises(ValueError, match="held_out_codes: expected a tensor, got a ndarray"):
        DensityRatio(mlp([2, 4, 1]), codes)


@pytest.mark.parametrize("whole", [np.int64, torch.tensor])
def test_whole_numbers_of_any_kind_make_a_ratio_that_can_be_saved(whole, tmp_path):
    codes = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))
    fits = []
    for kind in (int, whole):
        options = {"seed": kind(3), "steps": kind(4), "hidden": (kind(5),), "check_every": kind(2)}
        ratio = fit_ratio(codes, batch_size=kind(16), patience=kind(9), progress=False, **options)
        ratio.shift = np.float32(0.5)
        ratio.save(tmp_path / kind.__name__)
        fits.append(DensityRatio.load(tmp_path / kind.__name__).logit(codes))
    assert torch.equal(*fits)


def test_a_training_that_diverges_is_no_ratio():
    codes = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))
    with pytest.raises(FloatingPointError, match="held-out loss is .* at step .* smaller learning"):
        fit_ratio(codes, steps=20, learning_rate=1e30, check_every=5, progress=False)
