"""The application that sends a request, by the name and version in its headers."""

from collections.abc import Iterable

from gateway.edge.http_request import HttpHeaders
from gateway.graphql_http.operation_statistics import OutcomeCounts, no_outcomes
from gateway.telemetry.masking import mask
from gateway.telemetry.metric import Samples
from gateway.telemetry.metrics import NONE, OTHER
from gateway.telemetry.operation_line import LogFields

# Apollo's clients send the first, and Hive's, urql's and Relay's can be told to send the second.
_PREFIXES = (b"apollographql-client-", b"graphql-client-")
_HEADERS = frozenset(prefix + part for prefix in _PREFIXES for part in (b"name", b"version"))
_MAX_SEEN = 1_000
_MAX_BYTES = 64  # of a name or version


class Client:
    """A client by its name and version, None where it does not send them.

    `outcomes` are those of all clients of its name, and `deprecated_uses` their operations that use
    each deprecated element of the schema.
    """

    __slots__ = ("deprecated_uses", "log_fields", "outcomes")

    def __init__(
        self,
        name: str | None,
        version: str | None,
        outcomes: OutcomeCounts,
        deprecated_uses: list[int],
    ) -> None:
        self.outcomes, self.deprecated_uses = outcomes, deprecated_uses
        self.log_fields = LogFields(client=name, client_version=version)


class Clients:
    """All clients; the metrics tell those apart whose names are `known`.

    `deprecated` is the number of deprecated elements of the schema.
    """

    def __init__(self, known: Iterable[str] = (), deprecated: int = 0) -> None:
        self._outcomes = {name: no_outcomes() for name in (*known, OTHER, NONE)}
        self._deprecated_uses = {name: [0] * deprecated for name in self._outcomes}
        self._unnamed = self._create(None, None, NONE)
        self._seen: dict[tuple[bytes | None, ...], Client] = {}

    def of(self, headers: HttpHeaders) -> Client:
        """Return the client that sends these headers."""
        if _HEADERS.isdisjoint(headers.by_name):
            return self._unnamed
        sent = tuple(map(headers.by_name.get, _HEADERS))
        return self._seen.get(sent) or self._add(sent, headers)

    def samples(self) -> Samples:
        """Return the samples of all metrics by client."""
        return {
            "gateway_client_operations_total": [
                count for each in self._outcomes.values() for count in each
            ],
            "gateway_deprecated_uses_total": [
                count for each in self._deprecated_uses.values() for count in each
            ],
        }

    def _create(self, name: str | None, version: str | None, label: str) -> Client:
        return Client(name, version, self._outcomes[label], self._deprecated_uses[label])

    def _add(self, sent: tuple[bytes | None, ...], headers: HttpHeaders) -> Client:
        name, version = (
            next(filter(None, (_text(headers.first(prefix + part)) for prefix in _PREFIXES)), None)
            for part in (b"name", b"version")
        )
        label = NONE if name is None else name if name in self._outcomes else OTHER
        client = self._create(name and mask(name), version and mask(version), label)
        if len(self._seen) >= _MAX_SEEN:
            self._seen.clear()
        self._seen[sent] = client
        return client


def _text(value: bytes | None) -> str | None:
    """Return a name or version that can be logged: printable, and not too long."""
    if not value:
        return None
    text = value[:_MAX_BYTES].decode("utf-8", "replace")
    return "".join(each if each.isprintable() else "?" for each in text)
