"""Sources of functions that are compiled together, and what the names in them stand for."""

from gateway.execution.compiler import codegen_runtime
from gateway.execution.compiler.expressions import Names

_HELPERS: Names = {
    each.__name__: each
    for each in (
        codegen_runtime.absent,
        codegen_runtime.never,
        codegen_runtime.views,
        codegen_runtime.views_at,
        codegen_runtime.objects,
        codegen_runtime.payloads,
        codegen_runtime.values,
        codegen_runtime.values_at,
        codegen_runtime.kept_payloads,
    )
}


class SourceUnit:
    """Functions that are compiled together, and what their names stand for."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self.names: Names = dict(_HELPERS)

    def compile(self) -> None:
        """Compile them; from then on the names stand for the functions, too."""
        if self.functions:
            source = "".join(self.functions)
            code = compile(source, "<operation>", "exec", dont_inherit=True)
            exec(code, self.names)  # noqa: S102 - written from the schema; texts of the document are quoted
