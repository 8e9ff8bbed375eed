"""Restrictions: two wire forms, one `RestrictionFigures` (docs/platform.md#restriction-names)."""

from collections.abc import Iterator, Mapping
from typing import Annotated, NamedTuple

from gateway.upstream.customer_view.payload import (
    CustomerLimits,
    CustomerPromotionPayload,
    CustomerRestriction,
    CustomerUsage,
    restrictions_field,
)
from gateway.upstream.decoding.field_types import Instant, Key, Normalised
from gateway.upstream.definitions.payload import (
    DefinitionPayload,
    DefinitionRestriction,
    DefinitionRules,
    Expiry,
)
from gateway.upstream.normalise.enums import (
    ExpiryBasis,
    LimitKind,
    RestrictionMeasure,
    RestrictionScope,
    RestrictionStage,
    WindowType,
    parse_enum,
    parse_window_unit,
    parser_of,
)
from gateway.upstream.normalise.limits import (
    NO_LIMIT,
    LimitFigures,
    parse_customer_limits,
    parse_limit,
)
from gateway.upstream.normalise.measures import (
    customer_measure,
    definition_measure,
    expiry_stage,
    parse_basis,
)
from gateway.upstream.normalise.memoizable import memoizable

_ENROL, _ISSUE, _REDEEM = RestrictionStage
_TIMES, _POINTS = RestrictionMeasure.TIMES, RestrictionMeasure.POINTS
_PER_ISSUE = RestrictionMeasure.REDEMPTIONS_PER_ISSUE
_EVENT, _CUSTOMER, _PROMOTION, _ = RestrictionScope

_LIMITS = (
    ("maxPointsPerEvent", _POINTS, _EVENT),
    ("pointsPerCustomer", _POINTS, _CUSTOMER),
    ("numberOFTimesPerCustomer", _TIMES, _CUSTOMER),
    ("totalPointsInPromotion", _POINTS, _PROMOTION),
)


_MAX_CACHED, _MAX_CACHED_BYTES = 2048, 2048  # promotions, and bytes of the JSON of each


class WindowFigures(NamedTuple):
    """The window of a restriction: the words of ``periodType`` and ``periodUnit``.

    `length` counts units; it is 1 in the endpoints that have no word for it. Only the successor
    knows when a window starts and ends, or from when on windows are counted.
    """

    type_name: Annotated[str | None, Normalised(member=parser_of(WindowType))]
    unit_name: Annotated[str | None, Normalised(member=parse_window_unit)]
    length: int | None = 1
    starts_at: Instant = None
    ends_at: Instant = None
    anchor_at: Instant = None


@memoizable
class RestrictionFigures(NamedTuple):
    """One restriction in the graph's words; without a `window` it is for the whole promotion."""

    stage: RestrictionStage
    measure: RestrictionMeasure
    measure_name: str
    scope: RestrictionScope
    scope_name: str | None
    limit: LimitFigures
    window: WindowFigures | None


class ExpiryFigures(NamedTuple):
    """One expiry; it has `days` only if its basis is CUSTOM (docs/platform.md#expiry-days)."""

    stage: RestrictionStage | None
    name: str
    basis: ExpiryBasis
    basis_name: str | None
    days: int | None
    expires_at: Instant = None


class StatedRestrictions(NamedTuple):
    """The source of a customer promotion's restrictions, and which of them are selected.

    `json` is ``promotionRestriction``. An org without promotion types has none
    (docs/platform.md#restrictions-absent); there restrictions are made of ``limits`` and
    ``customerUsage``, so that a client has one place to look.
    """

    json: bytes
    limits: CustomerLimits | None
    usage: CustomerUsage | None
    stage: RestrictionStage | None
    include_disabled: bool


def stated_restrictions(
    payload: CustomerPromotionPayload,
    stage: RestrictionStage | None = None,
    *,
    include_disabled: bool = False,
) -> StatedRestrictions:
    """Select the restrictions of one stage or all; those without a limit only on request."""
    json = payload.restrictions_json
    if json:
        return StatedRestrictions(json, None, None, stage, include_disabled)
    return StatedRestrictions(b"", payload.limits, payload.usage, stage, include_disabled)


StatedRestriction = tuple[RestrictionStage, CustomerRestriction] | RestrictionFigures
"""A restriction in the list of its stage, or one made of a limit."""


@memoizable
def customer_restrictions(stated: StatedRestrictions) -> list[StatedRestriction]:
    """Return the selected restrictions."""
    json, limits, usage, stage, include_disabled = stated
    lists = restrictions_field.read(json)
    if lists is None:
        return [
            figures
            for figures in restrictions_from_limits(limits, usage)
            if stage in {None, figures.stage}
            and (include_disabled or figures.limit.kind is not LimitKind.UNLIMITED)
        ]
    by_stage = ((_ENROL, lists.enrol), (_ISSUE, lists.issue), (_REDEEM, lists.redeem))
    return [
        (list_stage, entry)
        for list_stage, entries in by_stage
        if stage in {None, list_stage}
        for entry in entries or ()
        if include_disabled or entry.maximum != NO_LIMIT
    ]


