"""In which source types a definition is looked for, and where first: where it was found before."""

from typing import NamedTuple

from cachetools import LRUCache

from gateway.context import RequestContext
from gateway.upstream.credentials import Credential
from gateway.upstream.normalise.enums import PromotionSourceType

_MOST_REMEMBERED = 50_000  # some 10 MB

Order = tuple[PromotionSourceType, ...]


class _Definition(NamedTuple):
    identity: str
    program_id: str
    promotion_id: str


class SourceTypes:
    """The order of looking, one for the whole process; `configured` is where nothing is known.

    What is remembered only says where to look first: a definition may have been moved since.
    """

    def __init__(self, configured: Order, credential: Credential) -> None:
        self.configured = configured
        self._credential = credential
        self._found: LRUCache[_Definition, PromotionSourceType] = LRUCache(_MOST_REMEMBERED)

    def order(self, program_id: str, promotion_id: str, request: RequestContext) -> Order:
        """Return all source types to look in, the likeliest first."""
        identity = self._credential.identity(request)
        first = self._found.get(_Definition(identity, program_id, promotion_id))
        if first not in self.configured:
            return self.configured
        return (first, *(other for other in self.configured if other is not first))

    def beyond(
        self, program_id: str, promotion_id: str, request: RequestContext
    ) -> PromotionSourceType | None:
        """Return where a definition was found that is not where definitions are looked for."""
        found = self._found.get(self._key(program_id, promotion_id, request))
        return None if found in self.configured else found

    def found(
        self,
        program_id: str,
        promotion_id: str,
        source_type: PromotionSourceType,
        request: RequestContext,
    ) -> None:
        """Remember under which source type a definition was found."""
        self._found[self._key(program_id, promotion_id, request)] = source_type

    def _key(self, program_id: str, promotion_id: str, request: RequestContext) -> _Definition:
        # Another identity may belong to another organisation, with other programs of the same ids.
        return _Definition(self._credential.identity(request), program_id, promotion_id)
