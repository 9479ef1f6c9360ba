"""What a figure shows is what Python computes: the path, the map, the digits, the sentence."""

import math
import re

import pytest
import torch
from figure import CONTENT, RADIUS, TWO_FRAMES

from nav_utils.explorer.computing import best_of, outside, paths, walked
from nav_utils.explorer.state import DEFAULTS, expect_state
from nav_utils.plots import D_COLOURS, D_LIMIT

from .expected import expect_digits

STATES = {
    "gauss_newton": {},
    "arcs": {"proposal": "arcs", "a": [1.6, -1.7], "b": [-1.0, 0.5], "goal": "below"},
    "stepwise": {"planner": "stepwise", "method": "logit", "eta": 0.05, "level": -0.5},
    "string": {"method": "string", "steps": 15, "eta": 0.005, "points": 30},  # not yet at rest
    "noise": {"method": "score", "noise": 0.1, "seed": 7, "points": 20, "proposal": "slerp"},
}


@pytest.mark.parametrize("name", STATES)
def test_what_is_shown_is_what_python_computes(show, space, name):
    figure = show(**STATES[name])
    proposal, path = best_of(paths(space.ratio, expect_state(STATES[name])))
    z, rows = path.points[0], figure.table()
    assert [row[0] for row in rows] == list(range(1, len(z) + 1))
    with torch.no_grad():
        d = space.ratio.prob(torch.stack([proposal, z]).float())[..., None]
    wanted = torch.cat([proposal, d[0], z, d[1]], dim=-1)
    assert torch.tensor([row[1:7] for row in rows]) == pytest.approx(wanted, abs=0.0065)
    expect_path_drawn(figure, z[(z - z[-1]).norm(dim=-1) > 0.15])  # there a cross may be
    expect_curve_drawn(figure, d[1, :, 0])
    assert rows[0][7] == "given" and (rows[-1][7] == "given") == (name != "stepwise")
    expect_digits(figure, space, proposal, z)
    state = expect_state(STATES[name])
    came = walked(path, state)
    counts = [outside(space.ratio, each, state) for each in (proposal, z[:came])]
    failed = sum(row[7] not in CONTENT for row in rows)
    found = re.search(
        r"(\d+) of (\d+) points [^,;]*[,;].* (\d+) after the correction",
        figure.numbers.text_content(),
    )
    assert [int(count) for count in found.groups()] == [counts[0], len(z), counts[1]]
    said = figure.said.text_content()
    assert ("Shown below: the arc" in said) == (name == "arcs")
    gave_up = re.search(r"(\d+) gave up", said)
    assert int(gave_up[1] if gave_up else 0) == failed
    in_holes = [
        int((space.ratio.logit(y.float()) > math.log(4)).sum()) for y in (proposal, z[:came])
    ]
    told = re.search(
        r"(\w+) of \d+ points of the .* lay in holes; (?:now|of the \d+ it came to,) (\w+)\.", said
    )
    if told:
        numbers = [0 if word in ("None", "none") else int(word) for word in told.groups()]
        assert numbers == in_holes
    else:
        assert in_holes == [0, 0] and f"None of {len(z)} points lies in a hole" in said