@memoizable
def customer_restriction(stated: StatedRestriction) -> RestrictionFigures:
    """Return one restriction in the graph's words."""
    if isinstance(stated, RestrictionFigures):
        return stated
    stage, raw = stated
    measure = customer_measure(raw.measure_name)
    scope = parse_enum(RestrictionScope, raw.scope_name)
    # The platform reports 0 for both, whatever the usage is (docs/platform.md#usage-not-known).
    is_unknown = scope is _PROMOTION or measure is _PER_ISSUE
    limit = parse_limit(raw.maximum, None if is_unknown else raw.used)
    return RestrictionFigures(
        stage, measure, raw.measure_name, scope, raw.scope_name, limit, _window(raw)
    )


def restrictions_from_limits(
    limits: CustomerLimits | None, usage: CustomerUsage | None
) -> Iterator[RestrictionFigures]:
    """Yield the limits that are stated, as restrictions of the REDEEM stage."""
    figures = parse_customer_limits((limits, usage))
    for (name, measure, scope), limit in zip(_LIMITS, figures, strict=True):
        if limit.kind is not LimitKind.NOT_STATED:
            yield RestrictionFigures(_REDEEM, measure, name, scope, None, limit, None)


def definition_restrictions(
    payload: DefinitionPayload, stage: RestrictionStage | None = None
) -> list[RestrictionFigures]:
    """Return a definition's restrictions of one stage or all."""
    lists = payload.rules.restrictions if payload.rules is not None else None
    if lists is None:
        return []
    by_stage = ((_ENROL, lists.enrol), (_ISSUE, lists.issue), (_REDEEM, lists.redeem))
    return [
        _definition_restriction(list_stage, entry)
        for list_stage, entries in by_stage
        if stage is None or list_stage is stage
        for entry in entries or ()
    ]


def _definition_restriction(
    stage: RestrictionStage, raw: DefinitionRestriction
) -> RestrictionFigures:
    measure, scope = definition_measure(raw.measure_name)
    limit = parse_limit(raw.maximum)
    return RestrictionFigures(stage, measure, raw.measure_name, scope, None, limit, _window(raw))


def _window(raw: CustomerRestriction | DefinitionRestriction) -> WindowFigures | None:
    is_periodic = parse_basis(raw.basis)
    periodic = is_periodic or (is_periodic is None and (raw.window_type or raw.window_unit))
    return WindowFigures(raw.window_type, raw.window_unit) if periodic else None


def redemptions_per_issue(
    payload: CustomerPromotionPayload, redeemed_count: int | None
) -> LimitFigures:
    """Return how often one issue may be redeemed, and how often it has been.

    The maximum is the promotion's NUMBER_OF_REDEMPTIONS_PER_EARN. The usage is the issue's own
    ``redeemedCount``, because the restriction's is always 0 (docs/platform.md#usage-not-known).
    """
    return parse_limit(_MAX_PER_ISSUE[payload.restrictions_json], redeemed_count)


class _MaxPerIssue(dict[bytes, float | None]):
    """NUMBER_OF_REDEMPTIONS_PER_EARN by the JSON of ``promotionRestriction``."""

    def __missing__(self, json: bytes) -> float | None:
        lists = restrictions_field.read(json)
        entries = (lists.redeem if lists is not None else None) or ()
        per_issue = (e.maximum for e in entries if customer_measure(e.measure_name) is _PER_ISSUE)
        found = next(per_issue, None)
        if len(json) <= _MAX_CACHED_BYTES:
            if len(self) >= _MAX_CACHED:
                self.clear()
            self[json] = found
        return found


_MAX_PER_ISSUE = _MaxPerIssue()


def definition_expiries(payload: DefinitionPayload) -> list[ExpiryFigures]:
    """Return the expiries of ``expiryRestrictions``."""
    lists = payload.rules.restrictions if payload.rules is not None else None
    return [_expiry(raw) for raw in (lists and lists.expiries) or ()]


def _expiry(raw: Expiry) -> ExpiryFigures:
    basis = parse_enum(ExpiryBasis, raw.basis_name)
    days = raw.days if basis is ExpiryBasis.CUSTOM else None
    return ExpiryFigures(expiry_stage(raw.name), raw.name, basis, raw.basis_name, days)


class TargetGroupFigures(NamedTuple):
    """A customer group that a promotion targets, and the rules that apply to it."""

    target_group_id: str
    target_rule_ids: list[str]


def target_groups(rules: DefinitionRules | None) -> list[TargetGroupFigures]:
    """Return the groups of ``targetGroupIds`` and of ``linkedTargetGroupVsTargetRuleIdMap``."""
    if rules is None:
        return []
    rule_ids: Mapping[str, list[Key] | None] = rules.target_rule_ids_by_group or {}
    group_ids = dict.fromkeys([*map(str, rules.target_group_ids or ()), *rule_ids])
    return [TargetGroupFigures(key, [*map(str, rule_ids.get(key) or ())]) for key in group_ids]
