"""What more than one module here expects of a figure."""

import pytest
import torch
from figure import SHOWN, spoken

both_ways = pytest.mark.parametrize("home", ["http", "file"])


def expect_ends(figure, space, state):
    """What is spoken of the ends is what is in the state, and D is D."""
    for end, text in figure.values().items():
        x, y, d = spoken(text)
        assert [x, y] == pytest.approx(state[end], abs=0.0051)
        assert d == pytest.approx(float(space.ratio.prob(torch.tensor([state[end]]))), abs=0.0065)


def expect_digits(figure, space, *points):
    """Two rows of decoded images, apart by one pixel, black on white."""
    pixels = figure.pixels("rows")
    for row, z in enumerate(points):
        shown = torch.linspace(0, len(z) - 1, SHOWN).round().long()
        with torch.no_grad():
            images = space.model.decode(z[shown].float())[:, 0]
        for k, image in enumerate(images):
            drawn = pixels[29 * row : 29 * row + 28, 29 * k : 29 * k + 28]
            assert bool((drawn[..., 3] == 255).all())
            error = (255 - drawn[..., 0] - 255 * image).abs().mean()
            assert error < 2, (row, k, float(error))
