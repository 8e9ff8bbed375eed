"""The gateway starts with the environment of the manifests, and serves what they ask for."""

import signal
from pathlib import Path

import httpx
import pytest

from gateway.config.secret_files import SUFFIX
from tests.deploy.manifests import OVERLAYS, all_of, gateway, variables
from tests.support.commands import free_port, running, wait_for
from tests.support.http_client import TLS
from tests.support.tokens import Issuer, KeyServer

SECRETS = {
    "upstream-username": "sandbox",
    "upstream-password": "sandbox",
    "cache-url": "memory://",
    "cache-key-secret": "sixteen-bytes-at-least",
}


@pytest.mark.verify
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_gateway_serves_every_probe_of_the_manifests(
    overlay: str, sandbox_url: str, tmp_path: Path
) -> None:
    """A process with these variables and secrets serves each path of a probe or a scrape."""
    told = variables(overlay)
    for name, path in told.items():
        if name.endswith(SUFFIX):
            told[name] = str(tmp_path / Path(path).name)
            Path(told[name]).write_text(SECRETS[Path(path).name], encoding="utf-8")
    public, admin = free_port(), free_port()
    told |= {"GATEWAY_HOST": "127.0.0.1", "GATEWAY_PORT": str(public)}
    told |= {"GATEWAY_ADMIN_HOST": "127.0.0.1", "GATEWAY_ADMIN_PORT": str(admin)}
    # What cannot be reached from here: the platform, the issuer's keys and Redis.
    told["GATEWAY_UPSTREAM_URL"] = sandbox_url
    url = f"http://127.0.0.1:{admin}"
    container = gateway(overlay).container
    paths = [container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")]
    assert len(paths) == 3
    with KeyServer([Issuer().jwk()]).serving() as keys:
        if "GATEWAY_AUTH_JWKS_URL" in told:
            told["GATEWAY_AUTH_JWKS_URL"] = keys.url
        with running("serve", variables=told) as command:
            wait_for(f"{url}/readyz", command, 200)
            for path in paths:
                assert (
                    httpx.get(url + path, trust_env=False, timeout=20, verify=TLS).status_code
                    == 200
                )
            for monitor in all_of(overlay, "ServiceMonitor"):
                (endpoint,) = monitor["spec"]["endpoints"]
                scraped = httpx.get(url + endpoint["path"], trust_env=False, timeout=20, verify=TLS)
                assert "gateway_build_info" in scraped.text
            shown = httpx.get(
                f"http://127.0.0.1:{public}/metrics", trust_env=False, timeout=20, verify=TLS
            )
            assert shown.status_code == 404
            assert command.end(signal.SIGINT) == 0  # without the delay for load balancers
    assert "is not a setting" not in command.err
