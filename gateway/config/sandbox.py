"""The setting of the commands that need no platform."""

from pydantic import Field
from pydantic_settings import BaseSettings


class SandboxSettings(BaseSettings):
    """The sandbox, which plays the platform."""

    allow_sandbox: bool = Field(
        default=True,
        description="Whether `dev` and `sandbox` may run; false in the image, where data that the"
        " sandbox has made up must not be served by mistake.",
    )