def expect_curve_drawn(figure, d):
    """Black is where the curve of D has its points."""
    pixels = figure.pixels("curve")
    x, y = places_on_the_curve(pixels, d)
    dark = (pixels[..., :3] < 100).all(-1)
    near = [dark[y + dy, x + dx] for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    assert float(torch.stack(near).any(0).float().mean()) > 0.9


def expect_path_drawn(figure, z):
    """Black is under the points of the path; under most, as squares of failed ones cover some."""
    assert dark_at(figure.pixels("over"), z) > 0.75


def test_the_table_follows_the_figure(show):
    figure = show()
    before = figure.table()
    assert len(before) == 48 and before[0][1:3] == DEFAULTS["a"]
    figure.drag("a", [2.0, 1.0])
    figure.settle()
    after = figure.table()
    assert after[0][1:3] == pytest.approx([2.0, 1.0], abs=0.025)
    assert after[-1] == before[-1] and after[1:-1] != before[1:-1]
    figure.take("a")
    figure.page.mouse.move(*figure.where([1.0, 2.0]), steps=3)
    figure.page.evaluate(TWO_FRAMES)
    assert figure.table()[0][1:3] == pytest.approx([1.0, 2.0], abs=0.025)  # and not yet let go
    figure.page.mouse.up()
    figure.set("points", "Home")
    figure.settle()
    assert len(figure.table()) == 8


DRAWN = {"points": 12, "method": "probability", "steps": 4, "eta": 1}


def test_the_parts_of_the_drawing(show, space):
    """Dashes for the proposal, lines to its correction, squares where that failed, circles."""
    figure = show(**DRAWN)
    rows = figure.table()
    over = figure.pixels("over")
    before, after = (torch.tensor([row[k : k + 2] for row in rows]) for k in (1, 4))
    t = torch.linspace(0, 1, 2000)[:, None]
    assert 0.6 < dark_at(over, torch.lerp(before[:1], before[-1:], t)) < 0.94
    moved = (after - before).norm(dim=1) > 0.3
    whiskers = torch.lerp(before[moved], after[moved], 0.5)
    assert moved.sum() >= 3 and dark_at(over, whiskers, below=120) == 1
    failed = torch.tensor([row[7] not in CONTENT for row in rows])
    corner = 3.5 / over.shape[0] * 2 * RADIUS * torch.tensor([1, 1])
    assert failed.sum() >= 3 and dark_at(over, after[failed] + corner, below=150) == 1
    assert dark_at(over, after[~failed][1:-1] + corner, below=150) < 0.8
    expect_squares_on_the_curve(figure, torch.tensor([row[6] for row in rows]), failed)
    ground = figure.pixels("ground")
    angle = torch.linspace(0, 2 * math.pi, 2000)[:, None]
    circle = torch.cat([angle.cos(), angle.sin()], dim=1)
    for r in (1, 2):
        on, beside = (dark_at(ground, radius * circle, below=150) for radius in (r, 1.1 * r))
        assert on > 0.55 > 2 * beside


def expect_squares_on_the_curve(figure, d, failed):
    """Three pixels above each failed point there is the edge of a square."""
    pixels = figure.pixels("curve")
    x, y = places_on_the_curve(pixels, d)
    dark = (pixels[..., :3] < 120).all(-1)
    edge = torch.stack([dark[y - 3 + dy, x + dx] for dy in (-1, 0, 1) for dx in (-2, 2)]).sum(0)
    assert bool((edge[failed] >= 2).all())


def places_on_the_curve(pixels, d):
    """Where the curve of D has its points, in pixels."""
    height, width = pixels.shape[:2]
    x = 26 + torch.linspace(0, 1, len(d)) * (width - 34)
    return x.long(), (height - 18 - d * (height - 38)).long()


def dark_at(pixels, z, below=60):
    """The share of places with something dark within a pixel."""
    size = pixels.shape[0]
    x, y = ((torch.tensor([1, -1]) * z / RADIUS + 1) / 2 * size).long().clamp(1, size - 2).T
    dark = (pixels[..., :3] < below).all(-1) & (pixels[..., 3] > 100)
    near = [dark[y + dy, x + dx] for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    return float(torch.stack(near).any(0).float().mean())


def test_the_map_has_the_colours_of_d(show, space):
    figure = show()
    pixels = figure.pixels("ground")
    size = pixels.shape[0]
    generator = torch.Generator().manual_seed(0)
    z = (2 * torch.rand(600, 2, generator=generator) - 1) * 0.99 * RADIUS
    a = space.ratio.logit(z)
    plain = a.abs() > 0.7  # not on a contour
    at = ((torch.tensor([1, -1]) * z / RADIUS + 1) / 2 * size).long()
    z, a, (x, y) = z[plain], a[plain], at[plain].T
    wanted = 255 * torch.tensor(D_COLOURS(((a / D_LIMIT).clamp(-1, 1) + 1).numpy() / 2))
    near = ((pixels[y, x] - wanted).abs() < 6).all(1)  # not under a code or a circle
    striped = space.ratio.no_data(z)
    assert float(near[~striped].float().mean()) > 0.8
    assert 0.6 < float(near[striped].float().mean()) < 0.95


def test_codes_by_class_are_written_in_the_colours_of_classes(show):
    figure = show()
    plain = figure.pixels("ground")
    figure.set("classes", True)
    figure.settle()
    by_class = figure.pixels("ground")
    for colour in ([0x6A, 0x1B, 0x7A], [0x9C, 0x0F, 0x3F], [0x2F, 0x5D, 0x1E], [0x0B, 0x5A, 0x55]):
        before, after = (
            int(((pixels[..., :3] - torch.tensor(colour)).abs().amax(-1) < 25).sum())
            for pixels in (plain, by_class)
        )
        assert after > 50 + 3 * before


def test_what_eps_draws_moves(show, space):
    figure = show(eps=0.1)
    narrow, height = figure.pixels("ground"), zone_height(figure)
    figure.set("eps", "End ArrowLeft " + "ArrowLeft " * 24)
    figure.settle()
    assert figure.state()["eps"] == 0.2
    assert zone_height(figure) == pytest.approx(2 * height, rel=0.1)
    expect_rims(figure, space, narrow, (0.1, 0.2))


def zone_height(figure):
    """Pixels of the band behind the curve, in the column where they are most."""
    zone = torch.tensor([0xDF, 0xE3, 0xEA, 0xFF])
    return int((figure.pixels("curve") == zone).all(-1).sum(0).max())


def expect_rims(figure, space, before, eps):
    """Where the ground changed there was a rim of the band, or is one now."""
    changed = ((figure.pixels("ground") - before).abs().sum(-1) > 60).nonzero()
    size = before.shape[0]
    z = torch.tensor([1, -1]) * ((2 * changed.flip(1) + 1) / size - 1) * RADIUS
    with torch.no_grad():
        off = (space.ratio.prob(z) - 0.5).abs()
    near = [((off - each).abs() < 0.04) for each in eps]
    assert len(changed) > 300
    assert float((near[0] | near[1]).float().mean()) > 0.97
    assert all(int(each.sum()) > 100 for each in near)


def test_a_string_draws_no_level_as_it_knows_none(show):
    figure = show(method="string")
    usual = figure.hashes()["ground"]
    assert show(method="string", level=1).hashes()["ground"] == usual
    assert show(level=1).hashes()["ground"] != usual


def test_the_map_has_a_legend(show):
    legend = show().root.locator(".legend")
    wanted = "hole: codes are missing|many codes|no data|proposal|corrected|gave up|a class"
    assert legend.locator("li").all_text_contents() == wanted.split("|")
    for sign in legend.locator("i").all():
        box = sign.bounding_box()
        assert box["width"] > 5 and box["height"] > 1


def test_where_a_loop_stalls_there_is_a_cross_until_slow_motion_tells_of_it(show, presets):
    figure = show(**presets["stall"]["state"])
    last = [row for row in figure.table() if row[7] != "never tried"][-1]
    assert crosses(figure, last[4:6]) > 60
    figure.button("Play").click()
    figure.button("Pause").click()
    figure.page.evaluate(TWO_FRAMES)
    assert crosses(figure, last[4:6]) == 0
    assert crosses(show(), last[4:6]) == 0


def crosses(figure, z):
    """Pixels in the colour of the cross, near a place."""
    pixels = figure.pixels("over")
    x, y = ((torch.tensor([1, -1]) * torch.tensor(z) / RADIUS + 1) / 2 * pixels.shape[0]).long()
    near = pixels[y - 8 : y + 8, x - 8 : x + 8]
    return int((near == torch.tensor([0x7A, 0x01, 0x77, 0xFF])).all(-1).sum())


# ---- the sentence -------------------------------------------------------------------------------


def test_ends_in_one_place_have_a_sentence_of_their_own(show):
    said = show(a=[1, 1], b=[1, 1], proposal="arcs").numbers.text_content()
    assert "A and B are one place, the path is a loop, its largest gap" in said
    assert "\N{EN DASH} times" not in said


def test_points_without_data_are_counted_by_that_name(show, presets):
    said = show(**presets["off-support"]["state"]).said.text_content()
    assert re.search(r"\d+ points lie where there are no data\.", said)
    assert "gave up" not in said


def test_the_sentence_of_the_loop_names_the_line_that_it_did_not_propose(show):
    assert "of the straight line are" in show(planner="stepwise").numbers.text_content()
    assert "of the arc are" in show(planner="stepwise", proposal="arcs").numbers.text_content()
    assert "of the proposal are" in show(proposal="arcs").numbers.text_content()
