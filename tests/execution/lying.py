"""A platform in memory whose responses have random faults, the same ones for each URL."""

import asyncio
import re
from collections import Counter
from random import Random
from typing import Any

import httpx
import msgspec

from gateway.config.upstream import DefinitionEndpoints
from gateway.context import CallBudget, Caller, CustomerClaim, RequestContext, Role
from gateway.dataloaders.data_loaders import DataLoaders, LoaderSources
from gateway.sandbox.app import create_sandbox
from gateway.schema.info import ResolverContext
from gateway.upstream.cached_upstream import create_cached_upstream
from gateway.upstream.call import NOT_CACHED
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import credential_from
from gateway.upstream.customer_identities import KnownCustomerIds
from gateway.upstream.customer_view.endpoint import CustomerViewEndpoint
from gateway.upstream.definitions.by_id import ENDPOINT as BY_ID
from gateway.upstream.definitions.by_id import LegacyDefinitionByIdEndpoint
from gateway.upstream.definitions.endpoint import ENDPOINT, LegacyDefinitionsEndpoint
from gateway.upstream.normalise.enums import PromotionSourceType
from gateway.upstream.programs.endpoint import ENDPOINT as PROGRAMS
from gateway.upstream.programs.endpoint import ProgramsEndpoint
from gateway.upstream.resilience.absence import EndpointAbsence
from gateway.upstream.resilience.phase_out import PhaseOut
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from gateway.upstream.shown_promotions import ShownPromotions
from gateway.upstream.source_types import SourceTypes
from gateway.upstream.successor.catalogue import Catalogue
from gateway.upstream.successor.catalogues import Catalogues
from tests.sandbox.client import NOW, shared_world
from tests.support.graph import settings_for
from tests.support.httpx_transport import HttpxTransport

_SETTINGS = settings_for("http://platform.test")
_PROGRAMS = re.compile(r"&programs=[^&]*")
_TWICE = re.compile(rb'"(event|status|promotionMode|limitValue|programId)":("[^"]*"|\d+)')
_IDS = re.compile(rb'("(?:promotionId|programId|createdBy)":)(\d+)')
_WRONG: list[Any] = [None, -1, "abc", "", 2**40, 1e400, [], {}, "NaN", True, 0]
# By attribute, values that no decoder lets through and at which a resolver raises. Strings that are
# encoded as they were decoded are not here: nothing checks them again.
_SPOILT: dict[str, list[Any]] = {
    "metadata": [7],
    "limits": ["x"],
    "restrictions_json": [b"7"],
    "timelines": [7, [None]],
    "starts_at": [{}],
    "ends_at": [{}],
    "event_name": [5],
    "usage": ["x", float("nan")],
    "rules_json": [b"7"],
    "rulesets_json": [b"7"],
    "activities": [7, [None]],
    "notes": [7],
    "issue_window": [5],
}
_SUCCESSOR = "/v3/promotions"


_CLAIM = tuple(
    CustomerClaim("INSTORE", *identifier)
    for identifier in (
        ("externalId", "C-MIXED"),
        ("mobile", "919456430850"),
        ("externalId", "nobody"),
        ("id", "700000006"),
        ("externalId", "C-CURRENT"),
        ("externalId", "C-TEN"),
        ("externalId", "documented-issued"),
    )
)


