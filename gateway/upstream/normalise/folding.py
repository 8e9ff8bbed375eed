"""Folding of texts, so that a search finds them whatever their case, accents and width."""

import re
import unicodedata
from functools import lru_cache

# Unicode's blocks of combining diacritical marks, which are accents of any script. The vowel signs
# of Indian scripts and the voicing marks of kana are elsewhere: they make other letters.
_ACCENTS = "\N{COMBINING GRAVE ACCENT}-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# Soft hyphens, joiners, direction marks and variation selectors, which copied texts have or lack.
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
_DROPPED = re.compile(f"[{_ACCENTS}{_INVISIBLE}]+")
# Letters with a stroke, and ligatures, which Unicode does not decompose.
_LETTERS = {
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "ł": "l",
    "ŧ": "t",
}
_MAX_CACHED_LENGTH = 256


def fold(text: str) -> str:
    """Return a text in lower case, without accents, full-width forms and what is not seen.

    Several blanks are one space.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    return _fold_cached(text) if len(text) <= _MAX_CACHED_LENGTH else _fold(text)


def _fold(text: str) -> str:
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    letters = _DROPPED.sub("", parts)
    for letter, plain in _LETTERS.items():
        letters = letters.replace(letter, plain)
    return " ".join(unicodedata.normalize("NFC", letters).split())


_fold_cached = lru_cache(4096)(_fold)
