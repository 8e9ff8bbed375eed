"""A client of the shared gateway."""

from collections.abc import Iterator

import httpx
import pytest

from tests.http.client import client


@pytest.fixture(scope="session")
def http(gateway_url: str) -> Iterator[httpx.Client]:
    """Give a client of the shared gateway that knows only HTTP."""
    with client(gateway_url) as http:
        yield http
