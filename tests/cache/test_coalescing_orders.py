import asyncio

from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.coalescing import Coalescer
from tests.cache.platform import OutageError, Platform, turns
from tests.support.examples import examples

Task = asyncio.Task[tuple[bytes, bool]]

STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "leave", "answer", "fail", "turn"]), st.integers(0, 9)),
    max_size=30,
)


@given(STEPS)
@examples(150, deadline=None)
def test_no_order_of_events_loses_a_waiter(steps: list[tuple[str, int]]) -> None:
    """A waiter that stays gets a result or an error, one that leaves a CancelledError."""
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, int]]) -> None:
    coalescer: Coalescer[bytes] = Coalescer()
    platform = Platform()
    platform.hold()
    waiters: list[Task] = []
    left: set[int] = set()
    for step, number in steps:
        if step == "ask":
            waiters.append(asyncio.create_task(coalescer.run(str(number % 2), platform.load)))
        elif step == "leave" and number < len(waiters) and not waiters[number].done():
            waiters[number].cancel()
            left.add(number)
        elif step in {"answer", "fail"}:
            platform.answer = b"answer" if step == "answer" else OutageError()
            platform.release()
            await turns(1)
            platform.hold()
        else:
            await turns(1)
        assert len(coalescer) <= 2
    platform.release()
    results = await asyncio.gather(*waiters, return_exceptions=True)
    await turns()
    for number, result in enumerate(results):
        assert (
            isinstance(result, asyncio.CancelledError)
            if number in left
            else isinstance(result, tuple | OutageError)
        )
    assert len(coalescer) == 0
