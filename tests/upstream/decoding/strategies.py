"""Arbitrary JSON, and documented payloads with one value replaced."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.support.payloads import Step, put

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["-1", "0", "12", "4990.000", "abc", "NaN", "", "2024-06-25T12:44:13Z"])
)
JSON_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def nodes(payload: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Yield the path of each value below the root."""
    if isinstance(payload, dict):
        for key, value in payload.items():
            yield (*path, key)
            yield from nodes(value, (*path, key))
    elif isinstance(payload, list):
        for index, value in enumerate(payload):
            yield (*path, index)
            yield from nodes(value, (*path, index))


def mutated(payload: Any) -> st.SearchStrategy[Any]:
    """Generate copies of a payload with one value replaced by arbitrary JSON."""
    return st.builds(
        lambda path, value: put(payload, path, value),
        st.sampled_from(list(nodes(payload))),
        JSON_VALUES,
    )
