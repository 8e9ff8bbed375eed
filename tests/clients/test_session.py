"""The session of docs/authentication.md: which screen an app shows to whom."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from gateway.sandbox import token_issuer
from gateway.sandbox.token_issuer import TokenIssuer
from tests.sandbox.client import NOW
from tests.support.graph import serve_gateway
from tests.support.javascript import run, run_node
from tests.support.page_projects import blocks, write_project
from tests.support.serving import serve

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]
PARTS = ("Create the app", "The first typed query")


@pytest.fixture(scope="module")
def gateway(sandbox_url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Serve a gateway as `make run AUTH=1` does; yield its URL and the tokens."""
    with serve(Starlette(routes=TokenIssuer(lambda: NOW).routes())) as issuer:
        settings: dict[str, Any] = {
            "auth": "jwt",
            "auth_jwks_url": issuer + token_issuer.JWKS_PATH,
            "auth_issuer": token_issuer.ISSUER,
            "auth_audience": token_issuer.AUDIENCE,
            "auth_algorithms": ("ES256",),
            "auth_customer_claim": token_issuer.CUSTOMER_CLAIM,
            "auth_roles_claim": token_issuer.ROLES_CLAIM,
        }
        tokens = httpx.get(f"{issuer}/__tokens", trust_env=False).json()
        with serve_gateway(sandbox_url, **settings) as url:
            yield url, {token["name"]: token["token"] for token in tokens}


@pytest.fixture(scope="module")
def seen(
    npm: str, gateway: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """Return what each caller has got, and the screen for it."""
    url, tokens = gateway
    files = [block for block in blocks("frontend.md") if block.section in PARTS and block.file]
    files = [block for block in files if block.file != "src/App.tsx"]
    page = blocks("authentication.md")
    files += [block for block in page if block.file]
    folder: Path = write_project(tmp_path_factory.mktemp("session") / "project", files, url)
    (folder / "src/main.tsx").unlink()
    run("tsc", "-p", ".", cwd=folder)
    (viewer,) = [block.text for block in page if block.language == "graphql"]
    return run_node("session-scenarios.mjs", json.dumps(tokens), viewer, cwd=folder)


def test_a_caller_sees_their_own_customers(seen: Any) -> None:
    """`viewer` has the promotions of the two customers of the token, and no error."""
    own = seen["own"]["result"]
    assert [viewer["promotions"]["totalCount"] for viewer in own["data"]["viewer"]] == [20, 10]
    assert (own["screen"], own["signIns"]) == (None, 0)
    (request,) = seen["own"]["requests"]
    assert request["headers"]["authorization"].startswith("Bearer ey")


def test_a_caller_without_customers_has_an_empty_list(seen: Any) -> None:
    """It is no error: the token is valid."""
    assert seen["none"]["result"] == {
        "data": {"viewer": []},
        "screen": None,
        "signIns": 0,
    }


@pytest.mark.parametrize("token", ["expired", "missing"])
def test_a_caller_without_a_valid_token_signs_in(seen: Any, token: str) -> None:
    """A 401 calls the app's own way to a new token, once."""
    result = seen[token]["result"]
    assert (result["screen"], result["signIns"]) == ("sign in", 1)


def test_another_callers_customer_is_no_access_in_one_part(seen: Any) -> None:
    """What the caller may see stays beside it."""
    forbidden = seen["forbidden"]["result"]
    assert len(forbidden["data"]["viewer"]) == 2
    assert forbidden["data"]["other"] is None
    assert (forbidden["screen"], forbidden["signIns"]) == ("no access", 0)


def test_types_are_generated_with_a_token(
    npm: str, gateway: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    """With the documented header, and not without a token that is valid."""
    url, tokens = gateway
    parts = ("Generate types", "The first typed query")
    files = [block for block in blocks("frontend.md") if block.section in parts and block.file]
    folder = write_project(tmp_path / "project", files, url)
    page = blocks("authentication.md")
    (schema,) = [block.text for block in page if block.text.startswith("schema: [")]
    config = folder / "codegen.ts"
    text = re.sub(r"schema: .*,\n", schema, config.read_text())
    config.write_text(text.replace("http://127.0.0.1:8000", url))
    with pytest.raises(AssertionError, match="Failed to load schema"):
        run("graphql-codegen", cwd=folder, TOKEN=tokens["expired"])
    run("graphql-codegen", cwd=folder, TOKEN=tokens["own"])
    run("tsc", "-p", ".", cwd=folder)
