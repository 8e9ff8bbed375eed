"""Which media type an answer has: the client's `Accept` decides (RFC 9110 §12.5.1)."""

from gateway.errors import NotAcceptableError

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"


def prefers_html(accept: str) -> bool:
    """Tell a browser's navigation from a GraphQL client: it names HTML, and ranks it first."""
    html, *others = (_quality(accept, offered, exact=True) for offered in (HTML, GRAPHQL, JSON))
    return html > max(others)


def choose(accept: str | None) -> str:
    """Choose between the two media types of GraphQL answers; without `Accept`, the older one.

    Raises NotAcceptableError where the client accepts neither.
    """
    if not accept:
        return JSON
    graphql, json = _quality(accept, GRAPHQL), _quality(accept, JSON)
    if not graphql and not json:
        raise NotAcceptableError(f"Accept {GRAPHQL} or {JSON}.")
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
