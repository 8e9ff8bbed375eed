"""The Relay Node interface."""

from abc import abstractmethod

import strawberry

from gateway.schema.declare import computed

ID_DESCRIPTION = "The id in the whole graph. Opaque: keep it, pass it to `node`, never read it."


@strawberry.interface(
    description="A thing with an id of its own, by which clients may cache it and ask for it again."
)
class Node:
    """Only types with this interface have a field named `id`."""

    @computed(ID_DESCRIPTION)
    @abstractmethod
    def id(self) -> strawberry.ID:
        """Return the global id; it never contains a mobile number or an e-mail address."""
