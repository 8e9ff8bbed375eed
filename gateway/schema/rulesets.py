"""Rulesets and rules of a definition: Java class names and org ids, so not for everybody."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import strawberry
from strawberry.scalars import JSON

from gateway.schema.declare import AsViews, plain
from gateway.upstream.definitions import payload as definition_payload
from gateway.upstream.definitions.rulesets import expression_tree, passed_through
from gateway.upstream.normalise.ids import parse_optional_id, read_key
from gateway.upstream.normalise.instants import read_instant, read_open_end, read_open_start
from gateway.upstream.normalise.texts import json_text, json_texts, type_word


class _Entry(NamedTuple):
    """One entry of a map: the graph has lists where the wire has maps."""

    name: str
    value: Any


def _entries(view: Callable[..., Any]) -> AsViews:
    """Show a map through a view of its entries."""
    return AsViews(view, _list_entries)


def _list_entries(raw: Mapping[str, Any] | None) -> list[_Entry]:
    return [_Entry(*item) for item in (raw or {}).items()]


def _list(raw: list[Any] | None) -> list[Any]:
    return [value for value in map(passed_through, raw or ()) if value is not None]


@strawberry.type(description="A property of a filter, with its values.")
class FilterProperty:
    """A view over one entry of ``propertyToValues``."""

    payload: strawberry.Private[_Entry]

    name: str = plain("name", "The property's name.")
    values: list[str] = plain(
        "value", "Its values, as texts; a number has the digits of the upstream.", json_texts
    )


@strawberry.type(description="What a ruleset or a rule is restricted to.")
class RuleFilter:
    """A view over one entry of ``filterInfo``."""

    payload: strawberry.Private[definition_payload.Filter]

    filter_id: strawberry.ID = plain("filter_id", "The filter's id.", read_key)
    org_id: strawberry.ID | None = plain(
        "org_id", "The organisation it belongs to.", parse_optional_id
    )
    rule_id: strawberry.ID | None = plain(
        "rule_id", "The rule it belongs to; null where it belongs to a ruleset.", parse_optional_id
    )
    name: str | None = plain("name", "What it looks at, e.g. LoyaltyType.")
    class_name: str | None = plain("class_name", "The Java class behind it.")
    is_include: bool | None = plain(
        "is_include", "True: what matches is let in; false: it is kept out."
    )
    properties: list[FilterProperty] = plain(
        "properties", "What it compares with.", _entries(FilterProperty)
    )


@strawberry.type(description="A property of an action.")
class RuleProperty:
    """A view over one entry of ``mandatoryPropertiesValues``."""

    payload: strawberry.Private[_Entry]

    name: str = plain("name", "The property's name.")
    value: str | None = plain(
        "value", "Its value, as text; a number has the digits of the upstream.", json_text
    )


@strawberry.type(description="What a rule does in one of its cases.")
class RuleAction:
    """A view over one action of ``caseToActions``."""

    payload: strawberry.Private[definition_payload.Action]

    action_id: strawberry.ID = plain("action_id", "The action's id.", read_key)
    name: str | None = plain("name", "The kind of action, e.g. AWARD_TARGET_POINTS_ACTION.")
    class_name: str | None = plain("class_name", "The Java class behind it.")
    description: str | None = plain("description", "What somebody wrote about it.")
    properties: list[RuleProperty] = plain(
        "properties", "The properties it must have.", _entries(RuleProperty)
    )
    complex_properties: JSON | None = plain(
        "complex_properties",
        "Its structured properties, as the upstream has them.",
        passed_through,
    )


@strawberry.type(description="What a rule does when its expression has one of its outcomes.")
class RuleOutcome:
    """A view over one entry of ``caseToActions``."""

    payload: strawberry.Private[_Entry]

    case: str = plain("name", 'The outcome, e.g. "true".')
    actions: list[RuleAction] = plain("value", "What is done then.", AsViews(RuleAction))


@strawberry.type(description="A condition and what follows from it.")
class Rule:
    """A view over one entry of ``rules``."""

    payload: strawberry.Private[definition_payload.RulePayload]

    rule_id: strawberry.ID = plain("rule_id", "The rule's id.", read_key)
    ruleset_id: strawberry.ID | None = plain(
        "ruleset_id", "The ruleset it belongs to.", parse_optional_id
    )
    name: str | None = plain("name", "Its name.")
    description: str | None = plain("description", "What somebody wrote about it.")
    expression: str | None = plain("expression", "The condition, as text.")
    expression_tree: JSON | None = plain(
        "expression_tree", "The condition as a tree; null where it cannot be read.", expression_tree
    )
    expression_tree_type: str | None = plain("expression_tree_type", "The kind of tree.")
    expression_data_type: str | None = plain(
        "expression_data_type",
        "The type of the condition's value: its name, or JSON where the upstream says more of it.",
        type_word,
    )
    scope: str | None = plain("scope", "Where it is evaluated, e.g. SERVER.")
    is_active: bool | None = plain("is_active", "Whether it is switched on.")
    priority: int | None = plain("priority", "Lower values go first; -1 is a priority too.")
    starts_at: datetime | None = plain(
        "starts_at", "When it begins; null: it has no beginning.", read_open_start
    )
    ends_at: datetime | None = plain("ends_at", "When it ends; null: never.", read_open_end)
    created_at: datetime | None = plain("created_at", "When it was made.", read_instant)
    created_by: strawberry.ID | None = plain(
        "created_by", "The user who made it.", parse_optional_id
    )
    modified_at: datetime | None = plain("modified_at", "When it was last changed.", read_instant)
    modified_by: strawberry.ID | None = plain(
        "modified_by", "The user who last changed it.", parse_optional_id
    )
    is_updated_via_new_ui: bool | None = plain(
        "is_updated_via_new_ui", "Whether it was last changed in the new user interface."
    )
    filters: list[RuleFilter] = plain("filters", "What it is restricted to.", AsViews(RuleFilter))
    outcomes: list[RuleOutcome] = plain(
        "outcomes", "What it does, by the condition's outcome.", _entries(RuleOutcome)
    )


@strawberry.type(description="The rules by which a promotion is evaluated.")
class Ruleset:
    """A view over one entry of ``rulesetInfos``."""

    payload: strawberry.Private[definition_payload.RulesetPayload]

    ruleset_id: strawberry.ID = plain("ruleset_id", "The ruleset's id.", read_key)
    name: str | None = plain("name", "Its name.")
    description: str | None = plain("description", "What somebody wrote about it.")
    label: str | None = plain("label", "A label to find it by.")
    package_name: str | None = plain("package_name", "The package it belongs to.")
    is_private: bool | None = plain("is_private", "Whether it is not shared.")
    scope: str | None = plain("scope", "Where its rules are evaluated, e.g. SERVER.")
    event_type: str | None = plain("event_type", "The kind of event that triggers it.")
    org_id: strawberry.ID | None = plain(
        "org_id", "The organisation it belongs to.", parse_optional_id
    )
    org_name: str | None = plain("org_name", "That organisation's name.")
    context_id: strawberry.ID | None = plain(
        "context_id", "What it is set up in, e.g. a program.", parse_optional_id
    )
    context_type: str | None = plain("context_type", "What kind of thing that is.")
    starts_at: datetime | None = plain(
        "starts_at", "When it begins; null: it has no beginning.", read_open_start
    )
    ends_at: datetime | None = plain("ends_at", "When it ends; null: never.", read_open_end)
    created_at: datetime | None = plain("created_at", "When it was made.", read_instant)
    created_by: strawberry.ID | None = plain(
        "created_by", "The user who made it.", parse_optional_id
    )
    modified_at: datetime | None = plain("modified_at", "When it was last changed.", read_instant)
    modified_by: strawberry.ID | None = plain(
        "modified_by", "The user who last changed it.", parse_optional_id
    )
    is_updated_via_new_ui: bool | None = plain(
        "is_updated_via_new_ui", "Whether it was last changed in the new user interface."
    )
    filters: list[RuleFilter] = plain("filters", "What it is restricted to.", AsViews(RuleFilter))
    cappings: list[JSON] = plain("cappings", "Its cappings, as the upstream has them.", _list)
    rules: list[Rule] = plain("rules", "Its rules.", AsViews(Rule))
