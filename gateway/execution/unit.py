"""A unit of compilation: what completes the value of one fetched field."""

from collections.abc import Callable
from typing import Any

from gateway.execution.exact import Exact
from gateway.execution.fields import Fields
from gateway.execution.generate import Writer
from gateway.execution.leaves import Kept
from gateway.execution.places import Place
from gateway.execution.run import Path, Run
from gateway.execution.selection import Selected

Complete = Callable[[Any, Path], Any]


class Unit:
    """A generated function; `size` is the length of its source, in characters."""

    def __init__(self, fields: Fields, what: Selected) -> None:
        writer = Writer(fields)
        place = Place("path")
        text = writer.value(what, what.type, "value", place)
        writer.function("complete", "value, path", f"return {text}")
        bound = [f" {name} = run.bind({call})\n" for call, name in writer.calls.items()]
        functions = [
            " " + function.replace("\n", "\n ").rstrip(" ") for function in writer.functions
        ]
        head = "def bind(run, item):\n fetch = run.fetch\n"
        kept = [
            f" if {name}.make is None: {name}.make = {function}\n"
            for name, function in writer.kept.items()
        ]
        self.source = "".join([head, *bound, *functions, *kept, " return complete\n"])
        writer.constants.update({name: Kept(None) for name in writer.kept})
        self.size = len(self.source)
        namespace = writer.constants
        code = compile(self.source, "<operation>", "exec", dont_inherit=True)
        exec(code, namespace)  # noqa: S102 - written from the schema; texts of the document are quoted
        self._bind: Callable[[Run, Any], Complete] = namespace["bind"]

    def bind(self, run: Run, exact: Exact) -> Complete:
        """Give the function for one execution."""
        return self._bind(run, exact.item)
