"""All loaders of one request, over the ports of the endpoints."""

from functools import cached_property
from typing import NamedTuple

from gateway.context import RequestContext
from gateway.dataloaders.customer_counts import CustomerCountByListLoader
from gateway.dataloaders.customer_ids import CustomerIdByKeyLoader
from gateway.dataloaders.customer_pages import CustomerPageByKeyLoader
from gateway.dataloaders.customer_promotions import CustomerPromotionByIdLoader
from gateway.dataloaders.definition_pages import DefinitionPageByKeyLoader
from gateway.dataloaders.definitions import DefinitionByPromotionLoader
from gateway.dataloaders.merged_definitions import MergedDefinitionLoader
from gateway.dataloaders.program_names import ProgramNameByIdLoader
from gateway.dataloaders.programs import ProgramsLoader
from gateway.upstream.customer_identities import KnownCustomerIds
from gateway.upstream.customer_view.endpoint import CustomerViewPort
from gateway.upstream.definitions.by_id import DefinitionByIdPort
from gateway.upstream.definitions.endpoint import DefinitionsPort
from gateway.upstream.programs.endpoint import ProgramsPort
from gateway.upstream.shown_promotions import ShownPromotions
from gateway.upstream.source_types import SourceTypes
from gateway.upstream.successor.catalogues import CataloguePort
from gateway.upstream.writes.writing import Writing


class LoaderSources(NamedTuple):
    """What the loaders of all requests of a process share.

    Without `catalogues` the successor is not asked, and without `asks_legacy` the legacy endpoint.
    `max_scan_calls` is the maximum number of calls that read a customer's whole list. `writing`
    is what writes, and `fresh_customer_view` the customers' view without cache; both are None where
    writing is switched off.
    """

    customer_view: CustomerViewPort
    definitions: DefinitionsPort
    definition_by_id: DefinitionByIdPort
    programs: ProgramsPort
    catalogues: CataloguePort | None
    asks_legacy: bool
    source_types: SourceTypes
    known_customer_ids: KnownCustomerIds
    shown_promotions: ShownPromotions
    max_scan_calls: int
    writing: Writing | None = None
    fresh_customer_view: CustomerViewPort | None = None


class DataLoaders:
    """The loaders of one request; those that few requests use are created on first use."""

    def __init__(self, request: RequestContext, sources: LoaderSources) -> None:
        self._request, self.sources = request, sources
        self.catalogues, self.asks_legacy = sources.catalogues, sources.asks_legacy
        self.source_types, self.shown_promotions = sources.source_types, sources.shown_promotions
        self.max_scan_calls = sources.max_scan_calls
        # Most requests use these, and a cached property takes a lock in Python 3.11.
        self.customer_pages = CustomerPageByKeyLoader(sources.customer_view, request)
        self.customer_ids = CustomerIdByKeyLoader(
            self.customer_pages, sources.known_customer_ids, request
        )

    def forget_customers(self) -> None:
        """Forget what the request has read of customers, as it has changed."""
        self._request.decoded.clear()
        self.customer_pages = CustomerPageByKeyLoader(self.sources.customer_view, self._request)
        self.customer_ids = CustomerIdByKeyLoader(
            self.customer_pages, self.sources.known_customer_ids, self._request
        )
        for name in ("customer_counts", "customer_promotions"):
            vars(self).pop(name, None)

    @cached_property
    def customer_counts(self) -> CustomerCountByListLoader:
        """Totals of customers' lists."""
        return CustomerCountByListLoader(self.customer_pages)

    @cached_property
    def customer_promotions(self) -> CustomerPromotionByIdLoader:
        """Single promotions of customers."""
        return CustomerPromotionByIdLoader(self.customer_pages)

    @cached_property
    def definition_pages(self) -> DefinitionPageByKeyLoader:
        """Pages of programs' definitions."""
        return DefinitionPageByKeyLoader(self.sources.definitions, self._request)

    @cached_property
    def definitions(self) -> DefinitionByPromotionLoader | MergedDefinitionLoader:
        """Single definitions."""
        legacy = self.legacy_definitions
        if self.catalogues is None:
            return legacy
        return MergedDefinitionLoader(
            legacy, self.catalogues, self._request, asks_legacy=self.asks_legacy
        )

    @cached_property
    def legacy_definitions(self) -> DefinitionByPromotionLoader:
        """Single definitions of the legacy endpoints."""
        return DefinitionByPromotionLoader(
            self.definition_pages,
            self.sources.definition_by_id,
            self.source_types,
            self._request,
        )

    @cached_property
    def programs(self) -> ProgramsLoader:
        """The list of programs."""
        return ProgramsLoader(self.sources.programs, self._request)

    @cached_property
    def program_names(self) -> ProgramNameByIdLoader:
        """Names of programs."""
        return ProgramNameByIdLoader(
            self.definition_pages,
            self.definitions,
            self.programs,
            self.source_types.configured[0],
        )
