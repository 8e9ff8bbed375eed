"""From the payload of the successor to a definition (docs/platform.md#successor)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from gateway.upstream.decoding.field_types import Key, Number
from gateway.upstream.definitions.payload import Action, DefinitionRules
from gateway.upstream.normalise.enums import (
    ExpiryBasis,
    LimitKind,
    PromotionStatus,
    RestrictionMeasure,
    RestrictionScope,
    RestrictionStage,
    WindowType,
    event_spelling,
    folded,
    parse_enum,
)
from gateway.upstream.normalise.instants import at_end_of_day, at_start_of_day, parse_instant
from gateway.upstream.normalise.limits import LimitFigures, PromotionLimitFigures, parse_limit
from gateway.upstream.normalise.measures import parse_basis
from gateway.upstream.normalise.restrictions import (
    ExpiryFigures,
    RestrictionFigures,
    WindowFigures,
)
from gateway.upstream.successor.definition import (
    ActivityFigures,
    MilestoneFigures,
    SuccessorDefinition,
    TimeWindowFigures,
)
from gateway.upstream.successor.payload import (
    ActivityPayload,
    CapPayload,
    CycleActions,
    MilestonePayload,
    Period,
    RankingFlags,
    Stage,
    StageExpiry,
    StageLimit,
    StageRestrictions,
    SuccessorPayload,
)
from gateway.upstream.successor.words import is_periodic, parse_granularity

_ENROL, _ISSUE, _REDEEM = RestrictionStage
_MEASURE, _SCOPE = RestrictionMeasure, RestrictionScope
_NOT_STATED = LimitFigures(LimitKind.NOT_STATED, None, None)
_MAX_ID = 2**63 - 1
_MAX_DIGITS = 32
_NO_FLAGS, _NO_RESTRICTIONS = RankingFlags(), StageRestrictions()
_ACTIVE = frozenset(
    {
        PromotionStatus.ACTIVE,
        PromotionStatus.LIVE,
        PromotionStatus.UPCOMING,
        PromotionStatus.COMPLETED,
    }
)


class _StageRule(NamedTuple):
    """What a key of a stage's ``restrictions`` means; `is_enrol`: its own block is enrolment."""

    key: str
    attribute: str
    meaning: tuple[RestrictionStage, RestrictionMeasure, RestrictionScope]
    is_enrol: bool = False


_STAGE_RULES = (
    _StageRule(
        "enrolmentLimitPerCustomer",
        "enrolments_per_customer",
        (_ENROL, _MEASURE.ENROLMENTS, _SCOPE.CUSTOMER),
        is_enrol=True,
    ),
    _StageRule(
        "enrolmentLimitPerPromotion",
        "enrolments_per_promotion",
        (_ENROL, _MEASURE.ENROLMENTS, _SCOPE.PROMOTION),
        is_enrol=True,
    ),
    _StageRule(
        "optinLimitPerCustomer",
        "issues_per_customer",
        (_ISSUE, _MEASURE.ISSUES, _SCOPE.CUSTOMER),
    ),
    _StageRule(
        "maxPointsPerEarnPerCustomer",
        "points_per_issue",
        (_ISSUE, _MEASURE.POINTS_PER_ISSUE, _SCOPE.CUSTOMER),
    ),
    _StageRule(
        "maxRedemptionsPerEarnPerCustomer",
        "redemptions_per_issue",
        (_REDEEM, _MEASURE.REDEMPTIONS_PER_ISSUE, _SCOPE.CUSTOMER),
    ),
)


def parse_program_id(raw: Key) -> int | None:
    """Return the id of a program; None for a word, which belongs to no program of the graph."""
    text = str(raw)
    is_id = text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
    return int(text) if is_id and int(text) <= _MAX_ID else None


def parse_definition(payload: SuccessorPayload) -> SuccessorDefinition | None:
    """Return the definition of one entry.

    None for one that has not been published, or belongs to no program.
    """
    general = payload.general
    program_id = parse_program_id(general.program_id)
    if not general.promotion_id or program_id is None:
        return None
    activities = list(_activities(payload.activities, None))
    event_names = _event_names(payload.activities)
    workflow = payload.workflow
    enrol = workflow.enrol if workflow is not None else None
    issue = workflow.issue if workflow is not None else None
    enrol_rules = (enrol and enrol.restrictions) or _NO_RESTRICTIONS
    issue_rules = (issue and issue.restrictions) or _NO_RESTRICTIONS
    caps = [cap for cap in payload.limits or () if _is_shown(cap)]
    return SuccessorDefinition(
        promotion_id=general.promotion_id,
        program_id=program_id,
        name=general.name,
        description=general.description,
        identifier=general.identifier or general.identifier_misspelt,
        type_name=general.type_name,
        event_name=event_names[0] if event_names else None,
        event_names=event_names,
        starts_at=at_start_of_day(general.starts_at),
        ends_at=at_end_of_day(general.ends_at),
        is_active=_is_active(general.status_name),
        status_name=general.status_name,
        updated_at=at_start_of_day(general.updated_at),
        updated_by=_user(general.updated_by),
        created_at=at_start_of_day(general.created_at),
        created_by=_user(general.created_by),
        time_zone=general.time_zone,
        category=general.category,
        notes=general.notes or [],
        limits=_limits(caps),
        restrictions=[
            *map(_cap_restriction, caps),
            *_stage_restrictions(enrol_rules, issue_rules),
        ],
        expiries=list(_expiries(enrol_rules, issue_rules)),
        rules=_rules(payload),
        issue_window=_issue_window(issue),
        activities=activities,
        version_id=payload.version_id,
        version=payload.version or 0,
        is_unified=folded(general.mode) == "unified",
    )


