"""The sweep of the adversarial weight: its exact truth, one tiny cell, and its tables."""

import json
import math
import re
import sys
from pathlib import Path

import pytest
import torch

from nav_utils.densities import GaussianMixture, StandardNormal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
import sweep
import swept
from pushed import Surface, pushed, second_preimages

RESULTS = Path(__file__).resolve().parent.parent / "benchmarks" / "results" / "sweep.json"


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def surface():
    return Surface.drawn(3, seeded(0))


def test_behind_a_linear_encoder_a_normal_u_has_normal_codes(surface):
    mix = torch.randn(3, 3, generator=seeded(1), dtype=torch.float64)

    def encode(u):  # the surface is read off again, and mixed
        return torch.logit(surface.pixels(u)) @ surface.basis[:, :3] / surface.scale @ mix.T

    p = StandardNormal(3)
    u = p.sample(200, seeded(2), torch.float64)
    found = pushed(p, encode, u)
    q = torch.distributions.MultivariateNormal(torch.zeros(3).double(), mix @ mix.T)
    torch.testing.assert_close(found.codes, u @ mix.T)
    torch.testing.assert_close(found.log_q, q.log_prob(found.codes))
    torch.testing.assert_close(found.score, -found.codes @ torch.linalg.inv(mix @ mix.T))
    assert len(found.sign.unique()) == 1


def test_behind_a_bent_encoder_the_score_has_the_slope_of_log_det():
    p = GaussianMixture([[-1.0, 0.5], [1.0, 0.0]], 0.7)
    u = p.sample(200, seeded(3), torch.float64)
    found = pushed(p, torch.sinh, u)
    z = found.codes.requires_grad_()
    log_q = p.log_prob(z.asinh()) - 0.5 * torch.log1p(z**2).sum(1)
    (score,) = torch.autograd.grad(log_q.sum(), z)
    torch.testing.assert_close(found.log_q, log_q.detach())
    torch.testing.assert_close(found.score, score)


def test_a_fold_is_found_twice():
    u = StandardNormal(2).sample(500, seeded(4), torch.float64)

    def fold(u):
        return torch.cat([u[..., :1].square(), u[..., 1:]], dim=-1)

    assert second_preimages(torch.sinh, u, n=50) == 0
    assert second_preimages(fold, u, n=50) > 0.9
    sign = pushed(StandardNormal(2), fold, u).sign
    assert 0.3 < float((sign > 0).double().mean()) < 0.7


def test_the_nearest_place_of_the_surface(surface):
    u = torch.randn(20, 3, generator=seeded(5), dtype=torch.float64)
    found, off = surface.nearest(surface.logits(u))
    torch.testing.assert_close(found, u)
    assert float(off.max()) < 1e-6
    away = surface.logits(u) + 0.3 * torch.randn(20, 64, generator=seeded(6), dtype=torch.float64)
    found, off = surface.nearest(away)
    for shift in 0.01 * torch.eye(3).double():  # no place beside it is nearer
        beside = (away - surface.logits(found + shift)).norm(dim=1) / surface.scale
        assert bool((beside > off).all())
    torch.testing.assert_close((away - surface.logits(found)).norm(dim=1) / surface.scale, off)


def test_one_tiny_cell(monkeypatch):
    """A space is trained, whitened, fitted and walked through; its truth is exact."""
    small = {"COUNTS": (60,), "SIZE": sweep.Size(4, 32, (8,)), "TEST": 200, "PAIRS": 4}
    for name, value in (small | {"IMAGES": 1000}).items():
        monkeypatch.setattr(sweep, name, value)
    best = {
        swept.ONE: {"bridges": 1, "rate": 0.01},
        swept.DENOISED: {"energy": True, "rate": 0.01},
    }
    where = sweep.world(2, 2.0, 0)
    space = sweep.whitened(where, sweep.trained(where, 0.02, 10, 1000))
    codes = space.encode(where.places(1000, 1))
    torch.testing.assert_close(codes.T.cov(), torch.eye(2).double())
    row = sweep.measured("0.02", where, space, best)
    for name in ("KL", "reconstruction", "mean square of the score"):
        assert math.isfinite(row[name]) and row[name] > 0
    assert row["usable"] and set(row["cells"]) == {"60"}
    cell = row["cells"]["60"]
    assert set(cell) == {swept.ONE, swept.DENOISED, "paths"}
    assert 0 < cell[swept.ONE]["error"] < 2
    assert set(sweep.PLANNERS) < set(cell["paths"])
    assert 0 <= cell["paths"]["wins of D"] <= 1


