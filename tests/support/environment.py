"""What the environment says of the gateway, and what a start makes of it."""

import pytest

from gateway.config.settings import PREFIX, SettingsError, load_settings


def mistakes(environment: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """Return the lines that a start with these variables ends with; none where it goes on."""
    for name, value in variables.items():
        environment.setenv(PREFIX + name, value)
    try:
        load_settings()
    except SettingsError as error:
        if str(error).splitlines() != error.lines:
            raise
        return error.lines
    return []