def _is_active(status_name: str | None) -> bool | None:
    return None if not status_name else parse_enum(PromotionStatus, status_name) in _ACTIVE


def _user(raw: Key | None) -> Key | None:
    """Return a user's id; 0 stands for nobody."""
    return None if raw in {0, "0"} else raw


def _issue_window(issue: Stage | None) -> TimeWindowFigures | None:
    if issue is None or not (issue.opens_at or issue.closes_at):
        return None
    return TimeWindowFigures(at_start_of_day(issue.opens_at), at_end_of_day(issue.closes_at))


def _rules(payload: SuccessorPayload) -> DefinitionRules:
    """Return how it is earned, in the struct of the legacy endpoint's promotionRestrictions."""
    general, flags = payload.general, payload.general.flags or _NO_FLAGS
    by_group: dict[str, list[Key] | None] = {}
    rule_ids: dict[Key, None] = {}
    for milestone in _milestones(payload.activities):
        ids = milestone.target_rule_ids or []
        rule_ids.update(dict.fromkeys(ids))
        if milestone.target_group_id is not None:
            known = by_group.setdefault(str(milestone.target_group_id), []) or []
            by_group[str(milestone.target_group_id)] = list(dict.fromkeys([*known, *ids]))
    return DefinitionRules(
        earning_type_name=general.earning_type_name,
        target_rule_ids=list(rule_ids),
        target_rule_ids_by_group=by_group,
        skips_earned_date_check_on_redeem=flags.skips_earned_date_check_on_redeem,
        is_stackable=flags.is_stackable,
        is_considered_for_ranking=flags.is_considered_for_ranking,
        is_exclusive=flags.is_exclusive,
        is_always_applied=flags.is_always_applied,
    )


# Limits


def _is_shown(cap: CapPayload) -> bool:
    """Whether a limit is on, and about the promotion; without a word for either it is."""
    return cap.is_active is not False and folded(cap.entity_scope) in {"", "promotion"}


def _limits(caps: Iterable[CapPayload]) -> PromotionLimitFigures:
    """Return the four limits of points that have no period, the first of each."""
    found: dict[tuple[RestrictionMeasure, RestrictionScope], LimitFigures] = {}
    for cap in caps:
        has_period = cap.period is not None and is_periodic(cap.period.type_name)
        if not has_period and _is_of_points(cap):
            found.setdefault(_measure_of(cap), parse_limit(cap.maximum))
    keys = (
        (_MEASURE.POINTS, _SCOPE.EVENT),
        (_MEASURE.POINTS, _SCOPE.CUSTOMER),
        (_MEASURE.TIMES, _SCOPE.CUSTOMER),
        (_MEASURE.POINTS, _SCOPE.PROMOTION),
    )
    return PromotionLimitFigures(*(found.get(key, _NOT_STATED) for key in keys))


def _measure_of(cap: CapPayload) -> tuple[RestrictionMeasure, RestrictionScope]:
    """Return what a limit counts: points, or how often they are awarded; and for what.

    A sum of another currency is no number of points.
    """
    measure, kind = _MEASURE.UNKNOWN, folded(cap.limit_type)
    if folded(cap.action_type) == "awardcurrency":
        if kind == "count":
            measure = _MEASURE.TIMES
        elif kind == "sum" and _is_of_points(cap):
            measure = _MEASURE.POINTS
    return measure, parse_granularity(cap.granularity)


def _is_of_points(cap: CapPayload) -> bool:
    return folded(cap.currency) in {"", "points"}


def _cap_restriction(cap: CapPayload) -> RestrictionFigures:
    measure, scope = _measure_of(cap)
    name = "/".join(word or "" for word in (cap.granularity, cap.limit_type, cap.action_type))
    limit, window = parse_limit(cap.maximum), _window(cap.period)
    return RestrictionFigures(_REDEEM, measure, name, scope, cap.granularity, limit, window)


