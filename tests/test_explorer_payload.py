"""What the page gets of a latent space: how exact it is, how large, and what is refused."""

import base64
import copy
import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load
from scipy import ndimage
from torch import nn

from nav_utils.densities import ring
from nav_utils.explorer import Explorer, packing, payload
from nav_utils.explorer.page import div, shipped
from nav_utils.explorer.state import DEFAULTS, ETA, LIMITS, RADIUS, expect_state
from nav_utils.fitting import fit_ratio
from nav_utils.models import mlp
from nav_utils.pretrained import load_pretrained
from nav_utils.ratio import DensityRatio, ExactRatio, Ratio

NAMES = ("mnist-2d", "digits-2d")


def read(data):
    """Tensors as numpy arrays, and the facts of the metadata."""
    size = int.from_bytes(data[:8], "little")
    facts = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["explorer"])
    return {name: tensor.numpy() for name, tensor in load(data).items()}, facts


@pytest.fixture(scope="module", params=NAMES)
def space(request):
    return shipped(request.param)


@pytest.fixture(scope="module")
def parts(space):
    return read(payload(space))


@pytest.fixture()
def digits():
    """A space of one's own to break."""
    return load_pretrained("digits-2d")


def random_points(n, radius, seed):
    generator = torch.Generator().manual_seed(seed)
    return radius * (2 * torch.rand(n, 2, generator=generator, dtype=torch.float64) - 1)


def sigmoid(a):
    return 0.5 * (1 + np.tanh(a / 2))


def on_grid(tensors, facts, z):
    """The logit that the page computes, at points (n, 2) within the grid."""
    n = len(tensors["grid"])
    at = (z.numpy() - facts["low"]) / (facts["high"] - facts["low"]) * (n - 1)
    coefficients = tensors["grid"].astype(float) * facts["grid_scale"]
    return ndimage.map_coordinates(
        coefficients, [at[:, 1], at[:, 0]], order=3, mode="mirror", prefilter=False
    )


# ---- size and exactness -------------------------------------------------------------------------


def test_the_shipped_payload_is_small_enough():
    assert len(base64.b64encode(payload(shipped("mnist-2d")))) <= 800_000


def test_d_on_the_grid_is_within_five_thousandths(space, parts):
    tensors, facts = parts
    z = random_points(300_000, facts["radius"], seed=17)
    z = z[~space.ratio.no_data(z)]
    error = np.abs(sigmoid(on_grid(tensors, facts, z)) - space.ratio.prob(z).numpy()).max()
    assert error <= 0.005 and facts["grid_error"] <= 0.005
    assert 0.7 < error / facts["grid_error"] < 1.4, "the stated error is the measured one"


def test_the_grid_is_the_coarsest_that_is_exact_enough(space, parts, monkeypatch):
    sizes, n = packing.SIZES, len(parts[0]["grid"])
    assert n in sizes
    if n > sizes[0]:
        monkeypatch.setattr(packing, "SIZES", (sizes[sizes.index(n) - 1],))
        assert packing.fitted_grid(space.ratio, parts[1]["radius"])[2] > 0.005


def test_an_error_that_is_too_large_is_told(digits, monkeypatch):
    monkeypatch.setattr(packing, "SIZES", (9, 13))
    tensors, facts = read(payload(digits))
    assert tensors["grid"].shape == (13, 13) and facts["grid_error"] > 0.005


class WildCorner(Ratio):
    """Smooth where there are data; no grid can follow it in one corner of the map."""

    def logit(self, z):
        corner = (z > 3.1).all(-1)
        return z[..., 0] + torch.where(corner, 5 * torch.sin(90 * z[..., 1]), 0.0)


def test_the_error_is_that_where_there_are_data(digits):
    ratio = WildCorner(digits.ratio.prior, digits.ratio.held_out)
    assert read(payload(digits._replace(ratio=ratio)))[1]["grid_error"] < 0.005


