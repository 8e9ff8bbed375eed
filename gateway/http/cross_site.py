"""Pages of other sites: what a browser sends for them runs only where the settings name them.

A POST of theirs cannot have the media type that is read here without a preflight, which only named
origins pass. What is left is a GET, as of an image: its answer no page can read, but its operation
would run. Browsers say where such a request comes from (Fetch Metadata), and no page can change it.
"""

from collections.abc import Container

from gateway.errors import CrossSiteError
from gateway.http.asked import Headers

_OTHER = frozenset({b"cross-site", b"same-site"})


def refuse_other_sites(headers: Headers, origins: Container[bytes]) -> None:
    """Raise CrossSiteError for a request that a page of an origin not named has had sent."""
    site = headers.first(b"sec-fetch-site")
    if site in _OTHER and (headers.first(b"origin") or b"") not in origins:
        raise CrossSiteError("Pages of this origin may not ask here.")
