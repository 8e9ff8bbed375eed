"""All loaders of one request, over the two ports."""

from gateway.loaders.customer_ids import CustomerIdByKeyLoader, KnownCustomerIds
from gateway.loaders.customer_pages import CustomerPageByKeyLoader
from gateway.loaders.customer_promotions import CustomerPromotionByIdLoader
from gateway.loaders.definition_pages import DefinitionPageByKeyLoader
from gateway.loaders.definitions import DefinitionByPromotionLoader
from gateway.loaders.program_names import ProgramNameByIdLoader
from gateway.request import Request
from gateway.upstream.customer_promotions import CustomerPromotionsPort
from gateway.upstream.definitions import DefinitionsPort
from gateway.upstream.source_types import SourceTypes


class Loaders:
    """What one request has loaded and is loading: nothing here outlives it or leaves it."""

    def __init__(
        self,
        request: Request,
        customer_promotions: CustomerPromotionsPort,
        definitions: DefinitionsPort,
        source_types: SourceTypes,
        known_customer_ids: KnownCustomerIds,
    ) -> None:
        self.customer_pages = CustomerPageByKeyLoader(customer_promotions, request)
        self.customer_ids = CustomerIdByKeyLoader(self.customer_pages, known_customer_ids, request)
        self.customer_promotions = CustomerPromotionByIdLoader(self.customer_pages)
        self.definition_pages = DefinitionPageByKeyLoader(definitions, request)
        self.definitions = DefinitionByPromotionLoader(self.definition_pages, source_types, request)
        self.program_names = ProgramNameByIdLoader(
            self.definition_pages, self.definitions, source_types.configured[0]
        )
