"""Build the image without a container engine, and run containers of it, as root.

buildah builds from the Dockerfile with the chroot isolation, umoci unpacks it, and runc runs it.
Where no registry has the base images, Debian systems of debootstrap stand in for them.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.commands import Command
from tests.support.image_bases import (
    BaseImages,
    CommandFailedError,
    TimedOutError,
    UnavailableError,
    base_images,
    execute,
)

ROOT = Path(__file__).parents[2]
TOOLS = {"buildah": "buildah", "skopeo": "skopeo", "umoci": "umoci", "runc": "runc"}
NAME = "localhost/promotion-gateway:check"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
EPOCH = "1700000000"
_BUILD_S = 900.0
_UNUSED_NAMESPACES = {"network", "cgroup"}  # the host's: nothing here is about them
_SYSTEM = ("/bin", "/lib", "/lib64", "/usr")


def _missing() -> str:
    """Return what this machine lacks to build and run the image, or an empty text."""
    if sys.platform != "linux":
        return "Linux is needed"
    if os.geteuid() != 0:
        return "root is needed: sudo make image-check"
    absent = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    return f"missing: apt-get install {' '.join(absent)}" if absent else ""


@dataclass(frozen=True)
class Image:
    """The built image, unpacked."""

    config: dict[str, Any]
    """Its configuration, as OCI defines it."""
    rootfs: Path
    spec: dict[str, Any]
    """What runc is told of a container of it."""
    bases: BaseImages
    folder: Path

    @contextmanager
    def container(
        self, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> Iterator["Container"]:
        """Run a container with a read-only root and no capability, until the block is left."""
        bundle = Path(tempfile.mkdtemp(dir=self.folder, prefix="container-"))
        spec = self._spec(arguments, variables or {})
        (bundle / "config.json").write_text(json.dumps(spec), encoding="utf-8")
        process = subprocess.Popen(
            [*_runc(self.folder), "run", "--bundle", bundle, bundle.name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        container = Container(process, folder=self.folder, name=bundle.name)
        try:
            yield container
        finally:
            container.remove()

    def _spec(self, arguments: tuple[str, ...], variables: Mapping[str, str]) -> dict[str, Any]:
        spec: dict[str, Any] = json.loads(json.dumps(self.spec))
        spec["root"] = {"path": str(self.rootfs), "readonly": True}
        process = spec["process"]
        process["terminal"] = False
        process["noNewPrivileges"] = True
        process["capabilities"] = {}
        process.pop("rlimits", None)
        if arguments:
            process["args"] = [*self.config["config"]["Entrypoint"], *arguments]
        # The address of this machine alone, as long as the namespace is the host's.
        process["env"] += [f"{name}={value}" for name, value in variables.items()]
        _use_hosts(spec["linux"])
        return spec


@dataclass
class Container(Command):
    """A running container; `process` is runc's."""

    folder: Path = Path()
    name: str = ""

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as its user."""
        return subprocess.run(
            [*_runc(self.folder), "exec", self.name, *command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def status(self) -> dict[str, str]:
        """Return `/proc/…/status` of its first process."""
        told = subprocess.run(
            [*_runc(self.folder), "state", self.name], capture_output=True, text=True, check=True
        )
        lines = Path(f"/proc/{json.loads(told.stdout)['pid']}/status").read_text(encoding="utf-8")
        return {
            name: value.strip() for name, _, value in (x.partition(":") for x in lines.splitlines())
        }

    def stop(self) -> int:
        """Send SIGTERM to its first process, as engines do, and return the exit status."""
        subprocess.run([*_runc(self.folder), "kill", self.name, "TERM"], check=True)
        return self.end(0)

    def remove(self) -> None:
        """Delete the container, whether or not it runs."""
        subprocess.run(
            [*_runc(self.folder), "delete", "--force", self.name], capture_output=True, check=False
        )
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def _runc(folder: Path) -> list[str | Path]:
    return ["runc", "--root", folder / "runc"]


@contextmanager
def built_image(log: Any) -> Iterator[Image]:
    """Build the image; remove everything that was made for it when the block is left.

    Raises UnavailableError where a tool or the base images cannot be had.
    """
    if reason := _missing():
        raise UnavailableError(reason)
    folder = Path(tempfile.mkdtemp(prefix="image-check-", dir="/var/tmp"))
    try:
        _try_container(folder)
        yield _build(folder, log)
    finally:
        _remove(folder)


def _try_container(folder: Path) -> None:
    """Raise UnavailableError where runc cannot run anything, as in many a container."""
    bundle = folder / "trial"
    (bundle / "rootfs").mkdir(parents=True)
    execute(["runc", "spec", "--bundle", bundle], 60)
    spec = json.loads((bundle / "config.json").read_text(encoding="utf-8"))
    spec["root"]["readonly"] = False
    spec["process"] |= {"terminal": False, "args": ["true"]}
    _use_hosts(spec["linux"])
    spec["mounts"] += [
        {"destination": path, "source": path, "type": "bind", "options": ["rbind", "ro"]}
        for path in _SYSTEM
        if Path(path).exists()
    ]
    (bundle / "config.json").write_text(json.dumps(spec), encoding="utf-8")
    try:
        execute([*_runc(folder), "run", "--bundle", bundle, bundle.name], 60)
    except CommandFailedError as error:
        raise UnavailableError(f"runc runs no container: {error}") from None


def _use_hosts(linux: dict[str, Any]) -> None:
    """Leave a container the host's network and no limits."""
    linux.pop("resources", None)
    linux["namespaces"] = [
        one for one in linux["namespaces"] if one["type"] not in _UNUSED_NAMESPACES
    ]


