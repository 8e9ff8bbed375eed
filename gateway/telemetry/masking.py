"""Masks what may be personal data in texts that clients choose: numbers and e-mail addresses."""

import re
from hashlib import blake2b
from os import urandom

_PRIVATE = re.compile(r"\d{7,}|[\w.+-]+@[\w.-]+")
# A UUID or a trace id has long runs of digits by chance, and identifies nobody.
is_plain = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^\d@]*+(?:\d{1,6}+(?:[^\d@]++|$))*+",
    re.IGNORECASE,
).fullmatch
"""Whether nothing in a text has to be masked."""

_key = urandom(16)


def mask(text: str) -> str:
    """Return a text with a pseudonym for each number of seven digits or more, and each address.

    Equal ones have equal pseudonyms in one process, so that its lines about one request can be
    told apart. The pseudonym is keyed: a mobile number could be found from its hash by trying all.
    """
    return text if is_plain(text) else _PRIVATE.sub(_pseudonym, text)


def _pseudonym(match: re.Match[str]) -> str:
    return f"masked-{blake2b(match[0].encode(), key=_key, digest_size=4).hexdigest()}"
