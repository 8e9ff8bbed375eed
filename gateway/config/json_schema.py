"""A JSON schema of the variables, for editors, pipelines and what generates deployments.

It is for an object of variables such as the data of a ConfigMap, whose values are texts, and takes
YAML's numbers and booleans as well. It never rejects what the gateway accepts; `check` knows more.
"""

import re
from typing import Any, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from gateway.config.parsing import PREFIX, allowed_values, allowed_words, bounds, to_text
from gateway.config.secret_files import file_variable
from gateway.config.settings import FILES, SERVICE_LINK, Settings

_NUMBER = r"^\s*[+-]?[0-9._]+([eE][+-]?[0-9]+)?\s*$"
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum"}
_UNSET = {"const": ""}  # as if it were not there


def settings_schema() -> dict[str, Any]:
    """Return the schema of an object of `GATEWAY_…` variables, and of any others."""
    properties = {
        PREFIX + name.upper(): _property(field) for name, field in Settings.model_fields.items()
    }
    either = []
    for name in FILES:
        variable, file = PREFIX + name.upper(), file_variable(name)
        properties[file] = {"type": "string", "description": f"File that holds {variable}."}
        both = {variable: {"minLength": 1}, file: {"minLength": 1}}
        either.append({"not": {"required": [variable, file], "properties": both}})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Variables of promotion-gateway",
        "type": "object",
        "properties": properties,
        "patternProperties": {f"^(?!{PREFIX})": {}, f"^{SERVICE_LINK.pattern}$": {}},
        "additionalProperties": False,
        "allOf": either,
    }


def _property(field: FieldInfo) -> dict[str, Any]:
    described = {
        "description": f"{field.description} It must be {allowed_values(field)}.",
        "anyOf": [_UNSET, *_alternatives(field)],
    }
    if field.annotation is SecretStr:
        return described | {"writeOnly": True}
    return described | {"default": to_text(field.default)}


def _alternatives(field: FieldInfo) -> list[dict[str, Any]]:
    kind, words = field.annotation, allowed_words(field.annotation)
    if kind is bool:
        texts = "^(?:[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[oO][nN]|[oO][fF][fF]|[yYnNtTfF01]"
        return [
            {"type": "boolean"},
            {"type": "string", "pattern": texts + "|[yY][eE][sS]|[nN][oO])$"},
        ]
    if kind in {int, float}:
        limits = {_BOUNDS[name]: value for name, value in bounds(field).items()}
        number = {"type": "integer" if kind is int else "number"} | limits
        return [number, {"type": "string", "pattern": _NUMBER}]
    if words and get_origin(kind) in {tuple, frozenset}:
        word = f"\\s*(?:{'|'.join(map(re.escape, words))})?\\s*"
        return [{"type": "string", "pattern": f"^{word}(?:,{word})*$"}]
    if words:
        return [{"enum": words}]
    return [{"type": "string"}]
