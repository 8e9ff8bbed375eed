from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from gateway.sandbox.auth import Credentials
from tests.sandbox.client import LEGACY_BASICS, NOW, SandboxClient, serving
from tests.support.http_client import TLS

TOKEN_PATH = "/v3/oauth/token/generate"
DEMO_KEY = {"key": "sandbox-key", "secret": "sandbox-secret"}


class SettableClock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Return the current time of the clock."""
        return self.now


def ask_with(client: SandboxClient, headers: dict[str, str]) -> list[httpx.Response]:
    """Call both endpoints with these headers and no other credentials; return the statuses."""
    base = str(client.base_url)
    customer = {"identifierName": "id", "identifierValue": "700000002", "source": "ALL"}
    with httpx.Client(base_url=base, headers=headers, trust_env=False, verify=TLS) as bare:
        return [
            bare.get("/v2/customers/lookup/promotionData", params=customer),
            bare.get("/api_gateway/loyalty/v1/programs/9010/promotionsV2", params=LEGACY_BASICS),
        ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic c2FuZGJveDp3cm9uZw=="},
        {"Authorization": "Bearer c2FuZGJveDpzYW5kYm94"},
        {"X-CAP-API-OAUTH-TOKEN": "made-up"},
        {"CAP-API-ACCESS-TOKEN": "made-up"},
        {"X-CAP-API-OAUTH-TOKEN": "made-up", "Authorization": "Basic c2FuZGJveDpzYW5kYm94"},
    ],
)
def test_wrong_credentials_are_refused(sandbox: SandboxClient, headers: dict[str, str]) -> None:
    """Both endpoints answer 401 with an error body; a wrong token is not saved by Basic."""
    for answer in ask_with(sandbox, headers):
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["status"] is False


@pytest.mark.parametrize("scheme", ["Basic", "basic"])
def test_basic_credentials_are_accepted(sandbox: SandboxClient, scheme: str) -> None:
    """The published till credentials open both endpoints."""
    for answer in ask_with(sandbox, {"Authorization": f"{scheme} c2FuZGJveDpzYW5kYm94"}):
        assert answer.status_code == 200


@pytest.mark.parametrize("header", ["X-CAP-API-OAUTH-TOKEN", "CAP-API-ACCESS-TOKEN"])
def test_token_is_accepted_in_either_header(sandbox: SandboxClient, header: str) -> None:
    """A generated token opens both endpoints, in the header of either vendor page."""
    answer = sandbox.request("POST", TOKEN_PATH, json=DEMO_KEY, auth=None)
    assert answer.status_code == 200
    body = answer.json()
    assert body["errors"] is None
    assert body["data"]["ttlSeconds"] == 300
    for asked in ask_with(sandbox, {header: body["data"]["accessToken"]}):
        assert asked.status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b'{"key": "sandbox-key", "secret": "wrong"}',
        b'{"key": "sandbox-key"}',
        b"[]",
        b"not JSON",
        b"",
    ],
)
def test_wrong_key_gets_no_token(sandbox: SandboxClient, content: bytes) -> None:
    """A wrong secret and an invalid body are both refused with 401 and null data."""
    answer = sandbox.post(TOKEN_PATH, content=content)
    assert answer.status_code == 401
    body: dict[str, Any] = answer.json()
    assert body["data"] is None
    assert body["errors"][0].keys() == {"code", "message"}


def test_token_expires_by_the_clock() -> None:
    """A token is valid for its lifetime and not a second longer; a new one is valid."""
    clock = SettableClock()
    with serving(clock=clock, token_ttl_s=60) as client:
        answer = client.post(TOKEN_PATH, json=DEMO_KEY).json()["data"]
        assert answer["ttlSeconds"] == 60
        headers = {"X-CAP-API-OAUTH-TOKEN": answer["accessToken"]}
        clock.now = NOW + timedelta(seconds=59)
        assert [asked.status_code for asked in ask_with(client, headers)] == [200, 200]
        clock.now = NOW + timedelta(seconds=60)
        assert [asked.status_code for asked in ask_with(client, headers)] == [401, 401]
        fresh = client.post(TOKEN_PATH, json=DEMO_KEY).json()["data"]["accessToken"]
        headers = {"X-CAP-API-OAUTH-TOKEN": fresh}
        assert [asked.status_code for asked in ask_with(client, headers)] == [200, 200]


def test_several_tokens_live_at_once(sandbox: SandboxClient) -> None:
    """A second token does not end the first."""
    tokens = [
        sandbox.post(TOKEN_PATH, json=DEMO_KEY).json()["data"]["accessToken"] for _ in range(2)
    ]
    assert tokens[0] != tokens[1]
    for token in tokens:
        assert ask_with(sandbox, {"X-CAP-API-OAUTH-TOKEN": token})[0].status_code == 200


def test_credentials_can_be_chosen() -> None:
    """A sandbox with its own credentials refuses the published ones."""
    credentials = Credentials("till", "pass:wörd", "key", "secret")
    with serving(credentials=credentials) as client:
        assert client.customer("C-ONE").status_code == 401
        client.auth = httpx.BasicAuth("till", "pass:wörd")
        assert client.customer("C-ONE").status_code == 200
        assert client.post(TOKEN_PATH, json=DEMO_KEY).status_code == 401
        own = {"key": "key", "secret": "secret"}
        assert client.post(TOKEN_PATH, json=own).status_code == 200
