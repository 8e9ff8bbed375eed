"""The transport is tested on both event loops: the gateway runs on uvloop where there is one."""

from typing import Any

import pytest


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
        pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
    ],
)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run async tests on each loop."""
    return request.param
