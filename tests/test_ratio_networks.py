"""A density ratio round any network: what is wrapped, recalibrated, refused, saved and loaded."""

import math
import warnings

import pytest
import torch
from ratios import HELD_OUT, Flat, network, normal
from torch import nn

from nav_utils.checkpointing import write_safetensors
from nav_utils.densities import StandardNormal
from nav_utils.models import mlp
from nav_utils.ratio import DensityRatio


def test_a_linear_layer_and_a_module_of_ones_own_are_wrapped_alike():
    flat, linear = Flat(), nn.Linear(2, 1)
    with torch.no_grad():
        linear.weight.copy_(flat.weight[None]), linear.bias.fill_(0.5)
    z = normal(6, 3, 2)
    for net in (flat, linear):
        ratio = DensityRatio(net, HELD_OUT)
        torch.testing.assert_close(ratio.logit(z), z[..., 0] - 2 * z[..., 1] + 0.5)
        kept = ratio.network
        assert not kept.training and not any(p.requires_grad for p in kept.parameters())


def test_dropout_is_off():
    ratio = DensityRatio(nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 1)), HELD_OUT)
    z = normal(50, 2)
    assert torch.equal(ratio.logit(z), ratio.logit(z))


@pytest.mark.parametrize(
    ("net", "shapes"),
    [
        (nn.Linear(2, 2), r"shape \(2,\) or \(2, 1\) for points \(2, 2\), got \(2, 2\)"),
        (nn.Linear(2, 3), r"got \(2, 3\)"),
        (nn.Sequential(nn.Linear(2, 1), nn.Unflatten(1, (1, 1))), r"got \(2, 1, 1\)"),
    ],
)
def test_a_network_that_answers_something_else_is_refused_with_the_shapes(net, shapes):
    with pytest.raises(ValueError, match="network: expected logits of .*" + shapes):
        DensityRatio(net, HELD_OUT)


def test_scale_and_shift_recalibrate_the_logit():
    plain, recalibrated = (
        DensityRatio(Flat(), HELD_OUT, scale=s, shift=t) for s, t in ((1, 0), (2.5, -0.7))
    )
    z = normal(20, 2)
    torch.testing.assert_close(recalibrated.logit(z), 2.5 * plain.logit(z) - 0.7)
    torch.testing.assert_close(recalibrated.logit_and_grad(z)[1], 2.5 * plain.logit_and_grad(z)[1])
    assert recalibrated.level() == pytest.approx(2.5 * plain.level() - 0.7, abs=1e-5)


def test_a_network_of_probabilities_gives_the_same_logit():
    probability = nn.Sequential(Flat(), nn.Sigmoid())
    z = normal(50, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ratio = DensityRatio(probability, HELD_OUT, probability=True, scale=2.0, shift=0.1)
        expected = 2 * DensityRatio(Flat(), HELD_OUT).logit(z) + 0.1
        torch.testing.assert_close(ratio.logit(z), expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(
            ratio.logit_and_grad(z)[1],
            torch.tensor([2.0, -4.0]).expand(50, 2),
            rtol=1e-3,
            atol=1e-3,
        )


@pytest.mark.parametrize("far", [40.0, -200.0])
def test_a_probability_that_saturates_is_cut_off_with_a_warning(far):
    ratio = DensityRatio(nn.Sequential(Flat(), nn.Sigmoid()), HELD_OUT, probability=True)
    z = torch.tensor([[far, 0.0], [0.5, 0.2]])
    with pytest.warns(UserWarning, match="D is rounded to 0 or 1 at 1 of 2 points"):
        a = ratio.logit(z)
    assert float(a[0]) == pytest.approx(math.copysign(16.64, far), abs=0.01)
    assert float(a[1]) == pytest.approx(0.6, abs=1e-5)


@pytest.mark.parametrize("bias", [1.5, -1.5])
def test_logits_that_pose_as_probabilities_are_refused(bias):
    constant = Flat((0.0, 0.0), bias)
    with pytest.raises(ValueError, match=r"probabilities in \[0, 1\]; leave out probability=True"):
        DensityRatio(constant, HELD_OUT, probability=True)


BAD_HELD_OUT = {
    "NaN": (torch.full((9, 2), float("nan")), None, "held_out_codes: expected finite"),
    "one axis": (torch.zeros(9), None, r"held_out_codes: expected shape \(N, d\)"),
    "prior of another dimension": (HELD_OUT, StandardNormal(3), r"held_out: expected shape"),
}


@pytest.mark.parametrize("case", BAD_HELD_OUT)
def test_held_out_codes_that_are_none_are_refused(case):
    held_out, prior, message = BAD_HELD_OUT[case]
    with pytest.raises(ValueError, match=message):
        DensityRatio(network(), held_out, prior)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"network": torch.nn.Linear(3, 1)}, r"network: expected one that takes points \(N, 2\)"),
        ({"scale": 0.0}, "positive scale"),
        ({"scale": -1.0}, "positive scale"),
        ({"shift": math.nan}, "finite shift"),
        ({"held_out": torch.zeros(1, 2)}, "held_out: expected at least 2 codes, got 1"),
    ],
)
def test_a_ratio_that_cannot_work_is_refused_at_once(options, words):
    given = {"network": torch.nn.Linear(2, 1), "held_out": torch.randn(20, 2)} | options
    with pytest.raises(ValueError, match=words):
        DensityRatio(**given)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_answers_come_back_where_the_points_are():
    ratio = DensityRatio(network(), HELD_OUT).to("cuda")
    assert not ratio.logit(normal(5, 2)).is_cuda and ratio.logit(normal(5, 2).cuda()).is_cuda
    assert ratio.region(normal(5, 2).cuda()).is_cuda and ratio.score_q(normal(5, 2).cuda()).is_cuda


