"""The list of programs: one call a request, and none where names are known from it already."""

import asyncio
from collections.abc import Mapping

from gateway.context import RequestContext
from gateway.errors import GatewayError
from gateway.upstream.programs.endpoint import Programs, ProgramsPort

Names = Mapping[str, str | None]
"""Names by program; a program whose name is None has none in the list."""


class ProgramsLoader:
    """Loads the list, and has the names that it contains."""

    def __init__(self, port: ProgramsPort, request: RequestContext) -> None:
        self._port, self._request = port, request
        self._programs: asyncio.Task[Programs] | None = None
        self._for_names: asyncio.Task[Programs] | None = None

    async def load(self) -> Programs:
        """Return the programs; raise UpstreamError or BudgetExceededError."""
        if self._programs is None or self._programs.cancelled():
            self._programs = asyncio.create_task(self._port.programs(self._request))
        return await self._programs

    async def requested_names(self) -> Names:
        """Return the names where this request loads the list; none where that fails."""
        if self._programs is None:
            return {}
        try:
            return _names(await self._programs)
        except GatewayError:
            return {}

    async def names(self) -> Names:
        """Return the names, by the list; raise UpstreamError or BudgetExceededError.

        It does not become one that the request has loaded: whether a program that has another name
        elsewhere is called by that must not depend on what else lacks a name.
        """
        task = self._programs or self._for_names
        if task is None or task.cancelled():
            task = self._for_names = asyncio.create_task(self._port.programs(self._request))
        return _names(await task)

    def cached_names(self) -> Names:
        """Return the names of a list in the cache; none without one."""
        return _names(self._port.cached(self._request) or ())


def _names(programs: Programs) -> Names:
    return {str(program.program_id): program.name for program in programs}
