"""What one operation may ask for, as the settings say; each limit is checked in one place.

How large an answer really becomes is bounded while it is made (`gateway/answer_budget.py`).

=================== =========================================
`tokens`, nesting   `lexing.py`, before the text is parsed
`directives`        `lexing.py`
`json_depth`        `lexing.py` for literals, `guards.py` for variables
`fragments`         `guards.py`, before the document is validated
`depth`, `aliases`  `guards.py`
`root_fields`       `guards.py`
`list_length`       `cost.py`, once the variables are known
`cost`              `cost.py`
=================== =========================================
"""

from typing import NamedTuple, Self

from gateway.config.settings import Settings


class Limits(NamedTuple):
    """The limits, and two facts that a cost depends on.

    `calls` is how many upstream calls one operation may make, `source_types` in how many a
    definition is looked for.
    """

    tokens: int
    depth: int
    introspection_depth: int
    aliases: int
    root_fields: int
    directives: int
    fragments: int
    json_depth: int
    list_length: int
    cost: int
    calls: int
    source_types: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read them from the settings."""
        return cls(
            settings.max_tokens,
            settings.max_depth,
            settings.max_introspection_depth,
            settings.max_aliases,
            settings.max_root_fields,
            settings.max_directives,
            settings.max_fragments,
            settings.max_json_depth,
            settings.max_list_length,
            settings.max_cost,
            settings.upstream_max_calls_per_operation,
            len(settings.definition_source_types),
        )


DEFAULT_LIMITS = Limits.of(Settings.model_construct())
