"""What a path can say of itself: length, tear, even spacing, a plot."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nav_utils.navigation import Path
from nav_utils.strings import evenly_spaced
from tests.plans import generator, points


def path_through(z, **facts):
    """A path through points (B, n, d), as `navigate` would give it."""
    nothing = torch.zeros(len(z))
    default = {"z_b": z[:, -1], "status": nothing.long(), "bottleneck": nothing}
    default |= {"bottleneck_at": z[:, 0], "point_status": None, "n_evaluations": 0}
    return Path(points=z, **default | facts)


def test_arc_length_and_tear():
    z = points([[0.0, 0], [3, 4], [3, 5], [3, 7]], [[0, 0], [1, 0], [1, 0], [2, 0]], [[1, 1]] * 4)
    path = path_through(z)
    assert path.arc_length.tolist() == [[0, 5, 6, 8], [0, 1, 1, 2], [0, 0, 0, 0]]
    assert path.tear.tolist() == [2.5, 1, 1], "where it stood still no gap counts"


coordinate = st.floats(-100, 100, width=32)
polygons = st.integers(2, 9).flatmap(
    lambda m: st.lists(
        st.lists(st.tuples(coordinate, coordinate), min_size=m, max_size=m), min_size=1, max_size=3
    )
)


@settings(max_examples=200, deadline=None)
@given(polygons, st.integers(2, 40))
def test_a_resampled_path_is_evenly_spaced_on_the_polygon(polygon, n):
    z = torch.tensor(polygon, dtype=torch.float64)  # (B, m, 2)
    spread = path_through(z).resample(n)
    assert spread.shape == (len(z), n, 2)
    assert torch.equal(spread[:, 0], z[:, 0]) and torch.equal(spread[:, -1], z[:, -1])
    for polygon_points, found in zip(z.numpy(), spread.numpy(), strict=True):
        length = np.append(0, np.linalg.norm(np.diff(polygon_points, axis=0), axis=1).cumsum())
        at = np.linspace(0, length[-1], n)
        keep = np.append(True, np.diff(length) > 0)
        expected = [np.interp(at, length[keep], axis[keep]) for axis in polygon_points.T]
        np.testing.assert_allclose(found, np.stack(expected, axis=1), atol=1e-7 * (1 + length[-1]))


def test_a_path_without_length_resamples_to_its_point():
    assert path_through(points([[2.0, 3.0]] * 5)).resample(4).tolist() == [[[2.0, 3.0]] * 4]


@pytest.mark.parametrize("n", [1, 0, -3])
def test_fewer_than_two_points_are_not_a_path(n):
    with pytest.raises(ValueError, match=f"n: expected at least 2 points, the ends, got {n}"):
        path_through(points([[2.0, 3.0], [1.0, 1.0]])).resample(n)


def test_spacing_points_evenly_keeps_their_number():
    z = torch.randn(3, 7, 5, generator=generator(0)).cumsum(1)
    assert evenly_spaced(z).shape == (3, 7, 5)


def test_a_plot_shows_the_path_its_ends_and_what_failed():
    z = torch.randn(2, 5, 2, generator=generator(0))
    statuses = torch.tensor([[0] * 5, [0, 1, 2, 5, 0]])
    ax = path_through(z, point_status=statuses).plot(pair=1, label="mine")
    line, ends, failed = ax.lines
    assert np.allclose(line.get_xydata(), z[1]) and line.get_label() == "mine"
    assert np.allclose(ends.get_xydata(), z[1, [0, -1]])
    assert np.allclose(failed.get_xydata(), z[1, [2, 3]])
    assert failed.get_marker() == "s" and failed.get_markerfacecolor() == "none"
    assert line.get_linestyle() == "-" and len(line.get_path_effects()) == 2
    assert path_through(z).plot(ax) is ax and len(ax.lines) == 5, "no statuses, no squares"
    assert np.allclose(ax.lines[3].get_xydata(), z[0])
    plt.close("all")


def test_only_the_plane_is_drawn():
    with pytest.raises(ValueError, match="expected a path in the plane, got d = 3"):
        path_through(torch.zeros(1, 4, 3)).plot()
