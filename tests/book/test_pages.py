"""Every page of the built book, over http and from file://, light and dark, offline."""

import html
import json

import pages
import pytest

EXTRA = ["search", "genindex"]


@pytest.fixture(scope="module")
def address(built_book):
    with pages.serve(built_book) as address:
        yield address


def test_every_chapter_has_a_page(built_book):
    written = {
        path.relative_to(built_book).with_suffix("").as_posix()
        for path in built_book.rglob("*.html")
        if "_static" not in path.parts
    }
    assert written == {*pages.chapters(), *EXTRA, "index"}


def test_nothing_in_the_pages_names_another_host_to_load_from(built_book):
    files = [*built_book.rglob("*.html"), *built_book.rglob("*.css")]
    named = {
        path.relative_to(built_book).as_posix(): addresses
        for path in files
        if (addresses := pages.external_addresses(path.read_text(encoding="utf-8")))
    }
    assert named == {}


@pytest.mark.parametrize("page", [*pages.chapters(), *EXTRA])
def test_page_over_http(page, reader, address):
    assert pages.look_at(reader, f"{address}/{page}.html", home=address) == []


@pytest.mark.parametrize("page", [*pages.chapters(), *EXTRA])
def test_page_from_file(page, reader, built_book):
    file = built_book / f"{page}.html"
    found = pages.look_at(reader, file.as_uri(), home=built_book.as_uri(), themes=())
    assert found == []  # its colours are those that it has over http


def test_front_page_leads_to_the_introduction(reader, address):
    page = reader.new_page()
    page.goto(f"{address}/index.html")
    page.wait_for_url(f"{address}/{pages.chapters()[0]}.html")
    page.close()


def test_the_ledger_shows_the_numbers_of_the_benchmark(built_book):
    page = (built_book / "book" / "claims.html").read_text(encoding="utf-8")
    results = json.loads((pages.ROOT / "benchmarks" / "results" / "claims.json").read_text())
    numbers = [text for found in results["claims"].values() for text in found.values()]
    assert len(numbers) > 20
    assert [text for text in numbers if html.escape(text, quote=False) not in page] == []
