"""Pages of a customer's promotions: equal windows are one call."""

from strawberry.dataloader import DataLoader

from gateway.errors import GatewayError
from gateway.loaders.batch import settle
from gateway.request import Request
from gateway.upstream.customer_promotions import (
    CustomerPage,
    CustomerPageKey,
    CustomerPromotionsPort,
)

Key = CustomerPageKey
Result = CustomerPage


class CustomerPageByKeyLoader(DataLoader[Key, Result]):
    """Loads windows by customer, source, filters, offset and limit."""

    def __init__(self, port: CustomerPromotionsPort, request: Request) -> None:
        super().__init__(self._load)
        self._port = port
        self._request = request

    async def _load(self, keys: list[Key]) -> list[Result | GatewayError]:
        return await settle(keys, lambda key: self._port.page(key, self._request))
