"""What is deployed, as far as it can be checked without a container engine."""

import ast
import re
import subprocess
import sys
import time
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from packaging.requirements import Requirement

from gateway.config.parsing import PREFIX
from gateway.config.settings import Settings
from tests.support.commands import free_port, running

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}


def locked(path: str) -> set[str]:
    """Return the names of a lock's distributions."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,-]+\])?==", text, re.MULTILINE))


def extras(project: Any, name: str) -> list[str]:
    """Return the requirements of an extra."""
    listed: list[str] = project["project"]["optional-dependencies"][name]
    return listed


def test_hadolint_finds_nothing() -> None:
    """The Dockerfile linter reports nothing, without any ignored rule."""
    hadolint = Path(sys.executable).with_name("hadolint")
    ended = subprocess.run(  # noqa: S603 - a tool of the development environment
        [hadolint, "--no-color", ROOT / "deploy/Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == ""
    assert ended.returncode == 0
    assert "hadolint ignore" not in DOCKERFILE


def test_the_image_runs_as_a_user_without_rights() -> None:
    """The USER of the last stage is a number other than 0."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert last.startswith("${PYTHON_IMAGE}\n")
    assert re.findall(r"^USER (.*)$", last, re.MULTILINE) == ["10001:10001"]
    assert "--uid 10001 " in last


def test_the_image_serves_on_port_8000() -> None:
    """Command, port and health check agree."""
    assert DOCKERFILE.rstrip().endswith('ENTRYPOINT ["promotion-gateway"]\nCMD ["serve"]')
    assert re.findall(r"^EXPOSE (.*)$", DOCKERFILE, re.MULTILINE) == ["8000"]
    assert f"or {Settings.model_fields['port'].default})" in DOCKERFILE
    assert "/healthz" in DOCKERFILE.rpartition("HEALTHCHECK")[2]


def test_the_image_runs_no_sandbox_by_mistake() -> None:
    """Its environment does not allow `dev` and `sandbox`."""
    environment = DOCKERFILE.rpartition("\nENV ")[2].partition("\nUSER ")[0]
    assert "GATEWAY_ALLOW_SANDBOX=false" in environment


def test_every_variable_is_a_setting() -> None:
    """Every variable in the image, compose file and text is a setting."""
    for path in ("Dockerfile", "compose.yaml", "README.md"):
        text = (ROOT / "deploy" / path).read_text(encoding="utf-8")
        named = set(re.findall(r"\bGATEWAY_[A-Z_]+[A-Z]\b", text))
        assert named
        assert named <= SETTINGS, path


def test_only_locked_distributions_reach_the_image() -> None:
    """Every installation checks hashes, but for the wheel just built."""
    installations = re.findall(r"pip (?:--python \S+ )?install [^&\n]*", DOCKERFILE)
    assert len(installations) == 3
    names = re.findall(r"-r (\S+)", " ".join(installations))
    assert names == ["deploy/requirements.lock", "deploy/build-requirements.lock"]
    for installation in installations:
        assert ("--require-hashes -r " in installation) != ("--no-index --no-deps" in installation)


