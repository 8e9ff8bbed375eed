"""Folding: what a search finds whatever its case, accents and width."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.upstream.normalise.folding import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("Two  WORDS\t\n", "two words"),
        ("Crème BRÛLÉE", "creme brulee"),
        ("Creme\u0300", "creme"),
        ("\uff23\uff21\uff26\uff25\u3000\uff11", "cafe 1"),
        ("\uff76\uff9e", "ガ"),
        ("a\u00a0b\u2003c", "a b c"),
        ("Straße STRASSE", "strasse strasse"),
        ("ﬁne \N{MATHEMATICAL BOLD CAPITAL H}i", "fine hi"),
        ("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}stanbul", "istanbul"),
        ("\N{LATIN SMALL LETTER DOTLESS I}l\N{LATIN SMALL LETTER DOTLESS I}k", "ilik"),
        ("Łódź, Ørsted, Đà Nẵng, Œuvre", "lodz, orsted, da nang, oeuvre"),
        ("ΛΌΓΟΣ λόγος", "λογοσ λογοσ"),
        ("Ё ЙОД", "е иод"),  # noqa: RUF001 - Cyrillic is meant
        ("कि", "कि"),
        ("ガ", "ガ"),
        ("한국", "한국"),
        ("双倍积分", "双倍积分"),
        ("🎉 50%", "🎉 50%"),
        ("\u0301\u0302", ""),
        ("Kaffee\u00adhaus \u200fשלום\u200e", "kaffeehaus שלום"),  # noqa: RUF001 - Hebrew is meant
        ("می\u200cخواهم \ufeff\u2764\ufe0f", "میخواهم \u2764"),  # noqa: RUF001 - Persian is meant
        ("\u200b\u202e\u2060", ""),
        ("\ud800", "\ud800"),
    ],
    ids=ascii,
)
def test_a_text_is_folded(text: str, folded: str) -> None:
    """Case, accents, width, ligatures, blanks and what is not seen; other letters stay."""
    assert fold(text) == folded


@given(st.text(max_size=300))
@example("\u0345\u0301")
@example("x" * 200 + "é" * 100)
def test_folding_is_stable_and_blind_to_composition(text: str) -> None:
    """Folded again it is the same, and so is it composed, decomposed or in capitals."""
    folded = fold(text)
    assert fold(folded) == folded
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold(unicodedata.normalize(form, text)) == folded


@given(st.text(st.characters(max_codepoint=127), max_size=50))
def test_the_short_way_for_ascii_is_the_same(text: str) -> None:
    """As beside a letter that takes the long one."""
    assert fold(f"{text} é").removesuffix("e").rstrip() == fold(text)