def test_the_grid_knows_its_rows_from_its_columns_and_reaches_beyond_the_map(space, parts):
    tensors, facts = parts
    assert facts["high"] == -facts["low"] == pytest.approx(1.15 * facts["radius"])
    z = torch.tensor([[1.0, -2.0], [-2.0, 1.0], [0.3, 3.8], [3.8, 0.3]], dtype=torch.float64)
    assert on_grid(tensors, facts, z) == pytest.approx(space.ratio.logit(z).numpy(), abs=0.05)


def test_the_logit_is_clipped(digits):
    digits.ratio.scale = 50.0
    tensors, facts = read(payload(digits))
    z = random_points(2000, 4.0, seed=1)
    assert digits.ratio.logit(z).abs().max() > 100
    assert np.abs(on_grid(tensors, facts, z)).max() < 75  # a spline swings a little over 60


def test_places_without_data_are_those_of_the_ratio(space, parts):
    tensors, facts = parts
    n = len(tensors["grid"])
    axis = torch.linspace(facts["low"], facts["high"], n, dtype=torch.float64)
    nodes = torch.stack([axis.repeat(n), axis.repeat_interleave(n)], dim=-1)  # z_1 runs fastest
    empty = space.ratio.no_data(nodes).numpy()
    assert 0 < empty.sum() < n * n
    assert np.array_equal(np.unpackbits(tensors["no_data"])[: n * n].astype(bool), empty)


def test_the_decoder_is_the_models(space, parts):
    tensors, facts = parts
    h = random_points(500, facts["radius"], seed=2).float().numpy()
    k = 0
    while f"decoder.{k}.weight" in tensors:
        assert tensors[f"decoder.{k}.weight"].dtype == np.float16
        x = h @ tensors[f"decoder.{k}.weight"].astype(np.float32).T
        x = x + tensors[f"decoder.{k}.bias"].astype(np.float32)
        h, k = x * sigmoid(x), k + 1
    _, height, width = facts["image"]
    has_output = np.unpackbits(tensors["decoder.pixels"])[: height * width].astype(bool)
    images = np.zeros((500, height * width), np.float32)
    images[:, has_output] = sigmoid(x)
    z = random_points(500, facts["radius"], seed=2).float()
    true = space.model.decode(z).flatten(1).numpy()
    assert np.abs(images - true).mean() < 0.2 / 255 and np.abs(images - true).max() < 3 / 255
    assert true[:, ~has_output].max() < 0.5 / 255, "left out only where nothing would be seen"
    assert has_output.sum() == len(x[0]) < height * width


def test_the_exact_ratio_is_the_networks(space, parts):
    tensors, facts = parts
    z = random_points(2000, facts["radius"], seed=3)
    h, k = z.numpy(), 0
    while f"ratio.{k}.weight" in tensors:
        rows = tensors[f"ratio.{k}.weight"]
        assert rows.dtype == np.uint8
        octets = rows.reshape(len(rows), -1, 3)
        whole = np.pad(octets, [(0, 0), (0, 0), (1, 0)]).view("<i4")[..., 0] >> 8
        weight = whole * tensors[f"ratio.{k}.scale"].astype(float)[:, None]
        x = h @ weight.T + tensors[f"ratio.{k}.bias"]
        h, k = x * sigmoid(x), k + 1
    a = facts["scale"] * x[:, 0] + facts["shift"]
    assert a == pytest.approx(space.ratio.logit(z).numpy(), abs=2e-5)
    assert facts["scale"] == space.ratio.scale != 1 and facts["shift"] == space.ratio.shift != 0


def test_a_row_of_zeros_has_a_scale(digits):
    nn.init.zeros_(digits.ratio.network[0].weight[:1])
    tensors, _ = read(payload(digits))
    assert tensors["ratio.0.scale"][0] == 1 and not tensors["ratio.0.weight"][0].any()


def test_codes_are_some_of_the_training_codes_with_their_labels(space, parts):
    tensors, facts = parts
    n = min(900, len(space.codes))
    chosen = torch.randperm(len(space.codes), generator=torch.Generator().manual_seed(0))[:n]
    assert np.array_equal(tensors["codes"], space.codes[chosen].half().numpy())
    assert np.array_equal(tensors["labels"], space.labels[chosen].numpy())
    assert tensors["labels"].dtype == np.uint8


