"""`docs/migration.md`: the REST payloads key by key, and where the graph has them.

Keys and their types come from the payloads' structs, and the fields that show them from the fields'
declarations. What computed fields read is stated here; a key that no field shows raises.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from graphql import GraphQLObjectType

from gateway.execution.bridge import definition_of, view_class
from gateway.migration_successor import SUCCESSOR_FIELDS, SUCCESSOR_NOTES
from gateway.schema.build import build_schema, executable
from gateway.schema.declare import PAYLOAD, Plain
from gateway.schema.lookahead import DECLARATION
from gateway.upstream.customer_view import payload as customer
from gateway.upstream.decoding import field_types as types
from gateway.upstream.decoding.annotations import is_struct, structs_in, union_members
from gateway.upstream.decoding.enum_fields import enum_words
from gateway.upstream.definitions import payload as definition
from gateway.upstream.programs import payload as program
from gateway.upstream.successor import payload as successor

_LAZY = (customer.restrictions_field, definition.rules_field, definition.rulesets_field)
_ANNOTATIONS: Mapping[str, Any] = {field.attribute: field.annotation for field in _LAZY}
_TWIN = "_iso"
_ERRORS = ("errors",)

_LIMITS = {
    "points_per_event": "PromotionLimits.pointsPerEvent",
    "points_per_customer": "PromotionLimits.pointsPerCustomer",
    "times_per_customer": "PromotionLimits.timesPerCustomer",
    "points_in_promotion": "PromotionLimits.pointsInPromotion",
}
_MAXIMA = {name: (f"{path}.max",) for name, path in _LIMITS.items()}
_RESTRICTION = {
    "maximum": ("Restriction.limit.max",),
    "basis": ("Restriction.window",),
    "window_type": ("RestrictionWindow.type", "RestrictionWindow.typeName"),
    "window_unit": ("RestrictionWindow.unit", "RestrictionWindow.unitName"),
}
_MEASURE = ("Restriction.measure", "Restriction.measureName")
_STAGES = dict.fromkeys(("enrol", "issue", "redeem"), ("Restriction.stage",))
_TYPE = ("Promotion.type", "Promotion.typeName")

_COMPUTED: Mapping[type, Mapping[str, tuple[str, ...]]] = {
    customer.CustomerPagePayload: {
        "customer_id": ("Customer.customerId", "Customer.id"),
        "items": ("CustomerPromotionConnection.nodes",),
        "page_details": ("CustomerPromotionConnection.totalCount",),
        "warnings": ("CustomerPromotionConnection.warnings",),
        "errors": _ERRORS,
    },
    customer.PageDetails: {"total": ("totalCount",)},
    program.ProgramListPayload: {"items": ("Query.programs",), "errors": _ERRORS},
    program.ProgramPayload: {
        "program_id": ("Program.programId", "Program.id"),
        "name": ("Program.name",),
    },
    customer.CustomerPromotionPayload: {
        "limits": ("CustomerPromotion.limits",),
        "usage": ("CustomerPromotion.limits",),
        "restrictions_json": ("CustomerPromotion.restrictions",),
        "timelines": ("CustomerPromotion.enrolments",),
        "type_name": _TYPE,
        "metadata": ("CustomerPromotion.metadata",),
    },
    customer.CustomerLimits: _MAXIMA,
    customer.CustomerUsage: {name: (f"{path}.used",) for name, path in _LIMITS.items()},
    customer.CustomerRestrictionLists: _STAGES,
    customer.CustomerRestriction: _RESTRICTION
    | {
        "measure_name": _MEASURE,
        "used": ("Restriction.limit.used",),
        "scope_name": ("Restriction.scope", "Restriction.scopeName"),
    },
    customer.Timeline: {"issues": ("Enrolment.issues",)},
    definition.DefinitionPagePayload: {
        "items": ("PromotionConnection.nodes",),
        "page_details": ("PromotionConnection.totalCount",),
        "status": _ERRORS,
        "validation_errors": _ERRORS,
        "errors": _ERRORS,
    },
    definition.DefinitionPayload: {
        "program_name": ("Program.name",),
        "limits": ("PromotionDefinition.limits",),
        "type_name": _TYPE,
        "rulesets_json": ("PromotionDefinition.rulesets",),
        "rules_json": ("PromotionDefinition.restrictions",),
    },
    definition.DefinitionLimits: _MAXIMA,
    definition.DefinitionRules: {
        "restrictions": ("PromotionDefinition.restrictions",),
        "target_group_ids": ("TargetGroup.targetGroupId",),
        "target_rule_ids_by_group": ("TargetGroup.targetGroupId", "TargetGroup.targetRuleIds"),
    },
    definition.DefinitionRestrictionLists: _STAGES
    | {"expiries": ("PromotionDefinition.expiries",)},
    definition.DefinitionRestriction: _RESTRICTION
    | {"measure_name": (*_MEASURE, "Restriction.scope")},
    definition.Expiry: {
        "name": ("PromotionExpiry.name", "PromotionExpiry.stage"),
        "basis_name": ("PromotionExpiry.basis", "PromotionExpiry.basisName"),
        "days": ("PromotionExpiry.days",),
    },
    **SUCCESSOR_FIELDS,
}
"""The fields that show what computed fields read, by struct and attribute."""

_FIGURE = "number or text → Float; -1 → UNLIMITED"
_NOT_CONFIGURED = f"{_FIGURE}; 0 → NOT_STATED"
_DATE = "text or milliseconds → DateTime"
_ID_OR_NULL = "number or text → ID; -1 → null"
_CHANGES: tuple[tuple[Any, str], ...] = (
    (types.Digits, "number → ID, a text"),
    (types.Key, "number or text → ID, a text"),
    (types.OptionalKey, _ID_OR_NULL),
    (types.Keys, "numbers → list of IDs"),
    (types.Figure, _FIGURE),
    (types.Usage, "number or text → Float"),
    (types.Count, "number or text → Int"),
    (types.Integer, "number or text → Int"),
    (types.Instant, _DATE),
    (types.OpenStart, f"{_DATE}; before 2005 → null"),
    (types.OpenEnd, f"{_DATE}; from 2900 on → null"),
    (types.Text, ""),
    (str, ""),
    (types.Flag, "boolean, word or number → Boolean"),
    (types.Tree, ""),
    (types.Trees, ""),
    (types.WordOrJson, "a word, or JSON as text"),
    (types.TypeWord, "a word, or JSON as text"),
    (types.ScopeWords, "the types, each once"),
    (types.ExpressionTree, "JSON in a text → JSON"),
    (types.JsonByName, "map → list of entries"),
)
"""How a value changes, by the type of its attribute."""

_NOTES: dict[tuple[type, str], str] = {
    (customer.CustomerPagePayload, "errors"): "codes → coded errors, or null for no such customer",
    (customer.CustomerPagePayload, "warnings"): "list → list of PageWarning",
    (customer.CustomerUsage, "points_in_promotion"): "number or text → Float; 0 → null",
    (customer.CustomerRestriction, "used"): "number or text → Float; null for all customers' use",
    (customer.CustomerRestrictionLists, "enrol"): "the list → ENROL",
    (customer.CustomerRestrictionLists, "issue"): "the list → ISSUE",
    (customer.CustomerRestrictionLists, "redeem"): "the list → REDEEM",
    (customer.CustomerPromotionPayload, "timelines"): "absent → null",
    (definition.DefinitionPagePayload, "status"): "codes → coded errors, or null for none such",
    (definition.DefinitionPagePayload, "validation_errors"): "→ coded errors",
    (definition.DefinitionPagePayload, "errors"): "codes → coded errors, or null for none such",
    (program.ProgramListPayload, "errors"): "codes → coded errors",
    (definition.DefinitionRestrictionLists, "enrol"): "the list → ENROL",
    (definition.DefinitionRestrictionLists, "issue"): "the list → ISSUE",
    (definition.DefinitionRestrictionLists, "redeem"): "the list → REDEEM",
    (definition.DefinitionRestriction, "basis"): "NON_PERIOD_BASED → null",
    (customer.CustomerRestriction, "basis"): "NON_PERIOD_BASED → null",
    (definition.Expiry, "days"): "number or text → Int; null unless CUSTOM",
    (definition.DefinitionRules, "target_rule_ids_by_group"): "map → list of TargetGroup",
    (definition.RulePayload, "outcomes"): "map → list of RuleOutcome",
    **SUCCESSOR_NOTES,
}
"""How a value changes where its type does not say it."""
for _struct in (customer.CustomerLimits, definition.DefinitionLimits):
    _NOTES.update({(_struct, name): _NOT_CONFIGURED for name in _LIMITS})


class PayloadKey(NamedTuple):
    """A key of a payload, the graph's fields that show it, and how its value changes."""

    path: str
    fields: tuple[str, ...]
    change: str


