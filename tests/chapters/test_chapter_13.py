"""What the printed numbers of chapter 13 have to show."""

import math

import pytest
import torch

from nav_utils.checks.ch13 import FOR_A_GRAPH, FOR_THE_LOOP
from nav_utils.densities import GaussianMixture
from nav_utils.navigation import Graph, PathStatus, Stepwise, navigate
from nav_utils.ratio import ExactRatio
from tests.chapter_outputs import line, numbers, printed
from tests.stored_outputs import tokens

PROBLEMS = ("ring", "C", "two clusters")
SPACES = ("mnist-2d", "mnist-16d")
LITERAL = ("point by point, literal", "step by step, literal")
PLANNERS = ("straight line", "slerp", *LITERAL, "string", "graph, then string")


def lines_of(heading, n):
    """The n printed lines that follow the one with this heading."""
    rows = printed("13")
    (at,) = [i for i, row in enumerate(rows) if heading in row]
    return rows[at + 1 : at + 1 + n]


def numbers_of(row):
    """The numbers after the name of a row."""
    return [token.value for token in tokens(row.split(":", 1)[1])[0]]


def table(heading, names):
    """A table of printed numbers: {name of the row: its numbers}."""
    rows = lines_of(heading, len(names))
    assert [row.split(":")[0].strip() for row in rows] == list(names)
    return {name: numbers_of(row) for name, row in zip(names, rows, strict=True)}


@pytest.mark.parametrize("name", PROBLEMS)
def test_points_may_be_good_where_the_path_is_not(name):
    floor, straight, d = numbers("13", f"{name:>12}: floor")
    assert straight < floor - 1 and d < 0.4
    at_points, between, _, _ = table("lowest log q   at points", PROBLEMS)[name]
    assert between < floor < at_points


def test_a_tear_survives_refinement_and_a_stretch_does_not():
    gaps = {name: row[2:] for name, row in table("lowest log q   at points", PROBLEMS).items()}
    assert gaps["ring"][1] < gaps["ring"][0] / 3
    assert all(gaps[name][1] > 0.6 * gaps[name][0] for name in ("C", "two clusters"))


def test_a_stall_is_where_the_pull_is_along_the_gradient():
    stalls = table("stands at a distance of", PROBLEMS)
    rows = dict(zip(PROBLEMS, lines_of("stands at a distance of", 3), strict=True))
    for name, (away, cosine) in stalls.items():
        assert away > 1 and cosine > 0.998
        assert rows[name].split()[-1] == ("REACHED" if name == "ring" else "STALLED")
        assert ": STALLED" in rows[name]


def test_a_string_solves_the_ring_and_only_a_graph_the_c():
    by_hand = table("by hand   navigate", PROBLEMS)
    for hand, package, _ in by_hand.values():
        assert abs(hand - package) < 0.15
    assert by_hand["ring"][0] > by_hand["ring"][2] and by_hand["C"][0] < by_hand["C"][2]
    found = table("worse end   our graph", PROBLEMS)
    for name in ("ring", "C"):
        end, graph, string, floor = found[name]
        assert string == pytest.approx(end, abs=0.011) and graph <= string + 0.011
        assert string > floor + 1
    assert found["two clusters"][2] < found["two clusters"][3]


def test_the_path_between_the_clusters_is_the_best_there_is():
    bound, bottleneck = numbers("13", "no path can do better than")
    assert bound == pytest.approx(
        -math.log(2 * math.pi * 0.35**2) - 1.2**2 / (2 * 0.35**2), abs=0.001
    )
    assert bottleneck == pytest.approx(bound, abs=0.01)
    assert line("13", "the floor is ").endswith("INFEASIBLE")


def test_the_best_path_has_the_worst_mark_by_d():
    assert numbers("13", "ring, graph, then string:")[0] == 0
    assert numbers("13", "ring, point by point:")[0] > 20
    assert line("13", "the text's loop").count("STALLED") == 3
    assert line("13", " graph, then string     -1").count("REACHED") == 2