# ---- files ----


def test_a_file_gives_back_the_same_ratio_bit_for_bit(tmp_path):
    ratio = DensityRatio(network((2, 16, 8, 1)), HELD_OUT, scale=1.1, shift=1 / 3)
    ratio.history = {"step": [1], "held_out_loss": [0.1 + 0.2]}
    ratio.save(tmp_path / "a.safetensors")
    again = DensityRatio.load(tmp_path / "a.safetensors")
    z = normal(50, 2)
    assert torch.equal(again.logit(z), ratio.logit(z)) and again.level() == ratio.level()
    assert torch.equal(again.region(z), ratio.region(z))
    assert torch.equal(again.held_out, ratio.held_out) and again.history == ratio.history
    assert (again.scale, again.shift, again.probability) == (1.1, 1 / 3, False)
    again.save(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@pytest.mark.parametrize(
    "make",
    [
        Flat,
        lambda: nn.Linear(2, 1),
        lambda: nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)),
    ],
)
def test_a_network_of_ones_own_is_handed_in_again(make, tmp_path):
    path = tmp_path / "own.safetensors"
    ratio = DensityRatio(make(), HELD_OUT)
    ratio.save(path)
    with pytest.raises(ValueError, match="expected network=, a module to put its weights into"):
        DensityRatio.load(path)
    z = normal(9, 2)
    assert torch.equal(DensityRatio.load(path, make()).logit(z), ratio.logit(z))


def test_a_file_remembers_that_the_network_gives_probabilities(tmp_path):
    def make():
        return nn.Sequential(Flat(), nn.Sigmoid())

    ratio = DensityRatio(make(), HELD_OUT, probability=True)
    ratio.save(tmp_path / "p.safetensors")
    z = normal(9, 2)
    again = DensityRatio.load(tmp_path / "p.safetensors", make())
    assert again.probability and torch.equal(again.logit(z), ratio.logit(z))


def test_other_and_damaged_files_are_refused(tmp_path):
    other, whole, half = (tmp_path / f"{name}.safetensors" for name in ("other", "whole", "half"))
    write_safetensors(other, {"x": torch.zeros(3)}, {"run": "{}"})
    with pytest.raises(ValueError, match="other.*expected a file written by DensityRatio.save"):
        DensityRatio.load(other)
    DensityRatio(network(), HELD_OUT).save(whole)
    half.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(ValueError, match="half.*expected a whole safetensors file"):
        DensityRatio.load(half)
    with pytest.raises(FileNotFoundError):
        DensityRatio.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_a_ratio_of_any_type_is_saved_as_it_is(dtype, tmp_path):
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(50, 2, generator=generator).to(dtype)
    ratio = DensityRatio(mlp([2, 4, 1]).to(dtype), codes)
    ratio.save(tmp_path / "ratio")
    again = DensityRatio.load(tmp_path / "ratio")
    assert again.held_out.dtype == dtype and torch.equal(again.held_out, codes)
    for z in (codes, codes.float()):
        assert torch.equal(again.logit(z), ratio.logit(z)) and again.logit(z).dtype == z.dtype
