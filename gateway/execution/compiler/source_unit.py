"""Functions that are compiled together, and the objects that the names in their source refer to."""

from itertools import count
from typing import Any

from gateway.execution.compiler import codegen_runtime as runtime

Names = dict[str, Any]

_RUNTIME: Names = {
    each.__name__: each
    for each in (
        runtime.expect_null,
        runtime.unexpected,
        runtime.complete_views,
        runtime.complete_views_with_path,
        runtime.complete_list,
        runtime.complete_payloads,
        runtime.complete_any,
        runtime.complete_any_with_path,
        runtime.memoized_payloads,
    )
}
_NUMBERS = count(1)


def name_of(names: Names, prefix: str, value: Any) -> str:
    """Add an object under a name that is unique in the process; return the name."""
    name = f"{prefix}_{next(_NUMBERS)}"
    names[name] = value
    return name


class SourceUnit:
    """Functions that are compiled together; `names` is their global namespace."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self.names: Names = dict(_RUNTIME)

    def add(self, prefix: str, parameters: str, body: str) -> tuple[str, int]:
        """Add a function under a name that is unique in the process; return it and its length."""
        name = f"{prefix}_{next(_NUMBERS)}"
        source = f"def {name}({parameters}):\n{body}"
        self.functions.append(source)
        return name, len(source)

    def compile(self) -> None:
        """Compile the functions; `names` has them from then on."""
        if self.functions:
            code = compile("".join(self.functions), "<operation>", "exec", dont_inherit=True)
            exec(code, self.names)  # noqa: S102 - written from the schema; texts of the document are quoted
