"""A definition's targets and rules: maps become lists, JSON in a string becomes JSON."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from gateway.upstream.decoding.field_types import Key
from gateway.upstream.decoding.json_text import NotJsonError, parse_json
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.normalise.texts import compact


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


def expression_tree(raw: Raw) -> Any:
    """Parse ``expJSON``: JSON inside a string, or the tree itself; null where it is neither."""
    try:
        tree = parse_json(compact(raw))
        return passed_through(msgspec.json.decode(tree) if isinstance(tree, str) else tree)
    except (NotJsonError, msgspec.DecodeError, RecursionError):
        return None


_DEEPEST = 500


def passed_through(raw: Any) -> Any:
    """Return JSON as the upstream has it; null where it is nested too deep to be written again."""
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
