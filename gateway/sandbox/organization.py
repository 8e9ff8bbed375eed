"""GET /v2/organization/programs: the names of all programs of the org."""

from typing import Any

from gateway.sandbox.promotion import Program
from gateway.sandbox.world import World

_PARTNER = {
    "partnerProgramId": 1,
    "partnerProgramName": "Sandbox Partner",
    "partnerProgramType": "EXTERNAL",
    "pointsExchangeRate": 1.0,
    "membershipPeriodValue": None,
    "tierBased": False,
}


def organization_programs(world: World) -> dict[str, Any]:
    """Return the JSON of the endpoint; the first program is the default one."""
    programs = list(world.programs.values())
    return {
        "data": [_program(program, is_default=program is programs[0]) for program in programs],
        "warnings": [],
        "errors": [],
    }


def _program(program: Program, *, is_default: bool) -> dict[str, Any]:
    return {
        "programId": program.program_id,
        "programName": program.name,
        "pointsToCurrencyRatio": 1.0,
        "programDescription": program.note,
        "partnerPrograms": [_PARTNER] if is_default else [],
        "default": is_default,
    }