def _window(period: Period | None) -> WindowFigures | None:
    """Return the window of a limit; only a FIXED_WINDOW has one start and one end."""
    if period is None or not is_periodic(period.type_name):
        return None
    is_fixed = parse_enum(WindowType, period.type_name) is WindowType.FIXED_WINDOW
    starts_at = at_start_of_day(period.starts_at)
    return WindowFigures(
        period.type_name,
        period.unit_name,
        period.length or None,  # a FIXED_WINDOW has 0
        starts_at if is_fixed else None,
        at_end_of_day(period.ends_at) if is_fixed else None,
        at_start_of_day(period.reference_at) or starts_at,
    )


def _stage_restrictions(
    enrol: StageRestrictions, issue: StageRestrictions
) -> Iterator[RestrictionFigures]:
    """Yield the limits of both stages; of a key that both have, its own stage's."""
    for key, attribute, (stage, measure, scope), is_enrol in _STAGE_RULES:
        first, second = (enrol, issue) if is_enrol else (issue, enrol)
        stated: StageLimit | None = getattr(first, attribute) or getattr(second, attribute)
        if stated is not None:
            limit, window = parse_limit(stated.maximum), _stage_window(stated)
            yield RestrictionFigures(stage, measure, key, scope, None, limit, window)


def _stage_window(stated: StageLimit) -> WindowFigures | None:
    has_basis = parse_basis(stated.basis)
    has_window = is_periodic(stated.window_type) or bool(stated.window_unit)
    if has_basis or (has_basis is None and has_window):
        return WindowFigures(stated.window_type, stated.window_unit)
    return None


def _expiries(enrol: StageRestrictions, issue: StageRestrictions) -> Iterator[ExpiryFigures]:
    for key, stage, stated in (
        ("enrolmentExpiryBasedOn", _ENROL, enrol.enrolment_expiry or issue.enrolment_expiry),
        ("optinExpiryBasedOn", _ISSUE, issue.issue_expiry or enrol.issue_expiry),
    ):
        if stated is not None:
            yield _expiry(key, stage, stated)


def _expiry(key: str, stage: RestrictionStage, stated: StageExpiry) -> ExpiryFigures:
    basis = parse_enum(ExpiryBasis, stated.basis_name)
    days = stated.days if basis is ExpiryBasis.CUSTOM else None
    expires_at = at_end_of_day(stated.expires_at)
    return ExpiryFigures(stage, key, basis, stated.basis_name, days, expires_at)


# Activities


def _walk(activities: Iterable[ActivityPayload] | None) -> Iterator[ActivityPayload]:
    for activity in activities or ():
        yield activity
        yield from _walk(activity.children)


def _event_names(activities: Iterable[ActivityPayload] | None) -> list[str]:
    """Return the events of the activities that are no groups, each once."""
    names = (
        event_spelling(activity.event_name)
        for activity in _walk(activities)
        if not _is_group(activity)
    )
    return list(dict.fromkeys(name for name in names if name))


def _is_group(activity: ActivityPayload) -> bool:
    return folded(activity.kind) == "group" or bool(activity.children)


def _milestones(activities: Iterable[ActivityPayload] | None) -> Iterator[MilestonePayload]:
    for activity in _walk(activities):
        yield from activity.milestones or ()


def _activities(
    activities: Iterable[ActivityPayload] | None, group_id: Key | None
) -> Iterator[ActivityFigures]:
    """Yield each activity, a group before its children."""
    for activity in activities or ():
        cycles = activity.cycles or []
        starts = [at for each in cycles if (at := parse_instant(at_start_of_day(each.starts_at)))]
        ends = [at for each in cycles if (at := parse_instant(at_end_of_day(each.ends_at)))]
        yield ActivityFigures(
            activity.activity_id,
            activity.name,
            group_id,
            activity.event_name or None,
            activity.expression,
            activity.expression_tree,
            min(starts, default=None),
            max(ends, default=None),
            _actions(cycles),
            [_milestone(milestone) for milestone in activity.milestones or ()],
            activity.combination_name,
        )
        yield from _activities(activity.children, activity.activity_id)


def _actions(cycles: Iterable[CycleActions]) -> list[Action]:
    """Return the actions of all cycles; one that several cycles share is there once."""
    found: dict[bytes, Action] = {}
    for cycle in cycles:
        for action in cycle.actions or ():
            found.setdefault(msgspec.json.encode(action), action)
    return list(found.values())


def _milestone(milestone: MilestonePayload) -> MilestoneFigures:
    cycles = milestone.cycles or []
    return MilestoneFigures(
        milestone.name,
        milestone.description,
        milestone.target_group_id,
        milestone.target_rule_ids,
        _target(milestone, cycles),
        milestone.target_type_name,
        milestone.tracking_type_name,
        _actions(cycles),
    )


def _target(milestone: MilestonePayload, cycles: Iterable[CycleActions]) -> Number | None:
    """Return the target; that of the cycles only where all have the same."""
    for stated in (milestone.target_value, milestone.default_value):
        if stated is not None:
            return stated
    common = {
        each.default_value if each.target_value is None else each.target_value for each in cycles
    }
    return common.pop() if len(common) == 1 else None
