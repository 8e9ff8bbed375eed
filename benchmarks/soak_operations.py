"""What the soak asks for, what the sandbox's world says of it, and which faults it plays."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.sandbox.customer import Customer
from gateway.sandbox.promotion import Promotion
from gateway.sandbox.world import World

# Nothing in here depends on the time of the answer, so that one truth holds for the whole run.
_PROMOTION = "id promotionId programId name identifier description type event startsAt endsAt"
_CUSTOMER_PROMOTION = f"""
  id
  promotion {{ {_PROMOTION} isActive }}
  limits {{ pointsPerCustomer {{ kind max used remaining }} timesPerCustomer {{ kind max used }} }}
  restrictions {{ stage measure scope limit {{ kind max used }} window {{ type unit }} }}
  enrolments {{ enrolmentId enrolledAt expiresAt issues {{ issueId redemptions {{ max used }} }} }}
"""
# Without sourceType: it depends on whether the definition was found in a list or by its id.
_DEFINITION = "definition { status updatedAt isStackable expiries { stage basis days } }"
_PAGE = "totalCount drift pageInfo { hasNextPage hasPreviousPage } warnings { message }"

CUSTOMER = f"""query Customer($by: CustomerIdentifier!, $first: Int, $last: Int) {{
  customer(by: $by) {{ id customerId promotions(first: $first, last: $last) {{
    {_PAGE} nodes {{ {_CUSTOMER_PROMOTION} }} }} }} }}"""
DEFINED = f"""query Defined($by: CustomerIdentifier!) {{
  customer(by: $by) {{ id customerId promotions(first: 10) {{
    {_PAGE} nodes {{ id promotion {{ {_PROMOTION} program {{ name }} {_DEFINITION} }} }} }} }} }}"""
FAMILY = f"""query Family($by: [CustomerIdentifier!]!) {{
  customers(by: $by) {{ id customerId promotions(first: 5) {{
    {_PAGE} nodes {{ id promotion {{ {_PROMOTION} }} }} }} }} }}"""
PROGRAM = f"""query Program($id: ID!, $by: CustomerIdentifier!) {{
  program(programId: $id) {{ id name promotions(first: 20) {{
    {_PAGE} nodes {{ {_PROMOTION} {_DEFINITION} forCustomer(by: $by) {{ id }} }} }} }} }}"""
PROMOTION = f"""query Promotion($program: ID!, $id: ID!) {{
  promotion(programId: $program, promotionId: $id) {{ {_PROMOTION} {_DEFINITION} }} }}"""

# Each shows something that the gateway can see through. Left out are lies that nobody could see
# through (another customer's page for an e-mail, a shifted list, a far too large total on a full
# page), unknown words for a restriction's `kpi` and `limitOn`, which decide whether its usage means
# anything, and 404 and 410 of the definitions, which tell that the endpoint has gone for good.
MIX = (
    "reset",
    "disconnect",
    "truncate",
    "truncate,framing=chunked",
    "hang",
    "slow=300",
    "drip,bytes_per_s=200",
    "status=500",
    "status=502,body=html",
    "status=503,retry_after=1",
    "status=504,body=documented",
    "status=429,retry_after=1,count=5",
    "status=404,endpoint=promotionData",
    "status=302,location=http://127.0.0.1:9",
    "status=200,body=html",
    "status=200",
    "cut_json",
    "array",
    "missing=customerId,endpoint=promotionData",
    "missing=promotions,endpoint=promotionData",
    "missing=data,endpoint=promotionsV2",
    "missing=pageDetails",
    "null=promotions,endpoint=promotionData",
    "null=promotionId,item=0,endpoint=promotionData",
    "retype=promotionName,item=1,endpoint=promotionData",
    "retype=id,item=0,endpoint=promotionsV2",
    "retype=limits,as=array",
    "unknown_enum=pointsOfferType",
    "unknown_enum=eventName",
    "unknown_enum=promotionStatus,endpoint=promotionsV2",
    "other_customer,match=identifierName=id&",
    "other_customer,part=id,match=identifierName=id&",
    "totals=-1",
    "totals=0",
    "totals=null",
    "deep",
    "digits,key=totalEntries",
    "digits,key=customerId",
    "surrogate",
    "invalid_utf8",
    "huge=20000000",
    "gzip_bomb=100000000",
    "ignore_limit",
    "short_pages=1",
    "short_pages=0",
)


def mix(rate: float) -> list[str]:
    """Return the mix with rates by which each has an equal share of `rate`, whoever comes first."""
    share = rate / len(MIX)
    return [f"{fault},rate={share / (1 - place * share):.9f}" for place, fault in enumerate(MIX)]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `facts` are parts of its answer as the world has them, by dotted path."""

    name: str
    query: str
    variables: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return what is posted."""
        return {"query": self.query, "variables": self.variables}


def operations(world: World) -> list[Operation]:
    """List all operations of the soak."""
    return [*_of_customers(world), *_of_families(world), *_of_programs(world)]


def _of_customers(world: World) -> Iterator[Operation]:
    names = [f"C-{number:03}" for number in range(1, 21)]
    for name in (*names, "C-EMPTY", "C-ONE", "C-100", "C-CURRENT", "C-LIMITS"):
        customer = _customer(world, name)
        by_id = {"customerId": str(customer.customer_id)}
        facts = _facts(customer, "customer", customer.holdings[:20])
        yield Operation("Customer", CUSTOMER, {"by": {"externalId": name}, "first": 20}, facts)
        yield Operation("CustomerById", CUSTOMER, {"by": by_id, "first": 20}, facts)
        facts = _facts(customer, "customer", customer.holdings[-5:])
        yield Operation("LastOfCustomer", CUSTOMER, {"by": by_id, "last": 5}, facts)
    for name in (*names, "C-TEN", "C-MIXED"):
        customer = _customer(world, name)
        facts = _facts(customer, "customer", customer.holdings[:10])
        yield Operation("Defined", DEFINED, {"by": {"externalId": name}}, facts)


def _of_families(world: World) -> Iterator[Operation]:
    for number in range(1, 19, 3):
        names = [f"C-{number + nth:03}" for nth in range(3)]
        facts: dict[str, Any] = {}
        for place, name in enumerate(names):
            customer = _customer(world, name)
            facts |= _facts(customer, f"customers.{place}", customer.holdings[:5])
        yield Operation("Family", FAMILY, {"by": [{"externalId": name} for name in names]}, facts)


def _of_programs(world: World) -> Iterator[Operation]:
    for program_id in (9001, 9002, 9005, 9101):
        program = world.programs[program_id]
        shown = [p for p in program.definitions if p.source_type == "UI" and p.active]
        facts = {
            "program.name": program.name,
            "program.promotions.totalCount": len(shown),
            **_named("program.promotions.nodes.*", shown[:20]),
        }
        variables = {"id": str(program_id), "by": {"externalId": "C-MIXED"}}
        yield Operation("Program", PROGRAM, variables, facts)
        for promotion in shown[:3]:
            variables = {"program": str(program_id), "id": str(promotion.promotion_id)}
            yield Operation("Promotion", PROMOTION, variables, {"promotion.name": promotion.name})


def _customer(world: World, name: str) -> Customer:
    customer = world.customer("externalId", name)
    if customer is None:
        raise LookupError(f"the world has no {name}")
    return customer


def _facts(customer: Customer, path: str, holdings: list[Any]) -> dict[str, Any]:
    return {
        f"{path}.customerId": str(customer.customer_id),
        f"{path}.promotions.totalCount": len(customer.holdings),
        **_named(f"{path}.promotions.nodes.*.promotion", [h.promotion for h in holdings]),
    }


def _named(path: str, promotions: list[Promotion]) -> dict[str, Any]:
    return {
        f"{path}.promotionId": [str(promotion.promotion_id) for promotion in promotions],
        f"{path}.name": [promotion.name for promotion in promotions],
    }