def test_a_correction_of_each_point_tears_the_path_and_does_not_raise_its_worst_place():
    tear, bottleneck = {
        name: numbers("13", f"{name:>18}: INFEASIBLE, largest gap over median")
        for name in ("straight", "point by point")
    }.values()
    assert bottleneck[0] > 5 > 1.1 > tear[0] and bottleneck[1] < tear[1] + 0.1
    whole, floor = (
        numbers("13", words)
        for words in ("graph: REACHED, largest gap over median", "the floor of mnist-2d is")
    )
    assert (
        whole[0] < 1.5
        and whole[1] > floor[0] > numbers("13", "string: INFEASIBLE, largest gap over median")[1]
    )


def test_the_questions_of_the_figure_have_these_answers():
    torn, whole = table("largest gap with    24", ("first", "string")).values()
    assert torn[1] > 0.7 * torn[0] and whole[1] < 0.6 * whole[0]
    reached, _, floor = numbers("13", "from 1 to 7:")
    string, graph = numbers("13", "string -")[0] * -1, numbers("13", ", graph -")[0] * -1
    assert reached == 0 and string < floor < graph


@pytest.mark.parametrize("space", SPACES)
def test_the_loop_stalls_and_the_graph_arrives(space):
    """Shares in per cent: reached, its interval, stalled, infeasible."""
    ended = table(f"{space:>26}: reached, with", PLANNERS)
    assert ended["step by step, literal"][3] > 65
    assert ended["graph, then string"][0] > 94
    assert all(20 < ended[planner][0] < 95 for planner in PLANNERS[:3])


def means(space):
    """Confidence, cycle error and mean log q of each planner."""
    return table(f"{space:>26}:  confidence", ("real codes", *PLANNERS))


@pytest.mark.parametrize("space", SPACES)
def test_string_and_graph_have_the_best_log_q(space):
    found = means(space)
    for planner in PLANNERS[:4]:
        assert found[planner][2] < min(found[p][2] for p in ("string", "graph, then string"))
    assert min(found[p][1] for p in PLANNERS[:4]) > found["graph, then string"][1]


def test_in_the_plane_confidence_prefers_the_loop():
    found = means("mnist-2d")
    assert found["step by step, literal"][0] > found["graph, then string"][0] + 0.01


def test_in_16_dimensions_planning_wins_and_the_loop_gains_nothing_over_slerp():
    found = means("mnist-16d")
    assert found["graph, then string"][0] > 0.98
    assert found["step by step, literal"][0] < found["slerp"][0] + 0.01
    assert found["step by step, literal"][1] > found["slerp"][1] - 0.05
    assert found["step by step, literal"][1] > found["straight line"][1] + 0.1


def test_the_literal_correction_in_16_dimensions_depends_on_its_step():
    """Differences to the straight line: mean, [95, %,] low, high."""
    (small_sure, large_sure), (small_cycle, large_cycle) = (
        [
            [t.value for t in tokens(row.split(title)[1])[0]]
            for row in printed("13")
            if row.startswith(f"{title:>15}") and "interval" in row
        ]
        for title in ("confidence", "cycle error")
    )
    assert small_sure[-2] > -0.01 and large_sure[-1] < 0.005  # gains a little; loses
    assert small_cycle[-2] > 0 and large_cycle[-2] > 0


@pytest.mark.parametrize("space", SPACES)
def test_nothing_is_perfect(space):
    """Per cent of the places: strange by distance, by cycle error, below the floor."""
    odd = table(f"{space:>26}: strange by", PLANNERS)
    for planner in ("string", "graph, then string"):
        assert odd[planner][0] < 0.1 and odd[planner][2] < 1
    assert 0.2 < odd["graph, then string"][1] < 4
    assert odd["step by step, literal"][2] > odd["straight line"][2]
    if space == "mnist-16d":
        assert odd["step by step, literal"][1] > 5
        assert abs(odd["graph, then string"][1] - odd["straight line"][1]) < 1
    else:
        assert odd["step by step, literal"][0] > 0.5


def test_the_judge_is_as_sure_at_strange_places():
    good, bad = numbers("13", "strange by cycle error: ")
    assert good < 2 < 5 < bad
    strange, elsewhere = numbers("13", "judge's mean confidence at strange places")
    assert strange > elsewhere - 0.005


