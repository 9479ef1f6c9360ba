"""Counter-based noise: known answers, its distribution, and that it depends on nothing else."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from nav_utils.noise import WORD, _as_unit, philox, standard_normal, uniform

# Salmon and others' own vectors, kat_vectors of Random123: counter, key, answer.
KNOWN = [
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([WORD] * 4, [WORD] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]

# (seed, stream, step): coordinates 0 to 5 of the normal noise, and the uniform noise. Written by
# the plain Python below; an implementation in another language must reproduce them to 1e-14.
GOLDEN = {
    (0, 0, 0): (
        [0.9911376799303855, -0.9246625876655352, -0.6176089594591907]
        + [-0.48206858748717946, -0.15363823029788248, 0.1808258977794412],
        0.7722479471703991,
    ),
    (0, 1, 0): (
        [1.0675901405771602, -0.42534414773158075, -2.367973042048019]
        + [-0.2314968858603113, 0.4049668114095272, -0.552262759407853],
        0.0876495469128713,
    ),
    (1, 0, 0): (
        [0.38040073418569914, -0.29627788940822625, -0.24923342339675233]
        + [-1.003837251838876, 0.6269478532419015, -0.6339837684013817],
        0.0018469839124009013,
    ),
    (0, 0, 1): (
        [1.1363672672312048, -0.6758830171148463, 1.2405917684403607]
        + [0.22425113001522448, 1.0219787940255072, -0.8072826813187384],
        0.7877474670531228,
    ),
    (2**64 - 1, 2**63 - 1, 2**32 - 1): (
        [2.0088602662995063, -0.6716430377688952, -2.1971788262913576]
        + [0.39021758757269814, 0.4913630617777946, 0.4202931773232343],
        0.1767475117230788,
    ),
    (0x0123456789ABCDEF, 5 * 2**32 + 7, 1000): (
        [-1.7173480486373882, 0.941821741508616, -0.06312908033155828]
        + [-0.9512889099170146, -1.1341263742480527, -0.1202107103679486],
        0.7241992411436513,
    ),
}


def plain_philox(counter, key):
    """The algorithm in whole numbers of any size, written without looking at the package's."""
    x, k = list(counter), list(key)
    for r in range(10):
        if r > 0:
            k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
        high_0, low_0 = divmod(0xD2511F53 * x[0], 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * x[2], 2**32)
        x = [high_1 ^ x[1] ^ k[0], low_1, high_0 ^ x[3] ^ k[1], low_0]
    return x


