"""What the numbers that chapter 18 prints have to show."""

from tests.chapter_outputs import line, numbers


def test_a_corrected_code_is_several_times_as_large():
    assert numbers("18", "together")[0] == 36


def test_after_an_accident_only_the_missing_shards_are_computed():
    assert "again: 8 shards, 3 of them from before" in line("18", "again: 8 shards")
    assert line("18", "same as in one go:").count("True") == 6


def test_memory_is_flat_and_time_goes_into_correcting():
    small, large = (
        float(word) for word in line("18", "peak memory:").replace(",", "").split("'")[3::4]
    )
    assert large < 1.25 * small
    assert numbers("18", f"{'correct':>25}:")[-1] > 80  # per cent


def test_two_processes_are_nearly_twice_as_fast_and_the_formula_says_so():
    one, two, times = numbers("18", "measured:")
    said_one, said_two = numbers("18", "the formula, without start and disk:")
    assert 1.5 < times <= 2.3 and 0.6 < said_one / one < 1.6 and 0.6 < said_two / two < 1.6


def test_one_gpu_corrects_faster_than_the_rest_is_done():
    correcting, rest = numbers("18", "one H200: correcting")
    assert correcting < rest
    cores, gpus = (numbers("18", f"{name}: 1:") for name in ("cores", "H200s"))
    assert cores[0] / cores[1] > 5 and gpus[0] / gpus[1] < 2.2  # one device or eight


def test_blocks_make_stragglers_and_turns_do_not():
    blocks, turns = (
        numbers("18", f"{name:>18}: the slowest of 4 has")[0] for name in ("in blocks", "in turn")
    )
    assert blocks > 2 > 1.2 > turns


def test_the_worker_of_the_engine_computes_the_same():
    assert numbers("18", "as `correct` by itself:")[0] > 99.5
