"""The programs of the generated world, with their definitions."""

from itertools import cycle

from gateway.sandbox.documented_examples import documented_definition
from gateway.sandbox.generation import Generator
from gateway.sandbox.promotion import Program, Promotion

# Every status that occurs, and an unknown one.
STATUSES = (
    "LIVE",
    "ACTIVE",
    "UPCOMING",
    "DRAFT",
    "PAUSED",
    "STOPPED",
    "COMPLETED",
    "EXPIRED",
    "PENDING_APPROVAL",
    "HIBERNATING",
)

# id: name, number of definitions (all UI), note
_SIZES = {
    9000: ("Sandbox Empty", 0, "no promotions"),
    9001: ("Sandbox Coffee", 40, "40 UI promotions"),
    9002: ("Sandbox Fashion", 40, "40 UI promotions"),
    9003: ("Sandbox Three Thousand", 3000, "3,000 UI promotions"),
    9010: ("Sandbox One", 1, "1 UI promotion"),
    9100: ("Sandbox Hundred", 100, "100 UI promotions: exactly one page"),
    9101: ("Sandbox Hundred And One", 101, "101 UI promotions: one more than a page"),
}
BIG_PROGRAM_ID = 4_294_967_311


def generated_programs(generator: Generator) -> dict[int, Program]:
    """Return all programs by id; those of a single named customer are still empty."""
    programs = [
        Program(program_id=469, name="DocDemoTargetsProgram", note="documented"),
        Program(
            program_id=973,
            name="DocDemoDefaultProgram",
            definitions=[documented_definition()],
            note="documented; 96664 is under USER_CREATED, the customer's three under UI",
        ),
        Program(program_id=1085, name="DocDemoOffersProgram", note="documented"),
        *(
            Program(
                program_id=program_id,
                name=name,
                definitions=generator.promotions(program_id, count),
                note=note,
            )
            for program_id, (name, count, note) in _SIZES.items()
        ),
        _several_sources(generator),
        Program(program_id=9020, name="Sandbox Current", note="what C-CURRENT holds"),
        Program(
            program_id=9021,
            name="Sandbox No Types",
            has_promotion_types=False,
            note="an org without promotion types: no restrictions in either view",
        ),
        Program(program_id=9022, name="Sandbox Scripts ✓ प्रोग्राम", note="what C-SCRIPTS holds"),
        Program(program_id=9023, name="Sandbox Big Ids", note="promotion ids past 2^31 and 2^53"),
        Program(program_id=9024, name="Sandbox Limits", note="what C-LIMITS holds"),
        Program(program_id=9025, name="Sandbox Wallet", note="what C-AVAILABLE holds"),
        Program(
            program_id=BIG_PROGRAM_ID, name="Sandbox Big Program", note="a program id past 2^32"
        ),
    ]
    return {program.program_id: program for program in programs}


def _several_sources(generator: Generator) -> Program:
    """Return program 9005: several source types, inactive promotions, every status."""
    counts = {"UI": 30, "CAMPAIGN": 25, "PROMOTION_API": 7}
    inactive = {"UI": 4, "CAMPAIGN": 2, "PROMOTION_API": 0}
    statuses = cycle(STATUSES)
    definitions: list[Promotion] = []
    for source_type, count in counts.items():
        for nth in range(count + inactive[source_type]):
            index = len(definitions)
            definitions.append(
                generator.promotion(
                    9005,
                    90_050_001 + index,
                    index,
                    source_type=source_type,
                    active=nth < count,
                    status=next(statuses),
                )
            )
    return Program(
        program_id=9005,
        name="Sandbox Several Sources",
        definitions=definitions,
        note="UI 30 (+4 inactive), CAMPAIGN 25 (+2 inactive), PROMOTION_API 7; every status",
    )
