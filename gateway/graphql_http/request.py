"""Parse the GraphQL request in an HTTP request (GraphQL over HTTP, §5), or a batch of them."""

import re
from binascii import a2b_qp
from typing import Any, NamedTuple

import msgspec

from gateway.edge.http_request import HttpRequest
from gateway.errors import BadRequestError
from gateway.graphql_http.body import read_body
from gateway.graphql_http.persisted_queries.reference import Reference, read_reference

_DECODER = msgspec.json.Decoder(Any)
_MAX_DEPTH = 64
_MAX_PARAMETERS = 16  # of a query string; four have a meaning
_INVALID_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class GraphQLRequest(NamedTuple):
    """The parameters of a GraphQL request; `query` is "" if only `reference` names the document."""

    query: str
    operation_name: str | None
    variables: dict[str, Any]
    reference: Reference | None = None


GraphQLRequestBatch = list[GraphQLRequest | BadRequestError]
"""Requests sent as an array, each replaced by its error if it is malformed."""


async def read_graphql_request(
    http_request: HttpRequest, max_body_bytes: int, max_batch: int = 1
) -> GraphQLRequest | GraphQLRequestBatch:
    """Parse a POST's JSON body, or the query string; with `max_batch` above 1 also a batch.

    Raise a RequestError, which states what is allowed.
    """
    if http_request.method != "POST":
        return _parse_query_string(http_request.query)
    parameters = _decode("The body", await read_body(http_request, max_body_bytes))
    if isinstance(parameters, list) and max_batch > 1:
        return _parse_batch(parameters, max_batch)
    return _parse(parameters)


def _parse_batch(items: list[Any], max_batch: int) -> GraphQLRequestBatch:
    if not 0 < len(items) <= max_batch or not all(isinstance(item, dict) for item in items):
        raise BadRequestError(
            f"A batch must hold 1 to {max_batch} JSON objects, each with `query`."
        )
    batch: GraphQLRequestBatch = []
    for item in items:
        try:
            batch.append(_parse(item))
        except BadRequestError as error:
            batch.append(error)
    return batch


def _parse_query_string(query: bytes) -> GraphQLRequest:
    pairs = query.split(b"&", _MAX_PARAMETERS)
    if len(pairs) > _MAX_PARAMETERS:
        raise BadRequestError(f"The query string must have at most {_MAX_PARAMETERS} parameters.")
    parameters: dict[str, Any] = {}
    for pair in filter(None, pairs):
        escaped_name, _, escaped_value = pair.partition(b"=")
        name = _unescape(escaped_name)
        if name in parameters:
            raise BadRequestError("The query string must not repeat a parameter.")
        parameters[name] = _unescape(escaped_value)
    for name in ("variables", "extensions"):
        if name in parameters:
            value = parameters[name]
            parameters[name] = _decode(name, value.encode()) if value else None
    return _parse(parameters)


def _unescape(escaped: bytes) -> str:
    """Decode a form's text (WHATWG URL, section 5.1) as quoted-printable, which is written in C.

    `urllib.parse` takes milliseconds for a long text of nothing but escapes.
    """
    quoted = escaped.replace(b"=", b"%3D").replace(b"+", b" ").replace(b"%", b"=")
    try:
        text = a2b_qp(quoted).decode()
    except UnicodeDecodeError:
        text = None
    if text is None or _INVALID_ESCAPE.search(escaped):
        raise BadRequestError("The query string must be percent-encoded UTF-8.")
    return text


def _decode(name: str, raw: bytes) -> Any:
    try:
        value = _DECODER.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise BadRequestError(
            f"{name} must be JSON in UTF-8, with finite numbers and limited nesting."
        ) from None
    if raw.count(b"[") + raw.count(b"{") > _MAX_DEPTH:  # an upper bound: strings contain them, too
        _check_depth(name, value)
    return value


def _check_depth(name: str, value: Any) -> None:
    """Raise BadRequestError for a nesting depth above the maximum, in linear time."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_MAX_DEPTH):
        if not level:
            return
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
    if level:
        raise BadRequestError(f"{name} must have a nesting depth of at most {_MAX_DEPTH}.")


def _parse(parameters: Any) -> GraphQLRequest:
    if not isinstance(parameters, dict):
        raise BadRequestError("The body must be a JSON object with `query`.")
    query, name = parameters.get("query"), parameters.get("operationName")
    variables, extensions = parameters.get("variables"), parameters.get("extensions")
    if not (name is None or isinstance(name, str)):
        raise BadRequestError("operationName: it must be a string.")
    if not (variables is None or isinstance(variables, dict)):
        raise BadRequestError("variables: it must be an object.")
    if not (extensions is None or isinstance(extensions, dict)):
        raise BadRequestError("extensions: it must be an object.")
    has_reference = extensions or "documentId" in parameters
    reference = read_reference(parameters) if has_reference else None
    if not (query is None or isinstance(query, str)) or not (query or reference):
        raise BadRequestError("query: it must be a string with a GraphQL document.")
    return GraphQLRequest(query or "", name or None, variables or {}, reference)
