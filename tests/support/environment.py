"""Settings read from environment variables."""

import pytest

from gateway.config.parsing import PREFIX
from gateway.config.settings import SettingsError, load_settings


def mistakes(environment: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """Return the error lines of a start with these variables; empty where it succeeds."""
    for name, value in variables.items():
        environment.setenv(PREFIX + name, value)
    try:
        load_settings()
    except SettingsError as error:
        if str(error).splitlines() != error.lines:
            raise
        return error.lines
    return []
