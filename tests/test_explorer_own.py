"""The explorer of one's own model: an atlas for any decoder, in colour too, and any prior."""

import copy
import io
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from own_spaces import BOX, Plain, own_space
from PIL import Image
from safetensors.torch import load
from scipy import ndimage
from torch import nn
from torch.distributions import Independent, Laplace, Uniform

from nav_utils.densities import GaussianMixture, StandardNormal
from nav_utils.explorer import Explorer, atlas, packing, page, payload
from nav_utils.explorer.prior import contours, prior_facts
from nav_utils.models import AAE
from nav_utils.priors import Box, FullMixture, TorchPrior, petals


def read(space):
    """Tensors as numpy arrays, and the facts of the metadata, of a space's payload."""
    data = payload(space)
    size = int.from_bytes(data[:8], "little")
    facts = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["explorer"])
    return {name: tensor.numpy() for name, tensor in load(data).items()}, facts


def tiles_of(tensors, facts):
    """The images of an atlas, (n, n, C, h, w) grey levels."""
    channels, height, width = facts["image"]
    n, (tall, wide) = facts["atlas"]["nodes"], (-(-height // 8) * 8, -(-width // 8) * 8)
    picture = Image.open(io.BytesIO(tensors["atlas"].tobytes()))
    assert picture.format == "JPEG" and picture.size == (n * wide, n * tall)
    sheet = np.asarray(picture, np.float32).reshape(n, tall, n, wide, channels)
    return sheet.transpose(0, 2, 4, 1, 3)[..., :height, :width]


@pytest.fixture(scope="module")
def space():
    return own_space()


@pytest.fixture(scope="module")
def parts(space):
    return read(space)


# ---- the atlas ----------------------------------------------------------------------------------


def test_a_plain_model_has_an_atlas_of_what_it_decodes(space, parts):
    tensors, facts = parts
    assert facts["image"] == [3, 13, 21] and facts["atlas"]["nodes"] == 49
    assert not [name for name in tensors if name.startswith("decoder.")]
    tiles, radius = tiles_of(tensors, facts), facts["radius"]
    model = copy.deepcopy(space.model).eval()
    for i, j in ((0, 0), (0, 48), (48, 0), (30, 11)):  # row is z_2, column z_1
        z = torch.tensor([[j / 24 - 1, i / 24 - 1]]) * radius
        with torch.no_grad():
            wanted = 255 * model.decode(z)[0].numpy()
        assert np.abs(tiles[i, j] - wanted).mean() < 3
    assert tiles[0, 48, 0].mean() > tiles[0, 0, 0].mean() + 100, "red to the right"
    assert tiles[48, 0, 1].mean() > tiles[0, 0, 1].mean() + 100, "green upwards"


def test_the_stated_error_is_the_measured_one(space, parts):
    tensors, facts = parts
    tiles, radius = tiles_of(tensors, facts), facts["radius"]
    generator = torch.Generator().manual_seed(5)
    z = (2 * torch.rand(100, 2, generator=generator) - 1) * 0.7
    with torch.no_grad():
        wanted = 255 * copy.deepcopy(space.model).eval().decode(z).numpy()
    at = (z.numpy().T[::-1] / radius + 1) * 24
    flat = tiles.reshape(49, 49, -1).transpose(2, 0, 1)
    seen = np.stack([ndimage.map_coordinates(value, at, order=1) for value in flat], 1)
    error = float(np.abs(seen - wanted.reshape(100, -1)).mean())
    assert facts["atlas"]["error"] == pytest.approx(error, rel=0.3) and error < 3


def test_the_model_is_left_as_it_was(space, parts):
    assert space.model.training and all(m.training for m in space.model.modules())
    assert bool((space.model.layers[3].running_mean == 0).all())
    assert all(p.grad is None and p.requires_grad for p in space.model.parameters())


class Noise:
    """No module: images that differ from place to place, which no JPEG makes small."""

    def __init__(self, shape):
        self.shape = shape

    def decode(self, z):
        phase = torch.arange(1, 1 + math.prod(self.shape)).double().square()
        return (
            ((1 + z.sum(-1, keepdim=True)) * phase)
            .sin()
            .mul(0.5)
            .add(0.5)
            .unflatten(-1, self.shape)
        )


@pytest.mark.parametrize(
    ("shape", "largest"), [((3, 40, 24), 750_000), ((1, 40, 24), 20_000), ((3, 7, 5), 750_000)]
)
def test_an_atlas_keeps_to_its_budget(shape, largest, monkeypatch):
    monkeypatch.setattr(atlas, "LARGEST", largest)
    monkeypatch.setattr(atlas, "MOST_DECODED", 1_000_000)
    made = atlas.atlas_of(Noise(shape), own_space().codes, 1.5, shape)
    assert len(made.sheet) <= largest and made.nodes in atlas.NODES
    assert (made.size == shape[1:]) == (largest == 750_000) and made.size <= shape[1:]
    assert made.error > 5, "and says how bad it is"


def test_a_large_image_is_made_smaller_and_a_sheet_fits_a_phone(monkeypatch):
    shape, codes = (1, 120, 90), own_space().codes
    monkeypatch.setattr(atlas, "MOST_DECODED", 1_000_000)
    made = atlas.atlas_of(Plain(*shape), codes, 1.5, shape)
    assert made.size == (96, 72) and made.nodes == 9, "13 x 13 images of this size are too many"
    monkeypatch.setattr(atlas, "MOST_PIXELS", 81 * 48 * 40)
    assert atlas.atlas_of(Plain(*shape), codes, 1.5, shape).size == (48, 36)


def test_an_image_may_be_one_pixel():
    tensors, facts = read(own_space(Plain(1, 1, 1)))
    assert facts["image"] == [1, 1, 1] and tiles_of(tensors, facts).shape == (49, 49, 1, 1, 1)


# ---- the decoder itself -------------------------------------------------------------------------


def test_an_mlp_in_colour_is_exact():
    space = own_space(AAE((3, 4, 5), 2, hidden=(8,)))
    tensors, facts = read(space)
    assert facts["atlas"] is None and facts["image"] == [3, 4, 5] and "atlas" not in tensors
    assert tensors["decoder.1.weight"].shape == (60, 8), "channel by channel, as pixels lie"


def test_only_a_decoder_that_the_page_can_compute_travels_itself(monkeypatch):
    model = AAE((1, 4, 5), 2, hidden=(8,))
    usual = model.decode
    model.decode = lambda z: usual(z).square()
    assert read(own_space(model))[1]["atlas"], "another formula than the page's"
    monkeypatch.setattr(atlas, "MOST_WEIGHTS", 100)
    assert read(own_space(AAE((1, 4, 5), 2, hidden=(8,))))[1]["atlas"], "too slow for a page"


def test_a_decoder_without_a_sigmoid_is_cut_off():
    model = SimpleNamespace(
        decode=lambda z: (0.5 + 0.55 * z[:, :1, None, None]).expand(-1, 1, 8, 8)
    )
    tensors, facts = read(own_space(model))
    row = tiles_of(tensors, facts)[24, :, 0, 4, 4]
    assert row[0] < 3 and row[-1] > 252 and facts["atlas"]["error"] < 2


def decodes(change):
    return SimpleNamespace(decode=lambda z: change(torch.full((len(z), 1, 4, 4), 0.5)))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (SimpleNamespace(), r"model: expected a method decode\(z\), got a SimpleNamespace"),
        (decodes(lambda x: x.flatten(1)), r"decode: expected images .* got shape \(64, 16\)"),
        (decodes(lambda x: x.expand(-1, 2, -1, -1)), r"C = 1 or 3 .* got shape \(64, 2, 4, 4\)"),
        (decodes(lambda x: x[:1]), r"for points \(64, 2\), got shape \(1, 1, 4, 4\)"),
        (decodes(lambda x: x.numpy()), "got a ndarray"),
        (decodes(lambda x: x * math.nan), "decode: expected finite values, got others"),
        (decodes(lambda x: 1.8 * x.cumsum(-1).frac() - 0.95), r"\(images \+ 1\) / 2 brings"),
        (decodes(lambda x: 255 * x), "divide 8-bit images by 255"),
        (decodes(lambda x: x @ x.new_zeros(3, 3)), "decode: expected images .* got: .*shapes"),
    ],
)
def test_what_makes_no_images_is_told(model, said):
    with pytest.raises(ValueError, match=said):
        payload(own_space(model))


