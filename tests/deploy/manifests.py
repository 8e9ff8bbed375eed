"""The manifests of `deploy/kubernetes`: their files, and what `kubectl kustomize` makes of them."""

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("sandbox", "production")
NAME = "promotion-gateway"
Manifest = dict[str, Any]


def documents(path: Path) -> list[Manifest]:
    """Return the documents of a YAML file."""
    return [*yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def resource_files() -> list[Path]:
    """Return the files that some kustomization has as a resource."""
    files: list[Path] = []
    for kustomization in sorted(KUBERNETES.rglob("kustomization.yaml")):
        (document,) = documents(kustomization)
        paths = [kustomization.parent / name for name in document["resources"]]
        files += [path for path in paths if path.is_file()]
    return files


@cache
def built(overlay: str) -> tuple[Manifest, ...]:
    """Return the objects of an overlay, as `kubectl apply -k` would send them."""
    kubectl = Path(sys.executable).with_name("kubectl")
    ended = subprocess.run(  # noqa: S603 - a tool of the development environment
        [kubectl, "kustomize", KUBERNETES / "overlays" / overlay],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return tuple(yaml.safe_load_all(ended.stdout))


def all_of(overlay: str, kind: str) -> list[Manifest]:
    """Return the objects of a kind."""
    return [manifest for manifest in built(overlay) if manifest["kind"] == kind]


def one(overlay: str, kind: str) -> Manifest:
    """Return the gateway's object of a kind."""
    (found,) = (one for one in all_of(overlay, kind) if one["metadata"]["name"] == NAME)
    return found


class Pods(NamedTuple):
    """The pods of a Deployment: their labels, their specification and the only container."""

    name: str
    labels: dict[str, str]
    spec: Manifest
    container: Manifest


def pods(overlay: str) -> Iterator[Pods]:
    """Yield the pods of each Deployment."""
    for deployment in all_of(overlay, "Deployment"):
        template = deployment["spec"]["template"]
        (container,) = template["spec"]["containers"]
        name = deployment["metadata"]["name"]
        yield Pods(name, template["metadata"]["labels"], template["spec"], container)


def gateway(overlay: str) -> Pods:
    """Return the gateway's pods."""
    (found,) = (pod for pod in pods(overlay) if pod.name == NAME)
    return found


def variables(overlay: str, pod: Pods | None = None) -> dict[str, str]:
    """Return the environment of a container, by default the gateway's."""
    found: dict[str, str] = {}
    container = (pod or gateway(overlay)).container
    for source in container.get("envFrom", ()):
        name = source["configMapRef"]["name"]
        (data,) = (
            config["data"]
            for config in all_of(overlay, "ConfigMap")
            if config["metadata"]["name"] == name
        )
        found |= data
    return found | {entry["name"]: entry["value"] for entry in container.get("env", ())}
