"""The manifests build, are valid, and agree with the gateway and its image."""

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from gateway.config.parsing import PREFIX
from gateway.config.secret_files import file_variable
from gateway.config.settings import FILES as SETTINGS_IN_FILES
from gateway.config.settings import Settings
from tests.deploy.manifests import (
    KUBERNETES,
    NAME,
    OVERLAYS,
    ROOT,
    Manifest,
    all_of,
    built,
    documents,
    gateway,
    one,
    pods,
    resource_files,
    variables,
)

# The oldest release whose pods have all that the manifests use.
OLDEST = "1.30.0"
# Custom resources of the Prometheus Operator, whose schemas are not Kubernetes's.
CUSTOM = {"ServiceMonitor", "PrometheusRule"}
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}
SECRETS = {PREFIX + name.upper() for name in SETTINGS_IN_FILES}
FILES = set(map(file_variable, SETTINGS_IN_FILES))
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
README = (KUBERNETES / "README.md").read_text(encoding="utf-8")

both = pytest.mark.parametrize("overlay", OVERLAYS)


@cache
def validator() -> Any:
    """Return the library that validates; importing it with all modules would cost each process."""
    return import_module("kubernetes_validate")


def check(manifest: Manifest) -> None:
    """Validate an object against the strict schemas of the oldest and of the newest version."""
    for version in (OLDEST, validator().latest_version()):
        try:
            validator().validate(manifest, version, strict=True)
        except validator().SchemaNotFoundError:
            assert manifest["kind"] in CUSTOM
            assert manifest["apiVersion"] == "monitoring.coreos.com/v1"


@pytest.mark.parametrize("path", resource_files(), ids=lambda path: path.name)
def test_every_file_is_valid(path: Path) -> None:
    """Each resource is one of Kubernetes, without an unknown field."""
    manifests = documents(path)
    assert manifests
    for manifest in manifests:
        check(manifest)


@both
def test_every_overlay_is_valid(overlay: str) -> None:
    """What `kubectl kustomize` makes of an overlay is valid, and in one namespace."""
    manifests = built(overlay)
    (namespace,) = all_of(overlay, "Namespace")
    for manifest in manifests:
        check(manifest)
        if manifest is not namespace:
            assert manifest["metadata"]["namespace"] == namespace["metadata"]["name"]


def test_an_unknown_field_is_found() -> None:
    """The check fails on a field that Kubernetes would drop."""
    service = one("production", "Service")
    with pytest.raises(validator().ValidationError, match="Additional properties"):
        check(service | {"spec": service["spec"] | {"sessionAffinty": "None"}})


def test_all_files_belong_to_a_kustomization() -> None:
    """No file is left out: each is a resource or a patch."""
    listed = set(resource_files())
    for path in KUBERNETES.rglob("kustomization.yaml"):
        (document,) = documents(path)
        patches = [patch["path"] for patch in document.get("patches", ()) if "path" in patch]
        listed |= {path, *(path.parent / patch for patch in patches)}
    assert set(KUBERNETES.rglob("*.yaml")) == listed


def test_the_overlays_have_every_kind() -> None:
    """Production has all parts; the sandbox lacks what a small cluster has not."""
    production = {manifest["kind"] for manifest in built("production")}
    assert production == {
        *("Namespace", "ServiceAccount", "Deployment", "Service", "ConfigMap"),
        *("PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy"),
        *CUSTOM,
    }
    sandbox = {manifest["kind"] for manifest in built("sandbox")}
    assert production - sandbox == {"HorizontalPodAutoscaler", *CUSTOM}
    assert sandbox - production == {"Secret"}


@both
def test_every_variable_is_a_setting(overlay: str) -> None:
    """Each is a setting, or a secret's with `_FILE`; none is a secret itself."""
    assert {"GATEWAY_UPSTREAM_URL", "GATEWAY_HOST"} <= set(variables(overlay))
    for pod in pods(overlay):
        assert set(variables(overlay, pod)) <= SETTINGS - SECRETS | FILES


