"""Pin the images that this repository names by their digests: `name:tag@sha256:…`.

These are the Dockerfile's base images, and what the compose file and the manifests run beside the
gateway. skopeo asks the registry; an image for several platforms is pinned by its index.
"""

import argparse
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

DEPLOY = Path(__file__).parent
FILES = [
    DEPLOY / "Dockerfile",
    DEPLOY / "compose.yaml",
    *sorted(DEPLOY.glob("kubernetes/**/*.yaml")),
]
# `ARG X_IMAGE=name:tag` and `image: name:tag`; the gateway's own image has no registry here.
_NAMED = re.compile(
    r"^(?P<key>ARG \w+_IMAGE=|[ -]*image: *)(?!promotion-gateway\b)(?P<tagged>[\w./:-]+)"
    r"(?P<digest>@sha256:[0-9a-f]{64})?$",
    re.MULTILINE,
)


class DigestError(Exception):
    """A digest cannot be had; the message is one line for each image."""


def digest(image: str) -> str:
    """Return the digest of an image in its registry."""
    command = ["skopeo", "inspect", "--raw", f"docker://{_full(image)}"]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=60, check=False)  # noqa: S603
    except FileNotFoundError:
        raise DigestError("skopeo is missing: apt-get install skopeo") from None
    except subprocess.TimeoutExpired:
        raise DigestError(f"{image}: the registry did not respond within 60 s") from None
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip().rpartition(": ")[2].strip('"')
        raise DigestError(f"{image}: {said}")
    return f"sha256:{hashlib.sha256(ended.stdout).hexdigest()}"


def pin(text: str, digest_of: Callable[[str], str]) -> str:
    """Return the text with each image pinned, or pinned anew."""
    return _NAMED.sub(
        lambda found: f"{found['key']}{found['tagged']}@{digest_of(found['tagged'])}", text
    )


def unpinned(text: str) -> list[str]:
    """Return the images without a digest."""
    return [found["tagged"] for found in _NAMED.finditer(text) if not found["digest"]]


def _full(image: str) -> str:
    """Return a name with its registry: `valkey/valkey:8` is Docker Hub's."""
    host, _, rest = image.partition("/")
    if rest and ("." in host or ":" in host or host == "localhost"):
        return image
    return f"docker.io/{image}" if rest else f"docker.io/library/{image}"


def main(arguments: Sequence[str] | None = None, files: Iterable[Path] = FILES) -> int:
    """Pin all images, or none where a digest cannot be had; with `--check` write nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="exit status 1 where one is not pinned"
    )
    options = parser.parse_args(arguments)
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    if options.check:
        names = {image for text in texts.values() for image in unpinned(text)}
        for image in sorted(names):
            print(f"{image} is not pinned: run make pin-images", file=sys.stderr)
        return int(bool(names))
    digests: dict[str, str] = {}
    try:
        for text in texts.values():
            for found in _NAMED.finditer(text):
                image = found["tagged"]
                digests[image] = digests.get(image) or digest(image)
    except DigestError as error:
        print(f"nothing was pinned: {error}", file=sys.stderr)
        return 1
    for path, text in texts.items():
        path.write_text(pin(text, digests.__getitem__), encoding="utf-8")
    for image, found_digest in sorted(digests.items()):
        print(f"{image}@{found_digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
