"""Walks in one kernel: the same ends as step by step, or a warning that says why not.

On a processor Triton's interpreter runs the kernel, where triton is installed; on a GPU itself.
"""

import importlib.util
import warnings

import pytest
import torch

from nav_utils import correction, fused
from nav_utils.correction import Run, Status, correct
from nav_utils.densities import GaussianMixture, ring
from nav_utils.fused import weights_of, why_not
from nav_utils.models import mlp, seeded
from nav_utils.ratio import DensityRatio, ExactRatio
from nav_utils.steps import Band, Below, Denser, GaussNewton, Logit, Probability, Score
from tests.ratios import Flat, normal

needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="triton is not installed here"
)
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
WALKS = [
    (Probability(0.5), Band(0.02)),
    (Probability(0.5), Denser(-1.5)),
    (Logit(0.1), Below(-0.3, 0.1)),
    (Logit(0.1), Denser(-1.5)),
    (GaussNewton(), Band(0.02)),
    (GaussNewton(), Below(-0.3, 0.1)),
    (Score(0.05), Denser(-2.0)),
    (Score(0.05), Band(0.02)),
]


def ratio_of(*sizes, **options):
    """A ratio of a network with steep random weights."""
    with seeded(0):
        network = mlp(sizes)
    network[-1].weight.data *= 4
    return DensityRatio(network, normal(200, sizes[0]), **options)


@pytest.fixture(scope="module")
def device():
    """A GPU, or the processor with Triton's interpreter."""
    if torch.cuda.is_available():
        yield "cuda"
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", "1")
        yield "cpu"


