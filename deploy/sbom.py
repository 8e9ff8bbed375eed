"""Write the software bill of materials (CycloneDX, JSON) of the gateway and of its image.

cyclonedx-bom lists the Python packages. This adds what it does not know of: the Python interpreter,
the packages that GraphiQL's page was built from and, with `--base`, the base image's own packages.
"""

import argparse
import base64
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).parent.parent
_DEBIAN = ["dpkg-query", "--show", "--showformat", "${Package}\t${Version}\t${Architecture}\n"]


def bill_of_materials(interpreter: Path, base: Path | None) -> dict[str, Any]:
    """Return the document: of an environment and the page, and of the base image if it is named.

    `interpreter` is the Python of the environment, `base` that of the base image.
    """
    document = _python_packages(interpreter, "--pyproject", str(ROOT / "pyproject.toml"))
    additions = [_json([cpython(interpreter), *npm_packages(ROOT / "explorer/package-lock.json")])]
    if base:
        additions += [_python_packages(base), _json(debian_packages())]
    known = {component["bom-ref"] for component in document["components"]}
    for addition in additions:
        for key in ("components", "dependencies"):
            reference = "bom-ref" if key == "components" else "ref"
            document[key] += [one for one in addition[key] if one[reference] not in known]
        known |= {component["bom-ref"] for component in addition["components"]}
    invalid = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    if invalid:
        raise ValueError(f"the document is invalid: {invalid}")
    return document


def cpython(interpreter: Path) -> Component:
    """Return the interpreter, by the name under which its vulnerabilities are published."""
    version = _output(interpreter, "-c", "import platform; print(platform.python_version())")
    return Component(
        type=ComponentType.PLATFORM,
        name="python",
        version=version.strip(),
        bom_ref=f"python=={version.strip()}",
        cpe=f"cpe:2.3:a:python:python:{version.strip()}:*:*:*:*:*:*:*",
        purl=PackageURL("generic", None, "python", version.strip()),
    )


def npm_packages(lock: Path) -> Iterator[Component]:
    """Yield the packages from which the page may have been built, without the build's own tools."""
    licences = LicenseFactory()
    packages: dict[str, dict[str, Any]] = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    for path, package in packages.items():
        if not path or package.get("dev") or package.get("devOptional"):
            continue
        group, _, name = path.rpartition("node_modules/")[2].rpartition("/")
        url = PackageURL("npm", group or None, name, package["version"])
        algorithm, _, digest = package["integrity"].partition("-")
        yield Component(
            type=ComponentType.LIBRARY,
            group=group or None,
            name=name,
            version=package["version"],
            bom_ref=str(url),
            purl=url,
            licenses=[licences.make_from_string(package["license"])],
            hashes=[
                HashType(
                    alg=HashAlgorithm[algorithm.upper().replace("SHA", "SHA_")],
                    content=base64.b64decode(digest).hex(),
                )
            ],
        )


def debian_packages() -> Iterator[Component]:
    """Yield the packages of the Debian system that this runs on."""
    system = platform.freedesktop_os_release()
    distribution = f"{system['ID']}-{system.get('VERSION_ID', '')}"
    for line in _output(*_DEBIAN).splitlines():
        name, version, architecture = line.split("\t")
        qualifiers = {"arch": architecture, "distro": distribution}
        url = PackageURL("deb", system["ID"], name, version, qualifiers)
        yield Component(
            type=ComponentType.LIBRARY, name=name, version=version, bom_ref=str(url), purl=url
        )


def _python_packages(interpreter: Path, *options: str) -> dict[str, Any]:
    arguments = (
        "environment",
        "--sv",
        "1.6",
        "--no-validate",
        "--output-reproducible",
        *options,
        str(interpreter),
    )
    document: dict[str, Any] = json.loads(
        _output(sys.executable, "-m", "cyclonedx_py", *arguments),
    )
    return document


def _json(components: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(JsonV1Dot6(Bom(components=components)).output_as_string())
    return document


def _output(*command: str | Path) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603 - the build's own tools


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interpreter", type=Path, required=True)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    document = bill_of_materials(options.interpreter, options.base)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    print(f"{options.output}: {len(document['components'])} components")


if __name__ == "__main__":
    main()
