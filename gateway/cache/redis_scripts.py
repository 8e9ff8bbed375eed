"""What Lua scripts in Redis share: its clock, and a bounded wait for the result."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from redis.exceptions import RedisError

_T = TypeVar("_T")

# Opens a script: `now` is Redis's clock in seconds, which all replicas share.
CLOCK = """
local function text(number) return string.format('%.6f', number) end
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
"""
FAILURES = (RedisError, OSError, TimeoutError)


async def in_time(operation: Awaitable[_T], timeout_s: float) -> _T:
    """Return the result of an operation in Redis.

    Raise one of FAILURES if Redis is late or fails, and CancelledError whenever the task has been
    cancelled: redis-py 8.1 with its default socket timeouts sometimes swallows a cancellation, and
    the task would outlive its deadline.
    """
    task = asyncio.current_task()
    cancelling = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(timeout_s):
            return await operation
    finally:
        if task and task.cancelling() > cancelling:
            raise asyncio.CancelledError
