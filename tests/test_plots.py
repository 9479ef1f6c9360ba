"""Figures: what they draw, and that none goes out without words."""

import matplotlib.pyplot as plt
import pytest
import torch

from nav_utils import plots


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


def test_plot_codes_writes_each_class_at_its_median():
    codes = torch.tensor([[0.0, 0.0], [0.2, 0.0], [3.0, 1.0]])
    ax = plots.plot_codes(codes, torch.tensor([4, 4, 7]))
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places["4"] == pytest.approx((0.1, 0.0)) and places["7"] == pytest.approx((3.0, 1.0))
    with pytest.raises(ValueError, match=r"expected shape \(N, 2\), got \(5, 3\)"):
        plots.plot_codes(torch.zeros(5, 3))


def test_decoded_rows_are_aligned_under_their_names():
    fig = plots.decoded_rows(
        [("straight", torch.zeros(5, 1, 8, 8)), ("detour", torch.ones(5, 1, 8, 8))]
    )
    assert [ax.get_ylabel() for ax in fig.axes] == ["straight", "detour"]
    with pytest.raises(ValueError, match="longer|shorter|expected"):
        plots.decoded_rows([("a", torch.zeros(5, 1, 8, 8)), ("b", torch.zeros(4, 1, 8, 8))])
