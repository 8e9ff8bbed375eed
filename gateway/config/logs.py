"""Settings of the log, which the start reads before all others."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class LogSettings(BaseSettings):
    """The log, which is written to stderr."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="Minimum level of log lines; with warning operations have no line.",
    )
    log_format: Literal["json", "console"] = Field(
        "json",
        description="Format of log lines: json is one object a line, console is for people;"
        " console in `dev`.",
    )