def test_a_change_of_the_model_makes_another_payload():
    space = own_space(Plain(1, 4, 4))
    before = payload(space)
    assert payload(space) == before
    with torch.no_grad():
        space.model.layers[0].bias += 1
    assert payload(space) != before


# ---- priors -------------------------------------------------------------------------------------

MIXTURE = GaussianMixture([[-1.0, 0.0], [1.0, 0.5]], torch.tensor([0.4, 0.8]), [1.0, 3.0])
SQUARE = TorchPrior(Independent(Uniform(torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 2.0])), 1))


def inside(lines, z):
    """Whether each point is inside an odd number of closed lines."""
    from matplotlib.path import Path

    counts = sum(Path(line).contains_points(z).astype(int) for line in lines)
    return counts % 2 == 1


@pytest.mark.parametrize("prior", [MIXTURE, petals(5)], ids=["diagonal", "petals"])
def test_contours_hold_39_and_86_percent(prior):
    lines = contours(prior, 4.0)
    z = prior.sample(20_000, torch.Generator().manual_seed(9)).double()
    levels = [float(prior.log_prob(torch.from_numpy(line)).median()) for line in lines]
    for line in lines:
        on = prior.log_prob(torch.from_numpy(line))
        assert float(on.max() - on.min()) < 0.15, "of one log density each"
        assert np.array_equal(line[0], line[-1])
    low, high = min(levels), max(levels)
    for level, share in ((low, 0.865), (high, 0.393)):
        of_it = [line for line, its in zip(lines, levels, strict=True) if abs(its - level) < 0.3]
        assert inside(of_it, z.numpy()).mean() == pytest.approx(share, abs=0.02)


