from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from gateway.sandbox.world import World
from tests.sandbox.client import NOW, SandboxClient, serving
from tests.sandbox.faulty import faults
from tests.support.http_client import TLS

DEMO_KEY = {"key": "sandbox-key", "secret": "sandbox-secret"}


@pytest.fixture(scope="module")
def own(world: World) -> Iterator[SandboxClient]:
    """Serve a sandbox whose faults these tests may change."""
    with serving(world=world) as client:
        yield client


def by_token(client: SandboxClient, token: str) -> int:
    """Call with a token and nothing else; return the status."""
    query = {"identifierName": "externalId", "identifierValue": "C-ONE", "source": "INSTORE"}
    answer = httpx.get(
        f"{client.base_url}/v2/customers/lookup/promotionData",
        params=query,
        headers={"X-CAP-API-OAUTH-TOKEN": token},
        trust_env=False,
        verify=TLS,
    )
    return answer.status_code


def new_token(client: SandboxClient) -> Any:
    """Request a token; return the `data` of the response."""
    return client.post("/v3/oauth/token/generate", json=DEMO_KEY).json()["data"]


def test_token_is_dead_at_birth(own: SandboxClient) -> None:
    """A token is issued but never accepted; a wrong key still gets none."""
    with faults(own, "short_token"):
        data = new_token(own)
        assert data["ttlSeconds"] == 300
        assert by_token(own, data["accessToken"]) == 401
        assert own.post("/v3/oauth/token/generate", json={}).status_code == 401
    assert by_token(own, new_token(own)["accessToken"]) == 200


def test_token_expires_early(world: World) -> None:
    """A token expires earlier than it states, by the clock of the sandbox."""
    now = [NOW]

    def clock() -> datetime:
        return now[0]

    with serving(world=world, clock=clock) as client, faults(client, "short_token=10"):
        token = new_token(client)["accessToken"]
        now[0] = NOW + timedelta(seconds=9)
        assert by_token(client, token) == 200
        now[0] = NOW + timedelta(seconds=10)
        assert by_token(client, token) == 401


def test_token_is_revoked(own: SandboxClient) -> None:
    """A valid token is refused from then on; a new one is valid."""
    token = new_token(own)["accessToken"]
    with faults(own, "revoke_token,count=1"):
        assert by_token(own, token) == 401
        assert by_token(own, token) == 401
        assert by_token(own, new_token(own)["accessToken"]) == 200
        assert own.customer("C-ONE").status_code == 200


def test_good_token_is_refused_once(own: SandboxClient) -> None:
    """A valid token can get a 401 without being revoked."""
    token = new_token(own)["accessToken"]
    with faults(own, "status=401,body=documented,count=1"):
        assert [by_token(own, token) for _ in range(2)] == [401, 200]


def test_token_answer_can_be_spoiled(own: SandboxClient) -> None:
    """The same modes apply to the JSON of the token endpoint."""
    with faults(own, "missing=accessToken,endpoint=token"):
        assert new_token(own) == {"ttlSeconds": 300}
    with faults(own, "retype=ttlSeconds,as=text,endpoint=token"):
        assert new_token(own)["ttlSeconds"] == "garbage"
    with faults(own, "null=accessToken,item=0,endpoint=token"):
        assert new_token(own)["accessToken"]  # there are no items to spoil
