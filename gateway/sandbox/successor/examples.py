"""The promotions of the new interface that show its forms, and a second page of the list.

Program 9032 has every form of an entry, and C-UNIFIED holds those that are published; program 9033
makes the list longer than a page of a hundred.
"""

from dataclasses import replace
from typing import Any

from gateway.sandbox.customer import Customer, Holding
from gateway.sandbox.customers_named import named_customer
from gateway.sandbox.generation import Generator
from gateway.sandbox.promotion import (
    DIRECT_ISSUE,
    ENROL_AND_ISSUE,
    GENERIC,
    Metadata,
    Program,
    Promotion,
    Restriction,
)
from gateway.sandbox.successor.elaborate import everything
from gateway.sandbox.successor.promotion import UnifiedPromotion

PROGRAM_ID = 9032
CATALOGUE_PROGRAM_ID = 9033
CATALOGUE_COUNT = 105
CUSTOMER_ID = 700_000_101
PROGRAM_WORD = "HiddenGemDefaultProgram_ID"

_METADATA = (
    Metadata("badge", "New", brand_defined=True),
    Metadata("terms", "https://www.example.com/terms", brand_defined=False),
)
_FIVE_TIMES = Restriction("NUMBER_OF_TIMES", "CUSTOMER", "5")
_WEEKLY_POINTS = Restriction("NUMBER_OF_POINTS", "CUSTOMER", "200", "WEEKLY")
_TWO_ENROLMENTS = Restriction("NUMBER_OF_ISSUALS", "CUSTOMER", "2")
_THREE_ISSUES = Restriction("NUMBER_OF_EARNS", "CUSTOMER", "3")
_STATUSES = {
    "PAUSED": "Paused",
    "STOPPED": "Stopped",
    "UPCOMING": "Begins next week",
    "COMPLETED": "Is over",
    "PUBLISH_FAILED": "Was not published",
    "HIBERNATING": "Has a status that nobody knows",
}


def add_examples(
    generator: Generator, programs: dict[int, Program]
) -> tuple[Customer, list[UnifiedPromotion]]:
    """Add programs 9032 and 9033; return C-UNIFIED, and the promotions in the list's order."""
    maker = _Maker(generator)
    published = [*_forms(maker), *_several_statuses(maker)]
    legacy_too = _in_both(maker)
    held = [*published, *legacy_too]
    programs[PROGRAM_ID] = Program(
        program_id=PROGRAM_ID,
        name="Sandbox Successor",
        definitions=[unified.promotion for unified in legacy_too],
        note="every form of the new interface; 2 of its promotions are in the old list, too",
    )
    programs[CATALOGUE_PROGRAM_ID] = Program(
        program_id=CATALOGUE_PROGRAM_ID,
        name="Sandbox Catalogue",
        note=f"{CATALOGUE_COUNT} promotions that are only in the new interface",
    )
    customer = named_customer(
        CUSTOMER_ID,
        "C-UNIFIED",
        f"{len(held)} of program 9032: 2 in both interfaces, the others in the new one only",
        [_holding(generator, unified.promotion) for unified in held],
    )
    catalogue = [
        UnifiedPromotion(promotion=promotion)
        for promotion in generator.promotions(CATALOGUE_PROGRAM_ID, CATALOGUE_COUNT)
    ]
    return customer, [*held, *_versions(published), *catalogue, *_of_nobody(maker)]


def _holding(generator: Generator, promotion: Promotion) -> Holding:
    if promotion.offer_type == GENERIC:
        return Holding(promotion=promotion)
    issues = (0,) if promotion.offer_type == DIRECT_ISSUE else ()
    return Holding(
        promotion=promotion, enrolments=(generator.enrolment(promotion, -4, issues=issues),)
    )


class _Maker:
    """Makes promotions of program 9032, with ascending ids."""

    def __init__(self, generator: Generator) -> None:
        self._generator, self._count = generator, 0
        self.day = generator.day

    def promotion(self, name: str, offer_type: str = GENERIC, **facts: Any) -> Promotion:
        """Return the next promotion, which runs."""
        self._count += 1
        defaults: dict[str, Any] = {
            "name": name,
            "description": f"Shows this of the new interface: {name.lower()}.",
            "starts_at": self.day(-20),
            "ends_at": self.day(40),
            "metadata": (),
            "issual_restrictions": (),
            "earn_restrictions": (),
            "redemption_restrictions": (_FIVE_TIMES, _WEEKLY_POINTS),
            "status": "LIVE",
        }
        return self._generator.promotion(
            PROGRAM_ID,
            PROGRAM_ID * 10_000 + self._count,
            self._count,
            offer_type=offer_type,
            **(defaults | facts),
        )