@pytest.mark.parametrize(("space", "crowded"), [("mnist-2d", 30), ("mnist-16d", 65)])
def test_a_planned_path_costs_evaluations_length_and_typicality(space, crowded):
    """Evaluations, length, |z| and per cent above the upper quartile."""
    rows = lines_of(f"{space}: real codes have |z|", len(PLANNERS) + 1)[1:]
    bills = {row.split(":")[0].strip(): numbers_of(row) for row in rows}
    assert list(bills) == list(PLANNERS)
    loop, graph = bills["step by step, literal"], bills["graph, then string"]
    assert bills["string"][0] > 1.8 * loop[0] and graph[0] > 1.5 * loop[0]
    assert graph[3] > crowded > 25
    assert graph[1] > 1.3 and graph[2] < numbers("13", f"{space}: real codes have |z| =")[0]
    if space == "mnist-16d":
        assert 3.5 < graph[1] < 4.6 and graph[0] > 2 * bills["string"][0], "the graph is counted"


AS_LONG = {
    "mnist-2d": {"string": "3", "graph, then string": "3"},
    "mnist-16d": {"string": "5", "graph, then string": "7.5"},
}
POWERS = {"mnist-2d": ("3",), "mnist-16d": ("1", "5", "7.5", "17")}


@pytest.mark.parametrize("space", SPACES)
def test_a_graph_that_asks_no_discriminator_is_about_as_good_at_equal_length(space):
    graphs = {power: f"k-NN graph, length^{power}" for power in POWERS[space]}
    first = printed("13").index(space)
    names = (*AS_LONG[space], *graphs.values())
    rows = printed("13")[first + 1 : first + 1 + len(names)]
    found = {row.split(":")[0].strip(): numbers_of(row) for row in rows}
    assert list(found) == list(names)
    line = means(space)["straight line"]
    for planner, power in AS_LONG[space].items():
        mine, other = found[planner], found[graphs[power]]
        assert mine[2] == pytest.approx(other[2], rel=0.07), "as long"
        assert abs(mine[0] - other[0]) < 0.02 and abs(mine[1] - other[1]) < 0.05
        assert other[0] > line[0] and other[1] < line[1], "better than a line"
        assert mine[3] > 500 and other[3] == 0
    lengths = [found[name][2] for name in graphs.values()]
    assert lengths == sorted(lengths), "the power sets the length"


def test_what_the_discriminator_buys_is_small_and_not_always_a_gain():
    """Planner less k-NN graph of its length: mean, low and high."""
    rows = [row for row in printed("13") if " less length^" in row]
    found = [[t.value for t in tokens(row.split(": ")[1])[0]] for row in rows]
    assert len(found) == 8  # string and graph in two spaces, confidence and cycle error
    (plane_sure, _, _, graph_cycle), (sure, cycle, graph_sure, _) = found[:4], found[4:]
    assert plane_sure[0] < 0 and graph_cycle[2] < 0  # less confident; a smaller cycle error
    assert sure[1] < 0 < sure[2] and cycle[1] < 0 < cycle[2]  # no difference
    assert graph_sure[1] > 0 and graph_sure[2] < 0.02


def arrives(share, planner):
    weights = [(1 - share) / 2, (1 - share) / 2, share]
    q = GaussianMixture([[-1.2, 0.0], [1.2, 0.0], [0.0, 0.0]], 0.35, weights)
    z_a, z_b = (torch.tensor([z], dtype=torch.float64) for z in ((-1.2, 0.1), (1.2, 0.0)))
    path = navigate(z_a, z_b, ExactRatio(q), planner, proposal="linear")
    return int(path.status) == PathStatus.REACHED


def test_the_shares_of_the_experiment_are_where_the_answer_changes():
    """Exercise 13.3: a graph and the loop, a tenth below and a tenth above the checker's shares."""
    loop = Stepwise("gauss_newton", "below")
    for planner, share in ((Graph(), FOR_A_GRAPH), (loop, FOR_THE_LOOP)):
        assert not arrives(share * 0.9, planner) and arrives(share * 1.1, planner)
