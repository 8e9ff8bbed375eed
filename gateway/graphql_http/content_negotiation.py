"""Which media type an answer has: the client's `Accept` decides (RFC 9110 §12.5.1)."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

from gateway.errors import HeaderTooLargeError, NotAcceptableError

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"

_MAX_LENGTH = 2048  # bytes: it is read before anybody has been authenticated; a browser's has 150
_WILDCARDS = ("application/*", "*/*")
_MATCHING = {GRAPHQL, JSON, HTML, *_WILDCARDS}
_MOST_REMEMBERED = 128
_LONGEST_REMEMBERED = 512  # bytes: nobody fills the memory with values of their own making
_T = TypeVar("_T")


def remembered(read: Callable[[bytes], _T]) -> Callable[[bytes], _T]:
    """Remember what was read in a header's values: clients send few different ones."""
    known = lru_cache(_MOST_REMEMBERED)(read)

    @wraps(read)
    def reading(value: bytes) -> _T:
        return known(value) if len(value) <= _LONGEST_REMEMBERED else read(value)

    return reading


def prefers_html(accept: bytes) -> bool:
    """Whether this is a browser's navigation: it names HTML, and ranks it first."""
    ranges = _ranges(accept) if len(accept) <= _MAX_LENGTH else {}
    return ranges.get(HTML, 0.0) > max(ranges.get(GRAPHQL, 0.0), ranges.get(JSON, 0.0))


def choose_media_type(accept: bytes) -> str:
    """Choose between the two media types of GraphQL answers; without `Accept`, the older one.

    Raises NotAcceptableError where the client accepts neither, and HeaderTooLargeError.
    """
    if len(accept) > _MAX_LENGTH:
        raise HeaderTooLargeError("Accept", _MAX_LENGTH)
    chosen = _choose(accept) if accept else JSON
    if not chosen:
        raise NotAcceptableError(f"Accept must allow {GRAPHQL} or {JSON}.")
    return chosen


@remembered
def _choose(accept: bytes) -> str:
    ranges = _ranges(accept)
    graphql, json = (
        next((ranges[name] for name in (offered, *_WILDCARDS) if name in ranges), 0.0)
        for offered in (GRAPHQL, JSON)
    )
    if not graphql and not json:
        return ""
    named = ranges.get(GRAPHQL)
    if named and named >= json:
        return GRAPHQL
    return JSON if json else GRAPHQL


def _ranges(accept: bytes) -> dict[str, float]:
    """Return the quality of each range that may match something here, of the first by that name."""
    ranges: dict[str, float] = {}
    for media_range in accept.decode("latin-1").split(","):
        name, _, parameters = media_range.partition(";")
        name = name.strip().lower()
        if name in _MATCHING and name not in ranges:
            ranges[name] = _q(parameters)
    return ranges


def _q(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
