"""Pages of a program's definitions: equal windows are one call."""

from collections.abc import Awaitable, Mapping

from gateway.context import RequestContext
from gateway.dataloaders.batch_loader import BatchLoader, settle
from gateway.errors import GatewayError
from gateway.upstream.definitions.endpoint import DefinitionPage, DefinitionPageKey, DefinitionsPort

Key = DefinitionPageKey
Result = DefinitionPage


class DefinitionPageByKeyLoader(BatchLoader[Key, Result]):
    """Loads windows by program, source type, filters, offset and limit."""

    def __init__(self, port: DefinitionsPort, request: RequestContext) -> None:
        super().__init__()
        self._port = port
        self._request = request
        self._asked: dict[str, dict[Key, Awaitable[Result]]] = {}

    def asked_of(self, program_id: str) -> Mapping[Key, Awaitable[Result]]:
        """Return the windows of a program that are loaded or on their way."""
        return dict(self._asked.get(program_id, {}))

    def load(self, key: Key) -> Awaitable[Result]:
        """Load one window, and remember that it was asked for."""
        page = super().load(key)
        self._asked.setdefault(key.program_id, {})[key] = page
        return page

    async def _load(self, keys: list[Key]) -> list[Result | GatewayError]:
        return await settle(keys, lambda key: self._port.page(key, self._request))
