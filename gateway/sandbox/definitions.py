"""Legacy promotion definitions: a program's `promotionsV2`, and one by its id."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.sandbox.definition_payload import render_definition
from gateway.sandbox.promotion import Program, Promotion
from gateway.sandbox.responses import Refusal, page_details, whole_number
from gateway.sandbox.rulesets import rule_ids
from gateway.sandbox.world import World

MANDATORY = ("limit", "offset", "sourceType")
OPTIONAL = ("promotionId", "includeInactivePromotions", "startRuleIdentifier", "eventName")
SOURCE_TYPES = frozenset(
    {
        "UI",
        "IMPORT",
        "GOODWILL",
        "CAMPAIGN",
        "POINTS_TRANSFER",
        "IMPORT_API",
        "PROMOTION_API",
        "POINTS_CONTRIBUTION_TO_GROUP",
        "MANUAL_POINTS_ADJUSTMENT",
        "BADGES",
        "USER_CREATED",
    }
)
# Compared in upper case: the documents have TargetCompleted and TARGETCOMPLETED.
EVENT_NAMES = frozenset({"TRANSACTIONADD", "TARGETCOMPLETED", "POINTSREDEMPTION", "GENERICEVENT"})


@dataclass(frozen=True, slots=True)
class DefinitionsQuery:
    """The validated query parameters; a filter is None if it is absent."""

    limit: int
    offset: int
    source_type: str
    include_inactive: bool
    event_name: str | None
    promotion_id: int | None
    start_rule_id: int | None

    def matches(self, promotion: Promotion) -> bool:
        """Whether a definition passes every filter."""
        return (
            promotion.source_type == self.source_type
            and (self.include_inactive or promotion.active)
            and (self.event_name is None or promotion.event_name.upper() == self.event_name)
            and (self.promotion_id is None or promotion.promotion_id == self.promotion_id)
            and (self.start_rule_id is None or self.start_rule_id in rule_ids(promotion))
        )


def read_query(parameters: Mapping[str, str]) -> DefinitionsQuery:
    """Validate the parameters. Raise Refusal with the documented code."""
    unknown = [name for name in parameters if name not in MANDATORY + OPTIONAL]
    if unknown:
        raise Refusal(4050, f"Query parameter is not supported: {unknown[0]}")
    missing = [name for name in MANDATORY if name not in parameters]
    if len(missing) == len(MANDATORY):
        raise Refusal(4056, "All mandatory query parameters are missing")
    if missing:
        raise Refusal(4086, "limit, offset, or sourceType is missing")
    return DefinitionsQuery(
        source_type=_source_type(parameters["sourceType"]),
        limit=_limit(parameters["limit"]),
        offset=_index(parameters["offset"]),
        include_inactive=_include_inactive(parameters.get("includeInactivePromotions", "false")),
        event_name=_event_name(parameters.get("eventName")),
        promotion_id=_known_id(parameters.get("promotionId")),
        start_rule_id=_known_id(parameters.get("startRuleIdentifier")),
    )


def _source_type(text: str) -> str:
    if not text:
        raise Refusal(4084, "sourceType is empty or null")
    if text not in SOURCE_TYPES:
        raise Refusal(4085, "sourceType parameter has an invalid value")
    return text


def _index(text: str) -> int:
    """Parse a number from 0. Anything else is undocumented, and gets the code of a missing one."""
    number = whole_number(text)
    if number is None or number < 0:
        raise Refusal(4086, "limit, offset, or sourceType is missing")
    return number


def _limit(text: str) -> int:
    limit = _index(text)
    if limit > 100:
        raise Refusal(4055, "limit is greater than 100")
    return limit


def _include_inactive(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise Refusal(4050, "Query parameter is not supported: includeInactivePromotions")
    return text.lower() == "true"


def _event_name(text: str | None) -> str | None:
    if text is None:
        return None
    if not text:
        raise Refusal(4082, "eventName is null or empty")
    if text.upper() not in EVENT_NAMES:
        raise Refusal(4083, "Incorrect event name is passed")
    return text.upper()


def _known_id(text: str | None) -> int | None:
    if text is None:
        return None
    number = whole_number(text)
    if number is None:
        raise Refusal(4027, "promotionId or startRuleIdentifier doesn't exist")
    return number


def promotion_definitions(
    world: World, program_id: int, parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Return the JSON of the endpoint; an unknown program has no promotions. Raise Refusal."""
    query = read_query(parameters)
    program = world.programs.get(program_id) or Program(program_id=program_id, name="")
    _require_known(program, query)
    matching = [promotion for promotion in program.definitions if query.matches(promotion)]
    page = matching[query.offset : query.offset + query.limit]
    return {
        "status": {"code": 200, "message": "success"},
        "validationErrors": None,
        "data": [render_definition(promotion, program) for promotion in page],
        "pageDetails": page_details(limit=query.limit, offset=query.offset, total=len(matching)),
    }


def definition_by_id(world: World, program_id: int, promotion_id: int) -> dict[str, Any]:
    """Return the JSON of one definition, whatever its source type. Raise Refusal."""
    program = world.programs.get(program_id)
    if program is None:
        raise Refusal(2010, "Invalid program")
    found = [each for each in program.definitions if each.promotion_id == promotion_id]
    if not found:
        raise Refusal(4029, "Invalid promotion")
    return {
        "status": {"code": 200, "message": "success"},
        "validationErrors": None,
        "data": [render_definition(found[0], program)],
    }


def _require_known(program: Program, query: DefinitionsQuery) -> None:
    """Raise Refusal 4027 for an id that the program has under no source type."""
    known_promotion = query.promotion_id is None or any(
        promotion.promotion_id == query.promotion_id for promotion in program.definitions
    )
    known_rule = query.start_rule_id is None or any(
        query.start_rule_id in rule_ids(promotion) for promotion in program.definitions
    )
    if not (known_promotion and known_rule):
        raise Refusal(4027, "promotionId or startRuleIdentifier doesn't exist")