def test_facts_say_what_the_page_must_know(space, parts):
    _, facts = parts
    assert facts["version"] == 2 and facts["name"] == space.card["name"]
    assert facts["radius"] == 3.5 and facts["image"] == list(space.model.image_shape)
    assert facts["atlas"] is None and facts["prior"] == {"kind": "normal"}
    assert facts["methods"] == list(ETA)
    assert facts["level_95"] == space.ratio.level(0.05)
    assert facts["log_q_95"] == space.ratio.log_q_level(0.05)
    assert facts["log_q_50"] == space.ratio.log_q_level(0.5)
    assert facts["start"] == DEFAULTS


def test_a_space_that_is_wider_gets_a_wider_map(digits):
    wider = digits._replace(codes=1.5 * digits.codes)
    reach = float(wider.codes.abs().quantile(0.99))
    radius = read(payload(wider))[1]["radius"]
    assert 3.5 < reach <= radius < reach + 0.5 and 2 * radius == int(2 * radius)


# ---- presets and start --------------------------------------------------------------------------


def test_shipped_presets_travel_and_make_sense():
    facts = read(payload(shipped("mnist-2d")))[1]
    presets = json.loads((packing.HERE / "presets.json").read_text(encoding="utf-8"))["mnist-2d"]
    assert facts["presets"] == presets, "in range already"
    for name, preset in presets.items():
        assert preset["text"] and set(preset["state"]) <= set(DEFAULTS), name


def test_a_space_of_ones_own_has_the_presets_that_it_is_given(digits):
    other = digits._replace(card={"name": "mine"})
    assert read(payload(other))[1]["presets"] == {} and read(payload(other))[1]["name"] == "mine"
    given = {"far": {"text": "Far outside", "state": {"a": [9, -9], "steps": 3}}}
    found = read(payload(other, given, start={"eta": 1e9, "method": "score"}))[1]
    assert found["presets"] == {
        "far": {"text": "Far outside", "state": {"a": [3.5, -3.5], "steps": 3}}
    }
    assert found["start"] == DEFAULTS | {"eta": 100, "method": "score"}
    with pytest.raises(ValueError, match="steps: expected a finite number from 0 to 400, got 'x'"):
        payload(other, {"bad": {"text": "Bad", "state": {"steps": "x"}}})
    with pytest.raises(ValueError, match="got 'etta'; did you mean 'eta'"):
        payload(other, start={"etta": 1})


# ---- made once ----------------------------------------------------------------------------------


def test_what_takes_time_is_done_once_until_something_changes(digits, monkeypatch):
    made = []
    original = packing.fitted_grid

    def counted(*arguments):
        made.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(packing, "fitted_grid", counted)
    first = payload(digits)
    assert payload(digits) == payload(digits._replace()) == first and len(made) == 1
    assert payload(digits, start={"eps": 0.2}) != first and len(made) == 1
    digits.model.decoder[0].bias[0] += 1
    assert payload(digits) != first and len(made) == 2
    digits.ratio.network[0].bias[0] += 1
    payload(digits)
    digits.ratio.shift += 1
    payload(digits)
    payload(digits._replace(codes=digits.codes + 0.1))
    payload(digits._replace(labels=(digits.labels + 1) % 10))
    assert len(made) == 6


def test_two_copies_of_a_space_have_one_payload():
    assert payload(load_pretrained("digits-2d")) == payload(shipped("digits-2d"))


# ---- other ratios -------------------------------------------------------------------------------


def test_an_exact_ratio_that_changes_makes_another_payload(digits):
    space = digits._replace(ratio=ExactRatio(ring()))
    before = payload(space)
    space.ratio.q.means *= 1.2
    assert payload(space) != before


