"""Figures: what they draw, and that none goes out without words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.contour import QuadContourSet
from matplotlib.path import Path

from nav_utils import plots
from nav_utils.densities import StandardNormal, ring
from nav_utils.ratio import ExactRatio, Ratio


def test_show_emits_an_image_with_its_words_and_closes_the_figure(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", lambda bundle, raw: shown.append(bundle))
    fig = plt.figure()
    plots.show(fig, alt='Two clusters, with a "hole" between them.')
    (bundle,) = shown
    assert 'alt="Two clusters, with a &quot;hole&quot; between them."' in bundle["text/html"]
    assert "data:image/png;base64,iVBOR" in bundle["text/html"]
    assert bundle["text/plain"] == '[figure: Two clusters, with a "hole" between them.]'
    assert not plt.fignum_exists(fig.number)


def test_show_refuses_a_figure_without_words():
    with pytest.raises(ValueError, match="expected a sentence"):
        plots.show(plt.figure(), alt="plot")


def test_image_grid_places_each_image_with_a_gap():
    images = torch.stack([torch.full((1, 2, 3), value) for value in (0.25, 0.5, 0.75)])
    canvas = plots.image_grid(images, columns=2).get_images()[0].get_array()
    assert canvas.shape == (5, 7)
    assert canvas[0, 0] == 0.25 and canvas[0, 4] == 0.5 and canvas[3, 0] == 0.75
    assert canvas[2].sum() == 0 and canvas[:, 3].sum() == 0


def test_colour_images_are_shown_in_colour():
    images = torch.rand(4, 3, 5, 6)
    canvas = plots.image_grid(images, columns=2).get_images()[0].get_array()
    assert canvas.shape == (11, 13, 3)
    assert np.allclose(canvas[:5, :6], images[0].permute(1, 2, 0))
    assert np.allclose(canvas[6:, 7:], images[3].permute(1, 2, 0))
    assert (canvas[5] == 1).all() and (canvas[:, 6] == 1).all(), "white between them"
    fig = plots.decoded_rows([("a", images), ("b", images.numpy())])
    for ax in fig.axes:
        assert ax.get_images()[0].get_array().shape == (5, 27, 3)
    plt.close("all")


@pytest.mark.parametrize("shape", [(4, 5, 6), (4, 1, 5, 6), (2, 2, 1, 5, 6)])
@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16, "array"])
def test_grey_images_of_every_shape_and_type(shape, kind):
    images = torch.rand(shape)
    given = images.numpy() if kind == "array" else images.to(kind)
    canvas = plots.image_grid(given).get_images()[0].get_array()
    assert canvas.shape == (5, 27)
    assert np.allclose(canvas[:, :6], images.reshape(4, 5, 6)[0], atol=4e-3)
    plt.close("all")


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (torch.zeros(4, 2, 8, 8), r"1 or 3 channels, got \(4, 2, 8, 8\)"),
        (torch.zeros(8, 8), r"got \(8, 8\)"),
        (torch.zeros(0, 1, 8, 8), r"at least one, .*got \(0, 1, 8, 8\)"),
        ("images", "images: expected a tensor or an array of numbers, got a str"),
    ],
)
def test_images_that_cannot_be_shown_are_refused(images, words):
    with pytest.raises(ValueError, match=words):
        plots.image_grid(images)


def test_codes_and_labels_may_be_arrays():
    codes, labels = np.array([[0.0, 0.0], [0.2, 0.0], [3.0, 1.0]]), np.array([4.0, 4.0, 7.0])
    for given in ((codes, labels), (torch.tensor(codes).bfloat16(), torch.tensor(labels))):
        ax = plots.plot_codes(*given)
        assert {text.get_text() for text in ax.texts} == {"4", "7"}
    assert plots.plot_codes(codes.tolist(), [1, 1, 2]).texts[0].get_text() == "1"
    plt.close("all")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([0.5, 1, 2]), "labels: expected 3 whole numbers"),
        (np.zeros(2, int), r"labels: expected 3 whole numbers.*shape \(2,\)"),
        (np.array(["a", "b", "c"]), "labels: expected a tensor or an array of numbers"),
    ],
)
def test_labels_that_are_none_are_refused(labels, words):
    with pytest.raises(ValueError, match=words):
        plots.plot_codes(np.zeros((3, 2)), labels)


def test_plot_codes_writes_each_class_at_its_median():
    codes = torch.tensor([[0.0, 0.0], [0.2, 0.0], [3.0, 1.0]])
    ax = plots.plot_codes(codes, torch.tensor([4, 4, 7]))
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places["4"] == pytest.approx((0.1, 0.0)) and places["7"] == pytest.approx((3.0, 1.0))
    with pytest.raises(ValueError, match=r"expected shape \(N, 2\), got \(5, 3\)"):
        plots.plot_codes(torch.zeros(5, 3))


def test_digits_cover_neither_each_other_nor_a_path():
    heap = 0.02 * torch.randn(60, 2, generator=torch.Generator().manual_seed(3))
    path = torch.zeros(1, 2)
    labels = torch.arange(60) % 6
    ax = plots.plot_codes(torch.cat([heap, torch.tensor([[3.0, 1.0]])]), [*labels, 9], avoid=path)
    places = np.array([text.get_position() for text in ax.texts])
    box = ax.get_window_extent()
    width = 2 * 14 / 72 / (min(box.width, box.height) / ax.figure.dpi) * 8  # of a disc, in data
    between = np.linalg.norm(places[:, None] - places, axis=-1)[np.triu_indices(7, 1)]
    assert between.min() > 0.97 * width
    assert np.linalg.norm(places, axis=1).min() > 0.6 * width
    assert places[-1] == pytest.approx((3.0, 1.0))  # far from the others: where it was
    assert len(ax.lines) == 6  # each of the others is tied to its heap
    plt.close("all")


def test_decoded_rows_are_aligned_under_their_names():
    fig = plots.decoded_rows(
        [("straight", torch.zeros(5, 1, 8, 8)), ("detour", torch.ones(5, 1, 8, 8))]
    )
    assert [ax.get_ylabel() for ax in fig.axes] == ["straight", "detour"]
    for rows in ([], [("a", torch.zeros(0, 1, 8, 8))]):
        with pytest.raises(ValueError, match="rows: expected equally many"):
            plots.decoded_rows(rows)
    with pytest.raises(ValueError, match="longer|shorter|expected"):
        plots.decoded_rows([("a", torch.zeros(5, 1, 8, 8)), ("b", torch.zeros(4, 1, 8, 8))])


# ---- the map of D ----

RING = ExactRatio(ring(), n=500)


class Logit(Ratio):
    """A ratio whose logit is any function of the points."""

    def __init__(self, function):
        super().__init__(StandardNormal(2), RING.held_out)
        self.logit = function


def drawn(ax, level):
    """The points of the contour lines of `ax` at this level of the logit."""
    sets = [c for c in ax.collections if isinstance(c, QuadContourSet) and not c.filled]
    paths = [p for c in sets for v, p in zip(c.levels, c.get_paths(), strict=True) if v == level]
    return np.concatenate([path.vertices for path in paths]) if paths else np.empty((0, 2))


def hatched(ax):
    return [c for c in ax.collections if isinstance(c, QuadContourSet) and any(c.hatches)]


def test_the_map_is_orange_for_codes_grey_at_one_half_and_blue_for_the_prior():
    codes, half, prior = (plots.D_COLOURS(x)[:3] for x in (0.0, 0.5, 1.0))
    assert max(half) - min(half) < 0.01 and min(half) > 0.9
    assert codes[0] > codes[1] > codes[2], "orange"
    assert prior[2] > prior[1] > prior[0], "blue"
    greys = np.array(
        [np.dot(plots.D_COLOURS(x)[:3], [0.3, 0.59, 0.11]) for x in np.linspace(0, 1, 65)]
    )
    assert (np.diff(greys[:33]) > -0.01).all() and (np.diff(greys[32:]) < 0.01).all()


@pytest.mark.parametrize("factor", [0.1, 1.0, 5.0])
def test_the_maps_scale_does_not_follow_the_data(factor):
    ax = plots.plot_map(Logit(lambda z: factor * RING.logit(z)), resolution=41)
    (picture,) = ax.images
    assert picture.get_clim() == (-plots.D_LIMIT, plots.D_LIMIT)
    assert picture.get_cmap() is plots.D_COLOURS
    neutral = picture.to_rgba(np.array([0.0]))[0, :3]
    assert np.ptp(neutral) < 0.01, "D = 1/2 is grey whatever the data"
    plt.close("all")


def test_the_map_shows_each_point_at_its_place():
    ax = plots.plot_map(Logit(lambda z: z[..., 0] + 2 * z[..., 1]), radius=2.0, resolution=5)
    (picture,) = ax.images
    z_1, z_2 = np.meshgrid(np.linspace(-2, 2, 5), np.linspace(-2, 2, 5))
    assert np.asarray(picture.get_array()) == pytest.approx(z_1 + 2 * z_2)
    assert picture.origin == "lower" and list(picture.get_extent()) == [-2, 2, -2, 2]
    assert ax.get_xlim() == ax.get_ylim() == (-2, 2)
    assert ax.get_xlabel() == "$z_1$" and ax.get_ylabel() == "$z_2$"
    plt.close("all")


def test_the_map_draws_and_names_the_line_where_d_is_one_half():
    ax = plots.plot_map(RING)
    line = torch.tensor(drawn(ax, 0.0))
    assert len(line) > 100 and RING.logit(line).abs().max() < 0.1
    assert {text.get_text() for text in ax.texts} == {"D = 0.5"}
    plt.close("all")


def test_the_map_draws_the_band_if_asked():
    level = float(np.log(0.6 / 0.4))
    assert len(drawn(plots.plot_map(RING, resolution=101), level)) == 0
    ax = plots.plot_map(RING, eps=0.1)
    for sign, d in ((1, 0.6), (-1, 0.4)):
        line = torch.tensor(drawn(ax, sign * level))
        assert len(line) > 50 and (RING.prob(line) - d).abs().max() < 0.02
    plt.close("all")


def test_the_map_hatches_where_neither_has_mass():
    (hatching,) = hatched(plots.plot_map(RING, radius=6.0, resolution=61))
    assert "///" in hatching.hatches
    polygons = [Path(points) for points in hatching.get_paths()[0].to_polygons()]
    for z, empty in (((5.5, 5.5), True), ((0.0, 0.0), False), ((1.3, 0.0), False)):
        assert sum(polygon.contains_point(z) for polygon in polygons) % 2 == empty
    assert not hatched(plots.plot_map(RING, radius=6.0, resolution=61, hatch=False))
    plt.close("all")


def test_the_map_is_drawn_where_one_wants_it_with_or_without_a_scale():
    fig, own = plt.subplots()
    assert plots.plot_map(RING, own, resolution=41, colorbar=False) is own and fig.axes == [own]
    plots.plot_map(RING, own, resolution=41)
    bar = fig.axes[1]
    assert bar.get_ylabel() == "D(z)"
    at = {t.get_text(): y for t, y in zip(bar.get_yticklabels(), bar.get_yticks(), strict=True)}
    assert at["0.5"] == pytest.approx(0) and at["0.9"] == pytest.approx(np.log(9))
    plt.close("all")
