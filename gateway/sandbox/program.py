"""A loyalty program and the promotions that the legacy endpoint defines for it."""

from collections import Counter
from dataclasses import dataclass, field

from gateway.sandbox.promotion import Promotion


@dataclass(slots=True, kw_only=True)
class Program:
    """A program of the sandbox's organisation.

    `has_promotion_types` is the org's "types of promotions" switch. `definitions` is what the
    legacy endpoint knows, in its order: a plain list that a test may change between two calls.
    """

    program_id: int
    name: str
    has_promotion_types: bool = True
    definitions: list[Promotion] = field(default_factory=list)
    note: str = ""

    def counts(self) -> dict[str, int]:
        """How many definitions each source type has, the inactive ones included."""
        return dict(Counter(promotion.source_type for promotion in self.definitions))
