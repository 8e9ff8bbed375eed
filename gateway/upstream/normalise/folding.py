"""Folding of texts, so that a search finds them whatever their case, accents and width."""

import unicodedata
from functools import lru_cache

# The accents of Latin, Greek, Cyrillic and Hebrew have such combining classes. Lower ones are parts
# of letters: vowel signs, nukta and virama of Indian scripts, and the voicing marks of kana.
_MIN_ACCENT_CLASS = 200
# Letters with a stroke or a ligature, which Unicode does not decompose.
_LETTERS = str.maketrans(
    {
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
)
_MAX_CACHED_LENGTH = 256


def fold(text: str) -> str:
    """Return a text in lower case, without accents and full-width forms, blanks made one space."""
    if text.isascii():
        return " ".join(text.lower().split())
    return _fold_cached(text) if len(text) <= _MAX_CACHED_LENGTH else _fold(text)


def _fold(text: str) -> str:
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    letters = [each for each in parts if unicodedata.combining(each) < _MIN_ACCENT_CLASS]
    composed = unicodedata.normalize("NFC", "".join(letters).translate(_LETTERS))
    return " ".join(composed.split())


_fold_cached = lru_cache(4096)(_fold)
