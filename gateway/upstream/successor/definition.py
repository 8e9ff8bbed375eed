"""A promotion of the successor in the graph's words, as `normalise.py` makes it of the payload."""

from datetime import datetime
from typing import Annotated, NamedTuple

from msgspec import Struct

from gateway.upstream.decoding.field_types import (
    Digits,
    ExpressionTree,
    Flag,
    Instant,
    Key,
    Keys,
    Normalised,
    Number,
    OptionalKey,
    Text,
)
from gateway.upstream.definitions.payload import Action, DefinitionRules
from gateway.upstream.normalise.enums import EventName, StatusName, TypeName
from gateway.upstream.normalise.limits import PromotionLimitFigures, as_float
from gateway.upstream.normalise.restrictions import ExpiryFigures, RestrictionFigures
from gateway.upstream.successor.payload import Note
from gateway.upstream.successor.words import CombinationName


class TimeWindowFigures(NamedTuple):
    """When something is possible; a bound that is not known is None."""

    opens_at: Instant
    closes_at: Instant


class MilestoneFigures(NamedTuple):
    """A milestone of an activity."""

    name: Text
    description: Text
    target_group_id: OptionalKey
    target_rule_ids: Keys
    target: Annotated[Number | None, Normalised(as_float)]
    target_type_name: Text
    tracking_type_name: Text
    actions: list[Action]


class ActivityFigures(NamedTuple):
    """An activity, or a group of those that follow it with its id as their `group_id`."""

    activity_id: Key
    name: Text
    group_id: OptionalKey
    event_name: EventName
    expression: Text
    expression_tree: ExpressionTree
    starts_at: datetime | None
    ends_at: datetime | None
    actions: list[Action]
    milestones: list[MilestoneFigures]
    combination_name: CombinationName


class SuccessorDefinition(Struct, gc=False, kw_only=True):
    """One promotion; it has the attributes of a legacy definition, and those that only it has.

    `event_names` are distinct, in the order of the activities. `version_id` belongs to one version
    of the promotion. `is_unified`: it was made in the successor, so that the legacy endpoint does
    not have it.
    """

    promotion_id: Digits
    program_id: Digits
    name: str
    description: Text
    identifier: Text
    type_name: TypeName
    event_name: EventName
    event_names: list[str]
    starts_at: Instant
    ends_at: Instant
    is_active: Flag
    status_name: StatusName
    updated_at: Instant
    updated_by: OptionalKey
    created_at: Instant
    created_by: OptionalKey
    time_zone: Text
    category: Text
    notes: list[Note]
    limits: PromotionLimitFigures
    restrictions: list[RestrictionFigures]
    expiries: list[ExpiryFigures]
    rules: DefinitionRules
    issue_window: TimeWindowFigures | None
    activities: list[ActivityFigures]
    version_id: str | None
    version: int
    is_unified: bool
    allocate_points_on: Text = None
    use_proportions: Flag = None
    program_name: Text = None
