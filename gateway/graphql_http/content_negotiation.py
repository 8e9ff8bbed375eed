"""Choose the media type of a response by the request's `Accept` (RFC 9110 §12.5.1)."""

from functools import lru_cache

from gateway.errors import HeaderTooLargeError, NotAcceptableError

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"
MULTIPART = "multipart/mixed"
BY_PATH, BY_ID = "deferSpec=20220824", "incrementalSpec=v0.2"
"""The formats of a response in parts (`incremental.py`), as parameters of its media type."""

_MAX_LENGTH = 2048  # bytes, parsed before authentication; a browser's header has 150
_MAX_CACHED_LENGTH = 512  # bytes: clients must not fill the memory with values of their own
_WILDCARDS = ("application/*", "*/*")
_MATCHING = {GRAPHQL, JSON, HTML, *_WILDCARDS}


def choose_media_type(accept: bytes) -> str:
    """Return one of the two media types of GraphQL responses; without `Accept` the older one.

    Raise NotAcceptableError if the client accepts neither, and HeaderTooLargeError.
    """
    if not accept:
        return JSON
    if len(accept) > _MAX_LENGTH:
        raise HeaderTooLargeError("Accept", _MAX_LENGTH)
    choose = _choose if len(accept) <= _MAX_CACHED_LENGTH else _choose.__wrapped__
    chosen = choose(accept)
    if chosen is None:
        raise NotAcceptableError(f"Accept must allow {GRAPHQL} or {JSON}.")
    return chosen


def prefers_html(accept: bytes) -> bool:
    """Whether this is a browser's navigation: it names HTML, and ranks it first."""
    ranges = _parse_ranges(accept) if len(accept) <= _MAX_LENGTH else {}
    return ranges.get(HTML, 0.0) > max(ranges.get(GRAPHQL, 0.0), ranges.get(JSON, 0.0))


def choose_parts_format(accept: bytes) -> str | None:
    """Return the format in which a client accepts a response in parts; None for a whole one only.

    Without a parameter it is the older one, which all clients read. `choose_media_type` has checked
    the length.
    """
    chosen, best = None, 0.0
    for media_range in accept.decode("latin-1").split(","):
        name, _, parameters = media_range.partition(";")
        if name.strip().lower() == MULTIPART:
            quality = parse_quality(parameters)
            wanted = _parts_format(parameters)
            if wanted is not None and quality > best:
                chosen, best = wanted, quality
    return chosen


def _parts_format(parameters: str) -> str | None:
    """Return the format that the parameters name; None for one that is not known."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        name, value = name.strip().lower(), value.strip().strip('"')
        for known in (BY_PATH, BY_ID):
            known_name, _, known_value = known.partition("=")
            if name == known_name.lower():
                return known if value == known_value else None
    return BY_PATH


@lru_cache(128)
def _choose(accept: bytes) -> str | None:
    ranges = _parse_ranges(accept)
    graphql, json = (
        next((ranges[name] for name in (offered, *_WILDCARDS) if name in ranges), 0.0)
        for offered in (GRAPHQL, JSON)
    )
    if not graphql and not json:
        return None
    named = ranges.get(GRAPHQL)
    if named and named >= json:
        return GRAPHQL
    return JSON if json else GRAPHQL


def _parse_ranges(accept: bytes) -> dict[str, float]:
    """Return the quality of each media range that may match; of duplicates the first counts."""
    ranges: dict[str, float] = {}
    for media_range in accept.decode("latin-1").split(","):
        name, _, parameters = media_range.partition(";")
        name = name.strip().lower()
        if name in _MATCHING and name not in ranges:
            ranges[name] = parse_quality(parameters)
    return ranges


def parse_quality(parameters: str) -> float:
    """Return the `q` of a range's parameters from 0 to 1: 1 without it, 0 for no number."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
