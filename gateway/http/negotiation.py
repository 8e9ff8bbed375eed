"""Which media type an answer has: the client's `Accept` decides (RFC 9110 §12.5.1)."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

from gateway.errors import NotAcceptableError

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"

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


def prefers_html(accept: str) -> bool:
    """Tell a browser's navigation from a GraphQL client: it names HTML, and ranks it first."""
    html, *others = (_quality(accept, offered, exact=True) for offered in (HTML, GRAPHQL, JSON))
    return html > max(others)


def choose(accept: bytes) -> str:
    """Choose between the two media types of GraphQL answers; without `Accept`, the older one.

    Raises NotAcceptableError where the client accepts neither.
    """
    chosen = _choose(accept) if accept else JSON
    if not chosen:
        raise NotAcceptableError(f"Accept {GRAPHQL} or {JSON}.")
    return chosen


@remembered
def _choose(accepted: bytes) -> str:
    accept = accepted.decode("latin-1")
    graphql, json = _quality(accept, GRAPHQL), _quality(accept, JSON)
    if not graphql and not json:
        return ""
    named = _quality(accept, GRAPHQL, exact=True)
    if named and named >= json:
        return GRAPHQL
    return JSON if json else GRAPHQL


def _quality(accept: str, offered: str, *, exact: bool = False) -> float:
    """Give the quality of the most specific range that matches; 0 where none does."""
    major = offered.partition("/")[0]
    specificity = {offered: 3} if exact else {offered: 3, f"{major}/*": 2, "*/*": 1}
    best, quality = 0, 0.0
    for media_range in accept.split(","):
        name, *parameters = (part.strip().lower() for part in media_range.split(";"))
        if specificity.get(name, 0) > best:
            best, quality = specificity[name], _q(parameters)
    return quality


def _q(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
