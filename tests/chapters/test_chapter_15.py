"""What the printed numbers of chapter 15 have to show, and where its stored tables come from."""

import ast
import json

import pytest

from tests.chapter_outputs import ROOT, numbers, printed
from tests.stored_outputs import tokens

FOUND = json.loads((ROOT / "benchmarks" / "results" / "diffusion.json").read_text())
CODES, PIXELS = "diffusion of codes", "diffusion of pixels"


def values(text):
    return [token.value for token in tokens(text)[0]]


def test_tweedies_formula_holds_and_the_flow_keeps_the_shares():
    assert sum("less than 1e-12: True" in row for row in printed("15")) == 3
    (at,) = [n for n, row in enumerate(printed("15")) if row.startswith("levels   to each")]
    rows = [values(row) for row in printed("15")[at + 1 : at + 5]]
    assert [row[0] for row in rows] == [5, 9, 18, 36]
    for row in rows[1:]:
        assert row[1:4] == pytest.approx([0.2, 0.3, 0.5], abs=0.015)
    assert rows[-1][4] == pytest.approx(0.3, abs=0.011) and rows[0][4] > 0.6


def test_a_diffusion_of_codes_leaves_part_of_the_holes():
    prior, made, codes = (
        numbers("15", f"{name}: in holes") for name in ("prior", "diffusion", "test codes")
    )
    for measure in (0, 1):
        assert codes[measure] < made[measure] < 0.8 * prior[measure]


def test_pixels_cost_more_for_each_answer():
    codes, pixels, decoder = (
        values(row.split(":", 1)[1])[-1] for row in printed("15") if "MFLOPs an" in row
    )
    assert pixels > 5 * (codes + decoder)


def test_the_stored_tables_are_those_of_the_benchmark():
    costs = [r for r in printed("15") if "TFLOPs" in r]
    for name in ("autoencoder", "ratio", CODES, PIXELS):
        (stored,) = [values(r.split(":", 1)[1]) for r in costs if r.strip().startswith(name)]
        raw = FOUND["costs"]["raw"][name]
        assert stored[0] == pytest.approx(raw["seconds"], abs=0.6)
        assert stored[1] == pytest.approx(raw["TFLOPs"], abs=0.06)
        if len(stored) > 2:
            assert stored[2] == pytest.approx(1e3 * raw["seconds of a sample"], abs=0.06)
            assert stored[3] == pytest.approx(raw["FLOPs of a sample"] / 1e6, abs=0.6)
    table = FOUND["quality"]["table"]
    for name, row in table.items():
        stored = next(r for r in printed("15") if r.strip().startswith(f"{name}:") and "[" in r)
        numbers_of = values(stored.split(":", 1)[1])
        assert numbers_of[:3] == pytest.approx(values(row["Fréchet distance"]), abs=0.06)
        assert numbers_of[3] == pytest.approx(values(row["precision"])[0], abs=0.51)
        assert numbers_of[4] == pytest.approx(values(row["recall"])[0], abs=0.51)
    for name, row in FOUND["guidance"]["table"].items():
        if "Fréchet distance" in row:
            stored = next(r for r in printed("15") if r.strip().startswith(f"{name}:"))
            assert values(stored.split(":", 1)[1])[:3] == pytest.approx(
                values(row["Fréchet distance"]), abs=0.06
            )


def literal(name):
    """A stored table, from the source of its cell."""
    (path,) = (ROOT / "notebooks").glob("15_*.ipynb")
    sources = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]
    (cell,) = [source for source in sources if f"\n{name} = {{" in source]
    return ast.literal_eval(cell.split(f"\n{name} = ", 1)[1].split("\n}", 1)[0] + "\n}")


def test_the_plotted_curves_are_those_of_the_benchmark():
    start = FOUND["costs"]["raw"]["autoencoder"]["seconds"]
    names = {"codes": CODES, "pixels": PIXELS}
    for name, points in literal("curve").items():
        rows = FOUND["curve"][names[name]]
        assert len(points) == len(rows)
        for (seconds, distance, half), row in zip(points, rows, strict=True):
            assert seconds == pytest.approx(row["seconds"] + start * (name == "codes"), abs=0.51)
            assert distance == pytest.approx(row["Fréchet distance"], abs=0.051)
            assert half == pytest.approx(row["half width"], abs=0.051)
    for name, points in literal("told").items():
        for (told, error, digit), row in zip(points, FOUND["nats"][names[name]], strict=True):
            assert told == pytest.approx(row["nats"], abs=0.0051)
            assert error == pytest.approx(row["error"], abs=0.00051)
            assert digit == pytest.approx(100 * row["digit"], abs=0.51)
    last = {name: points[-1] for name, points in literal("curve").items()}
    assert last["codes"][1] + last["codes"][2] < last["pixels"][1] - last["pixels"][2]
    assert last["codes"][0] < last["pixels"][0], "with fewer seconds, the autoencoder's included"


def test_three_trainings_of_the_diffusion_of_codes_are_as_good_as_the_chapter_says():
    each = [values(row["Fréchet distance"])[0] for row in FOUND["trainings"]["each"]]
    assert each == [24, 24, 24]
    assert values(FOUND["quality"]["table"][CODES]["Fréchet distance"])[0] == 24
