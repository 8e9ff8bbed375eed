"""The images that the Dockerfile builds upon: the registry's, or Debian systems in their place."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE = "trixie"  # what python:3.12-slim and node:22-slim are made of
_PYTHON = "ca-certificates,python3,python3-pip,python3-venv"
_REGISTRY_S, _DEBIAN_S = 30.0, 500.0


class UnavailableError(Exception):
    """Neither the base images nor what could stand in for them can be had."""


class CommandFailedError(Exception):
    """A command failed or did not end; the message has the end of its output."""


class TimedOutError(CommandFailedError):
    """A command did not end in its time."""


@dataclass(frozen=True)
class BaseImages:
    """The base images by their build argument, and whether others stand in for them."""

    names: Mapping[str, str]
    stand_in: bool


def execute(command: Sequence[str | Path], timeout_s: float) -> str:
    """Run a command and return its output; end it with all its processes after `timeout_s`."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
    )
    try:
        output, errors = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise TimedOutError(f"{command[0]} took more than {timeout_s:g} s") from None
    if process.returncode != 0:
        end = "\n".join((output + errors).splitlines()[-30:])
        raise CommandFailedError(
            f"{' '.join(map(str, command))}: status {process.returncode}\n{end}"
        )
    return output


def base_images(folder: Path, buildah: list[str], log: Callable[[str], None]) -> BaseImages:
    """Return the registry's images where it can be reached, else make the stand-ins."""
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    declared = {
        name: reference(image)
        for name, image in re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", dockerfile, re.MULTILINE)
    }
    try:
        for image in declared.values():
            execute(["skopeo", "inspect", "--raw", f"docker://{image}"], _REGISTRY_S)
    except CommandFailedError as error:
        reason = str(error).rpartition(": ")[2].rstrip('"\n')
    else:
        log(f"base images: {', '.join(declared.values())}")
        return BaseImages(declared, stand_in=False)
    log(f"base images: Debian {SUITE} stands in for them, the registry cannot be reached: {reason}")
    # No stand-in has the digest of what it stands in for.
    names = {name: image.partition("@")[0] for name, image in declared.items()}
    _make_stand_ins(folder, buildah, names)
    return BaseImages(names, stand_in=True)


def reference(image: str) -> str:
    """Return the name of an image as skopeo takes it: with a tag or a digest, not with both."""
    name, at, digest = image.partition("@")
    return re.sub(r":[\w.-]+$", "", name) + at + digest if at else image


def _make_stand_ins(folder: Path, buildah: list[str], names: Mapping[str, str]) -> None:
    """Store Debian with Python, and the same with node, under the names of the base images.

    IMAGE_CHECK_CACHE may name a folder that keeps them for the next time.
    """
    kept = Path(os.environ.get("IMAGE_CHECK_CACHE") or folder)
    archives = {name: kept / f"{name.lower()}-{SUITE}.tar" for name in names}
    if not all(archive.is_file() for archive in archives.values()):
        _make_systems(folder / "system", archives)
    for name, archive in archives.items():
        container = execute([*buildah, "from", "scratch"], 60).strip()
        execute([*buildah, "add", "--quiet", container, archive, "/"], 600)
        execute([*buildah, "commit", "--quiet", "--rm", container, names[name]], 600)


def _make_systems(system: Path, archives: Mapping[str, Path]) -> None:
    if shutil.which("debootstrap") is None:
        raise UnavailableError("no registry can be reached; missing: apt-get install debootstrap")
    inside: list[str | Path] = ["chroot", system, "apt-get", "--quiet", "--yes"]
    try:
        options = ["--variant=minbase", f"--include={_PYTHON}"]
        execute(["debootstrap", *options, SUITE, system], _DEBIAN_S)
        # The official image's Python is its own: `python`, into which pip installs.
        (system / "usr/bin/python").symlink_to("python3")
        for marker in system.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            marker.unlink()
        _archive(system, archives["PYTHON_IMAGE"])
        execute([*inside, "update"], _DEBIAN_S)
        execute([*inside, "install", "--no-install-recommends", "nodejs", "npm"], _DEBIAN_S)
        _archive(system, archives["NODE_IMAGE"])
    except CommandFailedError as error:
        raise UnavailableError(f"neither a registry nor Debian can be used: {error}") from None
    shutil.rmtree(system)


def _archive(system: Path, archive: Path) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_suffix(".unfinished")
    execute(["tar", "--create", "--file", unfinished, "--directory", system, "."], 600)
    unfinished.rename(archive)