@needs_triton
@pytest.mark.parametrize("sizes", [(2, 24, 1), (3, 20, 17, 1), (2, 16, 32, 16, 1)])
@pytest.mark.parametrize(("method", "goal"), WALKS)
def test_a_walk_in_one_kernel_ends_where_the_steps_end(device, sizes, method, goal):
    ratio = ratio_of(*sizes, scale=1.3, shift=0.2, reversed=sizes[0] == 3).to(device)
    z = 1.5 * normal(21, sizes[0], seed=1).to(device)  # not a whole number of blocks
    options = {"max_steps": 12, "precision": "float16" if len(sizes) > 4 else "float32"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = correct(z, ratio, method, goal, Run(compile="fused", **options))
    plain = correct(z, ratio, method, goal, Run(max_steps=12))
    assert plain.n_steps.max() > 3, "there was something to do"
    if options["precision"] == "float32":
        assert torch.equal(found.status, plain.status)
        assert torch.equal(found.n_steps, plain.n_steps)
        torch.testing.assert_close(found.z, plain.z, atol=5e-4, rtol=0)  # three products of 16 bits
        torch.testing.assert_close(found.logit_after, plain.logit_after, atol=1e-3, rtol=1e-3)
    else:  # 16 bits end near by, and are judged in 32
        assert (found.status == plain.status).double().mean() > 0.8
        torch.testing.assert_close(found.logit_after, ratio.logit(found.z), atol=1e-5, rtol=1e-5)
    assert found.z.device == z.device
    torch.testing.assert_close(found.logit_before, plain.logit_before)


@needs_triton
def test_who_is_inside_stays_and_who_is_lost_comes_back_to_the_best_place(device):
    ratio = ratio_of(2, 24, 1).to(device)
    z = torch.tensor([[0.0, 0.0], [1e20, 1.0], [1.0, -1.0]], device=device)
    band = Band(0.45, float(ratio.logit(z[:1])))  # the first is inside
    found = correct(z, ratio, Probability(1e30), band, Run(max_steps=5, compile="fused"))
    assert found.status[0] == Status.INSIDE and torch.equal(found.z[0], z[0])
    assert found.n_steps[0] == 0 and found.z.isfinite().all()


@needs_triton
def test_one_walk_does_not_depend_on_the_others(device):
    ratio, z = ratio_of(2, 24, 1).to(device), normal(40, 2).to(device)
    run = Run(max_steps=9, compile="fused")
    together, alone = (correct(x, ratio, "logit", run=run) for x in (z, z[7:8]))
    torch.testing.assert_close(together.z[7:8], alone.z)
    assert together.n_evaluations > 40 and together.n_steps.dtype == torch.int64


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_weights_are_padded_with_zeros_and_what_16_bits_leave_stands_behind(dtype):
    network = mlp([3, 20, 17, 1])
    tensors, n_layers, width, inputs = weights_of(network, dtype, torch.device("cpu"))
    assert (n_layers, width, inputs) == (2, 32, 16) and len(tensors) == 7
    x = torch.nn.functional.pad(normal(5, 3), (0, 13))
    for (high, low), bias in zip(tensors[0:4:2], tensors[1:4:2], strict=True):
        assert high.dtype == low.dtype == dtype
        assert bool((low == 0).all()) == (dtype == torch.float32)
        x = torch.nn.functional.silu(x @ (high.float() + low.float()) + bias)
    answer = x @ tensors[-1] + network[-1].bias
    torch.testing.assert_close(answer, network(normal(5, 3))[:, 0], rtol=1e-4, atol=1e-5)


CASES = {
    "noise": (ratio_of(2, 24, 1), {"noise": 0.1}, "neither noise nor callback"),
    "own network": (DensityRatio(Flat(), normal(200, 2)), {}, "not a network that .*mlp made"),
    "exact": (ExactRatio(ring()), {}, "not a network that .*mlp made"),
    "wide": (ratio_of(2, 300, 1), {}, "1 to 3 hidden layers up to 128 wide"),
    "deep": (ratio_of(2, 9, 9, 9, 9, 1), {}, "1 to 3 hidden layers up to 128 wide"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_has_no_kernel_goes_step_by_step_and_says_why_once(case, monkeypatch):
    monkeypatch.setattr(fused.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    ratio, options, reason = CASES[case]
    z = normal(30, 2)
    with pytest.warns(UserWarning, match=f"no fused kernel, going on without it: .*{reason}") as w:
        found = correct(z, ratio, "logit", run=Run(3, compile="fused", chunk_size=8, **options))
    assert len(w) == 1 and w[0].filename == __file__
    stepwise = correct(z, ratio, "logit", run=Run(3, chunk_size=8, **options))
    assert torch.equal(found.z, stepwise.z)


def test_other_reasons(monkeypatch):
    ratio, z, band = ratio_of(2, 24, 1), normal(3, 2), Band()
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setattr(fused.importlib.util, "find_spec", lambda name: None)
    assert "the extra `gpu`" in why_not(ratio, Logit(), band, z, "float32")
    monkeypatch.setattr(fused.importlib.util, "find_spec", lambda name: name)
    assert "on cpu" in why_not(ratio, Logit(), band, z, "float32")
    monkeypatch.setattr(fused, "interpreted", lambda: True)
    assert why_not(ratio, Logit(), band, z, "float32") is None
    assert "torch.float64" in why_not(ratio, Logit(), band, z.double(), "float32")
    other = ratio_of(2, 24, 1, prior=GaussianMixture([[0.0, 0.0]], 2.0))
    assert why_not(other, Logit(), band, z, "float32") is None
    for method, goal in ((Score(), band), (Logit(), Denser(-2.0))):
        assert "N(0, I)" in why_not(other, method, goal, z, "float32")


def test_another_word_for_compile_is_refused():
    with pytest.raises(ValueError, match="compile: expected False, True or 'fused', got 'fast'"):
        Run(compile="fast")


@needs_gpu
@needs_triton
@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize("precision", ["float32", "tf32", "float16", "bfloat16"])
def test_on_a_gpu_every_precision_ends_near_the_processor(precision, layers):
    if (precision, layers) == ("tf32", 3):
        pytest.skip("does not fit, and falls back")
    ratio, z = ratio_of(2, *[128] * layers, 1), normal(5000, 2)
    run = Run(max_steps=50)
    plain = correct(z, ratio, Probability(0.1), Band(1e-6), run)
    fast = Run(max_steps=50, compile="fused", precision=precision)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = correct(z.cuda(), ratio.to("cuda"), Probability(0.1), Band(1e-6), fast)
    most = {"float32": 1e-4, "tf32": 5e-3, "float16": 5e-3, "bfloat16": 5e-2}[precision]
    assert (found.z.cpu() - plain.z).norm(dim=-1).quantile(0.99) < most


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_where_the_kernel_fails_the_steps_answer_and_a_warning_says_why(monkeypatch, precision):
    def out_of_room(*_):
        raise RuntimeError("out of resource: shared memory\nand much more")

    monkeypatch.setattr(correction, "why_not", lambda *_: None)
    monkeypatch.setattr(correction, "judge", out_of_room)
    ratio, z = ratio_of(2, 16, 1), normal(5, 2, seed=1)
    plain = correct(z, ratio, run=Run(max_steps=5, precision=precision))
    with pytest.warns(UserWarning, match="kernel failed.*without it: out of resource: shared mem"):
        found = correct(z, ratio, run=Run(max_steps=5, precision=precision, compile="fused"))
    assert torch.equal(found.z, plain.z) and torch.equal(found.n_steps, plain.n_steps)