def customer_keys() -> list[PayloadKey]:
    """Return the keys of the customer view; raise LookupError for one that no field shows.

    What a struct contains is listed once. ``ISO`` twins of dates are left out.
    """
    return [*_keys(customer.CustomerPagePayload, "", {})]


def definition_keys() -> list[PayloadKey]:
    """Return the keys of the legacy list, as `customer_keys` does."""
    return [*_keys(definition.DefinitionPagePayload, "", {})]


def successor_keys() -> list[PayloadKey]:
    """Return the keys of the successor's list, as `customer_keys` does."""
    keys = _keys(successor.SuccessorPagePayload, "data.", {})
    return [key._replace(path=key.path.replace("data.errors", "errors")) for key in keys]


def program_keys() -> list[PayloadKey]:
    """Return the keys of the list of programs, as `customer_keys` does."""
    return [*_keys(program.ProgramListPayload, "", {})]


def _keys(struct: type[msgspec.Struct], path: str, seen: dict[type, str]) -> Iterator[PayloadKey]:
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        name = field.name
        if name.endswith(_TWIN):
            continue
        fields = _COMPUTED.get(struct, {}).get(name) or _shown().get((struct, name))
        if not fields:
            raise LookupError(f"{struct.__name__}.{name} is shown by no field")
        annotation = _ANNOTATIONS.get(name, hints[name])
        key = f"{path}{field.encode_name}{_suffix(annotation)}"
        change = _NOTES.get((struct, name)) or _change(annotation)
        inner = [*structs_in(annotation)]
        known = [f"entries as in `{seen[each]}`" for each in inner if each in seen]
        yield PayloadKey(
            key, tuple(dict.fromkeys(fields)), "; ".join(filter(None, (change, *known)))
        )
        for each in inner:
            if each not in seen:
                seen[each] = key
                yield from _keys(each, f"{key}.", seen)


