"""The named customers of the generated world; `World` has a table of them."""

from collections.abc import Iterable, Iterator

from gateway.sandbox.customer import SOURCES, Customer, Holding
from gateway.sandbox.customers_available import available_holdings
from gateway.sandbox.customers_current import current_holdings
from gateway.sandbox.customers_edge_cases import limit_holdings, script_holdings
from gateway.sandbox.generation import Generator
from gateway.sandbox.programs import BIG_PROGRAM_ID
from gateway.sandbox.promotion import Program, Promotion

FIRST_CUSTOMER_ID = 700_000_001
BIG_CUSTOMER_ID = 9_007_199_254_740_993  # 2^53 + 1: not exact as a double
MERGED_WARNING = {"code": 8069, "message": "The customer was found through a merged customer"}

Programs = dict[int, Program]
NamedHoldings = Iterator[tuple[str, str, list[Holding]]]


def named_customers(generator: Generator, programs: Programs) -> list[Customer]:
    """Create the named customers; define in `programs` what only they hold."""
    named = [
        *_sizes(generator, programs),
        *_kinds(generator, programs),
        *_overlapping(generator, programs),
        (
            "C-AVAILABLE",
            "whatever a customer can do with a promotion, and what they cannot",
            _define(programs, available_holdings(generator)),
        ),
    ]
    customers = [
        named_customer(FIRST_CUSTOMER_ID + nth, name, note, holdings)
        for nth, (name, note, holdings) in enumerate(named)
    ]
    for customer in customers:
        match customer.identifiers["externalId"]:
            case ("C-BIGIDS",):
                customer.customer_id = BIG_CUSTOMER_ID
            case ("C-MERGED",):
                customer.warnings = (MERGED_WARNING,)
            case ("C-ONLINE",):
                customer.sources = frozenset({"ECOMMERCE", "WEBSITE"})
            case ("C-EVERYWHERE",):
                customer.sources = SOURCES - {"ALL"}
            case _:
                pass
    return [*customers, *_odd_identifiers(generator, programs)]


def named_customer(customer_id: int, name: str, note: str, holdings: list[Holding]) -> Customer:
    """Return a customer who is found by `name`, and by a mobile, an email and a cuid."""
    return Customer(
        customer_id=customer_id,
        identifiers={
            "externalId": (name,),
            "mobile": (f"4915{customer_id}",),
            "email": (f"{name.lower()}@example.com",),
            "cuid": (f"cuid-{name.lower()}",),
        },
        holdings=holdings,
        note=note,
    )


def _sizes(generator: Generator, programs: Programs) -> NamedHoldings:
    yield "C-EMPTY", "no promotions", []
    for name, program_id in (("C-ONE", 9010), ("C-100", 9100), ("C-101", 9101), ("C-3000", 9003)):
        program = programs[program_id]
        count = len(program.definitions)
        note = f"{count:,} promotion{'s' * (count > 1)}, all of program {program_id}"
        yield name, note, _held(generator, reversed(program.definitions))
    first, second = programs[9001].definitions[:5], programs[9002].definitions[:5]
    yield (
        "C-TEN",
        "10 promotions, 5 each of programs 9001 and 9002, all defined on the first UI page",
        _held(generator, [*first, *second]),
    )


def _kinds(generator: Generator, programs: Programs) -> NamedHoldings:
    yield (
        "C-MIXED",
        "12 of program 9005: 4 UI (1 inactive), 3 PROMOTION_API, 3 CAMPAIGN, 2 not defined",
        _mixed(generator, programs[9005]),
    )
    yield (
        "C-CURRENT",
        "every state a promotion of each type can be in, all valid now",
        _define(programs, current_holdings(generator)),
    )
    yield "C-NOTYPES", "an org without promotion types", _without_types(generator, programs)
    yield (
        "C-SCRIPTS",
        "names in several scripts, hostile descriptions",
        _define(programs, script_holdings(generator)),
    )
    yield "C-BIGIDS", "ids past 2^31 and 2^53", _with_big_ids(generator, programs)
    yield (
        "C-LIMITS",
        "unlimited, zero, decimal and windowed limits, unknown words",
        _define(programs, limit_holdings(generator)),
    )
    shared = programs[9001].definitions
    yield "C-MERGED", "answers with a warning (8069)", _held(generator, shared[:2])
    yield "C-ONLINE", "found on ECOMMERCE and WEBSITE only", _held(generator, shared[:2])
    yield "C-EVERYWHERE", "registered on every source", _held(generator, shared[:2])


def _overlapping(generator: Generator, programs: Programs) -> NamedHoldings:
    """Yield twenty customers whose ten promotions overlap: 4 of 9001, 3 of 9002, 3 of 9101."""
    for nth in range(1, 21):
        held = [
            programs[program_id].definitions[nth + step]
            for program_id, count in ((9001, 4), (9002, 3), (9101, 3))
            for step in range(count)
        ]
        note = "10 promotions of programs 9001, 9002 and 9101, shared with others"
        yield f"C-{nth:03}", note, _held(generator, held)


def _odd_identifiers(generator: Generator, programs: Programs) -> Iterator[Customer]:
    """Yield customers whose identifiers must reach the upstream character by character."""
    odd = (
        ("externalId", "00042", "leading zeros count: this is not 42"),
        ("externalId", "42", "not 00042"),
        ("externalId", "+49 170&x=%41/ü?#", "every character that a URL changes"),
        ("email", "anna.müller+test@example.com", "a plus and an umlaut"),
        ("mobile", "+919456430851", "a plus"),
    )
    for nth, (identifier_name, value, note) in enumerate(odd):
        yield Customer(
            customer_id=FIRST_CUSTOMER_ID + 900 + nth,
            identifiers={identifier_name: (value,)},
            holdings=_held(generator, programs[9001].definitions[nth : nth + 2]),
            note=note,
        )


def _held(generator: Generator, promotions: Iterable[Promotion]) -> list[Holding]:
    return [generator.holding(promotion) for promotion in promotions]


def _define(programs: Programs, holdings: list[Holding]) -> list[Holding]:
    """Define the held promotions in their programs; return the holdings."""
    for holding in holdings:
        programs[holding.promotion.program_id].definitions.append(holding.promotion)
    return holdings


def _mixed(generator: Generator, program: Program) -> list[Holding]:
    by_source: dict[str, list[Promotion]] = {}
    for promotion in program.definitions:
        by_source.setdefault(promotion.source_type, []).append(promotion)
    inactive = next(promotion for promotion in by_source["UI"] if not promotion.active)
    unknown = [generator.promotion(9005, 90_059_001 + nth, nth) for nth in range(2)]
    return _held(
        generator,
        [
            *by_source["UI"][:3],
            inactive,
            *by_source["PROMOTION_API"][:3],
            *by_source["CAMPAIGN"][:3],
            *unknown,
        ],
    )


def _without_types(generator: Generator, programs: Programs) -> list[Holding]:
    """Return holdings of an org without promotion types: all GENERIC, with `limits` only."""
    promotions = generator.promotions(9021, 8, offer_type="GENERIC")
    return _define(programs, _held(generator, promotions))


def _with_big_ids(generator: Generator, programs: Programs) -> list[Holding]:
    numbers = (
        (9023, 2**31),
        (9023, 2**53 + 1),
        (9023, 2**53 + 3),
        (BIG_PROGRAM_ID, 2**53 + 5),
    )
    promotions = [
        generator.promotion(program_id, number, nth)
        for nth, (program_id, number) in enumerate(numbers)
    ]
    return _define(programs, _held(generator, promotions))
