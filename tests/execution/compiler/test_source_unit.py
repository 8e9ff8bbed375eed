"""Functions are compiled together; their names are unique in the process."""

import pytest

from gateway.execution.compiler.codegen_runtime import UnexpectedError
from gateway.execution.compiler.source_unit import SourceUnit, name_of


def test_a_name_is_unique_in_the_process() -> None:
    """Units can share their names without a clash."""
    one, other = SourceUnit(), SourceUnit()
    first, second = name_of(one.names, "V", int), name_of(other.names, "V", str)
    assert first != second
    assert one.names[first] is int
    assert other.names[second] is str
    assert one.add("object", "w, run", " return w\n")[0] != other.add("object", "", " pass\n")[0]


def test_functions_of_a_unit_call_each_other_and_the_runtime() -> None:
    """All are compiled into one namespace."""
    unit = SourceUnit()
    seven = name_of(unit.names, "N", 7)
    inner, _ = unit.add("inner", "w", f" return {seven} if w is None else unexpected()\n")
    outer, size = unit.add("outer", "w", f" return [{inner}(w), expect_null(w)]\n")
    assert size == len(unit.functions[1])
    unit.compile()
    assert unit.names[outer](None) == [7, None]
    with pytest.raises(UnexpectedError):
        unit.names[outer](1)


def test_an_empty_unit_compiles_nothing() -> None:
    """Its namespace has the runtime's functions alone."""
    unit = SourceUnit()
    before = set(unit.names)
    unit.compile()
    assert set(unit.names) == before
