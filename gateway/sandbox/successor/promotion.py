"""A promotion of the new interface, in one of its versions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from gateway.sandbox.promotion import Promotion

Mode = Literal["LEGACY", "UNIFIED"]
# How the platform answers an enrolment that its engine does not confirm.
EnrolFault = Literal["milestones", "unconfirmed", "unconfirmed_applied"]

# A promotion in one of these is open to customers; a STOPPED one is over for good.
OPEN_STATUSES = frozenset({"ACTIVE", "LIVE", "UPCOMING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UnifiedPromotion:
    """A version of a promotion, as `GET /v3/promotions` has it.

    `promotion` has the facts that the customer view shows, too; its `promotion_id` is 0 until it is
    published, and its `status` is the successor's word. `program_id_as` is the JSON value of
    `metadata.programId`, the number if None. `opens_at` and `closes_at` bound the opt-in.
    `metadata` and `payload` replace members of the rendered metadata and of the whole, and `limits`
    are added to those that follow from the restrictions. `repeats_keys` writes two members twice,
    as the published example does. `draft` is the JSON of `draftDetails`. `serial` tells unpublished
    promotions apart.
    """

    promotion: Promotion
    version: int = 1
    mode: Mode = "UNIFIED"
    program_id_as: int | str | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    limits: tuple[dict[str, Any], ...] = ()
    repeats_keys: bool = False
    draft: dict[str, Any] | None = None
    serial: int = 0
    enrol_fault: EnrolFault | None = None

    @property
    def hex_id(self) -> str:
        """Return the `id` of this version: 24 hexadecimal digits."""
        number = self.promotion.promotion_id or 0xFFFF_0000_0000_0000 + self.serial
        return f"{number:016x}{self.version:08x}"

    @property
    def unified_id(self) -> str:
        """Return the `unifiedPromotionId`, which all versions share."""
        return str(UUID(hex=f"{self.hex_id[:16]:0>32}"))

    @property
    def status(self) -> str:
        """Return the status, in the successor's words."""
        return self.promotion.status