def _build(folder: Path, log: Any) -> Image:
    buildah = [
        "buildah",
        "--storage-driver=vfs",
        f"--root={folder}/storage",
        f"--runroot={folder}/run",
    ]
    bases = base_images(folder, buildah, log)
    log("building from deploy/Dockerfile")
    arguments = {"REVISION": "0123abc", "SOURCE_DATE_EPOCH": EPOCH, **bases.names}
    command = [*buildah, "bud", "--isolation=chroot", "--format=docker", f"--tag={NAME}"]
    command += [f"--build-arg={name}={value}" for name, value in arguments.items()]
    if bases.stand_in:
        command += ["--pull-never"]
    if CERTIFICATES.is_file():  # the host's may have an authority that the base images do not know
        npmrc = folder / "npmrc"
        npmrc.write_text(f"cafile={CERTIFICATES}\n", encoding="utf-8")
        command += [
            f"--volume={CERTIFICATES}:{CERTIFICATES}:ro",
            f"--volume={npmrc}:/root/.npmrc:ro",
        ]
    try:
        execute([*command, "--file", ROOT / "deploy/Dockerfile", ROOT], _BUILD_S)
    except TimedOutError as error:
        raise UnavailableError(f"this machine or its network is too slow: {error}") from None
    layout = folder / "layout"
    log("unpacking")
    with_storage = f"containers-storage:[vfs@{folder}/storage+{folder}/run]{NAME}"
    execute(
        ["skopeo", "--insecure-policy", "copy", "--quiet", with_storage, f"oci:{layout}:check"], 600
    )
    # Docker's form has the health check, OCI's has not.
    inspected = execute(["skopeo", "inspect", "--config", "--raw", with_storage], 60)
    execute(["umoci", "unpack", "--image", f"{layout}:check", folder / "bundle"], 600)
    spec = json.loads((folder / "bundle/config.json").read_text(encoding="utf-8"))
    return Image(json.loads(inspected), folder / "bundle/rootfs", spec, bases, folder)


def _remove(folder: Path) -> None:
    """Delete the folder, unless something is still mounted in it, which would be deleted, too."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    if f" {folder}/" in mounts:
        raise RuntimeError(f"{folder} is left: something is mounted in it")
    shutil.rmtree(folder)