def test_every_variable_in_a_file_is_a_setting() -> None:
    """So it is in comments, and in the text beside the manifests."""
    for path in [*KUBERNETES.rglob("*.yaml"), KUBERNETES / "README.md"]:
        found = re.findall(r"\bGATEWAY_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8"))
        assert set(found) <= SETTINGS | FILES, path


def test_the_rules_are_those_of_prometheus() -> None:
    """`make fix` has written the PrometheusRule after the last change of the rules."""
    (rules,) = documents(ROOT / "deploy/monitoring/rules.yaml")
    assert one("production", "PrometheusRule")["spec"] == rules


@both
def test_the_sandbox_alone_is_allowed_to_run(overlay: str) -> None:
    """The image refuses its command otherwise."""
    for pod in pods(overlay):
        entries = {entry["name"]: entry["value"] for entry in pod.container.get("env", ())}
        is_sandbox = pod.container.get("args", [""])[0] == "sandbox"
        assert (entries.get("GATEWAY_ALLOW_SANDBOX") == "true") == is_sandbox, pod.name


def test_the_dashboard_is_that_of_grafana() -> None:
    """A ConfigMap has it under the label by which the sidecar finds it."""
    (found,) = (
        config
        for config in all_of("production", "ConfigMap")
        if config["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
    )
    (board,) = found["data"].values()
    assert board == (ROOT / "deploy/monitoring/grafana/dashboard.json").read_text(encoding="utf-8")


@both
def test_secrets_are_files_of_the_mounted_secret(overlay: str) -> None:
    """Each `_FILE` is in the mounted folder, and only the pod's group can read it."""
    container, spec = gateway(overlay).container, gateway(overlay).spec
    (mount,) = container["volumeMounts"]
    (volume,) = spec["volumes"]
    assert mount == {"name": volume["name"], "mountPath": mount["mountPath"], "readOnly": True}
    assert volume["secret"] == {"secretName": NAME, "defaultMode": 0o440}
    assert spec["securityContext"]["fsGroup"] == 10001
    files = {value for name, value in variables(overlay).items() if name in FILES}
    assert {str(Path(file).parent) for file in files} == {mount["mountPath"]}
    keys = {Path(file).name for file in files}
    if overlay == "sandbox":
        assert set(one("sandbox", "Secret")["data"]) == keys
    else:
        assert all_of("production", "Secret") == []
        (command,) = re.findall(r"create secret generic ((?:.*\\\n)*.*)", README)
        assert set(re.findall(r"--from-file=([\w-]+)=", command)) == keys
        assert command.split()[0] == NAME


@both
def test_ports_agree(overlay: str) -> None:
    """Container, probes, Service, policy and monitor name the port on which the gateway listens."""
    container = gateway(overlay).container
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    told = variables(overlay)
    assert ports == {
        "http": int(told["GATEWAY_PORT"]),
        "admin": int(told["GATEWAY_ADMIN_PORT"]),
    }
    assert re.findall(r"^EXPOSE (.*)$", DOCKERFILE, re.MULTILINE) == [str(ports["http"])]
    probed = {container[name]["httpGet"]["port"] for name in container if name.endswith("Probe")}
    assert probed == {"admin"}
    service = one(overlay, "Service")
    served = {port["name"]: port["targetPort"] for port in service["spec"]["ports"]}
    assert served == {"http": "http", "admin": "admin"}
    for monitor in all_of(overlay, "ServiceMonitor"):
        assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} == {"admin"}
    allowed = {
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]: rule["ports"]
        for rule in one(overlay, "NetworkPolicy")["spec"]["ingress"]
        for peer in rule["from"]
    }
    assert allowed == {"ingress-nginx": [{"port": "http"}], "monitoring": [{"port": "admin"}]}


