"""What the printed numbers of chapter 16 have to show, and where its stored tables come from."""

import ast
import json

import pytest

from tests.chapter_outputs import ROOT, line, numbers, printed
from tests.stored_outputs import tokens

RESULTS = json.loads((ROOT / "benchmarks" / "results" / "artifacts.json").read_text())
CORRECTED = "line, corrected"
WAYS = {"line": "line", "corrected": CORRECTED, "graph": "graph and string"}
IN_PATHS = {
    "line": "line",
    "line, corrected": CORRECTED,
    "line, step by step": "line, step by step",
    "SLERP": "SLERP",
    "SLERP, corrected": "SLERP, corrected",
    "SLERP, step by step": "SLERP, step by step",
    "graph and string": "graph and string",
}
REPAIRED = ("corrected", "step by step")
CONTROLS = {
    "real": "real",
    "real, ambiguous": "real, ambiguous",
    "real, blurred": "real, blurred",
    "rebuilt in 2-D": "rebuilt, mnist-2d",
    "rebuilt in 16-D": "rebuilt, mnist-16d",
    "half of each": "by hand: half of each",
    "crossfades": "pixel crossfades",
    "shuffled": "shuffled pixels",
}
JUDGES = ("features", "statistics", "pixels", "density")


def row(label):
    """The numbers after a label that begins a line, but for spaces."""
    (found,) = [text for text in printed("16") if text.strip().startswith(label)]
    return [token.value for token in tokens(found.strip().removeprefix(label))[0]]


def percent(text):
    return float(text.split(" %")[0].replace(",", ""))


def literal(name, key):
    """A stored table of the chapter, from the source of the cell that has this key."""
    (path,) = (ROOT / "notebooks").glob("16_*.ipynb")
    sources = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]
    (cell,) = [source for source in sources if f"{name} = {{" in source and key in source]
    return ast.literal_eval("{" + cell.split(f"{name} = {{", 1)[1].split("\n}", 1)[0] + "\n}")


@pytest.mark.parametrize("space", ["2d", "16d"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("judge", ["features", "statistics", "density"])
def test_stored_p_values_are_those_of_the_benchmark(space, way, judge):
    found = RESULTS["examples"][f"mnist-{space}"][WAYS[way]]["p"][judge]
    stored = literal("stored_p", "thousandths")[space, way, judge]
    assert [p / 1000 for p in stored] == pytest.approx(found, abs=0.00051)
    assert [p < 50 for p in stored] == [p < 0.05 for p in found]


@pytest.mark.parametrize("kind", CONTROLS)
def test_stored_controls_are_those_of_the_benchmark(kind):
    found = RESULTS["images"]["controls"][CONTROLS[kind]]
    keys = [f"strange by {judge}" for judge in JUDGES] + ["strange"]
    keys += [f"noise-like by {judge}" for judge in JUDGES[:2]]
    stored = literal("stored", "real, blurred")[kind]
    assert stored == pytest.approx([percent(found[key]) for key in keys], abs=0.501)


def test_the_judges_that_count_are_those_the_chapter_names():
    assert RESULTS["images"]["judges that count"] == "statistics, density"
    for kind, least in (("crossfades", 50), ("shuffled", 50)):
        found = RESULTS["images"]["controls"][CONTROLS[kind]]
        assert all(percent(found[f"strange by {j}"]) >= least for j in ("statistics", "density"))
        assert kind == "shuffled" or percent(found["strange by features"]) < least


@pytest.mark.parametrize("space", ["2d", "16d"])
@pytest.mark.parametrize("way", IN_PATHS)
def test_stored_paths_are_those_of_the_benchmark(space, way):
    found = RESULTS["images"]["paths"][f"mnist-{space}"][IN_PATHS[way]]
    some = "hybrids in the band" if way.endswith(REPAIRED) else "hybrids"
    keys = ["hybrid", "paths with a hybrid", f"{some}: strange", "others: strange"]
    keys += [f"{some}: strange by features", f"{some}: noise-like by statistics"]
    values = literal("stored", "SLERP, step by step")[space, way]
    assert values == pytest.approx([percent(found[key]) for key in keys], abs=0.501)


def test_hybrids_are_no_noise_and_only_the_plane_makes_them_strange():
    controls, paths = RESULTS["images"]["controls"], RESULTS["images"]["paths"]
    less = "hybrids in the band: strange, less ambiguous real images"
    for way in (way for way in IN_PATHS if way.endswith(REPAIRED)):
        assert percent(paths["mnist-16d"][way][less]) < 0 < percent(paths["mnist-2d"][way][less])
        for space in paths.values():
            assert percent(space[way]["hybrids in the band: noise-like by statistics"]) == 0
    rebuilt = [percent(controls[f"rebuilt, mnist-{d}d"]["strange"]) for d in (2, 16)]
    assert rebuilt[0] > 60 > 30 > rebuilt[1]


def test_of_the_judges_of_small_digits_each_is_blind_to_one_control():
    distance = numbers("16", "strange by distance:")
    values = numbers("16", "strange by grey values:")
    assert distance[1] < 0.2 < 0.9 < distance[3] and values[3] < 0.2 < 0.5 < values[1]
    assert max(distance[0], values[0]) < 0.1


def test_on_every_path_two_classes_tie():
    for space in ("mnist-2d", "mnist-16d"):
        for way in WAYS:
            *_, lead, mixed = numbers("16", f"{space:>9} {way:>9}:")
            assert lead < 0.2 and 0 < mixed < 0.6


@pytest.mark.parametrize("space", ["mnist-2d", "mnist-16d", "pixels"])
def test_stored_gaps_are_those_of_the_benchmark(space):
    found = RESULTS["pieces"]["found"][space]
    rows = printed("16")
    at = rows.index(line("16", f"{space}: between"))
    shown = "".join(rows[at : at + 3])
    for key in ("fall between classes", "fall within a class", "gap"):
        assert found[key] in shown
    assert found["gap, one Gaussian, largest of 3"] in shown


@pytest.mark.parametrize("dim", [2, 16])
@pytest.mark.parametrize("apart", ["3", "4", "6", "8"])
def test_stored_power_is_that_of_the_benchmark(dim, apart):
    found = RESULTS["pieces"]["power"][f"{dim}-D"][apart]
    keys = ("longest bar", "longest bar of large parts", "gap, labels known")
    (shown,) = [text for text in printed("16") if text.split()[:2] == [str(dim), apart]]
    values = [token.value for token in tokens(shown)[0]][2:]
    assert values == pytest.approx([percent(found[key]) for key in keys], abs=0.501)


def test_the_graph_goes_round_the_hole_and_the_line_jumps():
    middle, level = numbers("16", "logit in the middle of the loop")[::2]
    assert middle > level + 1
    jumped = numbers("16", "line: INFEASIBLE, largest jump of the angle")[0]
    assert numbers("16", "graph: REACHED, largest jump of the angle")[0] < 45 < 90 < jumped


@pytest.mark.parametrize("kind", ["swung", "turned"])
@pytest.mark.parametrize("way", WAYS)
def test_stored_loops_are_those_of_the_benchmark(kind, way):
    found = RESULTS["loop"][kind]
    keys = [f"{WAYS[way]}: {key}" for key in ("round", "strange places", "infeasible")]
    values = row(f"{kind} {way}")
    assert values[:3] == pytest.approx([percent(found[key]) for key in keys], abs=0.501)
    jump = float(found[f"{WAYS[way]}: largest jump, degrees"].split(" ")[0])
    assert values[3] == pytest.approx(jump, abs=0.501)
