"""The source types in which a definition is searched, beginning with that of its last result."""

from typing import NamedTuple

from gateway.cache.bounded_dict import BoundedDict
from gateway.context import RequestContext
from gateway.upstream.credentials import Credential
from gateway.upstream.normalise.enums import PromotionSourceType

_MAX_REMEMBERED = 50_000  # some 10 MB

Order = tuple[PromotionSourceType, ...]


class _Definition(NamedTuple):
    # Another identity may belong to another organisation, whose programs may have the same ids.
    identity: str
    program_id: str
    promotion_id: str


class SourceTypes:
    """The order of the search, for the whole process; `configured` is the default.

    A remembered source type is only searched first: the definition may have been moved since.
    """

    def __init__(self, configured: Order, credential: Credential) -> None:
        self.configured = configured
        self._credential = credential
        self._found: BoundedDict[_Definition, PromotionSourceType] = BoundedDict(_MAX_REMEMBERED)

    def order(self, program_id: str, promotion_id: str, request: RequestContext) -> Order:
        """Return all configured source types, the likeliest first."""
        identity = self._credential.identity(request)
        first = self._found.get(_Definition(identity, program_id, promotion_id))
        if first not in self.configured:
            return self.configured
        return (first, *(other for other in self.configured if other is not first))

    def beyond(
        self, program_id: str, promotion_id: str, request: RequestContext
    ) -> PromotionSourceType | None:
        """Return where a definition was found, if that is none of the configured source types."""
        identity = self._credential.identity(request)
        found = self._found.get(_Definition(identity, program_id, promotion_id))
        return None if found in self.configured else found

    def found(
        self,
        program_id: str,
        promotion_id: str,
        source_type: PromotionSourceType,
        request: RequestContext,
    ) -> None:
        """Remember the source type that a definition was found under."""
        identity = self._credential.identity(request)
        self._found[_Definition(identity, program_id, promotion_id)] = source_type
