"""Correctors: one answer per point, shapes and books, precision, compilation, a GPU."""

import copy
import math
import platform
import shutil
import subprocess
import sys
import warnings

import pytest
import torch
from torch import nn

from nav_utils import correction
from nav_utils.correction import Run, Status, correct
from nav_utils.densities import GaussianMixture, StandardNormal, ring
from nav_utils.models import mlp_value_and_grad, prepare, value_and_grad
from nav_utils.ratio import DensityRatio, ExactRatio, Ratio
from nav_utils.steps import BAND, METHODS, Band, Denser, Logit
from tests.corrections import (
    HELD_OUT,
    LEARNT,
    RING,
    SINGLE,
    Looks,
    corrected,
    field,
    generator,
    network,
    normal,
    same,
)

INSIDE, CONVERGED, *_ = Status
EVERY = pytest.mark.parametrize("method", METHODS)
RATIOS = pytest.mark.parametrize("ratio", [RING, LEARNT], ids=["exact", "learnt"])


# ---- one answer per point ----


@RATIOS
@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_company_of_a_point_changes_nothing(ratio, method, dtype):
    ratio = SINGLE if ratio is LEARNT and dtype == torch.float32 else ratio
    z, options = 1.3 * normal(60, 2, dtype=dtype), {"max_steps": 25}
    together = corrected(z, ratio, method, **options)
    atol = 1e-9 if dtype == torch.float64 else 1e-3
    if dtype == torch.float32:  # near an edge the last digit decides: so not the literal status
        stable = corrected(z, ratio, method, chunk_size=7, **options)
        keep = stable.status == together.status
        assert float(keep.double().mean()) > 0.95
        close = (stable.z - together.z).norm(dim=-1) < atol
        assert float(close.double().mean()) > 0.95
        return
    order = torch.randperm(60, generator=generator(3))
    same(corrected(z[order], ratio, method, **options), together, order)
    same(corrected(z[7], ratio, method, **options), together, 7)
    same(corrected(z[7:8], ratio, method, **options), together, slice(7, 8))
    for extra in ({"chunk_size": 7}, {"chunk_size": 1000}, {"check_every": 1}, {"check_every": 99}):
        same(corrected(z, ratio, method, **options, **extra), together)


def coarse():
    """A network that bfloat16 knows only to half a nat near its contour, x = 1."""
    slope = nn.Linear(2, 1)
    with torch.no_grad():
        slope.weight.copy_(torch.tensor([[40.0, 0.0]])), slope.bias.fill_(-40.0)
    return DensityRatio(slope, HELD_OUT)


@pytest.mark.parametrize("method", ["logit", "gauss_newton", "score"])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_slow_points_do_not_use_up_the_steps_of_others_in_low_precision(method, noise):
    near, far = torch.linspace(0.95, 1.1, 30), torch.linspace(1.5, 3, 30)
    z, ratio = torch.cat([near, far])[:, None] * torch.tensor([1.0, 0.2]), coarse()
    options = {"precision": "bfloat16", "noise": noise, "max_steps": 40, "max_move": 0.01}
    options["goal"] = Denser(-2.0) if method == "score" else Band(0.02)
    together = corrected(z, ratio, method, **options)
    assert bool((together.n_steps[30:] == 40).all())  # the slow ones use all of their steps
    for rows in (slice(0, 30), slice(0, 7)):  # the first keep their places, and so their noise
        same(corrected(z[rows], ratio, method, **options), together, rows, atol=1e-5)
    same(corrected(z, ratio, method, check_every=1, **options), together, atol=1e-5)


def test_low_precision_never_brings_a_point_back_worse_than_it_came():
    z, options = normal(500, 2, dtype=torch.float32) * 0.005 + 1, {"noise": 3e-3, "max_steps": 3}
    for method in ("probability", "logit", "gauss_newton"):
        options |= {"precision": "bfloat16", "step_size": 1e-4, "goal": Band(1e-3)}
        found = corrected(z, coarse(), method, **options)
        assert bool((found.logit_after.abs() <= found.logit_before.abs()).all())
        assert bool((found.displacement > 0).any())


