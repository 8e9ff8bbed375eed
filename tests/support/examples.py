"""How many examples a property is tried with: all in `make verify`, a fifth in every other run."""

from typing import Any

from hypothesis import settings

THOROUGH = "thorough"
_SHARE = 5


def examples(number: int, **options: Any) -> settings:
    """Return the settings of a property that takes `number` examples to be sure of."""
    is_thorough = settings.get_current_profile_name() == THOROUGH
    return settings(max_examples=number if is_thorough else number // _SHARE, **options)
