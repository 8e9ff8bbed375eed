"""The example operations of GraphiQL's tabs, in their order."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[2] / "explorer" / "src" / "examples"
_OPERATION = re.compile(r"^(query|mutation) (\w+)", re.MULTILINE)


class Tab(NamedTuple):
    """One tab: its operation, and the variables that it is opened with, if any."""

    path: Path
    query: str
    variables: dict[str, Any] | None

    @property
    def name(self) -> str:
        """Return the name of its operation."""
        return self._operation[2]

    @property
    def is_mutation(self) -> bool:
        """Return whether it writes."""
        return self._operation[1] == "mutation"

    @property
    def _operation(self) -> re.Match[str]:
        (found,) = _OPERATION.finditer(self.query)
        return found


def _read(path: Path) -> Tab:
    variables = path.with_suffix(".json")
    given = json.loads(variables.read_text(encoding="utf-8")) if variables.exists() else None
    return Tab(path, path.read_text(encoding="utf-8"), given)


TABS = [_read(path) for path in sorted(FOLDER.glob("*.graphql"))]
