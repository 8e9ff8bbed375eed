"""The life of an application, between the server that runs it and the probes that ask for it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from gateway.config.settings import SettingsError
from gateway.server.connections import Connections
from gateway.telemetry import log


class AppLifecycle:
    """Whether an application is ready, and what a signal changes in it.

    Each of `required` returns whether a part, by its name, is ready; each of `reloads` reads the
    files of a part again, and raises SettingsError if they are not valid.
    """

    def __init__(
        self,
        connections: Connections,
        required: Mapping[str, Callable[[], bool]],
        reloads: Sequence[Callable[[], Awaitable[None]]],
    ) -> None:
        self.connections = connections
        self.is_started = False
        self._required, self._reloads = required, reloads
        self._reloading = asyncio.Lock()

    @property
    def is_ready(self) -> bool:
        """Whether new requests should be sent here."""
        return self.is_started and not self.connections.is_draining and not self.waiting_for

    @property
    def waiting_for(self) -> list[str]:
        """The parts that are not ready yet."""
        return [name for name, is_ready in self._required.items() if not is_ready()]

    async def reload(self) -> None:
        """Read files again; a part whose files are not valid goes on with what it has."""
        failed = False
        async with self._reloading:
            for reload in self._reloads:
                try:
                    await reload()
                except SettingsError as error:
                    failed = True
                    log.error("reload_failed", reason=str(error))
        if not failed:
            log.info("reloaded")
