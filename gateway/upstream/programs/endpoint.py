"""The programs of the organisation: ``GET /v2/organization/programs``, those that are active."""

from dataclasses import dataclass, field
from typing import Protocol

from gateway.cache.entry import CachePolicy
from gateway.context import RequestContext
from gateway.errors import (
    UndocumentedNotFoundError,
    UpstreamAuthFailedError,
    UpstreamBadPayloadError,
    UpstreamError,
)
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.call import NOT_CACHED, UpstreamCall
from gateway.upstream.decoding.decode import decode_programs
from gateway.upstream.page_reader import read_page
from gateway.upstream.programs.payload import ProgramPayload
from gateway.upstream.resilience.absence import EndpointAbsence

ENDPOINT = "programs"
_TARGET = "/v2/organization/programs"

Programs = tuple[ProgramPayload, ...]


class ProgramsPort(Protocol):
    """Where the list of programs comes from."""

    async def programs(self, request: RequestContext) -> Programs:
        """Return the programs; raise UpstreamError."""
        ...

    def cached(self, request: RequestContext) -> Programs | None:
        """Return the programs where they are cached in memory and fresh; make no call."""
        ...


class ProgramsEndpoint:
    """The documented endpoint; where it is not offered, that is remembered in `absence`."""

    def __init__(
        self,
        upstream: CachedUpstream,
        absence: EndpointAbsence,
        policy: CachePolicy = NOT_CACHED,
    ) -> None:
        self._upstream, self._policy = upstream, policy
        self.absence = absence
        self.credential = upstream.credential
        self.statistics = upstream.client.traffic.statistics.of(ENDPOINT)

    async def programs(self, request: RequestContext) -> Programs:
        """Return the programs, each once, in the platform's order."""
        return await self._upstream.send(self._call(request))

    def cached(self, request: RequestContext) -> Programs | None:
        """Return the programs where they are cached in memory and fresh."""
        return self._upstream.cached(self._call(request))

    def _call(self, request: RequestContext) -> "_ProgramsCall":
        return _ProgramsCall(_TARGET, request, (ENDPOINT,), self._policy, api=self)


@dataclass(slots=True, eq=False, kw_only=True)
class _ProgramsCall(UpstreamCall[Programs]):
    """A call for the list, which leaves its operation's last calls to customers' pages."""

    endpoint = ENDPOINT
    is_low_priority = True
    api: ProgramsEndpoint
    identity: str = field(init=False)

    def begin(self) -> None:
        """Raise UpstreamError where the endpoint is known to be absent."""
        self.identity = self.api.credential.identity(self.request)
        self.api.absence.check(self.identity)

    def map_error(self, error: UpstreamError) -> UpstreamError:
        """Record what the error says about the endpoint; nothing replaces this one."""
        if isinstance(error, UpstreamAuthFailedError | UpstreamBadPayloadError) and not isinstance(
            error, UndocumentedNotFoundError
        ):
            return error
        return self.api.absence.record(self.identity, error)

    def read(self, body: bytes, *, is_own: bool) -> Programs:
        """Return the programs that can be read."""
        page = read_page(ENDPOINT, self.api.statistics, decode_programs, body)
        if is_own:
            self.api.absence.served(self.identity)
        by_id: dict[int, ProgramPayload] = {}
        for program in filter(None, page.items):
            by_id.setdefault(program.program_id, program)
        return tuple(by_id.values())
