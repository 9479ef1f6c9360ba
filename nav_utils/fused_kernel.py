"""The Triton kernel of `nav_utils.fused`: whole walks of points that never leave the processor.

One program walks with BLOCK points. Positions, logits, gradients and the best places live in
registers, the weights in shared memory; memory is read once before the walk and written once after.
What limits the speed is registers: a value that does not fit goes to memory and comes back. So each
activation is one piece of assembly, and vectors are read where they are needed. Importing this
needs triton.
"""
# mypy: disable-error-code="no-untyped-def, untyped-decorator"

from __future__ import annotations

import os

import triton
import triton.language as tl

LOG_2PI, TINY = tl.constexpr(1.8378770664093453), tl.constexpr(2.0**-126)
INTERPRETED = tl.constexpr(os.environ.get("TRITON_INTERPRET") == "1")
# s = 1 / (1 + 2^(-x log2(e))), then h = x s and its slope s + h - h s; 0fBFB8AA3B is -log2(e).
SILU = tl.constexpr("""{
    .reg .f32 s, t;
    mul.f32 s, $2, 0fBFB8AA3B;
    ex2.approx.ftz.f32 s, s;
    add.f32 s, s, 0f3F800000;
    rcp.approx.ftz.f32 s, s;
    mul.f32 $0, $2, s;
    neg.f32 t, $0;
    fma.rn.f32 t, t, s, $0;
    add.f32 $1, s, t;
}""")


@triton.jit
def silu(x):
    """SiLU of x, and its slope."""
    if INTERPRETED:
        s = tl.sigmoid(x)
        h = x * s
        slope = s + h * (1 - s)
    else:
        kinds: tl.constexpr = (tl.float32, tl.float32)
        h, slope = tl.inline_asm_elementwise(SILU, "=&f,=&f,f", [x], kinds, is_pure=True, pack=1)
    return h, slope


@triton.jit
def product(x, w, low, DOT: tl.constexpr):
    """x (BLOCK, n) times w (n, m); "split": w and low are what 16 bits hold of it, and of the rest.

    x is split in the same way, and what is left out, low times low, is below float32's precision.
    """
    if DOT == "split":
        high = x.to(w.dtype)
        y = tl.dot((x - high.to(tl.float32)).to(w.dtype), w)
        y = tl.dot(high, low, y)
        y = tl.dot(high, w, y)
    else:
        y = tl.dot(x.to(w.dtype), w, input_precision=DOT)
    return y


@triton.jit
def value_and_grad(z, weights, vectors, LAYERS: tl.constexpr, DOT: tl.constexpr):
    """The network's output (BLOCK,) and its gradient (BLOCK, D) at z, as mlp_value_and_grad.

    weights are loaded, see `matrices_of`; vectors are the addresses of biases and last weights
    (H,): read when they are needed, they take no registers in between.
    """
    w1, w2, w3, low1, low2, low3 = weights
    b1, b2, b3, out = vectors
    kind: tl.constexpr = w1.dtype if DOT == "ieee" else tl.float32  # of slopes: not above products
    wide = tl.arange(0, w1.shape[1])
    h, slope = silu(product(z, w1, low1, DOT) + tl.load(b1 + wide)[None, :])
    slope1 = slope.to(kind)
    if LAYERS > 1:
        h, slope = silu(product(h, w2, low2, DOT) + tl.load(b2 + wide)[None, :])
        slope2 = slope.to(kind)
    if LAYERS > 2:
        h, slope = silu(product(h, w3, low3, DOT) + tl.load(b3 + wide)[None, :])
    last = tl.load(out + wide)[None, :]
    value, back = tl.sum(h * last, 1), slope * last
    if LAYERS > 2:
        back = product(back, tl.trans(w3), tl.trans(low3), DOT) * slope2
    if LAYERS > 1:
        back = product(back, tl.trans(w2), tl.trans(low2), DOT) * slope1
    return value, product(back, tl.trans(w1), tl.trans(low1), DOT)


@triton.jit
def aim_of(a, z, GOAL: tl.constexpr, first, second, d):
    """How far outside a point is, and what a step brings to 0: both (BLOCK,).

    GOAL 0 is a band (centre, width), 1 below (level, margin), 2 denser (level of log q, margin).
    """
    if GOAL == 0:
        aim = a - first
        excess = tl.abs(aim) - second
    elif GOAL == 1:
        excess = a - first
        aim = excess + second
    else:
        excess = first + 0.5 * tl.sum(z * z, 1) + 0.5 * d * LOG_2PI + a
        aim = excess + second
    return excess, aim


@triton.jit
def capped(move, longest):
    """Moves (BLOCK, D), those that are too long shortened, as nav_utils.steps.capped."""
    scale = tl.maximum(tl.max(tl.abs(move), 1), longest)[:, None]
    move = move / scale
    norm = tl.sqrt(tl.sum(move * move, 1))[:, None]
    return move * (longest / tl.maximum(norm, longest / scale))


@triton.jit
def move_of(z, gradient, aim, METHOD: tl.constexpr, GOAL: tl.constexpr, eta, damping, longest):
    """One step (BLOCK, D): METHOD 0 probability, 1 logit, 2 gauss_newton, 3 score."""
    slope = gradient + z if GOAL == 2 else gradient
    b = aim[:, None]
    if METHOD == 0:
        p = tl.sigmoid(b)
        move = -2 * eta * (p - 0.5) * (p * tl.sigmoid(-b)) * slope
    elif METHOD == 1:
        move = capped(-eta * b * slope, longest)
    elif METHOD == 2:
        steepness = tl.sum(slope * slope, 1)[:, None] + damping
        move = capped(eta * (-b * slope / tl.maximum(steepness, TINY)), longest)
    else:
        move = capped(-eta * (z + gradient), longest)
    return move


