"""The GraphQL request inside an HTTP request (GraphQL over HTTP, §5), or a batch of them."""

import re
from binascii import a2b_qp
from typing import Any, NamedTuple, NoReturn

import msgspec

from gateway.edge.http_request import HttpRequest
from gateway.errors import BadRequestError
from gateway.graphql_http.body import read_body
from gateway.graphql_http.persisted_queries.reference import Reference, read_reference

_DECODER = msgspec.json.Decoder(Any)
_MOST_DEPTH = 64
_MAX_PARAMETERS = 16  # of a query string; four are read
_NO_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class GraphQLRequest(NamedTuple):
    """What a GraphQL request says; `query` is empty where it only names its document."""

    query: str
    operation_name: str | None
    variables: dict[str, Any]
    reference: Reference | None = None


GraphQLRequestBatch = list[GraphQLRequest | BadRequestError]
"""Requests sent as an array, each with what is wrong with it where it is none."""


async def read_graphql_request(
    asked: HttpRequest, max_body_bytes: int, max_batch: int = 1
) -> GraphQLRequest | GraphQLRequestBatch:
    """Read a POST's JSON, or else the query string; above a `max_batch` of 1 an array is a batch.

    Raises a RequestError, which says what is allowed.
    """
    if asked.method != "POST":
        return _read_query_string(asked)
    raw = _decode("The body", await read_body(asked, max_body_bytes))
    if isinstance(raw, list) and max_batch > 1:
        return _read_batch(raw, max_batch)
    return _check(raw)


def _read_batch(raw: list[Any], most: int) -> GraphQLRequestBatch:
    if not 0 < len(raw) <= most or not all(isinstance(item, dict) for item in raw):
        _refuse(f"A batch must hold 1 to {most} JSON objects, each with `query`.")
    batch: GraphQLRequestBatch = []
    for item in raw:
        try:
            batch.append(_check(item))
        except BadRequestError as error:
            batch.append(error)
    return batch


def _read_query_string(asked: HttpRequest) -> GraphQLRequest:
    pairs = asked.query.split(b"&", _MAX_PARAMETERS)
    if len(pairs) > _MAX_PARAMETERS:
        _refuse(f"The query string must have at most {_MAX_PARAMETERS} parameters.")
    raw: dict[str, Any] = {}
    for pair in filter(None, pairs):
        escaped, _, value = pair.partition(b"=")
        parameter = _unescape(escaped)
        if parameter in raw:
            _refuse("The query string must not repeat a parameter.")
        raw[parameter] = _unescape(value)
    for name in ("variables", "extensions"):
        if name in raw:
            raw[name] = _decode(name, raw[name].encode()) if raw[name] else None
    return _check(raw)


def _unescape(escaped: bytes) -> str:
    """Read a form's text (WHATWG URL section 5.1), as quoted-printable, which C reads.

    Python's own reader takes milliseconds for a long text of nothing but escapes.
    """
    quoted = escaped.replace(b"=", b"%3D").replace(b"+", b" ").replace(b"%", b"=")
    try:
        text = a2b_qp(quoted).decode()
    except UnicodeDecodeError:
        text = None
    if text is None or _NO_ESCAPE.search(escaped):
        _refuse("The query string must be percent-encoded UTF-8.")
    return text


def _decode(name: str, raw: bytes) -> Any:
    try:
        value = _DECODER.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise BadRequestError(
            f"{name} must be JSON in UTF-8, with finite numbers and limited nesting."
        ) from None
    if raw.count(b"[") + raw.count(b"{") > _MOST_DEPTH:  # those in texts included
        _check_depth(name, value)
    return value


def _check_depth(name: str, value: Any) -> None:
    """Refuse what is nested deeper than any argument, in a time that the value's size bounds."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_MOST_DEPTH):
        if not level:
            return
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
    if not level:
        return
    _refuse(f"{name} must have a nesting depth of at most {_MOST_DEPTH}.")


def _check(raw: Any) -> GraphQLRequest:
    if not isinstance(raw, dict):
        _refuse("The body must be a JSON object with `query`.")
    query, name = raw.get("query"), raw.get("operationName")
    variables, extensions = raw.get("variables"), raw.get("extensions")
    if not (name is None or isinstance(name, str)):
        _refuse("operationName: it must be a string.")
    if not (variables is None or isinstance(variables, dict)):
        _refuse("variables: it must be an object.")
    if not (extensions is None or isinstance(extensions, dict)):
        _refuse("extensions: it must be an object.")
    reference = read_reference(raw) if extensions or "documentId" in raw else None
    if not (query is None or isinstance(query, str)) or not (query or reference):
        _refuse("query: it must be a string with a GraphQL document.")
    return GraphQLRequest(query or "", name or None, variables or {}, reference)


def _refuse(message: str) -> NoReturn:
    raise BadRequestError(message)
