"""make portable: each setting runs each chapter, what it changes is said, what fails is listed."""

import copy

import nbformat
import pytest

from tools import notebooks, portable

# What the stand-in for a kernel prints in its only cell, by the value of MKL_ENABLE_INSTRUCTIONS.
PRINTED = {
    "": "lowest -5.61 of 13\n",
    "SSE4_2": "lowest -5.62 of 13\n",
    "AVX2": "low -5.61 of 13\n",
}


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    def notebook(text):
        output = nbformat.v4.new_output("stream", name="stdout", text=text)
        code = nbformat.v4.new_code_cell("print(it)", execution_count=1, outputs=[output])
        prose = nbformat.v4.new_markdown_cell("# Title")
        return nbformat.v4.new_notebook(cells=[prose, code])

    def executed(path, extra):
        return copy.deepcopy(notebook(PRINTED[extra.get("MKL_ENABLE_INSTRUCTIONS", "")]))

    def probe(setting, threads):
        return "other" if setting == "MKL SSE4.2" else "same"

    monkeypatch.setattr(notebooks, "executed", executed)
    monkeypatch.setattr(portable, "probe", probe)
    path = tmp_path / "42_tiny.ipynb"
    nbformat.write(notebook(PRINTED[""]), path)
    return path


def test_a_number_within_its_tolerance_is_counted_and_passes(chapter, capsys):
    status = portable.main([str(chapter), "--settings", "MKL SSE4.2", "--threads", "1", "2"])
    out = capsys.readouterr().out
    assert status == 0 and "nothing is printed beyond its tolerance" in out
    rows = [line for line in out.splitlines() if line.startswith("| ")]
    assert rows[2:] == [
        "| native | 1 | no | 0 of 2 | 0 |",
        "| MKL SSE4.2 | 1 | yes | 1 of 2 | 0 |",
        "| native | 2 | no | 0 of 2 | 0 |",
        "| MKL SSE4.2 | 2 | yes | 1 of 2 | 0 |",
    ]


def test_what_is_beyond_its_tolerance_is_listed(chapter, capsys):
    status = portable.main([str(chapter), "--settings", "MKL AVX2", "--threads", "1"])
    out = capsys.readouterr().out
    assert status == 1 and "| MKL AVX2 | 1 | no | 1 of 2 | 1 |" in out
    assert "MKL AVX2, threads 1: 42_tiny [2]: the text before -5.61 is 'lowest '" in out


def test_a_chapter_that_raises_is_listed(chapter, capsys, monkeypatch):
    def raises(path, extra):
        raise notebooks.RunFailed("cell 2 raised ValueError: no")

    monkeypatch.setattr(notebooks, "executed", raises)
    assert portable.main([str(chapter), "--threads", "1", "--settings", "native"]) == 1
    assert "native, threads 1: 42_tiny: cell 2 raised ValueError: no" in capsys.readouterr().out


def test_an_output_more_and_an_ignored_cell(chapter):
    stored, fresh = nbformat.read(chapter, as_version=4), nbformat.read(chapter, as_version=4)
    fresh.cells[1].outputs += fresh.cells[1].outputs
    assert portable.compare("42_tiny", stored, fresh) == ["42_tiny [2]: other outputs came"]
    for notebook in (stored, fresh):
        notebook.cells[1].source = "# NBVAL_IGNORE_OUTPUT\nprint(it)"
    assert portable.compare("42_tiny", stored, fresh) == []


def test_the_tag_of_a_cell_counts(chapter):
    stored, fresh = nbformat.read(chapter, as_version=4), nbformat.read(chapter, as_version=4)
    fresh.cells[1].outputs[0].text = "lowest -5.99 of 13\n"
    assert len(portable.compare("42_tiny", stored, fresh)) == 1
    stored.cells[1].metadata["tags"] = ["numbers-within-10-percent"]
    assert portable.compare("42_tiny", stored, fresh) == []


def test_settings_reach_the_kernel_and_only_possible_ones_are_taken(monkeypatch):
    monkeypatch.setattr(portable, "as_intel", dict)
    assert portable.environment("MKL AVX2", 2) == {
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OMP_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2",
    }
    for flags, there in (("flags : avx2 avx512f", True), ("flags : avx2", False)):
        monkeypatch.setattr(portable, "cpuinfo", lambda flags=flags: flags)
        assert ("MKL AVX512" in portable.here()) == there
        assert {"native", "MKL SSE4.2", "MKL AVX2", "MKL compatible"} <= set(portable.here())


@pytest.fixture(scope="module")
def native():
    """What the probe says of this processor as it is."""
    return portable.probe("native", 1)


@pytest.mark.skipif(not portable.as_intel(), reason="an Intel processor, or no C compiler")
def test_elsewhere_mkl_is_told_that_the_processor_is_intels(native):
    assert "LD_PRELOAD" in portable.environment("MKL SSE4.2", 1)
    assert "LD_PRELOAD" not in portable.environment("native", 1)
    assert portable.probe("MKL SSE4.2", 1) != native


def test_on_an_intel_processor_and_without_a_compiler_nothing_is_told(monkeypatch):
    for vendor, compiler in (("vendor_id : GenuineIntel", "cc"), ("vendor_id : AuthenticAMD", "")):
        portable.as_intel.cache_clear()
        monkeypatch.setattr(portable, "cpuinfo", lambda vendor=vendor: vendor)
        monkeypatch.setattr(portable.shutil, "which", lambda name, compiler=compiler: compiler)
        assert portable.as_intel() == {}
    portable.as_intel.cache_clear()


def test_the_probe_is_the_same_twice(native):
    assert portable.probe("native", 1) == native != ""


def test_pictures_and_widgets_are_not_compared(chapter):
    stored, fresh = nbformat.read(chapter, as_version=4), nbformat.read(chapter, as_version=4)
    for notebook, picture in ((stored, "AAAA"), (fresh, "BBBB")):
        data = {"text/plain": "[figure]", "image/png": picture}
        if notebook is fresh:
            data[notebooks.WIDGET_VIEW] = {"model_id": "1"}
        notebook.cells[1].outputs.append(nbformat.v4.new_output("display_data", data))
    assert portable.compare("42_tiny", stored, fresh) == []
