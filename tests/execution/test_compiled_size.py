"""The size of an operation includes the source that has been generated for it."""

import asyncio

import pytest

from tests.execution import oddities
from tests.execution.both import Both

pytestmark = pytest.mark.anyio


async def test_what_a_run_has_generated_counts_though_it_was_given_up() -> None:
    """A client that always disconnects early cannot fill the memory beyond its bound."""
    both = Both(oddities.build())
    operation = both.operations.get("{ odd(index: 1) { asked(turns: 50) { intNumber } } }", None)
    for _ in range(3):
        running = asyncio.create_task(
            both.compiled.run(operation, {}, both.gateway.context()),
        )
        for _ in range(20):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert operation.compiled is not None
    assert operation.compiled_size == operation.compiled.size > 0
