"""Limits of one operation, from the settings, and where each is checked.

The size of a response is limited while it is produced (`gateway/answer_budget.py`).

============================ ============================================================
`tokens`, `directives`       `lexical_limits.py`, before the document is parsed
`json_depth`                 `lexical_limits.py` for literals, `input_validation.py` for variables
`fragments`, `root_fields`   `document_analysis.py`, before the document is validated
`depth`, `aliases`           `document_analysis.py`
`introspection_depth`        `document_analysis.py`
`list_length`, `cost`        `cost.py`, once the variables are known
============================ ============================================================
"""

from typing import NamedTuple, Self

from gateway.config.settings import Settings


class Limits(NamedTuple):
    """The limits, and two figures that a cost depends on.

    `calls` is the number of upstream calls that one operation may make, `scan_calls` the maximum
    number of calls that read a whole list.
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
    scan_calls: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the limits of the settings."""
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
            settings.max_scan_calls,
        )


DEFAULT_LIMITS = Limits.of(Settings.model_construct())
