"""Values of settings that stand in files: `GATEWAY_X_FILE` names the file of `GATEWAY_X`.

A variable shows in process listings, crash reports and `docker inspect`; a mounted file does not,
and its content may change while the gateway runs.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from gateway.config.parsing import PREFIX

SUFFIX = "_FILE"
MAX_FILE_BYTES = 64 * 1024
NOT_SHOWN = "(not shown, it may hold a secret)"
PEM = "-----BEGIN"
"""What a key in PEM contains, which may stand by mistake where a file's path should."""


class FileValues(NamedTuple):
    """What the files hold and where they are, by setting, and a line for each that is no value."""

    values: dict[str, str]
    paths: dict[str, str]
    mistakes: list[str]


def may_be_file(field: FieldInfo) -> bool:
    """Whether a setting's value may stand in a file."""
    extra = field.json_schema_extra
    return field.annotation is SecretStr or (isinstance(extra, dict) and bool(extra.get("file")))


def file_variable(name: str) -> str:
    """Return the variable that names the file of a setting."""
    return PREFIX + name.upper() + SUFFIX


def find_files(names: Iterable[str], variables: Mapping[str, str]) -> FileValues:
    """Read the files that `variables`, the environment in lower case, name for these settings."""
    paths, mistakes = {}, []
    for name in names:
        variable = file_variable(name)
        path = variables.get(variable.lower())
        if path and variables.get((PREFIX + name).lower()):
            mistakes.append(
                f"{PREFIX}{name.upper()} and {variable} are both set: unset one of them"
            )
        elif path:
            paths[name] = path
    found = read_files(paths)
    return found._replace(mistakes=mistakes + found.mistakes)


def read_files(paths: Mapping[str, str]) -> FileValues:
    """Read the files of settings, each without the end of its last line."""
    values, mistakes = {}, []
    for name, path in paths.items():
        try:
            values[name] = _read(path)
        except OSError as error:
            mistakes.append(f"{quote_file(name, path)}: {error.strerror}")
        except ValueError:  # also UnicodeDecodeError, whose message quotes the content
            mistakes.append(
                f"{quote_file(name, path)}: it must be a file of UTF-8 text, not empty and of at"
                f" most {MAX_FILE_BYTES} bytes"
            )
    return FileValues(values, dict(paths), mistakes)


def quote_file(name: str, path: str) -> str:
    """Return the variable and the path, unless that may be the secret itself, set by mistake."""
    return (
        f"{file_variable(name)}={path!r}"
        if Path(path).is_absolute()
        else (f"{file_variable(name)}={NOT_SHOWN}")
    )


def _read(path: str) -> str:
    with Path(path).open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    text = raw.decode()
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(raw) > MAX_FILE_BYTES:
        raise ValueError
    return text