def test_the_build_has_a_lock_of_its_own() -> None:
    """Its packages are the declared ones, in the developers' lock in the same versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = {Requirement(line).name for line in project["dependency-groups"]["build"]}
    assert declared <= locked("deploy/build-requirements.lock")
    assert declared <= {Requirement(line).name for line in extras(project, "dev")}
    assert {Requirement(line).name for line in project["build-system"]["requires"]} <= declared


def test_the_base_images_are_named_once_each() -> None:
    """In full, by the lines that `make pin-images` rewrites; no stage has another base."""
    named = re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert [name for name, _ in named] == ["NODE_IMAGE", "PYTHON_IMAGE"]
    for _, image in named:
        assert re.fullmatch(r"docker\.io/library/[a-z]+:[\w.-]+(@sha256:[0-9a-f]{64})?", image)
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))
    assert bases == {f"${{{name}}}" for name, _ in named}


def test_the_image_is_labelled() -> None:
    """With OCI's labels; the version is the package's, and no label states a licence."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = DOCKERFILE.rpartition("\nLABEL ")[2].partition("\nUSER ")[0]
    labels = dict(re.findall(r'org\.opencontainers\.image\.([a-z.]+)="([^"]*)"', text))
    assert labels == {
        "title": project["name"],
        "description": project["description"],
        "version": "${VERSION}",
        "revision": "${REVISION}",
        "source": "${SOURCE}",
        "base.name": "${PYTHON_IMAGE}",
    }
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)$", DOCKERFILE, re.MULTILINE))
    assert defaults["VERSION"] == project["version"]
    assert defaults["REVISION"] == "unknown"
    assert urlsplit(defaults["SOURCE"]).hostname == "git.example"  # RFC 2606: no real host


def test_every_import_is_in_the_images_lock() -> None:
    """Every package that the gateway imports is in the image's lock."""
    imported = set()
    for path in (ROOT / "gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"gateway"}
    of_module = packages_distributions()
    needed = {of_module[module][0].lower().replace("_", "-") for module in foreign}
    assert needed - locked("deploy/requirements.lock") == set()


def test_what_the_image_copies_is_in_its_context() -> None:
    """`.dockerignore` admits what the Dockerfile copies, and no build output."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:].rstrip("/") for rule in rules if rule.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source.rstrip("/") for line in copied for source in line.split()}
    for source in sources:
        assert list(ROOT.glob(source))
        assert source in allowed or source.partition("/")[0] in allowed
    assert {"explorer/node_modules/", "gateway/server/explorer_assets/"} <= set(rules)


CHECK = ast.literal_eval(
    DOCKERFILE.partition("HEALTHCHECK")[2].partition("CMD ")[2].partition("\n")[0]
)


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, 8000),
        ({"GATEWAY_PORT": "", "GATEWAY_ADMIN_PORT": ""}, 8000),
        ({"GATEWAY_PORT": "9000", "GATEWAY_ADMIN_PORT": "0"}, 9000),
        ({"GATEWAY_PORT": "9000", "GATEWAY_ADMIN_PORT": "9001"}, 9001),
        ({"GATEWAY_UNIX_SOCKET": "/run/none", "GATEWAY_ADMIN_PORT": "9001"}, 9001),
    ],
)
def test_the_health_check_asks_where_the_probes_are(variables: dict[str, str], asked: int) -> None:
    """The admin port where there is one; empty variables and 0 are none, as for the gateway."""
    script = CHECK[2].partition("c.request")[0] + "print(c.port)"
    ended = subprocess.run(  # noqa: S603 - the image's own command
        [sys.executable, "-c", script], env=variables, capture_output=True, text=True, check=True
    )
    assert int(ended.stdout) == asked


@pytest.mark.parametrize("has_admin_port", [False, True])
def test_the_health_check_of_a_gateway_at_a_unix_socket(*, has_admin_port: bool) -> None:
    """It asks at the socket, or at the admin port; without a gateway it fails."""

    def check() -> int:
        ended = subprocess.run(  # noqa: S603 - as above
            [sys.executable, "-c", CHECK[2]], env=variables, capture_output=True, check=False
        )
        return ended.returncode

    with TemporaryDirectory() as folder:  # a socket's path has at most 107 bytes
        variables = {
            "GATEWAY_UNIX_SOCKET": f"{folder}/gateway.sock",
            "GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1",
            "GATEWAY_UPSTREAM_AUTH": "none",
        } | ({"GATEWAY_ADMIN_PORT": str(free_port())} if has_admin_port else {})
        assert check() != 0
        with running("serve", variables=variables) as command:
            until = time.monotonic() + 30
            while check() != 0:
                assert time.monotonic() < until
            assert command.end() == 0
        assert check() != 0
