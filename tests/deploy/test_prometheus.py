"""A real Prometheus accepts the rules, and answers every query from a gateway that it scrapes."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.deploy.manifests import documents
from tests.deploy.monitoring import (
    MONITORING,
    RULE_TESTS,
    RULES,
    alerts,
    dashboard_queries,
    objectives,
    rules,
    selectors,
)
from tests.support.commands import free_port, post, running, wait_for
from tests.support.http_client import TLS
from tests.support.tokens import AUDIENCE, ISSUER, Issuer, KeyServer
from tests.support.valkey import Valkey

pytestmark = pytest.mark.verify

_PATIENCE_S = 60.0
# Definitions of both endpoints, customers' data, an argument and a document that are not valid.
_QUERIES = (
    '{ program(programId: "9005") { promotions(first: 3) { nodes { definition { status } } } } }',
    '{ promotion(programId: "9032", promotionId: "90320004") { definition { source } } }',
    '{ customer(by: {externalId: "C-TEN"}) { promotions { nodes { promotion { name } } } } }',
    '{ customer(by: {mobile: "not a number"}) { id } }',
    "{ nothing }",
)


def tool(name: str) -> str:
    """Return the path of a program of Debian's package `prometheus`."""
    path = shutil.which(name)
    assert path, f"{name} is missing: apt-get install prometheus"
    return path


def promtool(*arguments: str | Path) -> str:
    """Run promtool; return its output."""
    ended = subprocess.run(  # noqa: S603 - a program of the system
        [tool("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_rules_are_valid_and_their_tests_pass() -> None:
    """So says promtool, of the configuration for compose as well."""
    promtool("check", "config", MONITORING / "prometheus.yaml")
    assert f"{len(rules())} rules found" in promtool("check", "rules", RULES)
    promtool("test", "rules", *RULE_TESTS)


def test_a_rule_that_never_fires_fails_its_test(tmp_path: Path) -> None:
    """Promtool's tests see it when an alert has lost its meaning."""
    text = RULES.read_text(encoding="utf-8").replace("gateway_redis_available) == 0", "up) < 0")
    (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
    test = shutil.copy(RULE_TESTS[0], tmp_path)
    with pytest.raises(AssertionError, match="PromotionGatewayRedisUnavailable"):
        promtool("test", "rules", test)


class Prometheus:
    """A Prometheus that runs; its HTTP interface."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def is_ready(self) -> bool:
        """Whether it answers queries."""
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer, which must be a success."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", f"{parameters}: {answer.get('error')}"
        return answer["data"]

    def query(self, text: str) -> list[Any]:
        """Return the series that a query finds now."""
        found: list[Any] = self.get("query", query=text)["result"]
        return found

    def wait_until(self, text: str) -> None:
        """Wait until a query finds something."""
        until = time.monotonic() + _PATIENCE_S
        while not self.query(text):
            assert time.monotonic() < until, text
            time.sleep(0.1)


@contextmanager
def prometheus(target: str, folder: Path) -> Iterator[Prometheus]:
    """Run Prometheus with the configuration for compose, on one target and faster."""
    (configuration,) = documents(MONITORING / "prometheus.yaml")
    configuration["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    (job,) = configuration["scrape_configs"]
    job["static_configs"] = [{"targets": [target]}]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    shutil.copy(RULES, folder)
    port = free_port()
    command = [
        tool("prometheus"),
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (
        (folder / "log").open("w") as log,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20, verify=TLS
        ) as client,
        subprocess.Popen(command, stderr=log) as process,  # noqa: S603 - a program of the system
    ):
        try:
            server = Prometheus(client)
            until = time.monotonic() + _PATIENCE_S
            while not server.is_ready():
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until
                time.sleep(0.1)
            yield server
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def scraping(sandbox_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Return a Prometheus that scrapes a gateway with traffic, a quota, Redis and tokens."""
    port, valkey, issuer = free_port(), Valkey(), Issuer()
    settings = {
        "GATEWAY_PORT": str(port),
        "GATEWAY_UPSTREAM_URL": sandbox_url,
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
        "GATEWAY_UPSTREAM_CALLS_PER_MINUTE": "600",
        "GATEWAY_CACHE_URL": valkey.url,
        "GATEWAY_CACHE_KEY_SECRET": "sixteen-bytes-at-least",
        "GATEWAY_AUTH": "jwt",
        "GATEWAY_AUTH_ISSUER": ISSUER,
        "GATEWAY_AUTH_AUDIENCE": AUDIENCE,
    }
    now = int(time.time())
    bearer = issuer.bearer(nbf=now - 60, exp=now + 600)
    url = f"http://127.0.0.1:{port}"
    try:
        with (
            KeyServer([issuer.jwk()]).serving() as keys,
            running("serve", variables=settings | {"GATEWAY_AUTH_JWKS_URL": keys.url}) as command,
        ):
            wait_for(f"{url}/readyz", command, 200)
            folder = tmp_path_factory.mktemp("prometheus")
            with prometheus(f"127.0.0.1:{port}", folder) as found:
                found.wait_until('up{job="promotion-gateway"} == 1')
                for _ in range(5):
                    for query in _QUERIES:
                        post(f"{url}/graphql", query, bearer)
                    post(f"{url}/graphql", _QUERIES[0])
                found.wait_until("rate(gateway_operations_total[1m]) > 0")
                found.wait_until("namespace_job:gateway_failed_operations:ratio_rate1h")
                yield found
    finally:
        valkey.stop()


def concrete(query: str) -> str:
    """Return a query as Grafana sends it, with all namespaces and jobs selected."""
    query = re.sub(r"\$(namespace|job)\b", ".*", query)
    return query.replace("$__rate_interval", "1m")


@pytest.mark.parametrize("query", dashboard_queries())
def test_every_query_of_the_dashboard_finds_something(scraping: Prometheus, query: str) -> None:
    """Each panel has data of a gateway that serves."""
    scraping.wait_until(concrete(query))


@pytest.mark.parametrize("query", objectives())
def test_every_objective_of_the_documentation_has_a_value(scraping: Prometheus, query: str) -> None:
    """A gateway that answers in time, and refuses only the callers without a token, meets all."""
    scraping.wait_until(query)
    ((_, value),) = (found["value"] for found in scraping.query(query))
    assert float(value) == (0 if "ratio_rate1h" in query else 1)


def test_every_rule_is_evaluated_and_no_alert_fires(scraping: Prometheus) -> None:
    """Prometheus evaluates all rules without an error, and a healthy gateway raises no alert.

    Other than about the words in the sandbox's list of the successor that no document has.
    """
    evaluated = [rule for group in scraping.get("rules")["groups"] for rule in group["rules"]]
    assert len(evaluated) == len(rules())
    assert {rule["health"] for rule in evaluated} == {"ok"}
    firing = [rule["name"] for rule in evaluated if rule.get("state", "inactive") != "inactive"]
    assert firing in ([], ["PromotionGatewayUnknownEnumValues"])


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_every_selected_series_exists(scraping: Prometheus, alert: dict[str, Any]) -> None:
    """What an alert compares is there before it fires, so that it can fire."""
    for selector in selectors(alert["expr"]):
        matchers = ",".join(f'{label}{how}"{value}"' for label, how, value in selector.matchers)
        scraping.wait_until(f"{selector.name}{{{matchers}}}")