@EVERY
def test_noise_belongs_to_seed_and_place(method):
    z, options = normal(40, 2), {"noise": 0.03, "max_steps": 15}
    one = corrected(z, RING, method, **options)
    again = corrected(z, RING, method, seed=0, **options)
    other = corrected(z, RING, method, seed=1, **options)
    assert all(torch.equal(x, y) for x, y in zip(one[:-1], again[:-1], strict=True))
    moved = (one.displacement > 0) & (other.displacement > 0)
    assert not bool((one.z == other.z).all(-1)[moved].any()) and bool(moved.any())
    for extra in ({"chunk_size": 11}, {"check_every": 3}, {"chunk_size": 1, "check_every": 1}):
        same(corrected(z, RING, method, **options, **extra), one)
    same(corrected(z[:9], RING, method, **options), one, slice(0, 9))


def test_noise_has_the_standard_deviation_that_was_asked():
    flat = field(lambda z: 5 + 0 * z[:, 0])
    z, looks = torch.zeros(4000, 2, dtype=torch.float64), Looks()
    corrected(z, flat, "logit", noise=0.2, max_steps=3, chunk_size=4000, callback=looks)
    steps = torch.stack([z, *(look["z"] for look in looks)]).diff(dim=0)
    assert float(steps.std()) == pytest.approx(0.2, rel=0.02)
    assert abs(float((steps[0] * steps[1]).mean())) < 0.002


# ---- shapes, types, books ----


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3, 4)])
def test_shape_and_dtype_follow_the_points(method, dtype, shape):
    z = normal(*shape, 2, dtype=dtype)
    for ratio in (RING, SINGLE):
        found = corrected(z, ratio, method, max_steps=5)
        assert found.z.shape == z.shape and found.z.dtype == dtype
        for name in ("status", "n_steps", "logit_before", "logit_after", "displacement"):
            column = getattr(found, name)
            assert column.shape == shape
            assert column.dtype == (torch.int64 if name in {"status", "n_steps"} else dtype)
        flat = corrected(z.reshape(-1, 2), ratio, method, max_steps=5)
        assert torch.equal(found.z.reshape(-1, 2), flat.z)


@EVERY
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_nothing_is_left_behind(method, precision):
    z = normal(30, 2, dtype=torch.float32).requires_grad_()
    copy, before = z.detach().clone(), torch.get_float32_matmul_precision()
    state = torch.get_rng_state()
    try:
        for setting in ("highest", "high"):
            torch.set_float32_matmul_precision(setting)
            found = corrected(z, SINGLE, method, precision=precision, noise=0.1, max_steps=9)
            assert torch.get_float32_matmul_precision() == setting
    finally:
        torch.set_float32_matmul_precision(before)
    assert not torch.is_autocast_enabled("cpu") and torch.equal(torch.get_rng_state(), state)
    assert torch.equal(z.detach(), copy) and z.grad is None
    assert not any(x.requires_grad for x in found[:-1])
    learning = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))  # autograd's way
    ratio = DensityRatio(learning, HELD_OUT)
    learning.requires_grad_()
    other = corrected(z, ratio, method, precision=precision, max_steps=9)
    assert all(p.grad is None for p in learning.parameters()) and z.grad is None
    assert not any(x.requires_grad for x in other[:-1])
    found.z.zero_()  # the answer is no view of the question
    assert torch.equal(z.detach(), copy)


def test_precision_is_restored_when_the_network_fails():
    def logit(z):
        if len(z) == 3 and bool((z[:, 0] != 1).any()):
            raise RuntimeError("out of order")
        return 5 * z[:, 0]

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        for precision in ("float32", "bfloat16"):  # fails at the first step
            with pytest.raises(RuntimeError, match="out of order"):
                corrected(torch.ones(3, 2), field(logit), precision=precision)
            assert torch.get_float32_matmul_precision() == "high"
            assert not torch.is_autocast_enabled("cpu")
    finally:
        torch.set_float32_matmul_precision(before)


class Counting(ExactRatio):
    rows = 0

    def logit_and_grad(self, z):
        self.rows += len(z)
        return super().logit_and_grad(z)


