"""Catalogues in Redis, where a replica finds what another one has read."""

import secrets
from typing import NamedTuple

import msgspec

from gateway.cache.entry import CachePolicy, Entry, Freshness
from gateway.cache.evictions import PROMOTION
from gateway.errors import UpstreamError
from gateway.random_numbers import random
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.successor.catalogue import Catalogue
from gateway.upstream.successor.endpoint import ENDPOINT, SuccessorEndpoint
from gateway.upstream.successor.pages import merged


class CachedCatalogue(NamedTuple):
    """A catalogue, and the entry that says how long it is kept."""

    entry: Entry
    catalogue: Catalogue

    def replaces(self, known: "CachedCatalogue | None") -> bool:
        """Whether a catalogue of another replica has more than the one in memory."""
        return known is None or self.entry.position > known.entry.position


class _Head(msgspec.Struct):
    """What Redis has under the catalogue's key: the key and the number of its pages."""

    snapshot: str
    pages: int


class CatalogueSharing:
    """Writes and reads catalogues of at most `max_pages`; without Redis nothing is shared."""

    def __init__(
        self,
        upstream: CachedUpstream,
        endpoint: SuccessorEndpoint,
        policy: CachePolicy,
        max_pages: int,
    ) -> None:
        self._upstream, self._endpoint = upstream, endpoint
        self._policy, self._max_pages = policy, max_pages

    def entry(self, catalogue: Catalogue, bodies: list[bytes]) -> Entry:
        """Return the entry of a catalogue that was read from these bodies."""
        head = msgspec.json.encode(_Head(secrets.token_hex(8), len(bodies)))
        now = self._upstream.cache.clock()
        return self._policy.entry(head, now, random, position=catalogue.position)

    async def write(self, identity: str, entry: Entry, bodies: list[bytes]) -> None:
        """Write the pages of a catalogue, and its entry last."""
        shared = self._upstream.cache.shared
        if shared is None:
            return
        key, head = self._key(identity), msgspec.json.decode(entry.payload, type=_Head)
        lifetime_s = entry.fresh_for_s + entry.stale_for_s
        for number, body in enumerate(bodies):
            page = msgspec.structs.replace(entry, payload=body)
            await shared.set(self._page_key(key, head, number), page, lifetime_s)
        await shared.set(key, entry, lifetime_s)

    async def read(self, identity: str) -> CachedCatalogue | None:
        """Return the catalogue that another replica has read, while it is fresh; else None."""
        shared, key = self._upstream.cache.shared, self._key(identity)
        if shared is None or not self._policy.stores:
            return None
        entry = await shared.get(key)
        if entry is None or not self._is_usable(entry):
            return None
        try:
            head = msgspec.json.decode(entry.payload, type=_Head)
        except msgspec.DecodeError:
            return None
        pages = []
        for number in range(min(head.pages, self._max_pages)):
            page = await shared.get(self._page_key(key, head, number))
            if page is None:
                return None
            try:
                pages.append(self._endpoint.read(page.payload))
            except UpstreamError:
                return None
        catalogue = Catalogue(merged(pages), self._upstream.evictions, entry.position)
        return CachedCatalogue(entry, catalogue)

    async def claim(self, identity: str, lifetime_s: float) -> bool:
        """Whether no other replica has claimed a catalogue in the time before."""
        shared = self._upstream.cache.shared
        return shared is None or await shared.claim(f"{self._key(identity)}:claim", lifetime_s)

    def _is_usable(self, entry: Entry) -> bool:
        """Whether an entry is fresh, and nothing has been missed since it was read."""
        evictions = self._upstream.evictions
        return entry.freshness(self._upstream.cache.clock()) is Freshness.FRESH and (
            evictions is None
            or (evictions.is_current and entry.position >= evictions.floor(PROMOTION))
        )

    def _key(self, identity: str) -> str:
        return self._upstream.keys.key(self._upstream.origin, identity, ENDPOINT)

    def _page_key(self, key: str, head: _Head, number: int) -> str:
        return self._upstream.keys.key(key, head.snapshot, str(number))