@pytest.mark.parametrize(
    ("own", "codes"),
    [
        (torch.float64, torch.float32),
        (torch.bfloat16, torch.float64),
    ],
)
def test_a_space_of_any_type_has_the_payload_of_its_values(digits, own, codes):
    """The same space in float64, which holds every value of the others, says the same."""
    digits.model.decoder.to(own)
    digits.ratio.network.to(own)
    digits.ratio.held_out = digits.ratio.held_out.to(codes)
    space = digits._replace(codes=digits.codes.to(codes))
    twin = space._replace(model=copy.deepcopy(space.model).double(), codes=space.codes.double())
    tensors, facts = read(payload(space))
    _, expected = read(payload(twin))
    assert facts == expected
    assert np.array_equal(tensors["decoder.1.bias"], digits.model.decoder[2].bias.half().numpy())
    figure = Explorer(space, steps=5)
    assert len(figure.path) == figure.points and np.isfinite(figure.path).all()
    assert "data:image/png" in div(space, figure.state, "figure")


@pytest.mark.parametrize("name", ["codes", "labels"])
def test_arrays_in_a_space_are_answered_with_what_was_expected(digits, name):
    space = digits._replace(**{name: getattr(digits, name).numpy()})
    with pytest.raises(ValueError, match=f"{name}: expected a tensor, got a ndarray; torch.from_n"):
        Explorer(space)


def test_a_ratio_that_is_no_mlp_has_no_exact_weights(digits):
    network = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    plain = DensityRatio(network, digits.ratio.held_out, scale=2.0, shift=1.0)
    ended = DensityRatio(
        nn.Sequential(mlp([2, 4, 1]), nn.Sigmoid()), digits.ratio.held_out, probability=True
    )
    flat = mlp([2, 4, 1])  # an mlp, but its answer is D
    nn.init.zeros_(flat[2].weight)
    nn.init.constant_(flat[2].bias, 0.3)
    level = DensityRatio(flat, digits.ratio.held_out, probability=True)
    for ratio in (plain, ended, level, ExactRatio(ring())):
        tensors, facts = read(payload(digits._replace(ratio=ratio)))
        assert not [name for name in tensors if name.startswith("ratio.")]
        assert facts["scale"] == 1 and facts["shift"] == 0
        z = random_points(500, 2.0, seed=4)
        assert on_grid(tensors, facts, z) == pytest.approx(ratio.logit(z).numpy(), abs=0.1)


# ---- what is refused ----------------------------------------------------------------------------


def with_decoder(space, decoder):
    model = copy.deepcopy(space.model)
    model.decoder = decoder
    return space._replace(model=model)


def broken(space, kind):
    """A space with one fault."""
    model, ratio = copy.deepcopy(space.model), copy.deepcopy(space.ratio)
    if kind == "nan decoder":
        model.decoder[0].weight[0, 0] = math.nan
    elif kind == "huge decoder":
        model.decoder[0].bias[0] = 7e4
    elif kind == "nan ratio":
        ratio.network[0].weight[0, 0] = math.nan
    elif kind == "infinite ratio":
        ratio.network[-1].bias[0] = math.inf
    elif kind == "few held-out codes":
        ratio = DensityRatio(ratio.network, ratio.held_out[:18])
    return space._replace(model=model, ratio=ratio)


