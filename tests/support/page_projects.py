"""The files that a page of the documentation tells its readers to write, as projects to run."""

import json
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.javascript import CLIENTS

ROOT = Path(__file__).parents[2]
_SECTION = re.compile(r"^## (.*)$", re.MULTILINE)
# The name of a file is its first line, a comment, or stands in backquotes before the block.
_BLOCK = re.compile(
    r"(?:`(?P<before>[\w/-]+\.[\w.]+)`:\n\n)?^```(?P<language>\w+)\n"
    r"(?:// (?P<first>\S+\.tsx?)\n)?(?P<text>.*?)^```",
    re.DOTALL | re.MULTILINE,
)


class Block(NamedTuple):
    """A block of code of a page; `file` is empty where it is no file."""

    section: str
    language: str
    file: str
    text: str


def blocks(page: str) -> list[Block]:
    """Return the blocks of code of a page of `docs/`."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    sections = [(match.start(), match[1]) for match in _SECTION.finditer(text)]
    return [
        Block(
            next((title for start, title in reversed(sections) if start < match.start()), ""),
            match["language"],
            match["first"] or match["before"] or "",
            match["text"],
        )
        for match in _BLOCK.finditer(text)
    ]


def _merge(into: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merge(into[key], other[key]) if isinstance(into[key], dict) else other[key]
        for key in into.keys() & other.keys()
    }
    return into | other | both


def write_files(folder: Path, files: list[Block], gateway_url: str) -> None:
    """Write files into a folder, for a gateway at this URL."""
    for block in files:
        text = block.text.replace("http://127.0.0.1:8000", gateway_url)
        text = text.replace("../promotion-gateway/schema.graphql", str(ROOT / "schema.graphql"))
        path = folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        if block.file == "tsconfig.json":
            text = json.dumps(_merge(json.loads(path.read_text()), json.loads(text)))
        path.write_text(text)


def write_project(folder: Path, files: list[Block], gateway_url: str) -> Path:
    """Write files beside what a new project in TypeScript has; return the folder."""
    shutil.copytree(CLIENTS / "project", folder)
    (folder / "node_modules").symlink_to(CLIENTS / "node_modules")
    write_files(folder, files, gateway_url)
    return folder
