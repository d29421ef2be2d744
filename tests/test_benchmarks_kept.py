"""Answers of benchmarks that are kept: what replaces them, and what a page shows of them."""

import json

import pytest

from benchmarks.kept import (
    held,
    keep,
    latest,
    of_earlier_sources,
    pack,
    path_of,
    publish,
    sections_of_page,
)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "answers"
    made.mkdir()
    return made


def test_file_names_of_full_answers_are_those_of_published_ones(folder):
    """Those of results/verdict.jsonl: another name would lose them all."""
    assert path_of(folder, "planted 6 7", "s").name == "planted_6_7-6f332a3b2f0c.json"
    assert path_of(folder, "quick", "s") != path_of(folder, "", "s", quick=True)


def test_a_quick_answer_neither_replaces_the_full_one_nor_is_published(folder):
    full, quick = path_of(folder, "a b", "s"), path_of(folder, "a b", "s", quick=True)
    keep(full, {"value": 1})
    keep(quick, {"value": 2})
    assert (held(full), held(quick)) == ({"value": 1}, {"value": 2})
    pack(folder)
    packed = folder.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)[0] for line in packed] == [full.name]
    keep(full, {"value": 3})
    assert held(quick) == {"value": 2}


def test_only_answers_of_the_same_name_are_replaced(folder):
    one, longer = path_of(folder, "a", "s"), path_of(folder, "a-b", "s")
    keep(longer, {"value": 1})
    keep(one, {"value": 2})
    keep(path_of(folder, "a", "t"), {"value": 3})
    assert held(longer) == {"value": 1}
    assert held(one) is None


def test_a_page_shows_what_earlier_sources_gave(folder, tmp_path):
    old, new = path_of(folder, "a", "earlier"), path_of(folder, "a", "now")
    assert latest(new) == (None, False)
    keep(old, {"value": 1})
    assert latest(new) == ({"value": 1}, False)
    publish(tmp_path / "page.md", "text", folder)
    old.unlink()
    assert latest(new) == ({"value": 1}, False)  # packed
    assert held(new) is None  # and computed again
    keep(new, {"value": 2})
    assert latest(new) == ({"value": 2}, True)
    assert of_earlier_sources(0, 3) == ""
    assert of_earlier_sources(2, 3) == "2 of 3 answers were measured with earlier sources."


def test_nothing_kept_is_nothing_packed(folder):
    pack(folder)
    assert not folder.with_suffix(".jsonl").exists()


def test_a_page_is_read_by_its_titles(tmp_path):
    page = tmp_path / "page.md"
    assert sections_of_page(page) == {}
    page.write_text("# Page\n\nHead.\n\n## One\n\nText.\n\n### Part\n\nMore.\n\n## Two\n")
    assert sections_of_page(page) == {"One": "Text.\n\n### Part\n\nMore.", "Two": ""}
