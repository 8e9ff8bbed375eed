"""The compose file is valid, starts in order, and is for this machine alone."""

import re
import subprocess
import sys
from typing import Any

import pytest

from tests.deploy.manifests import ROOT, documents

FILE = ROOT / "deploy" / "compose.yaml"
(COMPOSE,) = documents(FILE)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PORTS = {"gateway": 8000, "prometheus": 9090, "grafana": 3000}

every = pytest.mark.parametrize("name", SERVICES)


@pytest.mark.verify
def test_it_is_a_compose_file() -> None:
    """It is valid by the schema of the compose specification."""
    checker = sys.executable.replace("python", "check-jsonschema")
    ended = subprocess.run(  # noqa: S603 - a tool of the development environment
        [checker, "--builtin-schema", "vendor.compose-spec", FILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


def test_it_starts_the_gateway_after_what_it_needs() -> None:
    """The gateway waits until the sandbox and Valkey are healthy, Grafana for Prometheus."""
    assert set(SERVICES) == {"gateway", "sandbox", "valkey", "prometheus", "grafana"}
    waits = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    healthy = {"condition": "service_healthy"}
    assert waits["gateway"] == {"sandbox": healthy, "valkey": healthy}
    assert waits["grafana"] == {"prometheus": healthy}
    assert SERVICES["sandbox"]["command"][0] == "sandbox"


@every
def test_every_service_is_hardened(name: str) -> None:
    """It has a health check, no capability, a read-only root and a pinned image."""
    service = SERVICES[name]
    assert service["healthcheck"]["test"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    image, _, tag = service["image"].partition(":")
    assert image == "promotion-gateway" or re.match(r"v?\d", tag)
    assert image == "promotion-gateway" or re.fullmatch(r"\d+:\d+", service["user"])


@every
def test_it_is_this_machines_alone(name: str) -> None:
    """Ports are those of the loopback; the others are reached by services alone."""
    port = PORTS.get(name)
    assert SERVICES[name].get("ports", []) == ([f"127.0.0.1:{port}:{port}"] if port else [])


def test_only_the_demonstration_is_open() -> None:
    """Its gateway lets everybody in, and its sandbox runs; the image does neither."""
    for setting, service in (("ANONYMOUS", "gateway"), ("SANDBOX", "sandbox")):
        name = f"GATEWAY_ALLOW_{setting}"
        allowing = [
            (one, keys["environment"][name])
            for one, keys in SERVICES.items()
            if name in keys.get("environment", {})
        ]
        assert allowing == [(service, "true")]
    assert "ALLOW_ANONYMOUS" not in (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")


@every
def test_what_is_mounted_is_there(name: str) -> None:
    """Files of the repository are mounted read-only; other volumes are declared."""
    for volume in SERVICES[name].get("volumes", []):
        source, target, *options = volume.split(":")
        if source.startswith("./"):
            assert (FILE.parent / source).exists(), source
            assert options == ["ro"], target
        else:
            assert source in COMPOSE["volumes"]


def test_prometheus_scrapes_the_gateway() -> None:
    """Its configuration is at the mounted path, and names the service and its port."""
    volumes = dict(volume.split(":")[:2] for volume in SERVICES["prometheus"]["volumes"])
    folder = ROOT / "deploy" / "monitoring"
    (configuration,) = documents(folder / "prometheus.yaml")
    target = volumes["./monitoring/prometheus.yaml"]
    assert f"--config.file={target}" in SERVICES["prometheus"]["command"]
    assert configuration["rule_files"] == ["rules.yaml"]
    assert volumes["./monitoring/rules.yaml"] == target.replace("prometheus.yaml", "rules.yaml")
    (job,) = configuration["scrape_configs"]
    assert job["job_name"] == "promotion-gateway"
    assert job["static_configs"] == [{"targets": [f"gateway:{PORTS['gateway']}"]}]


def test_grafana_has_the_data_source_and_the_dashboard() -> None:
    """Both are provisioned, from the paths that are mounted; nobody has to log in."""
    grafana = SERVICES["grafana"]
    volumes = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    assert volumes["./monitoring/grafana/provisioning"] == "/etc/grafana/provisioning"
    folder = ROOT / "deploy/monitoring/grafana/provisioning"
    (sources,) = documents(folder / "datasources/prometheus.yaml")
    (source,) = sources["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    (boards,) = documents(folder / "dashboards/dashboards.yaml")
    (provider,) = boards["providers"]
    mounted = volumes["./monitoring/grafana/dashboard.json"]
    assert mounted.rpartition("/")[0] == provider["options"]["path"]
    environment = grafana["environment"]
    assert environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == mounted
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