@EVERY
@pytest.mark.parametrize(
    "options", [{}, {"chunk_size": 7}, {"check_every": 1}, {"max_steps": 3}, {"max_steps": 0}]
)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_evaluations_are_counted(method, options, precision):
    ratio = Counting(ring(), n=50)
    options = {"max_steps": 30} | options
    found = corrected(normal(50, 2), ratio, method, precision=precision, **options)
    assert found.n_evaluations == ratio.rows >= 50 + int(found.n_steps.sum())


def test_points_that_have_arrived_cost_little():
    """Half of the points have far to go: without compaction all would be computed to the end."""
    z = torch.cat([torch.zeros(200, 2), torch.full((20, 2), 0.35)]).double()
    slope = field(lambda z: 8 * z[:, 0])
    found = corrected(z, slope, "logit", step_size=2e-4, max_steps=400)
    assert int(found.n_steps.max()) > 100
    assert found.n_evaluations < 220 + 20 * (int(found.n_steps.max()) + 8)


def test_the_callback_sees_every_step():
    z, looks = normal(30, 2), Looks()
    found = corrected(z, RING, max_steps=20, callback=looks, chunk_size=16)
    assert [look["step"] for look in looks if 0 in look["place"]][:3] == [1, 2, 3]
    for look in looks:
        assert set(look) >= {"step", "place", "z", "logit", "gradient", "status", "n_steps"}
        a, gradient = RING.logit_and_grad(look["z"])
        torch.testing.assert_close(look["logit"], a)
        torch.testing.assert_close(look["gradient"], gradient)
    for i in range(30):
        assert len(looks.of(i)) == int(found.n_steps[i])
    assert {int(p) for look in looks for p in look["place"]} <= set(range(30))


BAD = {
    "empty": (torch.empty(0, 2), r"z: expected finite floating values.*\(0, 2\)"),
    "NaN": (torch.tensor([[0.0, math.nan]]), "z: .*1 of them not finite"),
    "infinite": (torch.tensor([[0.0, -math.inf]]), "z: .*1 of them not finite"),
    "integers": (torch.zeros(3, 2, dtype=torch.long), "z: .*int64"),
    "half": (torch.zeros(3, 2).half(), "z: expected float32 or float64, got torch.float16"),
    "bfloat16": (torch.zeros(3, 2).bfloat16(), "z: expected float32 or float64"),
    "a number": (torch.tensor(1.0), r"z: expected shape \(\.\.\., d\)"),
    "three coordinates": (torch.zeros(4, 3), r"z: expected shape \(\.\.\., 2\), got \(4, 3\)"),
    "a list": ([[0.0, 0.0]], "z: expected a tensor, got a list"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_points(case):
    z, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        correct(z, RING)


# ---- speed without another answer ----


@EVERY
def test_low_precision_ends_are_judged_in_full(method):
    z = 1.3 * normal(200, 2, dtype=torch.float32)
    looks = Looks()
    found = corrected(z, SINGLE, method, precision="bfloat16", callback=looks)
    plain = corrected(z, SINGLE, method)
    torch.testing.assert_close(found.logit_after, SINGLE.logit(found.z), rtol=0, atol=1e-4)
    torch.testing.assert_close(found.logit_before, SINGLE.logit(z), rtol=0, atol=1e-4)
    done = found.status <= CONVERGED
    if method == "score":
        assert bool((SINGLE.log_q(found.z[done]) >= SINGLE.log_q_level(0.5) - 1e-4).all())
    else:
        assert bool((found.logit_after[done].abs() <= BAND).all())
        assert bool((found.logit_after.abs() <= found.logit_before.abs() + 1e-6).all())
    assert float((done == (plain.status <= CONVERGED)).double().mean()) > 0.97
    assert int(found.n_steps.max()) <= 200
    first = looks[0]["logit"]  # of which those that moved are numbers of bfloat16
    rounded = (first == first.bfloat16().float())[looks[0]["n_steps"] > 0]
    assert bool(rounded.all()) and bool(rounded.any())


needs_compiler = pytest.mark.skipif(
    not any(shutil.which(name) for name in ("c++", "g++", "clang++")), reason="no C++ compiler here"
)


@needs_compiler
def test_a_compiled_step_is_the_same_step():
    z, eager, fast = normal(100, 2, dtype=torch.float32), Looks(), Looks()
    options = {"max_steps": 6, "goal": Band(1e-5)}
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="torch.compile failed")
        corrected(z, SINGLE, "logit", compile=True, callback=fast, **options)
    corrected(z, SINGLE, "logit", callback=eager, **options)
    assert len(fast) == len(eager) == 6
    for one, other in zip(fast, eager, strict=True):
        torch.testing.assert_close(one["z"], other["z"], rtol=0, atol=1e-4)
        assert torch.equal(one["status"], other["status"])


@pytest.mark.parametrize("words", ["no compiler\nanywhere", ""])
def test_where_compilation_fails_a_warning_and_the_same_answer(monkeypatch, words):
    def broken_compiler(step):
        def call(*arguments):
            raise RuntimeError(words)

        return call

    monkeypatch.setattr(torch, "compile", broken_compiler)
    z = normal(30, 2)
    with pytest.warns(UserWarning, match="torch.compile failed, going on without it: ") as caught:
        found = corrected(z, RING, "logit", compile=True, max_steps=9)
    assert len(caught) == 1 and (words.split("\n")[0] or "RuntimeError") in str(caught[0].message)
    same(found, corrected(z, RING, "logit", max_steps=9), atol=0)


def test_a_network_that_fails_is_not_blamed_on_the_compiler(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda step: step)

    def logit(z):
        if len(z) == 3 and bool((z[:, 0] != 1).all()):
            raise RuntimeError("out of order")
        return 5 * z[:, 0]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeError, match="out of order"):
            corrected(torch.ones(3, 2), field(logit), "logit", compile=True)