def plain_words(seed, stream, step, block):
    counter = (block, step, stream % 2**32, stream // 2**32)
    return plain_philox(counter, (seed % 2**32, seed // 2**32))


def plain_normal(seed, stream, step, i):
    words = plain_words(seed, stream, step, i // 4)
    u_0, u_1 = ((word + 0.5) / 2**32 for word in (words[:2] if i % 4 < 2 else words[2:]))
    trigonometric = (math.cos, math.sin)[i % 2]
    return math.sqrt(-2 * math.log(u_0)) * trigonometric(2 * math.pi * u_1)


def plain_uniform(seed, stream, step):
    return (plain_words(seed, stream, step, 2**32 - 1)[0] + 0.5) / 2**32


def normal64(seed, stream, step=0, dim=6):
    return standard_normal(seed, torch.as_tensor(stream), step, dim, torch.float64)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_gives_the_known_answers(counter, key, answer):
    assert list(philox(counter, key)) == answer
    tensors = [torch.tensor(word) for word in (*counter, *key)]
    assert [int(word) for word in philox(tensors[:4], tensors[4:])] == answer
    assert plain_philox(counter, key) == answer


words = st.integers(0, WORD)


@settings(max_examples=200, deadline=None)
@given(st.lists(words, min_size=4, max_size=4), st.lists(words, min_size=2, max_size=2))
def test_philox_in_int64_is_philox_in_whole_numbers(counter, key):
    tensors = [torch.tensor(word) for word in (*counter, *key)]
    assert [int(x) for x in philox(tensors[:4], tensors[4:])] == plain_philox(counter, key)


@pytest.mark.parametrize("which", GOLDEN)
def test_golden_vectors(which):
    seed, stream, step = which
    normal, unit = GOLDEN[which]
    assert [plain_normal(*which, i) for i in range(6)] == pytest.approx(normal, rel=0, abs=1e-14)
    assert plain_uniform(*which) == unit
    assert normal64(seed, stream, step).tolist() == pytest.approx(normal, rel=0, abs=1e-14)
    assert uniform(seed, torch.tensor(stream), step).item() == unit


def test_distribution_is_normal():
    z = standard_normal(2024, torch.arange(50_000), 3, 4, torch.float64)
    n = z.numel()
    for power, moment, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]:
        assert abs(z.pow(power).mean() - moment) < 4 * math.sqrt(variance / n)
    for i in range(4):
        assert kstest(z[:, i], "norm").pvalue > 0.01
    assert 4 < z.abs().max() < math.sqrt(66 * math.log(2))


def test_uniform_noise_is_uniform():
    u = uniform(2024, torch.arange(50_000), 3)
    assert u.dtype == torch.float64 and u.shape == (50_000,)
    assert 0 < u.min() < 1e-4 and 1 - 1e-4 < u.max() < 1
    assert kstest(u, "uniform").pvalue > 0.01


@pytest.mark.parametrize("real", [torch.float32, torch.float64])
def test_no_word_gives_0_or_1(real):
    u = _as_unit(torch.tensor([0, WORD // 2, WORD]), real)
    assert u[0] == 2.0**-33 and 0.49 < u[1] < 0.51 and 0.999 < u[2] < 1


def test_noise_of_a_point_does_not_depend_on_the_batch():
    stream = torch.arange(70_001)
    together, unit = normal64(7, stream, 5), uniform(7, stream, 5)
    for size in (1001, 32_768, 70_000):
        parts = [normal64(7, part, 5) for part in stream.split(size)]
        assert torch.equal(torch.cat(parts), together)
        assert torch.equal(torch.cat([uniform(7, x, 5) for x in stream.split(size)]), unit)
    for i in (0, 1, 2, 33, 70_000):
        assert torch.equal(normal64(7, stream[i], 5), together[i])
        assert torch.equal(uniform(7, stream[i], 5), unit[i])
    order = torch.randperm(len(stream), generator=torch.Generator().manual_seed(0))
    assert torch.equal(normal64(7, order, 5), together[order])
    table = stream[:70_000].view(200, 350).T[::3]  # strided
    assert torch.equal(normal64(7, table, 5), together[table])
    assert normal64(7, stream[:0]).shape == (0, 6)


def test_noise_does_not_depend_on_the_threads():
    before = torch.get_num_threads()
    try:
        noises = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            noises.append(normal64(7, torch.arange(100_003), 5))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(noises[0], noises[1]) and torch.equal(noises[0], noises[2])


def test_fewer_coordinates_are_the_first_of_more():
    longest = normal64(7, torch.arange(9), dim=13)
    for dim in range(1, 13):
        assert torch.equal(normal64(7, torch.arange(9), dim=dim), longest[:, :dim])


def test_seeds_and_streams_are_broadcast():
    seed, stream = torch.tensor([[0], [5], [2**40]]), torch.arange(4)
    z, u = normal64(seed, stream, 2), uniform(seed, stream, 2)
    assert z.shape == (3, 4, 6) and u.shape == (3, 4)
    for i, number in enumerate(seed.flatten().tolist()):
        assert torch.equal(z[i], normal64(number, stream, 2))
        assert torch.equal(u[i], uniform(number, stream, 2))
    assert torch.equal(normal64(torch.tensor([5, 5]), 3, 2)[1], z[1, 3])  # one stream, many seeds


def test_steps_are_broadcast():
    steps, stream = torch.tensor([[0], [7], [WORD]]), torch.arange(4)
    z, u = normal64(3, stream, steps), uniform(3, stream, steps)
    for i, step in enumerate(steps.flatten().tolist()):
        assert torch.equal(z[i], normal64(3, stream, step))
        assert torch.equal(u[i], uniform(3, stream, step))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_dtype_is_a_rounding(dtype):
    z = standard_normal(7, torch.arange(100), 0, 3, dtype)
    assert z.dtype == dtype and torch.equal(z, normal64(7, torch.arange(100), dim=3).to(dtype))


def test_neighbours_are_unlike_and_uncorrelated():
    n = 20_000
    stream = torch.arange(n)
    z = normal64(1, stream, 1, 6)
    columns = {f"coordinate {i}": z[:, i] for i in range(6)} | {
        "next seed": normal64(2, stream, 1)[:, 0],
        "high word of the seed": normal64(1 + 2**32, stream, 1)[:, 0],
        "next step": normal64(1, stream, 2)[:, 0],
        "other streams": normal64(1, stream + n, 1)[:, 0],
        "next stream": normal64(1, stream + 1, 1)[:, 0],
        "high word of the stream": normal64(1, stream + 2**32, 1)[:, 0],
        "uniform": uniform(1, stream, 1),
        "uniform, next step": uniform(1, stream, 2),
    }
    table = torch.stack(list(columns.values()))
    assert len(torch.unique(table[:6])) == 6 * n
    for moment in (table, (table - table.mean(1, keepdim=True)).square()):
        off_diagonal = torch.corrcoef(moment) - torch.eye(len(table))
        assert off_diagonal.abs().max() < 4.5 / math.sqrt(n)


S = torch.arange(3)
BAD: dict[str, tuple] = {
    "seed negative": (-1, S, 0, r"seed: expected.*0 to 2\^64 - 1, got -1"),
    "seed too long": (2**64, S, 0, r"seed: expected.*got 18446744073709551616"),
    "seed a float": (1.0, S, 0, r"seed: expected a whole number.*got 1\.0"),
    "seeds negative": (S - 1, S, 0, "seed: expected no negative number, got -1"),
    "seeds floating": (S.float(), S, 0, "seed: expected an int64 tensor.*torch.float32"),
    "other shape": (S, torch.arange(4), 0, r"broadcast, got \(\(3,\), 'cpu'\) and \(\(4,\)"),
    "stream negative": (0, S - 2, 0, "stream: expected no negative number, got -2"),
    "stream int32": (0, S.int(), 0, "stream: expected an int64 tensor.*torch.int32"),
    "stream a number": (0, 3, 0, "stream: expected an int64 tensor.*int"),
    "step negative": (0, S, -1, r"step: expected.*0 to 2\^32 - 1, got -1"),
    "step too long": (0, S, 2**32, "step: expected.*got 4294967296"),
    "step a float": (0, S, 0.5, "step: expected a whole number"),
    "steps too long": (0, S, S + 2**32, "step: expected at most .*got 4294967298"),
    "steps negative": (0, S, S - 1, "step: expected no negative number, got -1"),
    "other steps": (0, S, torch.arange(4), r"step and stream on one device.*\(\(4,\), 'cpu'\) and"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    seed, stream, step, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        standard_normal(seed, stream, step, 2)
    with pytest.raises(ValueError, match=message):
        uniform(seed, stream, step)


@pytest.mark.parametrize("dim", [0, -1, 2.0])
def test_bad_dim(dim):
    with pytest.raises(ValueError, match="dim: expected a whole number of coordinates"):
        standard_normal(0, S, 0, dim)


def test_bad_dtype():
    with pytest.raises(ValueError, match="dtype: expected a floating-point type, got torch.int64"):
        standard_normal(0, S, 0, 2, torch.int64)