FAULTS = {
    "nan decoder": "decode: expected finite values, got others",
    "huge decoder": "0.bias: expected finite values within",
    "nan ratio": "ratio: expected finite logits",
    "infinite ratio": "ratio: expected finite logits",
    "few held-out codes": "expected at least 19 held-out codes, .* got 18",
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_space_that_cannot_be_shown_is_refused(digits, kind):
    with pytest.raises(ValueError, match=FAULTS[kind]):
        payload(broken(digits, kind))


def test_other_things_than_a_space_of_the_plane_are_refused(digits):
    with pytest.raises(
        ValueError, match=r"expected two dimensions, codes \(N, 2\), .* \(60000, 16"
    ):
        payload(load_pretrained("mnist-16d"))
    with pytest.raises(ValueError, match="expected one with a ratio, got ratio=None"):
        payload(digits._replace(ratio=None))
    with pytest.raises(ValueError, match="expected a LatentSpace, got a dict"):
        payload({})
    with pytest.raises(ValueError, match="expected two dimensions"):
        payload(digits._replace(codes=digits.codes[:0], labels=digits.labels[:0]))
    with pytest.raises(ValueError, match="codes: expected finite values"):
        payload(digits._replace(codes=torch.full_like(digits.codes, math.inf)))
    with pytest.raises(ValueError, match="labels: expected whole numbers from 0 to 255"):
        payload(digits._replace(labels=digits.labels + 250))
    with pytest.raises(ValueError, match="labels: expected .* one for each of 1500 codes"):
        payload(digits._replace(labels=digits.labels[1:]))


def test_decoders_that_make_no_images_are_refused(digits):
    for network in (mlp([2, 8, 63]), mlp([3, 8, 64])):
        with pytest.raises(ValueError, match=r"decode: expected images \(N, C, H, W\) .* got: "):
            payload(with_decoder(digits, network))


def test_a_ratio_that_was_fitted_a_moment_ago_will_do(digits):
    few = {"steps": 20, "hidden": (16,), "progress": False}
    ratio = fit_ratio(digits.codes[:400], digits.codes[400:600], **few)
    assert read(payload(digits._replace(ratio=ratio)))[1]["level_95"] == ratio.level(0.05)


# ---- the state ----------------------------------------------------------------------------------


def test_missing_keys_get_their_defaults():
    assert expect_state({}) == DEFAULTS
    for method, eta in ETA.items():
        assert expect_state({"method": method})["eta"] == eta
        assert expect_state({"method": method, "eta": 3})["eta"] == 3


@pytest.mark.parametrize("key", LIMITS)
def test_numbers_out_of_range_are_moved_to_the_end(key):
    low, high = LIMITS[key]
    assert expect_state({key: low - 1})[key] == low
    assert expect_state({key: high + 1})[key] == high
    for value in (low, high):
        assert expect_state({key: value})[key] == value


def test_ends_are_moved_into_the_map():
    state = expect_state({"a": (9, -1), "b": [0, -9]}, radius=4.0)
    assert state["a"] == [4.0, -1.0] and state["b"] == [0.0, -4.0]
    assert expect_state({"a": (9, 9)})["a"] == [RADIUS, RADIUS]
    assert expect_state({"a": torch.tensor([1.0, 2.0]), "b": np.array([1, 2])})["a"] == [1.0, 2.0]
    assert str(expect_state({"a": [-0.0, 0]})["a"]) == "[0.0, 0.0]"


def test_counts_are_whole_with_halves_up():
    for key in ("steps", "points", "seed"):
        values = [expect_state({key: x})[key] for x in (20.4, 20.5, 21.5)]
        assert values == [20, 21, 22] and {type(x) for x in values} == {int}
    assert expect_state({"seed": 2**53 - 1})["seed"] == 2**53 - 1
    assert type(expect_state({"eps": np.float32(0.25)})["eps"]) is float
    json.dumps(expect_state({"steps": np.int64(3), "eta": np.float64(2)}))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("a", [1], r"a: expected two finite numbers \[x, y\], got \[1\]"),
        ("a", [1, math.nan], "a: expected two finite numbers"),
        ("b", "12", "b: expected two finite numbers"),
        ("b", None, "b: expected two finite numbers"),
        ("method", "hope", "method: expected one of probability, logit, .* got 'hope'"),
        ("goal", ["both"], "goal: expected one of band, below"),
        ("planner", None, "planner: expected one of"),
        ("proposal", 1, "proposal: expected one of"),
        ("eta", "1", "eta: expected a finite number from 0.001 to 100, got '1'"),
        ("eps", None, "eps: expected a finite number"),
        ("noise", math.inf, "noise: expected a finite number"),
        ("steps", True, "steps: expected a finite number"),
        ("level", "none", "level: expected a finite number from -10 to 10 or None"),
        ("classes", 1, "classes: expected True or False, got 1"),
        ("colour", 1, "state: expected keys of a, b, .* got 'colour'"),
    ],
)
def test_what_makes_no_sense_is_told(key, value, said):
    with pytest.raises(ValueError, match=said):
        expect_state({key: value})