@pytest.mark.parametrize("sizes", [(2, 1), (3, 8, 1), (2, 16, 16, 16, 1), (5, 7, 3, 1)])
def test_the_closed_form_of_an_mlp_is_what_autograd_finds(sizes):
    net, z = network(sizes).double(), 3 * normal(50, sizes[0])
    value, gradient = mlp_value_and_grad(net, z)
    z.requires_grad_()
    expected = net(z).squeeze(-1)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected.sum(), z)[0])
    assert value.shape == (50,) and gradient.shape == z.shape


@pytest.mark.parametrize("sizes", [(2, 1), (3, 8, 1), (2, 16, 16, 16, 1), (5, 7, 3, 1)])
@pytest.mark.parametrize("n", [50, 49, 1])
def test_kept_memory_and_threads_change_nothing(sizes, n):
    net, z, other = network(sizes), normal(n, sizes[0]).float(), normal(50, sizes[0]).float()
    prepared = prepare(net, 50)
    assert [tuple(v.shape) for pair in prepared.room for v in pair] == [
        (50, width) for width in sizes[1:-1] for _ in range(2)
    ]
    expected = mlp_value_and_grad(net, z)
    for threads in (1, 2, 7):
        with torch.no_grad():
            found = value_and_grad(prepared._replace(threads=threads), z)
            kept = [x.clone() for x in found]
            value_and_grad(prepared, other)  # an answer is in memory of its own
        for one, two, three in zip(found, kept, expected, strict=True):
            assert torch.equal(one, two)
            torch.testing.assert_close(one, three)


def test_a_prepared_ratio_is_another_and_a_correction_sees_a_changed_network():
    ratio, z = DensityRatio(network((2, 16, 1)), normal(100, 2).float()), normal(30, 2).float()
    prepared, second = ratio.prepared(30), ratio.prepared(30)
    first = prepared.logit_and_grad(z)
    second.logit_and_grad(-z)
    for x, y in zip(first, ratio.logit_and_grad(z), strict=True):
        torch.testing.assert_close(x, y)
    walk = Logit(), Band(1e-6), Run(max_steps=3)
    before = correct(z, ratio, *walk).z
    with torch.no_grad():
        ratio.network[0].weight.neg_()
    for x, y in zip(ratio.logit_and_grad(z), Ratio.logit_and_grad(ratio, z), strict=True):
        torch.testing.assert_close(x, y)  # by hand, and by autograd
    assert not torch.allclose(before, correct(z, ratio, *walk).z)