def test_a_box_has_its_edge_and_a_flat_density_the_end_of_its_support():
    (edge,) = contours(BOX, 2.0)
    assert edge.min(0) == pytest.approx([-1.5, -1.2]) and edge.max(0) == pytest.approx([1.4, 1.3])
    (edge,) = contours(SQUARE, 3.0)
    assert edge.min(0) == pytest.approx([-1, 0], abs=0.03)
    assert edge.max(0) == pytest.approx([1, 2], abs=0.03)
    assert [np.hypot(*line.T) for line in contours(StandardNormal(2), 3.5)] == [
        pytest.approx(np.full(49, sigma)) for sigma in (1, 2)
    ]


def test_the_page_can_compute_a_mixture_and_a_box(parts):
    for prior in (MIXTURE, petals(3)):
        facts = prior_facts(prior)
        height, x, y, xx, xy, yy = np.array(facts["parts"]).T
        z = prior.sample(50, torch.Generator().manual_seed(2), torch.float64)
        dx, dy = z[:, :1].numpy() - x, z[:, 1:].numpy() - y
        logs = height - 0.5 * (xx * dx * dx + 2 * xy * dx * dy + yy * dy * dy)
        found = np.log(np.exp(logs).sum(1))
        assert found == pytest.approx(prior.log_prob(z).numpy(), abs=1e-9)
    assert parts[1]["prior"] == {"kind": "box", "low": [-1.5, -1.2], "high": [1.4, 1.3]}
    assert "score" in parts[1]["methods"] and parts[1]["log_q_95"] < parts[1]["log_q_50"]
    many = GaussianMixture(torch.rand(501, 2), 1.0)
    assert prior_facts(many) is None and prior_facts(SQUARE) is None


class Own:
    """A prior of one's own, whatever it is."""

    dim = 2

    def __init__(self):
        self.twin = Box([-2, -2], [2, 2])
        self.sample, self.log_prob, self.score = (
            getattr(self.twin, name) for name in ("sample", "log_prob", "score")
        )


def test_what_needs_another_prior_is_not_offered():
    laplace = TorchPrior(Independent(Laplace(torch.zeros(2), torch.ones(2)), 1))
    for prior in (laplace, Own()):
        space = own_space(Plain(1, 4, 4), prior)
        facts = read(space)[1]
        assert facts["prior"] is None and facts["contours"] and "log_q_95" not in facts
        assert facts["methods"] == ["probability", "logit", "gauss_newton"]
        figure = Explorer(space, points=8)
        said = "method: expected one of probability, logit, gauss_newton, got 'score'; .* log p"
        with pytest.raises(ValueError, match=said):
            figure.method = "score"
        with pytest.raises(ValueError, match=said):
            Explorer(space, method="score")
        with pytest.raises(ValueError, match=said):
            payload(space, {"x": {"text": "X", "state": {"method": "score"}}})
        with pytest.raises(ValueError, match=said):
            page.to_html(space, "/nowhere/x.html", {"method": "score"})
        figure.method = "logit"
        assert figure.eta == 0.05


def test_of_both_arcs_python_takes_the_one_that_the_page_does():
    ends = {"a": [0.58, 0.69], "b": [-0.69, -0.58], "proposal": "arcs", "steps": 0, "points": 9}
    shorter = Explorer(own_space(Plain(1, 4, 4), Own()), **ends)
    better = Explorer(own_space(Plain(1, 4, 4)), **ends)
    x = [[point[0] for point in figure.path] for figure in (shorter, better)]
    assert max(x[0]) < 0.7 < max(x[1]), "the longer one is the better one"


def test_presets_whose_method_is_not_offered_are_left_out():
    space = own_space(Plain(1, 4, 4), SQUARE)._replace(card={"name": "mnist-2d"})
    presets, every = read(space)[1]["presets"], packing.shipped_presets("mnist-2d")
    assert "loop" in presets and set(every) - set(presets) == {"string", "no-way", "noise"}


