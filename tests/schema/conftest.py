"""A platform with one customer's list, for the modules that have no other one."""

from collections.abc import Iterator

import pytest

from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, platform
from tests.support.wallet import Wallet


@pytest.fixture(scope="module", params=["compiled", "reference"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Platform, Graph]]:
    """Serve one platform and one gateway for this module, with either executor."""
    with platform() as (scripted, url), graph_over(url, executor=request.param) as graph:
        yield scripted, graph


@pytest.fixture
def wallet(scripted: Platform) -> Wallet:
    """Return the list of the customer."""
    wallet = Wallet()
    scripted.responses["promotionData"] = wallet.respond
    return wallet
