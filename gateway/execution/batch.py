"""Sources of functions that are compiled together, and what the names in them stand for."""

from gateway.execution import places
from gateway.execution.texts import Names

_HELPERS: Names = {
    each.__name__: each
    for each in (
        places.absent,
        places.never,
        places.views,
        places.views_at,
        places.objects,
        places.payloads,
        places.values,
        places.values_at,
        places.kept_payloads,
    )
}


class Batch:
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