@triton.jit
def points_of(z_in, n, d, BLOCK: tl.constexpr, D: tl.constexpr):
    """This program's points (BLOCK, D): rows, places in memory, which of them exist, the points."""
    rows, columns = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK), tl.arange(0, D)
    places = rows[:, None] * d + columns[None, :]
    inside = (rows < n)[:, None] & (columns < d)[None, :]
    return rows, places, inside, tl.load(z_in + places, mask=inside, other=0.0)


@triton.jit
def matrices_of(w1, w2, w3, LAYERS: tl.constexpr, D: tl.constexpr, H: tl.constexpr):
    """Weights (D, H), (H, H), (H, H), loaded, and behind each in memory its low part.

    The first stands in place of those there are not; what nobody uses is left out when compiled.
    """
    wide = tl.arange(0, H)
    first, square = tl.arange(0, D)[:, None] * H + wide[None, :], wide[:, None] * H + wide[None, :]
    high, low = tl.load(w1 + first), tl.load(w1 + D * H + first)
    high2, low2, high3, low3 = high, low, high, low
    if LAYERS > 1:
        high2, low2 = tl.load(w2 + square), tl.load(w2 + H * H + square)
    if LAYERS > 2:
        high3, low3 = tl.load(w3 + square), tl.load(w3 + H * H + square)
    return high, high2, high3, low, low2, low3


@triton.jit
def judge(
    z_in, logit_out, w1, b1, w2, b2, w3, b3, out, n, d, scale, shift,
    LAYERS: tl.constexpr, DOT: tl.constexpr, BLOCK: tl.constexpr, D: tl.constexpr, H: tl.constexpr,
):  # fmt: skip
    """The logits (n,) at points (n, d); what the gradient would need is left out when compiled."""
    rows, _, _, z = points_of(z_in, n, d, BLOCK, D)
    weights = matrices_of(w1, w2, w3, LAYERS, D, H)
    value, _ = value_and_grad(z, weights, (b1, b2, b3, out), LAYERS, DOT)
    tl.store(logit_out + rows, scale * value + shift, mask=rows < n)


@triton.jit
def walk(
    z_in, moving_in, z_out, steps_out, w1, b1, w2, b2, w3, b3, out,
    n, d, max_steps, scale, shift, eta, damping, longest, first, second,
    LAYERS: tl.constexpr, METHOD: tl.constexpr, GOAL: tl.constexpr, DOT: tl.constexpr,
    BLOCK: tl.constexpr, D: tl.constexpr, H: tl.constexpr,
):  # fmt: skip
    """Walk from z_in (n, d) where moving_in (n,) is not 0: the best places and the steps taken.

    Weights are contiguous and padded with zeros: w1 (2, D, H), w2, w3 (2, H, H), high and low
    parts, the others (H,).
    """
    rows, places, inside, z = points_of(z_in, n, d, BLOCK, D)
    moving = tl.load(moving_in + rows, mask=rows < n, other=0) != 0
    weights, vectors = matrices_of(w1, w2, w3, LAYERS, D, H), (b1, b2, b3, out)

    value, gradient = value_and_grad(z, weights, vectors, LAYERS, DOT)
    a, gradient = scale * value + shift, scale * gradient
    best_excess, aim = aim_of(a, z, GOAL, first, second, d)
    best, shrink = z, tl.full((BLOCK,), 1.0, tl.float32)
    n_steps = tl.zeros((BLOCK,), tl.int32)
    step = 0
    while (step < max_steps) & (tl.max(moving.to(tl.int32), 0) > 0):
        move = move_of(z, gradient, aim, METHOD, GOAL, eta, damping, longest)
        tried = tl.where(moving[:, None], z + move * shrink[:, None], z)
        value, slope = value_and_grad(tried, weights, vectors, LAYERS, DOT)
        there, slope = scale * value + shift, scale * slope
        excess, aimed = aim_of(there, tried, GOAL, first, second, d)
        probe = 0 * excess + tl.sum(0 * tried + 0 * slope, 1)  # 0 times infinity is NaN
        flat = tl.sum(tl.abs(tried - z), 1) == 0
        n_steps += moving.to(tl.int32)
        accepted = moving & (probe == 0)
        if METHOD == 2:
            accepted = accepted & (tl.abs(aimed) < tl.abs(aim))
            shrink = tl.where(accepted, tl.minimum(2 * shrink, 1.0), shrink / 2)
        better = accepted & (excess < best_excess)
        best = tl.where(better[:, None], tried, best)
        best_excess = tl.where(better, excess, best_excess)
        z = tl.where(accepted[:, None], tried, z)
        gradient = tl.where(accepted[:, None], slope, gradient)
        aim = tl.where(accepted, aimed, aim)
        moving = moving & (probe == 0) & (flat == 0) & ((accepted & (excess <= 0)) == 0)
        step += 1
    tl.store(z_out + places, best, mask=inside)
    tl.store(steps_out + rows, n_steps, mask=rows < n)
