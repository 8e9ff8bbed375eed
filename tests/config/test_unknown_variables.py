"""Variables that are not settings: similar settings, and variables of Kubernetes."""

import pytest

from gateway.config.parsing import PREFIX
from gateway.config.settings import unknown_variables
from tests.support.environment import mistakes

pytestmark = pytest.mark.usefixtures("environment")


def test_an_unknown_variable_is_told_with_what_it_resembles(
    environment: pytest.MonkeyPatch,
) -> None:
    """A misspelt variable is reported, so that it is not silently a default."""
    environment.setenv("GATEWAY_UPSTREAM_URI", "https://u:hunter2@platform.example")
    environment.setenv("GATEWAY_LOGFORMAT", "json")
    environment.setenv("GATEWAY_ZZZ", "1")
    assert unknown_variables() == [
        "GATEWAY_LOGFORMAT is not a setting; did you mean GATEWAY_LOG_FORMAT?",
        "GATEWAY_UPSTREAM_URI is not a setting; did you mean GATEWAY_UPSTREAM_URL?",
        "GATEWAY_ZZZ is not a setting",
    ]


def test_kubernetes_service_links_are_told_as_such(environment: pytest.MonkeyPatch) -> None:
    """Beside a Service called `gateway` Kubernetes sets GATEWAY_PORT to a URL."""
    (line,) = mistakes(environment, PORT="tcp://10.0.0.1:80")
    assert "'tcp://10.0.0.1:80': it must be a whole number from 0 to 65535 (Kubernetes" in line
    assert "enableServiceLinks" in line
    for name in ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT_80_TCP",
                 "PORT_80_TCP_ADDR", "PORT_80_TCP_PROTO"):  # fmt: skip
        environment.setenv(PREFIX + name, "10.0.0.1")
    assert unknown_variables() == []
