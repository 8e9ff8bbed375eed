"""Rulesets and rules of a definition, with Java class names and org ids: a role is required."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from gateway.schema.declare import plain, view
from gateway.upstream.definitions import payload as definition_payload
from gateway.upstream.normalise.texts import PropertyEntry, json_text, json_texts


@view(description="A property of a filter, with its values.")
class FilterProperty:
    """A view over one entry of ``propertyToValues``."""

    payload: strawberry.Private[PropertyEntry]

    name: str = plain("The property's name.")
    values: list[str] = plain(
        "Its values, as texts; a number has the digits of the upstream.", "value", json_texts
    )


@view(description="What a ruleset or a rule is restricted to.")
class RuleFilter:
    """A view over one entry of ``filterInfo``."""

    payload: strawberry.Private[definition_payload.Filter]

    filter_id: strawberry.ID = plain("The filter's id.")
    org_id: strawberry.ID | None = plain("The organisation it belongs to.")
    rule_id: strawberry.ID | None = plain(
        "The rule it belongs to; null where it belongs to a ruleset."
    )
    name: str | None = plain("What it looks at, e.g. LoyaltyType.")
    class_name: str | None = plain("The Java class behind it.")
    is_include: bool | None = plain("True: what matches is let in; false: it is kept out.")
    properties: list[FilterProperty] = plain("What it compares with.")


@view(description="A property of an action.")
class RuleProperty:
    """A view over one entry of ``mandatoryPropertiesValues``."""

    payload: strawberry.Private[PropertyEntry]

    name: str = plain("The property's name.")
    value: str | None = plain(
        "Its value, as text; a number has the digits of the upstream.", normalise=json_text
    )


@view(description="What a rule does in one of its cases.")
class RuleAction:
    """A view over one action of ``caseToActions``."""

    payload: strawberry.Private[definition_payload.Action]

    action_id: strawberry.ID = plain("The action's id.")
    name: str | None = plain("The kind of action, e.g. AWARD_TARGET_POINTS_ACTION.")
    class_name: str | None = plain("The Java class behind it.")
    description: str | None = plain("What somebody wrote about it.")
    properties: list[RuleProperty] = plain("The properties it must have.")
    complex_properties: JSON | None = plain("Its structured properties, as the upstream has them.")


@view(description="What a rule does when its expression has one of its outcomes.")
class RuleOutcome:
    """A view over one entry of ``caseToActions``."""

    payload: strawberry.Private[PropertyEntry]

    case: str = plain('The outcome, e.g. "true".', "name")
    actions: list[RuleAction] = plain("What is done then.", "value")


@view(description="A condition and what follows from it.")
class Rule:
    """A view over one entry of ``rules``."""

    payload: strawberry.Private[definition_payload.RulePayload]

    rule_id: strawberry.ID = plain("The rule's id.")
    ruleset_id: strawberry.ID | None = plain("The ruleset it belongs to.")
    name: str | None = plain("Its name.")
    description: str | None = plain("What somebody wrote about it.")
    expression: str | None = plain("The condition, as text.")
    expression_tree: JSON | None = plain("The condition as a tree; null where it cannot be read.")
    expression_tree_type: str | None = plain("The kind of tree.")
    expression_data_type: str | None = plain(
        "The type of the condition's value: its name, or JSON where the upstream says more of it."
    )
    scope: str | None = plain("Where it is evaluated, e.g. SERVER.")
    is_active: bool | None = plain("Whether it is switched on.")
    priority: int | None = plain("Lower values go first; -1 is a priority too.")
    starts_at: datetime | None = plain("When it begins; null: it has no beginning.")
    ends_at: datetime | None = plain("When it ends; null: never.")
    created_at: datetime | None = plain("When it was made.")
    created_by: strawberry.ID | None = plain("The user who made it.")
    modified_at: datetime | None = plain("When it was last changed.")
    modified_by: strawberry.ID | None = plain("The user who last changed it.")
    is_updated_via_new_ui: bool | None = plain(
        "Whether it was last changed in the new user interface."
    )
    filters: list[RuleFilter] = plain("What it is restricted to.")
    outcomes: list[RuleOutcome] = plain("What it does, by the condition's outcome.")


@view(description="The rules by which a promotion is evaluated.")
class Ruleset:
    """A view over one entry of ``rulesetInfos``."""

    payload: strawberry.Private[definition_payload.RulesetPayload]

    ruleset_id: strawberry.ID = plain("The ruleset's id.")
    name: str | None = plain("Its name.")
    description: str | None = plain("What somebody wrote about it.")
    label: str | None = plain("A label to find it by.")
    package_name: str | None = plain("The package it belongs to.")
    is_private: bool | None = plain("Whether it is not shared.")
    scope: str | None = plain("Where its rules are evaluated, e.g. SERVER.")
    event_type: str | None = plain("The kind of event that triggers it.")
    org_id: strawberry.ID | None = plain("The organisation it belongs to.")
    org_name: str | None = plain("That organisation's name.")
    context_id: strawberry.ID | None = plain("What it is set up in, e.g. a program.")
    context_type: str | None = plain("What kind of thing that is.")
    starts_at: datetime | None = plain("When it begins; null: it has no beginning.")
    ends_at: datetime | None = plain("When it ends; null: never.")
    created_at: datetime | None = plain("When it was made.")
    created_by: strawberry.ID | None = plain("The user who made it.")
    modified_at: datetime | None = plain("When it was last changed.")
    modified_by: strawberry.ID | None = plain("The user who last changed it.")
    is_updated_via_new_ui: bool | None = plain(
        "Whether it was last changed in the new user interface."
    )
    filters: list[RuleFilter] = plain("What it is restricted to.")
    cappings: list[JSON] = plain("Its cappings, as the upstream has them.")
    rules: list[Rule] = plain("Its rules.")
