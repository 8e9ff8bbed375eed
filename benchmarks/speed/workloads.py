"""The workloads: which operations are sent, for which customers, and how many at once.

Each is sent for many customers in turn, more than are in flight, so that no server can share one
upstream call between two requests: each pays for every call, and the calls are counted.
"""

from dataclasses import dataclass
from typing import Any

VARIANTS = 24
FAMILY = 20
FAMILIES = 8

_FIELDS = """id
  promotion { promotionId name identifier type event startsAt endsAt isActive validity }
  limits { pointsPerCustomer { kind max used remaining } }"""
_LIMIT = "kind max used remaining"
_EVERYTHING = f"""id
  promotion {{ id promotionId programId name identifier description type event startsAt endsAt
    isActive validity }}
  metadata {{ key value isBrandDefined }}
  limits {{ pointsPerEvent {{ {_LIMIT} }} pointsPerCustomer {{ {_LIMIT} }}
    timesPerCustomer {{ {_LIMIT} }} pointsInPromotion {{ {_LIMIT} }} }}
  restrictions {{ stage measure scope limit {{ kind max used }} window {{ type unit }} }}
  enrolments {{ enrolmentId enrolledAt expiresAt isExpired
    issues {{ issueId issuedAt expiresAt isExpired redeemedCount
      redemptions {{ {_LIMIT} }} }} }}"""
_DEFINITION = "definition { status sourceType updatedAt isStackable expiries { stage basis days } }"
_PAGE = "totalCount pageInfo { hasNextPage }"

_CUSTOMER = """query {name}($by: CustomerIdentifier!, $first: Int!) {{
  customer(by: $by) {{ promotions(first: $first) {{ {page} nodes {{ {fields} }} }} }} }}"""
_CUSTOMERS = f"""query Family($by: [CustomerIdentifier!]!) {{
  customers(by: $by) {{ promotions(first: 10) {{ {_PAGE} nodes {{ {_FIELDS} }} }} }} }}"""


def _query(name: str, fields: str) -> str:
    return _CUSTOMER.format(name=name, page=_PAGE, fields=fields)


_PAGE_OF_TEN = _query("PageOfTen", _FIELDS)
_PAGE_OF_HUNDRED = _query("PageOfHundred", _EVERYTHING)
_DEFINED = _query("Defined", _FIELDS.replace("promotion {", f"promotion {{ {_DEFINITION}", 1))


@dataclass(frozen=True, slots=True)
class Workload:
    """One row of the table.

    `calls` is what one operation costs upstream without a cache; `concurrency` is how many are in
    flight; `is_cached` says that every server may remember customers' data.
    """

    name: str
    title: str
    bodies: list[dict[str, Any]]
    calls: int
    concurrency: int
    upstream_paths: list[str]
    is_cached: bool = False


def ten(variant: int) -> str:
    """Name the customer with ten promotions of two programs."""
    return f"ten-{variant:02}"


def hundred(variant: int) -> str:
    """Name the customer with a hundred promotions and one."""
    return f"hundred-{variant:02}"


def member(family: int, place: int) -> str:
    """Name one of the twenty customers of a family, who have ten promotions each."""
    return f"member-{family:02}-{place:02}"


def page_path(name: str, limit: int) -> str:
    """Return the upstream path of a customer's first page, as the gateway asks for it."""
    return (
        f"/v2/customers/lookup/promotionData?identifierName=externalId&identifierValue={name}"
        f"&source=INSTORE&fetchAllUsage=true&limit={limit}&offset=0"
    )


def _of_customer(query: str, name: str, first: int) -> dict[str, Any]:
    return {"query": query, "variables": {"by": {"externalId": name}, "first": first}}


def _family(number: int, size: int = FAMILY) -> dict[str, Any]:
    by = [{"externalId": member(number, place)} for place in range(size)]
    return {"query": _CUSTOMERS, "variables": {"by": by}}


def workloads() -> list[Workload]:
    """List the rows of the table."""
    tens = [ten(variant) for variant in range(VARIANTS)]
    hundreds = [hundred(variant) for variant in range(VARIANTS)]
    page_of_ten = [_of_customer(_PAGE_OF_TEN, name, 10) for name in tens]
    paths_of_ten = [page_path(name, 10) for name in tens]
    page_of_hundred = [_of_customer(_PAGE_OF_HUNDRED, name, 100) for name in hundreds]
    paths_of_hundred = [page_path(name, 100) for name in hundreds]
    defined = [_of_customer(_DEFINED, name, 10) for name in tens]
    families = [_family(number) for number in range(FAMILIES)]
    return [
        Workload("W1", "page of 10", page_of_ten, 1, 16, paths_of_ten),
        Workload("W2", "page of 100, everything", page_of_hundred, 1, 8, paths_of_hundred),
        Workload("W3", "W1 with definitions of 2 programs", defined, 3, 16, []),
        Workload("W4", "20 customers, 10 promotions each", families, FAMILY, 4, []),
        Workload("W5", "W1 with caches on", page_of_ten, 1, 16, [], is_cached=True),
    ]


def by_leaves() -> list[tuple[int, Workload]]:
    """List pages of growing length, all fields of W2: cost against leaves."""
    return [
        (
            size,
            Workload(
                f"first {size}",
                "",
                [_of_customer(_PAGE_OF_HUNDRED, hundred(v), size) for v in range(VARIANTS)],
                1,
                4,
                [],
            ),
        )
        for size in PAGE_SIZES
    ]


def by_calls() -> list[tuple[int, Workload]]:
    """List families of growing size, the fields of W4: cost against upstream calls."""
    return [
        (
            size,
            Workload(
                f"{size} customers",
                "",
                [_family(number, size) for number in range(FAMILIES)],
                size,
                4,
                [],
            ),
        )
        for size in FAMILY_SIZES
    ]


PAGE_SIZES = (1, 10, 25, 50, 75, 100)
FAMILY_SIZES = (1, 4, 8, 12, 16, 20)


def leaves(data: Any) -> int:
    """Count the leaves of an answer."""
    if isinstance(data, dict):
        return sum(map(leaves, data.values()))
    if isinstance(data, list):
        return sum(map(leaves, data))
    return 1
