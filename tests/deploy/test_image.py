"""The image as it is deployed: built from the Dockerfile, run read-only as its user, asked, ended.

``make image-check`` runs these alone, and no other target runs them. They fail where something is
missing that they need, or with IMAGE_CHECK_OPTIONAL are skipped.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import metadata

import httpx
import pytest

from tests.support.commands import free_port, post, wait_for
from tests.support.http_client import TLS
from tests.support.image import Container, Image, built_image
from tests.support.image_bases import ROOT, UnavailableError
from tests.support.logged import startup_mistakes

pytestmark = [pytest.mark.image, pytest.mark.timeout(3_000)]
QUERY = """{
  customer(by: {externalId: "C-CURRENT"}) {
    promotions(first: 3) { totalCount nodes { promotion { name definition { status } } } }
  }
}"""


@pytest.fixture(scope="module")
def image(pytestconfig: pytest.Config) -> Iterator[Image]:
    """Build the image, once."""
    try:
        with built_image(progress(pytestconfig)) as built:
            yield built
    except UnavailableError as error:
        reason = f"the image cannot be checked here. {error}"
        if os.environ.get("IMAGE_CHECK_OPTIONAL"):
            pytest.skip(reason)
        pytest.fail(reason, pytrace=False)


def progress(config: pytest.Config) -> Callable[[str], None]:
    """Return a function that prints beside pytest's capturing."""
    capture = config.pluginmanager.getplugin("capturemanager")

    def show(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\nimage-check: {text}")  # noqa: T201 - it takes minutes

    return show


@contextmanager
def sandbox(image: Image) -> Iterator[str]:
    """Run the image's own sandbox; yield its URL."""
    port = str(free_port())
    allowed = {"GATEWAY_ALLOW_SANDBOX": "true"}
    with image.container("sandbox", "--port", port, variables=allowed) as container:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/__world", container)
        yield url


def settings(sandbox_url: str, port: int, workers: int) -> dict[str, str]:
    """Return the environment of a gateway on the sandbox, on this machine alone."""
    return {
        "GATEWAY_HOST": "127.0.0.1",
        "GATEWAY_ADMIN_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "GATEWAY_WORKERS": str(workers),
        "GATEWAY_UPSTREAM_URL": sandbox_url,
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
        "GATEWAY_REPORT_UPSTREAM": "true",
    }


def has_no_rights(container: Container) -> None:
    """Check the user, the capabilities and the root of a running container."""
    status = container.status()
    assert status["Uid"].split() == status["Gid"].split() == ["10001"] * 4
    assert {status[name] for name in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    for path in ("/opt/gateway/x", "/tmp/x", "/x"):  # noqa: S108 - in the container
        refused = container.execute("python", "-c", f"open({path!r}, 'w')")
        assert re.search("Read-only file system|Permission denied", refused.stderr), path


@pytest.mark.parametrize(("workers", "has_admin_port"), [(1, False), (2, True)])
def test_it_answers_read_only_as_its_user(
    image: Image, workers: int, *, has_admin_port: bool
) -> None:
    """With one process and with two: probes, a query of three calls, the end with status 0."""
    port, admin_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    probes = f"http://127.0.0.1:{admin_port}" if has_admin_port else url
    admin = {"GATEWAY_ADMIN_PORT": str(admin_port if has_admin_port else 0)}
    with (
        sandbox(image) as sandbox_url,
        image.container(variables=settings(sandbox_url, port, workers) | admin) as container,
    ):
        wait_for(f"{probes}/healthz", container)
        assert wait_for(f"{probes}/readyz", container).json() == {"status": "ready"}
        assert "gateway_build_info" in wait_for(f"{probes}/metrics", container).text
        answer = post(f"{url}/graphql", QUERY).json()
        assert "errors" not in answer
        nodes = answer["data"]["customer"]["promotions"]["nodes"]
        assert len(nodes) == 3
        assert all(node["promotion"]["definition"]["status"] for node in nodes)
        assert answer["extensions"]["upstream"]["calls"] > 1
        hidden = post(f"{url}/graphql", "{ __schema { __typename } }").json()
        assert hidden["errors"]
        page = httpx.get(
            f"{url}/graphql", headers={"Accept": "text/html"}, trust_env=False, verify=TLS
        )
        assert page.status_code == 406
        has_no_rights(container)
        check = image.config["config"]["Healthcheck"]["Test"]
        assert check[0] == "CMD"
        assert container.execute(*check[1:]).returncode == 0
        assert container.stop() == 0
    assert "Traceback" not in container.err


def test_it_serves_the_page_where_that_is_on(image: Image) -> None:
    """GraphiQL was built and is in the wheel."""
    port = free_port()
    graphiql = {"GATEWAY_GRAPHIQL": "true", "GATEWAY_INTROSPECTION": "true"}
    variables = settings("http://127.0.0.1:9", port, 1) | graphiql
    with image.container(variables=variables) as container:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/healthz", container)
        page = httpx.get(
            f"{url}/graphql", headers={"Accept": "text/html"}, trust_env=False, verify=TLS
        )
        script = re.findall(r'src="([^"]+\.js)"', page.text)[0]
        loaded = httpx.get(httpx.URL(f"{url}/graphql").join(script), trust_env=False, verify=TLS)
        assert loaded.status_code == 200
        assert len(loaded.content) > 10_000
        assert container.stop() == 0


@pytest.mark.parametrize("command", ["dev", "sandbox"])
def test_it_runs_no_sandbox(image: Image, command: str) -> None:
    """Unless its environment allows that."""
    with image.container(command) as container:
        out, err = container.process.communicate(timeout=60)
    assert (container.process.returncode, out) == (2, "")
    assert err.startswith(f"GATEWAY_ALLOW_SANDBOX=false: `{command}`")
    assert err.count("\n") == 1


def test_a_start_without_settings_is_one_line(image: Image) -> None:
    """The command of the image is `serve`, which names what it needs."""
    with image.container() as container:
        _, err = container.process.communicate(timeout=60)
    assert container.process.returncode == 2
    (mistake,) = startup_mistakes(err)
    assert mistake.startswith("GATEWAY_UPSTREAM_URL is required")


def test_its_labels_are_those_of_the_build(image: Image) -> None:
    """OCI's, with the version of the package and the revision that the build was told."""
    labels = image.config["config"]["Labels"]
    told = {
        name.partition("image.")[2]: labels[name] for name in labels if "opencontainers" in name
    }
    package = metadata("promotion-gateway")
    assert told == {
        "title": "promotion-gateway",
        "description": package["Summary"],
        "version": package["Version"],
        "revision": "0123abc",
        "source": "https://git.example/promotion-gateway",
        "base.name": image.bases.names["PYTHON_IMAGE"],
    }
    assert image.config["config"]["User"] == "10001:10001"


def test_its_bill_of_materials_has_all_that_is_installed(image: Image) -> None:
    """Python's packages as the image itself lists them, the page's, and Debian's."""
    text = (image.rootfs / "opt/gateway/sbom.cdx.json").read_text(encoding="utf-8")
    document = json.loads(text)
    urls = {one["purl"].partition("?")[0] for one in document["components"] if "purl" in one}
    list_all = (
        "import importlib.metadata as m, re;"
        "name = lambda one: re.sub('[-_.]+', '-', one.name).lower();"
        "print(*{name(one) + '@' + one.version for one in m.distributions()})"
    )
    variables = settings("http://127.0.0.1:9", free_port(), 1)
    with image.container(variables=variables) as container:
        wait_for(f"http://127.0.0.1:{variables['GATEWAY_PORT']}/healthz", container)
        installed = set(container.execute("python", "-c", list_all).stdout.split())
        assert container.stop() == 0
    own = {name for name in installed if name.startswith("promotion-gateway@")}
    assert own == {f"promotion-gateway@{metadata('promotion-gateway')['Version']}"}
    assert len(installed) > 20
    assert {f"pkg:pypi/{name}" for name in installed - own} <= urls
    status = (image.rootfs / "var/lib/dpkg/status").read_text(encoding="utf-8")
    assert sum(url.startswith("pkg:deb/") for url in urls) == status.count(
        "\nStatus: install ok installed"
    )
    assert any(url.startswith("pkg:npm/graphiql@") for url in urls)
    assert str(ROOT) not in text
