"""What a resolver may use beside its arguments: the request, its loaders, and look-ahead."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import strawberry
from strawberry.types.arguments import convert_arguments

from gateway.loaders.bundle import Loaders
from gateway.request import Caller, Request
from gateway.schema.lookahead import selections_below


@dataclass(frozen=True, slots=True)
class Context:
    """One request's context."""

    request: Request
    loaders: Loaders

    @property
    def now(self) -> datetime:
        """Give the one time of the whole answer."""
        return self.request.now

    @property
    def caller(self) -> Caller:
        """Tell who asks."""
        return self.request.caller


class Info(strawberry.Info[Context, None]):
    """Strawberry's info, of which resolvers use `context` and `look_ahead`, and nothing else."""

    def look_ahead(self, type_name: str, field_name: str) -> list[dict[str, Any]]:
        """Give the arguments of each selection of a field right below this one.

        `type_name` is the type that the field below belongs to; what an argument leaves out is left
        out here too. Selections that @skip and @include rule out are not in the list.
        """
        schema: Any = self.schema
        parent = schema.get_type_by_name(type_name)
        name_of = schema.config.name_converter.get_graphql_name
        definition = next(field for field in parent.fields if name_of(field) == field_name)
        return [
            convert_arguments(
                arguments,
                definition.arguments,
                scalar_registry=schema.schema_converter.scalar_registry,
                config=schema.config,
            )
            for arguments in selections_below(self._raw_info, type_name, field_name)
        ]