@both
def test_selectors_match_the_gateways_pods_alone(overlay: str) -> None:
    """Service, budget, policy and spread select the gateway's pods, and no others."""
    spec = gateway(overlay).spec
    selectors = [
        one(overlay, "Service")["spec"]["selector"],
        one(overlay, "Deployment")["spec"]["selector"]["matchLabels"],
        one(overlay, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        one(overlay, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(spread["labelSelector"]["matchLabels"] for spread in spec["topologySpreadConstraints"]),
    ]
    for selector in selectors:
        selected = [pod.name for pod in pods(overlay) if selector.items() <= pod.labels.items()]
        assert selected == [NAME]
    for scaler in all_of(overlay, "HorizontalPodAutoscaler"):
        assert scaler["spec"]["scaleTargetRef"]["name"] == NAME
        assert scaler["spec"]["minReplicas"] > 1
    for monitor in all_of(overlay, "ServiceMonitor"):
        labels = one(overlay, "Service")["metadata"]["labels"]
        assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert labels[monitor["spec"]["jobLabel"]] == NAME


@both
def test_replicas_are_left_to_the_autoscaler(overlay: str) -> None:
    """A Deployment with `replicas` would undo what the autoscaler has set at each apply."""
    scaled = bool(all_of(overlay, "HorizontalPodAutoscaler"))
    deployment = one(overlay, "Deployment")["spec"]
    assert ("replicas" in deployment) != scaled
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@both
def test_a_pod_has_time_to_leave(overlay: str) -> None:
    """It is killed only after the delay and the time for requests in flight."""
    told = variables(overlay)
    delay_s = float(told["GATEWAY_SHUTDOWN_DELAY_S"])
    grace_s = float(told["GATEWAY_SHUTDOWN_GRACE_S"])
    assert delay_s >= 5
    assert "lifecycle" not in gateway(overlay).container  # its time would count as well
    assert gateway(overlay).spec["terminationGracePeriodSeconds"] > delay_s + grace_s + 5


def hardening(spec: Manifest, container: Manifest) -> dict[str, Any]:
    """Return what the "restricted" pod security standard asks of a pod, and what we add to it."""
    context, own = spec["securityContext"], container["securityContext"]
    return {
        "token": spec["automountServiceAccountToken"],
        "service links": spec["enableServiceLinks"],
        "root": not context["runAsNonRoot"] or context["runAsUser"] == 0,
        "seccomp": context["seccompProfile"]["type"],
        "escalation": own["allowPrivilegeEscalation"],
        "read-only": own["readOnlyRootFilesystem"],
        "dropped": own["capabilities"]["drop"],
        "kept": own["capabilities"].get("add", []),
        "host": {name for name in spec if name.startswith("host")},
    }


@both
def test_every_pod_is_hardened(overlay: str) -> None:
    """No root, no privilege, no writable root, no token; memory is bounded."""
    found = list(pods(overlay))
    assert len(found) == (3 if overlay == "sandbox" else 1)
    for pod in found:
        assert hardening(pod.spec, pod.container) == {
            "token": False,
            "service links": False,
            "root": False,
            "seccomp": "RuntimeDefault",
            "escalation": False,
            "read-only": True,
            "dropped": ["ALL"],
            "kept": [],
            "host": set(),
        }
        resources = pod.container["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}
        assert "memory" in resources["limits"]
    (namespace,) = all_of(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert one(overlay, "ServiceAccount")["automountServiceAccountToken"] is False
    user = gateway(overlay).spec["securityContext"]
    image_user = f"USER {user['runAsUser']}:{user['runAsGroup']}\n"
    assert image_user in DOCKERFILE
    assert gateway(overlay).spec["serviceAccountName"] == NAME


@both
def test_traffic_is_restricted(overlay: str) -> None:
    """No rule is open to every peer or every port, and the cloud's metadata is out of reach."""
    policies = all_of(overlay, "NetworkPolicy")
    for policy in policies:
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        rules = policy["spec"]["ingress"] + policy["spec"].get("egress", [])
        for rule in rules:
            assert rule["ports"]
            peers = rule.get("from", rule.get("to"))
            assert peers
            for peer in peers:
                block = peer.get("ipBlock", {"cidr": "-"})
                if block["cidr"] == "0.0.0.0/0":
                    assert "169.254.0.0/16" in block["except"]
