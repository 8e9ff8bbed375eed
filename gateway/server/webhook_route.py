"""``POST /webhooks/promotions``: the platform's events drop what is cached about their subjects."""

import hmac
from itertools import product

from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.cache.evictions import EvictionsUnavailableError
from gateway.cache.evictor import Evictor
from gateway.cache.keys import KeyMaker
from gateway.config.settings import Settings
from gateway.edge.client_address import ClientAddresses
from gateway.edge.rate_limit import LocalRateLimit
from gateway.errors import (
    BadRequestError,
    EventNotKeptError,
    PayloadTooLargeError,
    RateLimitedError,
    RequestError,
    WebhookSecretError,
)
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.graphql_http.response import json_response, logged_error_response, to_starlette
from gateway.server.graphql_route import AsgiRequest
from gateway.server.webhook_event import WebhookEvent, read_events
from gateway.telemetry import log
from gateway.telemetry.eviction_metrics import OTHER, WEBHOOK, WEBHOOK_EVENTS, WEBHOOK_OUTCOMES
from gateway.telemetry.metric import Samples
from gateway.upstream.decoding.json_text import NotJsonError

_MAX_BYTES = 256 * 1024
_MAX_EVENTS = 500


class WebhookRoute:
    """Takes events from whoever has the secret, and has `evictor` drop what they name.

    `keys` hash the customers' ids for the log.
    """

    def __init__(
        self,
        settings: Settings,
        evictor: Evictor,
        keys: KeyMaker,
        addresses: ClientAddresses,
        statistics: OperationStatistics,
    ) -> None:
        self._secret = settings.webhook_secret.get_secret_value().encode()
        self._header = settings.webhook_header.lower().encode()
        self._evictor, self._keys = evictor, keys
        self._addresses, self._statistics = addresses, statistics
        self._limit = LocalRateLimit(settings.webhook_rate_limit_per_minute)
        self.counts = dict.fromkeys(product(WEBHOOK_EVENTS, WEBHOOK_OUTCOMES), 0)

    def route(self) -> BaseRoute:
        """Return the route, which takes POST alone."""
        return Route(WEBHOOK, self.handle, methods=["POST"])

    async def handle(self, http: StarletteRequest) -> Response:
        """Return 200 for each event that need not be sent again."""
        request = AsgiRequest(http)
        try:
            events = await self._read(request)
            if isinstance(events, WebhookEvent):
                answer: dict[str, object] = {"outcome": await self._take(events)}
            else:
                answer = {"outcomes": [await self._take(event) for event in events]}
        except RequestError as error:
            self._statistics.count_errors([error.code])
            return to_starlette(logged_error_response(error, request.id))
        return to_starlette(json_response(answer))

    async def _read(self, request: AsgiRequest) -> WebhookEvent | list[WebhookEvent]:
        """Read one event or several.

        Raise RequestError for what is none, or comes from someone else.
        """
        wait_s = await self._limit.take(self._addresses.of(request), 1)
        if wait_s:
            raise RateLimitedError(wait_s)
        sent = request.headers.all(self._header)
        if len(sent) != 1 or not hmac.compare_digest(sent[0], self._secret):
            raise WebhookSecretError
        too_large = PayloadTooLargeError(f"An event must have at most {_MAX_BYTES} bytes.")
        if int(request.headers.first(b"content-length") or 0) > _MAX_BYTES:
            raise too_large
        try:
            body = await request.receive(_MAX_BYTES)
        except EOFError:
            raise BadRequestError("The body is shorter than its Content-Length.") from None
        if len(body) > _MAX_BYTES:
            raise too_large
        try:
            events = read_events(body)
        except NotJsonError:
            raise BadRequestError("An event must be a JSON object in UTF-8.") from None
        if isinstance(events, list) and len(events) > _MAX_EVENTS:
            raise PayloadTooLargeError(f"A list must have at most {_MAX_EVENTS} events.")
        return events

    async def _take(self, event: WebhookEvent) -> str:
        """Drop what an event names; return the outcome."""
        outcome = "not_kept"
        try:
            outcome = await self._evict(event)
        except EvictionsUnavailableError:
            raise EventNotKeptError from None
        finally:
            self.counts[event.name, outcome] += 1
            customer = event.customer_id
            log.info(
                "webhook_event",
                name=event.name,
                outcome=outcome,
                program=event.program_id,
                promotion=event.promotion_id,
                customer=customer and self._keys.pseudonym(str(customer)),
            )
        return outcome

    async def _evict(self, event: WebhookEvent) -> str:
        evictor, (name, identity, customer_id, program_id, promotion_id) = self._evictor, event
        if name == OTHER:
            return "unknown"
        key = identity and evictor.evictions.event(identity)
        if event.is_about_definition:
            if program_id is None or promotion_id is None:
                return "incomplete"
            is_new = await evictor.evict_definition(program_id, promotion_id, key)
        elif customer_id is None:
            return "incomplete"
        else:
            is_new = await evictor.evict_customer(customer_id, key)
        return "evicted" if is_new else "repeated"


def webhook_samples(webhook: WebhookRoute | None) -> Samples:
    """Return the samples of `gateway_webhook_events_total`; None is without a webhook."""
    none = [0] * len(WEBHOOK_EVENTS) * len(WEBHOOK_OUTCOMES)
    counts = none if webhook is None else list(webhook.counts.values())
    return {"gateway_webhook_events_total": counts}