KEPT = """
import ctypes, torch
from nav_utils.running import keep_memory

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "a b c d mapped e f g h i".split()]

ask = ctypes.CDLL(None).mallinfo2
ask.restype = Info
if {keep}:
    keep_memory()
before = ask().mapped  # bytes that the system gave for one block each, and takes back with it
large = torch.empty(30 * 2**20, dtype=torch.uint8)
print(ask().mapped - before)
"""


@pytest.mark.skipif(platform.libc_ver() < ("glibc", "2.33"), reason="another C library")
def test_memory_that_is_kept_serves_large_tensors():
    def mapped(keep):
        command = [sys.executable, "-c", KEPT.format(keep=keep)]
        return int(subprocess.run(command, capture_output=True, check=True).stdout)

    assert mapped(False) >= 30 * 2**20 and mapped(True) == 0


# ---- on a GPU ----

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


@needs_gpu
@EVERY
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_gpu_takes_the_same_steps(method, noise):
    z, options = (
        normal(500, 2, dtype=torch.float32),
        {"max_steps": 1, "noise": noise, "goal": Band(0.01)},
    )
    gpu = DensityRatio(copy.deepcopy(SINGLE.network), SINGLE.held_out).to("cuda")
    start = z
    for _ in range(5):  # each step from the same place, so that nothing adds up
        here, there = Looks(), Looks()
        one = corrected(start, SINGLE, method, callback=here, **options)
        two = corrected(start.cuda(), gpu, method, callback=there, **options)
        assert two.z.is_cuda and two.status.is_cuda
        ends = [start.clone(), start.clone()]
        for end, (look,) in zip(ends, (here, there), strict=True):
            end[look["place"].cpu()] = look["z"].cpu()
        torch.testing.assert_close(*ends, rtol=0, atol=1e-4)
        assert not torch.equal(ends[0], start)
        start = one.z
    back = corrected(z, gpu, method, max_steps=5)  # a network there, points here
    assert not back.z.is_cuda and not back.status.is_cuda


@needs_gpu
@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_low_precision_on_a_gpu_is_judged_in_full(precision):
    gpu = DensityRatio(copy.deepcopy(SINGLE.network), HELD_OUT).to("cuda")
    found = corrected(normal(500, 2, dtype=torch.float32), gpu, "logit", precision=precision)
    torch.testing.assert_close(found.logit_after, gpu.logit(found.z), rtol=0, atol=1e-4)
    done = found.status <= CONVERGED
    assert bool((found.logit_after[done].abs() <= BAND).all())


@needs_gpu
def test_chunks_on_a_gpu_follow_its_free_memory(monkeypatch):
    points, wide = (
        torch.zeros(2, 2, device="cuda"),
        DensityRatio(network((2, 512, 512, 1)), HELD_OUT),
    )
    sizes = []
    for free in (2**20, 2**30, 2**34):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, free))
        sizes.append(correction.chunk_for(points, wide))
    assert sizes[0] < sizes[1] < sizes[2] <= 2**20
    assert correction.chunk_for(points, SINGLE) >= sizes[2]


@needs_gpu
def test_memory_on_a_gpu_does_not_grow_with_the_number_of_points():
    gpu = DensityRatio(network((2, 128, 128, 1)), HELD_OUT).to("cuda")
    peaks = []
    for n in (100_000, 400_000):
        z = torch.randn(n, 2, device="cuda")
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        corrected(z, gpu, "logit", max_steps=5, chunk_size=50_000)
        peaks.append(torch.cuda.max_memory_allocated() - before)
    assert peaks[1] < peaks[0] + 400_000 * 100  # the answer itself, and no activations


def test_the_prior_of_the_ratio_is_the_one_that_score_uses():
    other = ExactRatio(ring(), GaussianMixture([[0.3, 0.1]], 1.4))
    z = normal(40, 2)
    found = corrected(z, other, "score", Denser(5.0), max_steps=1, step_size=1e-3)
    torch.testing.assert_close(found.z, z + 1e-3 * ring().score(z))
    assert float((StandardNormal(2).score(z) - other.prior.score(z)).abs().max()) > 0.1
