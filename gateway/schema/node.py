"""What all things with an identity of their own have in common."""

from abc import abstractmethod

import strawberry

from gateway.schema.declare import computed

ID_WORDS = "The id in the whole graph. Opaque: keep it, pass it to `node`, never read it."


@strawberry.interface(
    description="A thing with an id of its own, by which clients may cache it and ask for it again."
)
class Node:
    """The Relay Node interface; only these types have a field named `id`."""

    @computed(ID_WORDS)
    @abstractmethod
    def id(self) -> strawberry.ID:
        """Write the global id; it never holds a mobile number or an e-mail."""
