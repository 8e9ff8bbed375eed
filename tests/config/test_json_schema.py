"""The JSON schema of the variables: never stricter than the gateway, and fit for deployments."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.cli import main
from gateway.config.json_schema import settings_schema
from gateway.config.settings import VARIABLES, Settings, effective, load_settings
from tests.config.test_settings import BAD_VALUES
from tests.deploy.manifests import OVERLAYS, ROOT, variables
from tests.support.environment import mistakes

pytestmark = pytest.mark.usefixtures("environment")

SCHEMA = settings_schema()
SECRET = "a secret of 16 bytes"


@cache
def _validator() -> Any:
    # Its import takes a second, which each process of the tests would need to collect them.
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # noqa: PLC0415

    return Draft202012Validator(SCHEMA)


def _faults(**values: object) -> list[str]:
    found = _validator().iter_errors({f"GATEWAY_{name}": value for name, value in values.items()})
    return [fault.message for fault in found]


def test_the_command_prints_a_schema_of_all_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """Each has a description, and only secrets have no default."""
    assert main(["config", "--json-schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(json.dumps(SCHEMA))
    _validator().check_schema(printed)
    assert set(printed["properties"]) == set(VARIABLES)
    for name, one in printed["properties"].items():
        assert one["description"].endswith(".")
        assert "default" in one or one.get("writeOnly") or name.endswith("_FILE")


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_defaults_and_empty_values_fit(name: str) -> None:
    """What `config` prints for a default may be set, and so may nothing."""
    default = effective(load_settings())[f"GATEWAY_{name.upper()}"]
    assert _faults(**{name.upper(): default}) == _faults(**{name.upper(): ""}) == []


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value, _ in BAD_VALUES])
def test_what_the_schema_rejects_the_gateway_rejects(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A value of a wrong type or word is found by both; what only the gateway can know, by it."""
    assert mistakes(environment, **{name: value})
    alternatives = SCHEMA["properties"][f"GATEWAY_{name}"]["anyOf"]
    has_number = any(one.get("type") in {"integer", "number"} for one in alternatives)
    has_words = any("enum" in one for one in alternatives)
    if has_words or (has_number and not value.replace(".", "").lstrip("-").isdigit()):
        assert _faults(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APQ", "on"), ("APQ", "False"), ("APQ", True), ("PORT", 8080), ("PORT", "8080"),
        ("UPSTREAM_DEADLINE_S", "2.5"), ("UPSTREAM_DEADLINE_S", "1e0"), ("WORKERS", " 2 "),
        ("DEFINITION_SOURCE_TYPES", " CAMPAIGN,UI , CAMPAIGN,"), ("AUTH_ALGORITHMS", "ES256"),
        ("UPSTREAM_AUTH", "none"), ("CORS_ORIGINS", "https://a,http://b:*"),
        ("UPSTREAM_PASSWORD", "a password"), ("SERVICE_HOST", "10.0.0.1"),
        ("PORT_80_TCP", "tcp://10.0.0.1:80"),
    ],
)  # fmt: skip
def test_what_the_gateway_accepts_fits(
    environment: pytest.MonkeyPatch, name: str, value: object
) -> None:
    """In all notations that it reads."""
    assert mistakes(environment, **{name: str(value)}) == []
    assert _faults(**{name: value}) == []


@pytest.mark.parametrize(
    "values",
    [
        {"PORT": 70_000},
        {"PORT": "http"},
        {"PROT": "80"},
        {"PORT_FILE": "/run/port"},
        {"DEFINITION_SOURCE_TYPES": "ui"},
        {"UPSTREAM_PASSWORD": "a", "UPSTREAM_PASSWORD_FILE": "/run/b"},
        {"APQ": "gone"},
    ],
)
def test_a_mistake_does_not_fit(values: dict[str, object]) -> None:
    """Numbers out of bounds, unknown variables, unknown words, and a secret twice."""
    assert len(_faults(**values)) == 1


def test_variables_of_others_are_left_alone() -> None:
    """An environment has more variables than the gateway's."""
    assert [*_validator().iter_errors({"PATH": "/bin", "TZ": "UTC"})] == []


def _deployed(name: str) -> dict[str, Any]:
    """Return the variables of an overlay, or of compose."""
    if name != "compose":
        return dict(variables(name))
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = compose["services"]["gateway"]["environment"]
    return found


@pytest.mark.parametrize("name", ["compose", *OVERLAYS])
def test_the_variables_of_the_deployments_fit(
    environment: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """They fit the schema, and the gateway starts with them and with files for the secrets."""
    deployed = _deployed(name)
    assert [fault.message for fault in _validator().iter_errors(deployed)] == []
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "url").write_text("rediss://:hunter2@redis.example")
    for variable, value in deployed.items():
        is_file = variable.endswith("_FILE")
        file = tmp_path / ("url" if "_URL_" in variable else "secret")
        environment.setenv(variable, str(file if is_file else value))
    assert load_settings().upstream_url
