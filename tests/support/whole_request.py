"""An HTTP request without a server, whose response is never sent in pieces."""

from gateway.edge.http_request import HeaderLines, HttpRequest


class WholeRequest(HttpRequest):
    """A request that no server has received."""

    @property
    def takes_pieces(self) -> bool:
        """No response in pieces can be sent."""
        return False

    async def begin(self, headers: HeaderLines, data: bytes) -> None:
        """Refuse."""
        raise AssertionError(headers, data)

    def send(self, data: bytes) -> None:
        """Refuse."""
        raise AssertionError(data)