@cache
def _shown() -> Mapping[tuple[type, str], Sequence[str]]:
    """Return the plain fields that show each attribute of a struct."""
    shown: dict[tuple[type, str], list[str]] = {}
    for name, kind in executable(build_schema()).type_map.items():
        if name.startswith("__") or not isinstance(kind, GraphQLObjectType):
            continue
        payload = get_type_hints(view_class(kind)).get("payload")
        for field_name, field in kind.fields.items():
            plain = definition_of(field).metadata.get(DECLARATION)
            if isinstance(plain, Plain) and plain.attribute != PAYLOAD:
                for attribute in _read(payload, plain.attribute):
                    shown.setdefault(attribute, []).append(f"{name}.{field_name}")
    return shown


def _read(payload: Any, path: str) -> Iterator[tuple[type, str]]:
    """Yield the struct and attribute that a path reads, for each struct of a payload."""
    first, _, rest = path.partition(".")
    for struct in filter(is_struct, union_members(payload)):
        if rest:
            yield from _read(_ANNOTATIONS[f"{first}_json"], rest)
        else:
            yield struct, first


def _suffix(annotation: Any) -> str:
    """Return what a path has for structs in a list or a map."""
    for kind in union_members(annotation):
        if get_origin(kind) in {list, dict} and [*structs_in(kind)]:
            return ("[]" if get_origin(kind) is list else ".*") + _suffix(get_args(kind)[-1])
    return ""


def _change(annotation: Any) -> str:
    for kind, text in _CHANGES:
        if annotation == kind:
            return text
    return "" if enum_words(annotation) is None else "word → enum, and the word itself"


class Parameter(NamedTuple):
    """Parameters of a request, and the graph's argument."""

    names: tuple[str, ...]
    argument: str
    note: str = ""


_PAGING = Parameter(
    ("limit", "offset"), "`first`, `after`, `last`, `before`", "cursors ([paging](paging.md))"
)
CUSTOMER_PARAMETERS = (
    Parameter(
        ("identifierName", "identifierValue"),
        "`customer(by:)`, `customers(by:)`",
        "one field of CustomerIdentifier; `id` is `customerId`",
    ),
    Parameter(("source",), "`source`", "INSTORE where it is not given"),
    Parameter(
        ("promotionStatusForCustomer",),
        "`promotions(availability:)`",
        "AVAILABLE_TO_EARN is `AVAILABLE_FOR_ISSUE`; each item has `availability`, and "
        "`promotionCounts` counts each list",
    ),
    Parameter(("promotionType",), "`promotions(type:)`"),
    Parameter(("sourceType",), "`promotions(sourceType:)`"),
    Parameter(("programs",), "`promotions(programIds:)`", "a list"),
    Parameter(
        ("fetchAllUsage",),
        "`restrictions(includeDisabled:)`",
        "the gateway always requests it, and leaves out what is switched off",
    ),
    _PAGING,
)
SUCCESSOR_PARAMETERS = (
    Parameter(
        ("page", "size"),
        "`first`, `after`, `last`, `before`",
        "the gateway reads all pages, and keeps them",
    ),
    Parameter(
        ("searchText",),
        "`promotions(promotionId:)`, `promotion(promotionId:)`",
        "by its id alone; names are not searched",
    ),
    Parameter(
        ("status",), "`promotions(includeInactive:)`", "which statuses are on is in `isActive`"
    ),
)
DEFINITION_PARAMETERS = (
    Parameter(("sourceType",), "`Program.promotions(sourceTypes:)`", "several are one connection"),
    Parameter(("eventName",), "`promotions(eventName:)`"),
    Parameter(("includeInactivePromotions",), "`promotions(includeInactive:)`"),
    Parameter(("startRuleIdentifier",), "`promotions(startRuleId:)`"),
    Parameter(
        ("promotionId",),
        "`promotions(promotionId:)`, `promotion(promotionId:)`",
        "`promotion` calls `…/promotions/{id}/get` where that is offered",
    ),
    _PAGING,
)
