"""Images are pinned by the digests that a registry has for them, all or none."""

import hashlib
import json
import shutil
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from deploy.pin_images import FILES, main, pin, unpinned

INDEX = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
    }
).encode()
DIGEST = f"sha256:{hashlib.sha256(INDEX).hexdigest()}"
OLD = f"sha256:{'0' * 64}"
needs_skopeo = pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")


class Registry(BaseHTTPRequestHandler):
    """A registry with one image, `base:1`."""

    def do_GET(self) -> None:
        """Answer the version check and the manifest."""
        known = self.path in {"/v2/", "/v2/base/manifests/1"}
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/vnd.oci.image.index.v1+json")
        self.send_header("Content-Length", str(len(INDEX)))
        self.end_headers()
        self.wfile.write(INDEX)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Print nothing."""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run the registry, with a certificate that skopeo knows; return its address."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    address = f"127.0.0.1:{server.server_port}"
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


def files(folder: Path, *images: str) -> list[Path]:
    """Write a Dockerfile and a compose file that name images."""
    dockerfile, compose = folder / "Dockerfile", folder / "compose.yaml"
    lines = [f"ARG N{number}_IMAGE={image}" for number, image in enumerate(images)]
    dockerfile.write_text("\n".join([*lines, "FROM ${N0_IMAGE}", ""]))
    compose.write_text(f"  image: promotion-gateway\n    image: {images[0]}\n")
    return [dockerfile, compose]


@needs_skopeo
def test_each_image_gets_the_digest_that_the_registry_has(
    registry: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In all files, also in the place of an older digest; `--check` is silent from then on."""
    image = f"{registry}/base:1"
    written = files(tmp_path, image, f"{image}@{OLD}")
    assert main(["--check"], written) == 1
    assert f"{image} is not pinned" in capsys.readouterr().err
    assert main([], written) == 0
    assert capsys.readouterr().out == f"{image}@{DIGEST}\n"
    dockerfile, compose = (path.read_text() for path in written)
    pinned = f"{image}@{DIGEST}"
    assert dockerfile == f"ARG N0_IMAGE={pinned}\nARG N1_IMAGE={pinned}\nFROM ${{N0_IMAGE}}\n"
    assert compose == f"  image: promotion-gateway\n    image: {pinned}\n"
    assert main(["--check"], written) == 0
    assert capsys.readouterr() == ("", "")


@needs_skopeo
def test_without_one_digest_no_file_changes(
    registry: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names the image; nothing is half pinned."""
    written = files(tmp_path, f"{registry}/base:1", f"{registry}/other:1")
    before = [path.read_text() for path in written]
    assert main([], written) == 1
    assert capsys.readouterr().err.startswith(f"nothing was pinned: {registry}/other:1: ")
    assert [path.read_text() for path in written] == before


def test_without_skopeo_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([], files(tmp_path, "base:1")) == 1
    said = "nothing was pinned: skopeo is missing: apt-get install skopeo\n"
    assert capsys.readouterr().err == said


def test_the_repositorys_images_are_found() -> None:
    """Those of the Dockerfile, of compose and of the manifests, and not the gateway's own."""
    texts = [path.read_text(encoding="utf-8") for path in FILES]
    pinned = [pin(text, lambda _: DIGEST) for text in texts]
    assert not any(map(unpinned, pinned))
    named = set("\n".join(pinned).split())
    assert f"NODE_IMAGE=docker.io/library/node:22-slim@{DIGEST}" in named
    assert f"PYTHON_IMAGE=docker.io/library/python:3.12-slim@{DIGEST}" in named
    assert f"valkey/valkey:8-alpine@{DIGEST}" in named
    own = [
        line for text in pinned for line in text.splitlines() if "image: promotion-gateway" in line
    ]
    assert len(own) >= 2
    assert not any("@" in line for line in own)