class Platform(httpx.AsyncBaseTransport):
    """The sandbox with cached responses, of which `seed` and `rate` choose those with a fault."""

    def __init__(self) -> None:
        sandbox = create_sandbox(shared_world(), clock=lambda: NOW)
        self._sandbox = httpx.ASGITransport(sandbox)
        self._known: dict[str, tuple[int, bytes]] = {}
        self.seed, self.rate = 0, 0.0
        self.calls: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to a call."""
        url = str(request.url)
        self.calls[f"{request.method} {url}"] += 1
        known = self._known.get(url)
        if known is None:
            answer = await self._sandbox.handle_async_request(request)
            known = self._known[url] = (answer.status_code, await answer.aread())
        # Which programs a loader batches depends on what null propagation has removed by then;
        # their faults must not, and are the same for every batch.
        asked = _PROGRAMS.sub("", url)
        random = Random(f"{self.seed} {asked}")  # noqa: S311 - no secret
        await asyncio.sleep(0)
        if random.random() < self.rate:
            kinds = 8 if _SUCCESSOR in url else 6 if asked == url else 3
            known = self._lie(random, random.randrange(kinds), *known)
        return httpx.Response(known[0], content=known[1])

    @staticmethod
    def _lie(random: Random, kind: int, status: int, body: bytes) -> tuple[int, bytes]:
        match kind:
            case 0:
                return 500, b"oops"
            case 1:
                return 200, b'{"errors":[{"status":false,"code":8015,"message":"no"}]}'
            case 2:
                return 200, body[: len(body) // 2]
            case 6:  # keys that stand twice, of which the last counts
                return status, _TWICE.sub(rb'"\1":\2,"\1":null', body, count=random.randint(1, 9))
            case 7:
                return status, _IDS.sub(rb'\1"\2"', body)
            case _:
                tree = msgspec.json.decode(body)
                for _ in range(random.randint(1, 6)):
                    _change(tree, random)
                return status, msgspec.json.encode(tree)


def _change(tree: Any, random: Random) -> None:
    """Replace a random value of a JSON tree by a wrong one."""
    while isinstance(tree, dict | list) and tree:
        key: Any = (
            random.choice(list(tree)) if isinstance(tree, dict) else random.randrange(len(tree))
        )
        inner = tree[key]
        if isinstance(tree, dict) and random.random() < 0.02:
            del tree[key]
            return
        if not isinstance(inner, dict | list) or not inner or random.random() < 0.05:
            tree[key] = random.choice(_WRONG)
            return
        tree = inner


class _Spoiling:
    """An endpoint whose pages have values at which resolvers raise."""

    def __init__(self, port: Any, seed: int, rate: float) -> None:
        self._port, self._seed, self._rate = port, seed, rate

    def is_served(self, request: RequestContext) -> bool:
        served: bool = self._port.is_served(request)
        return served

    async def page(self, *arguments: Any) -> Any:
        page = await self._port.page(*arguments)
        for item in filter(None, page.items):
            _spoil(item, self._seed, self._rate)
        return page


class _SpoilingCatalogues:
    """Catalogues with values at which resolvers raise."""

    def __init__(self, catalogues: Catalogues, seed: int, rate: float) -> None:
        self._catalogues, self._seed, self._rate = catalogues, seed, rate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalogues, name)

    async def load(self, request: RequestContext) -> Catalogue:
        catalogue = await self._catalogues.load(request)
        for program_id in ("9001", "9030", "9032"):
            for definition in catalogue.of_program(program_id):
                _spoil(definition, self._seed, self._rate)
        return catalogue


def _spoil(item: Any, seed: int, rate: float) -> None:
    random = Random(f"{seed} {item.promotion_id}")  # noqa: S311 - no secret
    for attribute, values in _SPOILT.items():
        if hasattr(item, attribute) and random.random() < rate:
            setattr(item, attribute, random.choice(values))


class Gateway:
    """Creates contexts of requests to a platform, each with empty caches."""

    def __init__(self, platform: Platform | None = None) -> None:
        self.platform = platform or Platform()
        self._http = HttpxTransport(self.platform)
        self.spoiling = 0.0
        self.roles = frozenset(Role)
        self.customers: tuple[CustomerClaim, ...] | None = None
        self.endpoints = DefinitionEndpoints.BOTH

    def begin(self, seed: int, rate: float, spoiling: float) -> None:
        """Choose the faults of all later requests."""
        self.platform.seed, self.platform.rate = seed, rate
        self.spoiling = spoiling
        self.roles = frozenset(Role) if seed % 3 else frozenset()
        self.customers = None if seed % 5 else _CLAIM
        self.endpoints = DefinitionEndpoints.BOTH
        if seed % 4 == 0:
            self.endpoints = DefinitionEndpoints.LEGACY
        elif seed % 7 == 0:
            self.endpoints = DefinitionEndpoints.V3

    def context(self) -> ResolverContext:
        """Return the context of a new request, and reset the count of calls."""
        self.platform.calls = Counter()
        credential = credential_from(_SETTINGS)
        traffic = create_traffic_shaping(_SETTINGS)
        client = UpstreamClient(self._http, credential, traffic, 10**8)
        cached = create_cached_upstream(_SETTINGS, client)
        request = RequestContext(
            id="r",
            now=NOW,
            caller=Caller(self.roles, customers=self.customers),
            deadline=asyncio.get_running_loop().time() + 600,
            budget=CallBudget(1000),
        )
        seed = self.platform.seed
        asks_legacy = self.endpoints is not DefinitionEndpoints.V3
        catalogues: Any = None
        if self.endpoints is not DefinitionEndpoints.LEGACY:
            own = Catalogues(cached, NOT_CACHED, 5_000)
            catalogues = _SpoilingCatalogues(own, seed, self.spoiling)
        known = KnownCustomerIds(credential.identity)
        customers: Any = _Spoiling(CustomerViewEndpoint(cached, known), seed, self.spoiling)
        legacy = LegacyDefinitionsEndpoint(cached, PhaseOut(ENDPOINT, switched_on=asks_legacy))
        definitions: Any = _Spoiling(legacy, seed, self.spoiling)
        order = (PromotionSourceType.UI, PromotionSourceType.PROMOTION_API)
        source_types = SourceTypes(order, credential)
        by_id: Any = _Spoiling(
            LegacyDefinitionByIdEndpoint(cached, EndpointAbsence(BY_ID, switched_on=asks_legacy)),
            seed,
            self.spoiling,
        )
        programs = ProgramsEndpoint(cached, EndpointAbsence(PROGRAMS))
        shown = ShownPromotions(credential.identity)
        sources = LoaderSources(
            customer_view=customers,
            definitions=definitions,
            definition_by_id=by_id,
            programs=programs,
            catalogues=catalogues,
            asks_legacy=asks_legacy,
            source_types=source_types,
            known_customer_ids=known,
            shown_promotions=shown,
            max_scan_calls=3,
        )
        return ResolverContext(request, DataLoaders(request, sources))


async def quiet(before: set[asyncio.Task[Any]]) -> None:
    """Wait until no other tasks are running than before."""
    while asyncio.all_tasks() - before:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
