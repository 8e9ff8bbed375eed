"""What a customer does for a promotion of the successor, with its rules: a role is required."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from gateway.schema.declare import plain, view
from gateway.schema.rulesets import RuleAction
from gateway.upstream.normalise.enums import PromotionEvent
from gateway.upstream.successor.definition import (
    ActivityFigures,
    MilestoneFigures,
    TimeWindowFigures,
)
from gateway.upstream.successor.words import ActivityCombination


@view(description="When something is possible.")
class TimeWindow:
    """A view over two bounds."""

    payload: strawberry.Private[TimeWindowFigures]

    opens_at: datetime | None = plain("From when on; null where the upstream does not say.")
    closes_at: datetime | None = plain("Until when; null where the upstream does not say.")


@view(description="What a customer has to reach by an activity.")
class Milestone:
    """A view over one entry of ``milestones``."""

    payload: strawberry.Private[MilestoneFigures]

    name: str | None = plain("Its name.")
    actions: list[RuleAction] = plain("What is done when it is reached.")
    description: str | None = plain("What somebody wrote about it.")
    target_group_id: strawberry.ID | None = plain("The target group that it belongs to.")
    target_rule_ids: list[strawberry.ID] = plain("The rules that count for it.")
    target: float | None = plain(
        "How much has to be reached; null where its cycles differ, or the upstream does not say."
    )
    target_type_name: str | None = plain(
        "The upstream's own word for what is counted, e.g. COUNT or GROSS_SALES."
    )
    tracking_type_name: str | None = plain(
        "The upstream's own word for how it is counted, e.g. STREAKS."
    )


@view(
    description="What a customer does for a promotion, or a group of such activities: those that"
    " follow it with its id as their `groupId`."
)
class PromotionActivity:
    """A view over one entry of ``activities``."""

    payload: strawberry.Private[ActivityFigures]

    activity_id: strawberry.ID = plain("The activity's id.")
    name: str | None = plain("Its name.")
    group_id: strawberry.ID | None = plain("The group that it belongs to; null for none.")
    event: PromotionEvent = plain("The event that it is; UNKNOWN for a group.", "event_name")
    event_name: str | None = plain(
        "That event's name, in one spelling where it is known; null for a group."
    )
    expression: str | None = plain("The condition, as text.")
    expression_tree: JSON | None = plain("The condition as a tree; null where it cannot be read.")
    starts_at: datetime | None = plain("The start of its first cycle; null where none has one.")
    ends_at: datetime | None = plain("The end of its last cycle; null where none has one.")
    actions: list[RuleAction] = plain("What is done then.")
    milestones: list[Milestone] = plain("What has to be reached by it.")
    combination: ActivityCombination | None = plain(
        "How many of a group's activities have to happen; null for an activity.",
        "combination_name",
    )
