"""Files that commands write, or compare with what they would write."""

import sys
from collections.abc import Mapping
from pathlib import Path


class CommandError(Exception):
    """A command cannot run; the message is one line for its user."""


def write_or_check(command: str, files: Mapping[Path, str], *, check: bool) -> int:
    """Write generated files; with `check` return 1 and name them where they are stale."""
    stale = []
    for path, text in files.items():
        written = text.encode()
        try:
            if not check:
                path.write_bytes(written)
            elif not path.is_file() or path.read_bytes() != written:
                stale.append(path)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
    for path in stale:
        print(f"{path} is stale: run promotion-gateway {command}", file=sys.stderr)
    return int(bool(stale))
