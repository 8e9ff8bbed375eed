"""The data of the sandbox: customers, their promotions, and programs.

Customers, by `externalId` unless stated otherwise. `id` (the customer id) finds all of them; those
named C-... are also found by `mobile` (4915700000001 for C-EMPTY and so on, in the order below),
`email` (c-empty@example.com) and `cuid` (cuid-c-empty). All are registered on INSTORE unless stated
otherwise. The mobile of C-UNIFIED and of those after it is 4915 and the customer id.

| identifier | what the customer holds |
|---|---|
| 000003873354 (555380204) | 169 of program 469: the documented first two, 167 made up |
| documented-issued (345854019) | the documented six of program 1085, enrolled and issued |
| documented-enrolled (345854019) | the documented one, enrolled; found by `externalId` only |
| documented-expired-only (345854019) | the documented one that has ended; by `externalId` only |
| documented-not-enrolled (345853998) | the documented one, open for enrolment |
| documented-used, `mobile` 919456430850 (564332013) | the documented three of program 973 |
| documented-fragments (345853999) | the three documented fragments, completed |
| C-EMPTY, C-ONE, C-100, C-101, C-3000 | 0, 1, 100, 101, 3,000 promotions |
| C-TEN | 10 of programs 9001 and 9002, all defined on the first page of UI definitions |
| C-MIXED | 12 of program 9005: 4 UI (1 inactive), 3 PROMOTION_API, 3 CAMPAIGN, 2 not defined |
| C-CURRENT | 20 valid now: each state of each type (unused, used up, enrolled, lapsed ...) |
| C-NOTYPES | 8 of an org without promotion types: no `promotionRestriction` |
| C-SCRIPTS | 13 with names in several scripts and hostile descriptions |
| C-BIGIDS (9007199254740993) | 4 with ids past 2^31 and 2^53, one in program 4294967311 |
| C-LIMITS | 15: unlimited, zero, decimal, windowed, as numbers; unknown words |
| C-MERGED | 2, with a warning (8069) beside them |
| C-ONLINE | 2; registered on ECOMMERCE and WEBSITE only |
| C-EVERYWHERE | 2; registered on every source |
| C-001 ... C-020 | 10 each of programs 9001, 9002 and 9101, overlapping |
| C-AVAILABLE | 16: what can be enrolled in, issued and redeemed, what cannot, and what has ended |
| C-UNIFIED (700000101) | 16 of program 9032: 2 in both interfaces, 14 in the new one only |
| C-ENROL (700000102) | may enrol three times, and then opt in four times |
| C-ENROLLED, C-LIMIT | enrolled already; enrolled and issued as often as allowed |
| C-FULL | not enrolled, but others are as often as the promotion allows |
| C-NOTOPEN, C-CLOSED | enrolled; the opt-in window opens in a week, closed yesterday |
| C-INACTIVE, C-STOPPED, C-OVER | enrolled; PAUSED, STOPPED, ended yesterday |
| C-UPCOMING | may enrol; the promotion begins in a week |
| C-GENERIC | a GENERIC promotion: nothing to enrol in |
| C-DIRECT, C-ISSUED | a direct issue: may be issued twice; issued as often as allowed |
| C-WITHDRAW | enrolled twice, once with two issues |
| C-SILENT, C-UNCERTAIN | the engine does not answer: without effect, with effect |
| C-MILESTONES (700000118) | enrolling takes effect, with a warning about milestones |
| 00042 and 42 | two customers: leading zeros count |
| +49 170&x=%41/ü?# | every character that a URL changes |
| `email` anna.müller+test@example.com, `mobile` +919456430851 | a plus and an umlaut, a plus |

Programs, with the number of definitions under UI unless said otherwise:

| program | definitions |
|---|---|
| 469, 973, 1085 | 169, 3 (and the documented 96664 under USER_CREATED), 9 |
| 9000, 9010, 9100, 9101, 9003 | 0, 1, 100, 101, 3,000 |
| 9001, 9002 | 40 each |
| 9005 | UI 30 (and 4 inactive), CAMPAIGN 25 (and 2 inactive), PROMOTION_API 7; every status |
| 9020 to 9022 | what C-CURRENT, C-NOTYPES and C-SCRIPTS hold |
| 9023 and 4294967311, 9024 | what C-BIGIDS and C-LIMITS hold |
| 9025 | what C-AVAILABLE holds |
| 9030, 9031 | what C-ENROL to C-MILESTONES hold: 17 in the new interface, 11 in the old one |
| 9032 | 2, and in the new interface 23 entries of 20 promotions: every form and status |
| 9033 | 0, and in the new interface 105 |
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Self

from gateway.sandbox.customer import Customer
from gateway.sandbox.customers_named import named_customers
from gateway.sandbox.customers_writing import add_writing_customers
from gateway.sandbox.documented_examples import documented_customers
from gateway.sandbox.generation import Generator
from gateway.sandbox.programs import generated_programs
from gateway.sandbox.promotion import Program
from gateway.sandbox.successor.examples import add_examples
from gateway.sandbox.successor.promotion import UnifiedPromotion


class World:
    """Customers and programs, with the upstream's ways to find them.

    `unified` are the promotions of the new interface, in the order of its list.
    """

    def __init__(
        self,
        customers: Iterable[Customer],
        programs: dict[int, Program],
        unified: Iterable[UnifiedPromotion] = (),
    ) -> None:
        self.customers = list(customers)
        self.programs = programs
        self.unified = list(unified)
        self._by_identifier: dict[tuple[str, str], Customer] = {}
        for customer in self.customers:
            self._by_identifier.setdefault(("id", str(customer.customer_id)), customer)
            for name, values in customer.identifiers.items():
                for value in values:
                    self._by_identifier.setdefault((name, value), customer)

    @classmethod
    def generate(cls, seed: int = 1, today: date | None = None) -> Self:
        """Generate the data, deterministic for a seed and a UTC date (by default today)."""
        generator = Generator(seed, today or datetime.now(UTC).date())
        programs = generated_programs(generator)
        documented = documented_customers()
        _add_missing_promotions(documented[0], generator)
        customers = [*documented, *named_customers(generator, programs)]
        _define_held_promotions(documented, programs)
        # Last, so that what was generated before stays as it is.
        shown, unified = add_examples(generator, programs)
        writing, written = add_writing_customers(generator, programs)
        return cls([*customers, shown, *writing], programs, [*written, *unified])

    def customer(self, identifier_name: str, value: str) -> Customer | None:
        """Return the customer with an identifier, compared character by character, or None."""
        return self._by_identifier.get((identifier_name, value))

    def has_promotion_types(self, program_id: int) -> bool:
        """Whether the org of a program has "types of promotions"."""
        program = self.programs.get(program_id)
        return program is None or program.has_promotion_types

    def describe(self) -> dict[str, Any]:
        """Return a list of customers and programs, the body of `GET /__world`."""
        return {
            "customers": [
                {
                    "customerId": customer.customer_id,
                    "identifiers": {k: list(v) for k, v in customer.identifiers.items()},
                    "sources": sorted(customer.sources),
                    "promotions": len(customer.holdings),
                    "note": customer.note,
                }
                for customer in self.customers
            ],
            "programs": [
                {
                    "programId": program.program_id,
                    "name": program.name,
                    "definitions": program.counts(),
                    "unified": sum(
                        each.promotion.program_id == program.program_id for each in self.unified
                    ),
                    "note": program.note,
                }
                for program in self.programs.values()
            ],
        }


def _add_missing_promotions(customer: Customer, generator: Generator) -> None:
    """Add the 167 promotions of customer 555380204 that the document counts but does not show."""
    missing = 169 - len(customer.holdings)
    customer.holdings += [
        generator.holding(generator.promotion(469, 67246 - index, index))
        for index in range(missing)
    ]


def _define_held_promotions(customers: Iterable[Customer], programs: dict[int, Program]) -> None:
    """Add a UI definition for every promotion of the documented customers, each once."""
    for customer in customers:
        for holding in customer.holdings:
            definitions = programs[holding.promotion.program_id].definitions
            if all(holding.promotion.promotion_id != known.promotion_id for known in definitions):
                definitions.append(holding.promotion)
