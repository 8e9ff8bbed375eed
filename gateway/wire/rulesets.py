"""A definition's targets and rules: maps become lists, JSON in a string becomes JSON."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from gateway.wire.legacy import DefinitionPayload
from gateway.wire.readable import Key


class TargetGroupFigures(NamedTuple):
    """A customer group that a promotion is for, and the rules that apply to it."""

    target_group_id: str
    target_rule_ids: list[str]


def target_groups(payload: DefinitionPayload) -> list[TargetGroupFigures]:
    """Unite ``targetGroupIds`` and the keys of ``linkedTargetGroupVsTargetRuleIdMap``."""
    if payload.rules is None:
        return []
    rule_ids: Mapping[str, list[Key] | None] = payload.rules.target_rule_ids_by_group or {}
    group_ids = dict.fromkeys([*map(str, payload.rules.target_group_ids or ()), *rule_ids])
    return [TargetGroupFigures(key, [*map(str, rule_ids.get(key) or ())]) for key in group_ids]


def scopes(raw: list[str] | str | None) -> list[str]:
    """Read ``promotionRestrictions.scope``: a list of words, one word, or none."""
    if raw is None:
        return []
    return [raw] if isinstance(raw, str) else raw


def expression_tree(raw: str | None) -> Any:
    """Parse ``expJSON``, which is JSON inside a string; null where it is not."""
    if raw is None:
        return None
    try:
        return passed_through(msgspec.json.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        return None


_DEEPEST = 500


def passed_through(raw: Any) -> Any:
    """Give JSON as the upstream has it; null where it is nested too deep to be written again."""
    level = [raw]
    for _ in range(_DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return raw
    return None


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def property_text(raw: object) -> str | None:
    """Write a property's value as text: the table says "String, Integer", the graph says String."""
    value = passed_through(raw)
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def property_texts(raw: object) -> list[str]:
    """Write a filter property's values as texts; one value alone is a list of one."""
    listed = raw if isinstance(raw, list) else [raw]
    return [text for value in listed if (text := property_text(value)) is not None]