def made_up(exponent):
    """Spaces whose ratio falls behind the network where KL passes 2 (log n / log 1000)^exponent."""
    spaces = {}
    for name, kl in (("0.1", 8.0), ("1", 1.0), ("5", 3.0)):
        cells = {}
        for n in swept.COUNTS:
            limit = 2 * (math.log(float(n)) / math.log(1000)) ** exponent
            cells[n] = {
                swept.ONE: {"bulk error": 0.1 * kl / limit},
                swept.DENOISED: {"bulk error": 0.1},
                "paths": {"gain of D, nats": kl},
            }
        squares = {"mean square of the score, bulk": 8.0, "mean square of grad a, bulk": kl**1.5}
        spaces[name] = {"0": {"KL": kl, "usable": True, "cells": cells} | squares}
    return spaces


@pytest.mark.parametrize("exponent", [1.0, -0.5])
def test_the_crossing_and_its_law(exponent):
    spaces = made_up(exponent)
    assert float(swept.law(spaces, ["0"])["exponent of log n"]) == pytest.approx(exponent)
    assert swept.crossings(spaces, ["0"], "1000").startswith("2 nats in 1 of 1")
    best = swept.best_mismatch(spaces, ["0"], "1000")
    assert best["best for error, 1000"] == "1 nats; lambda 1"
    assert best["best for compass error, 1000"] == "8 nats; lambda 0.1"
    assert best["best for gain of D, 1000"] == "8 nats; lambda 0.1"


def test_the_interval_of_ratios_is_one_of_their_logs():
    value, low, high = (float(x) for x in re.findall(r"[\d.]+", swept.times([1.0, 4.0, 2.0])))
    assert value == pytest.approx(2)
    assert low * high == pytest.approx(4, rel=0.4) and 0 < low < 1
    assert swept.times([0.5]) == "0.5"


def test_no_finding_before_all_spaces_of_a_seed_are_there():
    assert swept.seeds_of(made_up(1.0)) == []
    assert swept.findings({"2-D": made_up(1.0)}) == {"2-D": {}}


def test_the_prose_of_the_chapter_is_that_of_the_results():
    (path,) = (RESULTS.parents[2] / "notebooks").glob("14_*.ipynb")
    cells = json.loads(path.read_text())["cells"]
    (prose,) = [
        text for cell in cells if "It is not the shaping" in (text := "".join(cell["source"]))
    ]
    found = json.loads(RESULTS.read_text())
    keys = ("seeds", "KL", "rebuilt", "ratio 10000", "net 10000", "gain 10000")
    drawn = {
        name: dict(zip(keys, row, strict=False)) for name, row in found["chart"]["8-D"].items()
    }
    answers = found["findings"]
    weak, strong, white = (drawn[name] for name in ("0.02", "0.3", "0, whitened"))
    for key, digits in (("KL", 1), ("ratio 10000", 2), ("net 10000", 2)):
        assert f"from {weak[key]:.{digits}f} to {strong[key]:.{digits}f}" in prose, key
    assert weak["ratio 10000"] < strong["ratio 10000"] and weak["net 10000"] < strong["net 10000"]
    assert f"from {drawn['0']['KL']:.1f} to {white['KL']:.1f} nats" in prose
    assert f"an error of {white['ratio 10000']:.2f}" in prose
    assert f"an error of only {drawn['mixture, KL 4']['ratio 10000']:.2f}" in prose
    assert drawn["1"]["seeds"] == 1  # two of three fold
    leads = [answers[dim]["crossing, 10000"].split("leads in ")[1] for dim in ("2-D", "8-D")]
    assert f"leads in {leads[0]} of the plane, and in {leads[1].split(' spaces')[0]} in" in prose
    for n in swept.COUNTS:
        assert round(float(answers["2-D"][f"crossing, {n}"].split()[0])) == 2  # "near 2 nats"
    mixtures = json.loads(RESULTS.with_name("score.json").read_text())["other dimensions"]["cells"]
    near, far = (
        [mixtures[f"2-D, KL {kl}, 10,000 codes"][f"{method}, on q"].split()[0] for method in both]
        for both in [(swept.ONE, swept.DENOISED)]
        for kl in (1, 4)
    )
    assert f"has {near[0]} and the network {near[1]}, at 4 nats {far[0]} and {far[1]}" in prose
    assert near[0] < near[1] and far[0] > far[1]
    gain = answers["8-D"]["gain of D, all spaces"]
    assert f"mean of all spaces {gain} nats" in prose and "[-" in gain


def test_the_tables_are_those_of_the_runs():
    found = json.loads(RESULTS.read_text())
    assert found["cells"] == swept.printed(found["runs"])
    assert found["findings"] == swept.findings(found["runs"])
    assert found["chart"] == swept.chart(found["runs"])
    for dim in sweep.KL_OF_U:
        assert set(found["runs"][f"{dim}-D"]) == set(sweep.spaces(dim, 0))
