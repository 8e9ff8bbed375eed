"""The GraphQL request inside an HTTP request (GraphQL over HTTP, §5 Request)."""

from typing import Any, NamedTuple, NoReturn

import msgspec
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

from gateway.errors import BadRequestError, PayloadTooLargeError, UnsupportedMediaTypeError
from gateway.persisted.reference import Reference, read_reference

_DECODER = msgspec.json.Decoder(Any)


class Parameters(NamedTuple):
    """What a GraphQL request says; `query` is empty where it only names its document."""

    query: str
    operation_name: str | None
    variables: dict[str, Any]
    reference: Reference | None = None


async def read_parameters(request: HttpRequest, max_body_bytes: int) -> Parameters:
    """Read a POST's JSON, or else the query string.

    Raises a RequestError, which says what is allowed.
    """
    if request.method != "POST":
        return _read_query_string(request)
    _check_media_type(request.headers.get("content-type", ""))
    return _check(_decode("The body", await _read_body(request, max_body_bytes)))


def _read_query_string(request: HttpRequest) -> Parameters:
    raw: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in raw:
            raw[name] = _decode(name, raw[name].encode()) if raw[name] else None
    return _check(raw)


def _check_media_type(content_type: str) -> None:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    if media_type != "application/json":
        raise UnsupportedMediaTypeError("The body must be application/json.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            raise UnsupportedMediaTypeError("The body must be in UTF-8.")


async def _read_body(request: HttpRequest, max_body_bytes: int) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_body_bytes:
                raise PayloadTooLargeError(f"The body may have {max_body_bytes} bytes at most.")
    except ClientDisconnect:
        raise BadRequestError("The body ended early.") from None
    return bytes(body)


def _decode(name: str, raw: bytes) -> Any:
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadRequestError(
            f"{name} must be JSON in UTF-8, not nested too deep and without endless numbers."
        ) from None


def _check(raw: Any) -> Parameters:
    if not isinstance(raw, dict):
        _refuse("The body must be a JSON object, with `query` in it.")
    query, name = raw.get("query"), raw.get("operationName")
    variables, extensions = raw.get("variables"), raw.get("extensions")
    if not isinstance(name, str | None):
        _refuse("operationName: it must be a string.")
    if not isinstance(variables, dict | None):
        _refuse("variables: it must be an object.")
    if not isinstance(extensions, dict | None):
        _refuse("extensions: it must be an object.")
    reference = read_reference(raw)
    if not isinstance(query, str | None) or not (query or reference):
        _refuse("query: it must be a string that holds a GraphQL document.")
    return Parameters(query or "", name or None, variables or {}, reference)


def _refuse(message: str) -> NoReturn:
    raise BadRequestError(message)
