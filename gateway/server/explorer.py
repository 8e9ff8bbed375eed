"""The page at ``/graphql`` for a browser: GraphiQL, or instructions to build it."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ASSETS = Path(__file__).parent / "explorer_assets"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
_MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".ttf": "font/ttf",
    ".html": "text/html",
    ".md": "text/plain",
}

PLAIN_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Promotion gateway</title></head>
<body>
<h1>Promotion gateway</h1>
<p>This is the GraphQL endpoint. GraphiQL has not been built into this installation: install
Node.js 20 or later with npm, run <code>make explorer</code> in a checkout, and start the gateway
again.</p>
<p>Meanwhile, from a shell, where <code>ADDRESS</code> is this page's address:</p>
<pre>curl "$ADDRESS" -H 'Content-Type: application/json' \\
  -d '{"query": "{ program(programId: 9005) { name promotions { nodes { name } } } }"}'</pre>
</body>
</html>
"""


class Explorer:
    """The built page with its assets, or the plain page if it has not been built."""

    def __init__(self, assets: Path = ASSETS) -> None:
        self._assets = assets
        index = assets / "index.html"
        self.is_built = index.is_file()
        self._page = index.read_text(encoding="utf-8") if self.is_built else PLAIN_PAGE

    def page(self) -> Response:
        """Return the page, which a browser must revalidate; its assets it need not."""
        headers = _HEADERS | {"Cache-Control": "no-cache", "Vary": "Accept"}
        return HTMLResponse(self._page, headers=headers)

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the page's assets."""
        if not self.is_built:
            return []
        assets = _Assets(directory=self._assets)
        return [Mount("/explorer", GZipMiddleware(assets, compresslevel=6))]


class _Assets(StaticFiles):
    """Static files; those in ``assets/`` are named by their content and never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path == "index.html":  # its relative URLs are valid at /graphql alone
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        media_type = _MEDIA_TYPES.get(Path(path).suffix)
        if media_type is not None and response.status_code == 200:
            # The table of the system may not have the types of modules and fonts.
            charset = "; charset=utf-8" if media_type.startswith("text/") else ""
            response.headers["Content-Type"] = media_type + charset
        is_immutable = path.startswith("assets/")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if is_immutable else "no-cache"
        )
        return response
