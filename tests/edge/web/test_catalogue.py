"""The page speaks six languages, all of them completely."""

from __future__ import annotations

import re
from importlib.resources import files
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.imaging.coach import Advice
from edge.imaging.quality import Trouble
from edge.signals.indicator import Indicator
from edge.web.catalogue import LANGUAGES, chosen_language, load_texts, read_lines

_ENGLISH = read_lines("en")
_SAME_EVERYWHERE = {"page.name", "number.decimal", "number.percent"}
_DEVANAGARI = re.compile("[\u0900-\u097f]")


def _holes(line: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(line) if name is not None}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_has_every_text_with_the_same_holes(tag: str) -> None:
    lines = read_lines(tag)
    assert lines.keys() == _ENGLISH.keys()
    for key, line in lines.items():
        assert line.strip(), key
        assert _holes(line) == _holes(_ENGLISH[key]), key


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != "en"])
def test_texts_are_translated_and_not_copied(tag: str) -> None:
    lines = read_lines(tag)
    sentences = [k for k, line in _ENGLISH.items() if len(line) > 20 and k not in _SAME_EVERYWHERE]
    copied = [key for key in sentences if lines[key] == _ENGLISH[key]]
    assert not copied
    if tag == "hi":
        latin = [key for key in sentences if not _DEVANAGARI.search(lines[key])]
        assert not latin


def _used_keys() -> set[str]:
    web = files("edge.web")
    sources = [p.read_text() for p in web.joinpath("templates").iterdir()]
    keys: set[str] = set()
    for source in sources:
        keys |= set(re.findall(r"""\bt(?:\.has)?\(["']([a-z_]+\.[A-Za-z_]+)["']\s*[,)]""", source))
    return keys


def test_the_templates_ask_for_texts_that_there_are() -> None:
    used = _used_keys()
    assert len(used) > 60
    assert used - _ENGLISH.keys() == set()


def test_every_state_and_every_trouble_has_its_words() -> None:
    for indicator in Indicator:
        for section in ("state", "looks", "meaning"):
            assert f"{section}.{indicator.value}" in _ENGLISH
    for trouble in Trouble:
        assert f"advice.{trouble.value}" in _ENGLISH
    for advice in Advice:
        assert _ENGLISH[f"advice.{advice.value}"] == advice.words


@pytest.mark.parametrize(
    ("cookie", "header", "language"),
    [
        ("", "", "en"),
        ("", "pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("", "de-DE,de;q=0.9", "en"),
        ("", "en;q=0.2, sw", "sw"),
        ("", "fr;q=0, hi;q=0.1", "hi"),
        ("es", "fr", "es"),
        ("xx", "fr", "fr"),
        ("../../etc", "es;q=abc,fr;q=0.5", "fr"),
    ],
)
def test_the_browser_says_the_language_and_a_person_may_overrule_it(
    cookie: str, header: str, language: str
) -> None:
    assert chosen_language(cookie, header) == language


@given(st.text(max_size=20), st.text(max_size=200))
def test_any_header_gives_some_language(cookie: str, header: str) -> None:
    assert chosen_language(cookie, header) in LANGUAGES


def test_numbers_are_written_as_each_language_does() -> None:
    texts = load_texts()
    assert texts["en"].percent(0.1234, 1) == "12.3%"
    assert texts["fr"].percent(0.1234, 1) == "12,3\u202f%"
    assert [texts["en"].chance(p) for p in (0.0, 0.004, 0.42, 0.996, 1.0)] == [
        "< 1%",
        "< 1%",
        "42%",
        "> 99%",
        "> 99%",
    ]
    assert [texts["pt"].share(p) for p in (0.0123, 0.348)] == ["1,2%", "35%"]
    assert texts["en"]("no.such_key") == "no.such_key"