def test_codes_off_the_support_leave_no_level_of_log_q():
    space = own_space(Plain(1, 4, 4), Box([-0.5, -0.5], [0.5, 0.5]))
    assert read(space)[1]["prior"] is None, "most codes lie off the box"


def test_the_map_is_as_large_as_prior_and_codes():
    def radius(prior):
        return packing.radius_of(own_space(Plain(1, 1, 1), prior))

    sizes = {size: radius(Box([-size] * 2, [size] * 2)) for size in (0.2, 2.6)}
    assert sizes == {0.2: 1.5, 2.6: 3.0}, "codes within 1; a tenth more than 99 % of either"
    assert radius(None) == 3.5, "of N(0, I), as ever"
    assert radius(FullMixture([[0.0, 0.0]], torch.eye(2)[None])) == 3.0


# ---- the still picture, the file, the kernel ----------------------------------------------------


def test_the_still_picture_has_the_colours_of_the_images_and_the_priors_contours(space):
    figure = Explorer(space, points=20, a=[1.2, -1.0], b=[-1.2, 1.0])
    png = Image.open(io.BytesIO(page.static_figure(space, figure.state))).convert("RGB")
    width, height = png.size
    shown = np.asarray(png.crop((int(0.13 * width), int(0.78 * height), width, height))).reshape(
        -1, 3
    )
    red = (shown[:, 0] > 150) & (shown[:, 1] < 110) & (shown[:, 2] < 150)
    green = (shown[:, 1] > 150) & (shown[:, 0] < 110) & (shown[:, 2] < 150)
    assert red.mean() > 0.02 and green.mean() > 0.02
    assert len(page.div(space, figure.state, "here")) < 150_000


def test_words_and_pictures_of_a_path_off_the_box(space):
    state = Explorer(space, a=[0, 0], b=[1.9, 0], steps=0, points=8).state
    assert "It leaves the places where the prior has mass." in page.words(space, state)
    assert page.static_figure(space, state)


def test_the_kernel_decodes_what_the_page_asks_for(space):
    figure, sent = Explorer(space, points=8), []
    figure.send = lambda content, buffers: sent.append((content, buffers))
    asked = [0.25, -0.5, 1.0, 1.0, 9.5, 0.0]
    figure._handle_custom_msg({"decode": asked}, [])
    ((content, (pixels,)),) = sent
    assert content == {"decoded": asked}
    with torch.no_grad():
        images = copy.deepcopy(space.model).eval().decode(torch.tensor(asked).reshape(3, 2))
    found = np.frombuffer(pixels, np.uint8).reshape(3, 3, 13, 21)
    assert np.abs(found - 255 * images.numpy()).max() <= 0.51
    for wrong in (None, 1, [], [1.0], [1.0, math.nan], ["a", "b"], [0.0] * 98, {"x": 1}):
        figure._on_message(figure, {"decode": wrong}, [])
    figure._on_message(figure, "hello", [])
    Explorer("digits-2d", points=8)._on_message(figure, {"decode": asked}, [])
    assert len(sent) == 1


def test_a_model_that_has_learnt_since_is_not_asked():
    space, sent = own_space(Plain(1, 4, 4)), []
    figure = Explorer(space, points=8)
    figure.send = lambda content, buffers: sent.append(content)
    with torch.no_grad():
        space.model.layers[0].bias += 1
    figure._handle_custom_msg({"decode": [0.0, 0.0]}, [])
    assert sent == []


def test_a_tanh_decoder_of_the_packages_own_model_is_shown_too():
    model = AAE((1, 4, 4), 2, hidden=(8,))
    model.decoder = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 16))
    assert read(own_space(model))[1]["atlas"]["nodes"] == 49


def test_a_space_of_ones_own_begins_with_codes_of_two_classes():
    """Of those whose middles are farthest apart; a shipped space begins as it always did."""
    space = own_space()
    codes, labels = space.codes, torch.zeros(len(space.codes), dtype=torch.int64)
    codes[:50] = torch.tensor([0.9, 0.8]) + 0.01 * codes[:50]
    codes[50:100] = torch.tensor([-0.9, 0.8]) + 0.01 * codes[50:100]
    labels[:50], labels[50:100] = 1, 2
    figure = Explorer(space._replace(labels=labels))
    ends = torch.tensor([figure.a, figure.b])
    torch.testing.assert_close(ends, torch.tensor([[0.9, 0.8], [-0.9, 0.8]]), atol=0.02, rtol=0)
    assert Explorer(space._replace(labels=labels), a=[0.0, 0.5]).a == [0.0, 0.5]
    none = Explorer(space._replace(labels=torch.zeros_like(labels)))
    assert none.a[0] * none.b[0] < 0, "one of the left half, one of the right"
