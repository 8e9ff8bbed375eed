"""The programs as they arrive: ``GET /v2/organization/programs``."""

from msgspec import Struct, field

from gateway.upstream.decoding.field_types import Digits, Text, Tree


class ProgramPayload(Struct, gc=False):
    """One entry of ``data``."""

    program_id: Digits = field(name="programId")
    name: Text = field(name="programName", default=None)


class ProgramListPayload(Struct, gc=False):
    """A response of the endpoint."""

    items: list[ProgramPayload] | None = field(name="data", default=None)
    errors: Tree = None

    @property
    def total(self) -> int | None:
        """Return None: the list is not paged, and names no total."""
        return None
