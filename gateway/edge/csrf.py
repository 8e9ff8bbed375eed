"""Pages of other sites: what a browser sends for them runs only where the settings name them.

A POST of theirs cannot have the media type that is read here without a preflight, which only named
origins pass. What is left is a GET, as of an image: its answer no page can read, but its operation
would run. Browsers say where such a request comes from (Fetch Metadata), and no page can change it.
"""

from gateway.edge.cors import Origins
from gateway.edge.http_request import HttpHeaders
from gateway.errors import CrossSiteError

_OTHER = frozenset({b"cross-site", b"same-site"})


def check_csrf(headers: HttpHeaders, origins: Origins) -> None:
    """Raise CrossSiteError for a request that a page of an origin not named has had sent."""
    if headers.first(b"sec-fetch-site") not in _OTHER:
        return
    origin = headers.first(b"origin")
    if origin is None:  # as of an image: no setting lets it in
        raise CrossSiteError("Cross-site requests must send an Origin header.")
    if origin not in origins:
        raise origins.refuse()
