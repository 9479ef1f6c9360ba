"""What is pointed at is named and marked: a digit, a point of the map, a place on the curve."""

import math
import re

import torch
from figure import HELP, RADIUS, SHOWN, TWO_FRAMES, number
from playwright.sync_api import expect

RING = torch.tensor([0x7A, 0x01, 0x77, 0xFF])  # the colour of what marks a point
NAMED = re.compile(
    r"Point (\d+) of 48: D (\S+) on the proposal, (\S+) after the correction; (.+)\."
)


def expect_marked(figure, i, path):
    """Point i is named, its column is framed, and two rings are on the map."""
    expect(figure.point).to_contain_text(f"Point {i + 1} of ")
    named, row = NAMED.fullmatch(figure.point.text_content()), path[i]
    assert [number(named[2]), number(named[3]), named[4]] == [row[3], row[6], row[7]]
    film, column = figure.rows.bounding_box(), figure.column.bounding_box()
    middle = (column["x"] + column["width"] / 2 - film["x"]) / film["width"] * SHOWN
    assert math.floor(middle) == round(i / (len(path) - 1) * (SHOWN - 1))
    pixels = figure.pixels("over")
    rings = (pixels == RING).all(-1).nonzero().flip(1) + 0.5
    centres = torch.tensor([row[1:3], row[4:6]]) * torch.tensor([1, -1])
    distance = torch.cdist(rings, (centres / RADIUS + 1) / 2 * pixels.shape[0])
    on = (distance - torch.tensor([5, 8])).abs() < 2.5
    assert bool(on.any(1).all()) and bool((on.sum(0) > 12).all())


def expect_nothing_marked(figure):
    expect(figure.point).to_have_text(HELP)
    assert figure.column.is_hidden()
    assert not bool((figure.pixels("over") == RING).all(-1).any())


def test_hovering_a_digit_marks_its_point(show):
    figure = show()
    path = figure.table()
    figure.rows.scroll_into_view_if_needed()
    expect_nothing_marked(figure)
    for column in (0, 4, 11):
        box = figure.rows.bounding_box()
        x = box["x"] + (column + 0.5) / SHOWN * box["width"]
        figure.page.mouse.move(x, box["y"] + box["height"] / 3)
        expect_marked(figure, round(column / (SHOWN - 1) * 47), path)
    figure.page.mouse.move(2, 2)
    expect_nothing_marked(figure)


def test_hovering_a_point_marks_its_digit(show):
    figure = show()
    path = figure.table()
    figure.map.scroll_into_view_if_needed()
    for columns, wanted in ((slice(4, 6), 20), (slice(1, 3), 31)):
        z = path[wanted][columns]
        figure.page.mouse.move(*figure.where(z))
        expect_marked(figure, wanted, path)
    figure.page.mouse.move(*figure.where([-3.0, 3.0]))  # far from any point
    expect_nothing_marked(figure)


def test_hovering_the_curve_marks_its_point(show):
    figure = show()
    path, curve = figure.table(), figure.root.locator("canvas.curve")
    curve.scroll_into_view_if_needed()
    before = figure.hashes()["curve"]
    box = curve.bounding_box()
    left, right = box["x"] + 26, box["x"] + box["width"] - 8
    figure.page.mouse.move(left + 17 / 47 * (right - left), box["y"] + 70)
    expect_marked(figure, 17, path)
    assert figure.hashes()["curve"] != before
    figure.page.mouse.move(2, 2)
    expect_nothing_marked(figure)
    assert figure.hashes()["curve"] == before


def test_the_marked_point_goes_when_there_are_fewer_points(show):
    figure = show()
    figure.control("points").evaluate("(input) => input.focus({ preventScroll: true })")
    box = figure.rows.bounding_box()
    figure.page.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + 5)
    figure.page.evaluate(TWO_FRAMES)
    assert figure.point.text_content().startswith("Point 48 of 48")
    figure.page.keyboard.press("Home")
    figure.settle()
    assert HELP.match(figure.point.text_content()) and figure.column.is_hidden()


def test_of_few_points_the_image_pointed_at_is_the_one_marked(show):
    figure = show(points=8)
    box, marked = figure.rows.bounding_box(), []
    for k in range(SHOWN):
        figure.page.mouse.move(box["x"] + (k + 0.5) / SHOWN * box["width"], box["y"] + 5)
        figure.page.evaluate(TWO_FRAMES)
        left = figure.column.bounding_box()["x"] - box["x"]
        marked.append(round(left / box["width"] * SHOWN))
    twice = [round(k / (SHOWN - 1) * 7) for k in range(SHOWN)]
    assert marked == [twice.index(point) for point in twice]