def _forms(maker: _Maker) -> list[UnifiedPromotion]:
    enrolled = maker.promotion(
        "Everything at once",
        ENROL_AND_ISSUE,
        metadata=_METADATA,
        issual_restrictions=(_TWO_ENROLMENTS,),
        earn_restrictions=(_THREE_ISSUES,),
    )
    return [
        everything(enrolled),
        UnifiedPromotion(
            promotion=maker.promotion("Program id as text", metadata=_METADATA),
            program_id_as=str(PROGRAM_ID),
        ),
        UnifiedPromotion(promotion=maker.promotion("Keys that stand twice"), repeats_keys=True),
        UnifiedPromotion(
            promotion=maker.promotion(
                "Enrol and opt in",
                ENROL_AND_ISSUE,
                issual_restrictions=(_TWO_ENROLMENTS,),
                earn_restrictions=(_THREE_ISSUES,),
            )
        ),
        UnifiedPromotion(promotion=maker.promotion("Specific members", DIRECT_ISSUE)),
        UnifiedPromotion(
            promotion=maker.promotion("Made before, moved since", metadata=_METADATA),
            mode="LEGACY",
        ),
        UnifiedPromotion(
            promotion=maker.promotion("In another zone"),
            metadata={
                "startDate": f"{maker.day(-20):%Y-%m-%dT05:30:00}+05:30",
                "endDate": f"{maker.day(40):%Y-%m-%dT05:30:00}+05:30",
                "timezoneName": "Asia/Kolkata",
            },
        ),
        UnifiedPromotion(
            promotion=maker.promotion("To everybody at once"),
            metadata={"promotionCategory": "BROADCAST"},
            payload={
                "broadcastMetadata": {
                    "source": "AUDIENCE_FILTER",
                    "audienceFilter": {"audienceListIds": [1]},
                    "tillId": 7,
                },
                "promotionSchedule": {"schedule": {"startType": "IMMEDIATE", "frequency": "ONCE"}},
            },
        ),
    ]


def _several_statuses(maker: _Maker) -> list[UnifiedPromotion]:
    dates = {
        "UPCOMING": (maker.day(7), maker.day(60)),
        "COMPLETED": (maker.day(-90), maker.day(-1)),
    }
    unified = []
    for status, name in _STATUSES.items():
        starts_at, ends_at = dates.get(status, (maker.day(-20), maker.day(40)))
        promotion = maker.promotion(
            name,
            starts_at=starts_at,
            ends_at=ends_at,
            active=status in {"UPCOMING", "COMPLETED"},
            status=status,
        )
        unified.append(UnifiedPromotion(promotion=promotion))
    return unified


def _in_both(maker: _Maker) -> list[UnifiedPromotion]:
    return [
        UnifiedPromotion(promotion=maker.promotion(f"In both lists, {nth}"), mode="LEGACY")
        for nth in ("first", "second")
    ]


def _versions(published: list[UnifiedPromotion]) -> list[UnifiedPromotion]:
    """Return an older and a newer version of the fourth: what it was, and its draft."""
    current = published[3]
    was = replace(current.promotion, name="Enrol and opt in, before", status="SNAPSHOT")
    draft = replace(current.promotion, name="Enrol and opt in, soon", status="DRAFT")
    return [
        replace(current, promotion=was, version=0),
        replace(
            current,
            promotion=draft,
            version=2,
            payload={
                "parentId": current.hex_id,
                "parentDetails": {
                    "id": current.hex_id,
                    "status": current.status,
                    "version": current.version,
                    "lastModifiedBy": 0,
                    "lastModifiedOn": None,
                },
            },
            draft={"id": current.hex_id, "status": "DRAFT", "version": 2},
        ),
    ]


def _of_nobody(maker: _Maker) -> list[UnifiedPromotion]:
    """Return what no customer can hold: unpublished ones, and one of a program without a number."""
    unpublished = [
        UnifiedPromotion(
            promotion=replace(
                maker.promotion(f"Not published: {status}", active=False, status=status),
                promotion_id=0,
                identifier="",
            ),
            serial=serial,
            draft={"id": str(serial), "status": status, "version": 1},
        )
        for serial, status in enumerate(("DRAFT", "DRAFT", "PENDING_APPROVAL", "REJECTED"))
    ]
    worded = UnifiedPromotion(
        promotion=maker.promotion("Program id as a word"), program_id_as=PROGRAM_WORD
    )
    return [*unpublished, worded]
