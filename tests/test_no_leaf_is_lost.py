"""Every leaf of the documented payloads is shown in the graph, or left out for a reason."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from graphql import GraphQLObjectType, get_named_type

from gateway.app import create_app
from gateway.sandbox.documented_examples import FRAGMENTS, document
from gateway.schema.build import build_schema, executable
from tests.sandbox.client import NOW
from tests.support.graph import settings_for
from tests.support.http_client import TLS
from tests.support.httpx_transport import HttpxTransport
from tests.support.leaves import CUSTOMER_VIEW, LEGACY_LIST, ON_PURPOSE, REFUSALS
from tests.support.serving import serve
from tests.support.successor_leaves import SUCCESSOR_ITEM
from tests.test_documented_definition import PROMOTION
from tests.test_documented_examples import PAGE

CUSTOMER_DOCUMENTS: list[Any] = [
    document(f"customer_{name}")
    for name in (
        "555380204_page_of_2",
        "345853998_not_enrolled",
        "345854019_enrolled",
        "345854019_issued_page_of_6",
        "345854019_expired_only",
        "564332013_page_of_3",
    )
] + [{"promotions": [document(name)]} for name in FRAGMENTS]
LEGACY_DOCUMENTS: list[Any] = [document("program_973_user_created")]
ERROR_DOCUMENTS: list[Any] = [
    document("error_8015_customer_not_found"),
    document("error_8003_invalid_source"),
]
LIST = f"""query List($event: String!) {{
  program(programId: "973") {{
    promotions(first: 2, sourceTypes: [USER_CREATED], eventName: $event) {{
      totalCount warnings {{ message }} nodes {PROMOTION}
    }}
  }}
}}"""
MAPS = {
    "caseToActions",
    "mandatoryPropertiesValues",
    "propertyToValues",
    "linkedTargetGroupVsTargetRuleIdMap",
}
KEY = object()
Path = tuple[Any, ...]


def leaves(payload: Any, path: Path = ()) -> Iterator[Path]:
    """Return the path of each leaf; an empty list or object is one, and so is a key of a map."""
    if payload and isinstance(payload, dict):
        for key, value in payload.items():
            if path and path[-1] in MAPS:
                yield (*path, key, KEY)
            yield from leaves(value, (*path, key))
    elif payload and isinstance(payload, list):
        for index, value in enumerate(payload):
            yield from leaves(value, (*path, index))
    else:
        yield path


def pattern(path: Path) -> str:
    """Return a path in the notation of `tests/support/leaves.py`."""
    written = ""
    for before, step in zip((None, *path), path, strict=False):
        if step is KEY:
            written = written.removesuffix(".*") + "{key}"
        elif isinstance(step, int):
            written += "[]"
        else:
            written += ".*" if before in MAPS else f".{step}"
    return written.removeprefix(".")


def first_leaves(documents: list[Any]) -> dict[str, tuple[Any, Path]]:
    """Return, for each pattern, the first document with such a leaf, and its path."""
    found: dict[str, tuple[Any, Path]] = {}
    for payload in documents:
        for path in leaves(payload):
            found.setdefault(pattern(path), (payload, path))
    return {  # a list that is empty in one example and filled in another is no leaf
        name: place
        for name, place in found.items()
        if not any(other.startswith((f"{name}[", f"{name}.", f"{name}{{")) for other in found)
    }


CUSTOMER_LEAVES = first_leaves(CUSTOMER_DOCUMENTS)
LEGACY_LEAVES = first_leaves(LEGACY_DOCUMENTS)
ERROR_LEAVES = first_leaves(ERROR_DOCUMENTS)

OTHERWISE: dict[str, Any] = {
    "warnings": ["changed"],
    "cappingInfo": [{"changed": 1}],
    "filterInfo": [{"id": 41}],
    "mandatoryComplexPropertiesValues": {"changed": 1},
    "expJSON": '{"changed": 1}',
    "liabilityOwnerSplitInfo": [{"orgId": 1}],
    "allCycles": [{"id": "changed"}],
    "NON_PERIOD_BASED": "PERIOD_BASED",
    "PERIOD_BASED": "NON_PERIOD_BASED",
}


def another(key: Any, value: Any) -> Any:
    """Return a different value of the same type as `value`."""
    if key in OTHERWISE:
        return OTHERWISE[key]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return 1767225600000 if value > 10**12 else 41
    if value is None:
        return "changed"
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", value):
        return "2031-05-05T05:05:05Z"
    return OTHERWISE.get(value, "41" if re.fullmatch(r"-?[\d.]+", value) else "changed")


def change(payload: Any, path: Path) -> Any:
    """Return a copy of a payload with one leaf changed."""
    changed = copy.deepcopy(payload)
    place = changed
    *way, last = path[:-1] if path[-1] is KEY else path
    for step in way:
        place = place[step]
    if path[-1] is KEY:
        place["7654321"] = place.pop(last)
    else:
        place[last] = another(last, place[last])
    return changed


Ask = Callable[[Any], Any]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Return a function that queries all fields of one payload.

    Each payload is served under its own identifier, so that no cached response is another's.
    """
    served: dict[str, bytes] = {}
    answers: dict[bytes, Any] = {}

    def platform(request: httpx.Request) -> httpx.Response:
        parameters = request.url.params
        name = parameters.get("identifierValue") or parameters["eventName"]
        return httpx.Response(200, content=served[name])

    app = create_app(
        settings_for("http://platform.invalid"),
        transport=HttpxTransport(httpx.MockTransport(platform)),
        clock=lambda: NOW,
    )
    with serve(app) as url, httpx.Client(base_url=url, trust_env=False, verify=TLS) as http:

        def answer(payload: Any) -> Any:
            body = json.dumps(payload).encode()
            if body not in answers:
                name = f"payload {len(served)}"
                served[name] = body
                query, variables = PAGE, {"externalId": name, "first": 20}
                if "data" in payload:
                    query, variables = LIST, {"event": name}
                asked = {"query": query, "variables": variables}
                answers[body] = http.post("/graphql", json=asked).json()
            return answers[body]

        yield answer


def values(answer: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Return each leaf of a response with its path; an object counts by its presence."""
    if isinstance(answer, dict):
        yield path, dict
        for key, value in answer.items():
            yield from values(value, (*path, key))
    elif isinstance(answer, list):
        for index, value in enumerate(answer):
            yield from values(value, (*path, index))
    else:
        yield path, answer


def fields_on_the_way(path: Path) -> list[str]:
    """Return the fields on a path of the response, as ``Type.field``."""
    named: Any = executable(build_schema()).query_type
    names = []
    for step in path:
        if isinstance(step, int) or not isinstance(named, GraphQLObjectType):
            continue
        if step not in named.fields:
            return []  # an alias
        names.append(f"{named.name}.{step}")
        named = get_named_type(named.fields[step].type)
    return names


def changed_fields(before: Any, after: Any) -> list[set[str]]:
    """Return, for each difference between two responses, the fields on its path."""
    assert "errors" not in before
    assert "errors" not in after, after
    old, new = dict(values(before["data"])), dict(values(after["data"]))
    return [
        set(fields_on_the_way(path))
        for path in old.keys() | new.keys()
        if path not in old or path not in new or old[path] != new[path]
    ]


def test_every_leaf_is_mapped_or_left_out_on_purpose() -> None:
    """A leaf without a line fails, and so does a line without a leaf."""
    mapped = set(CUSTOMER_VIEW) | set(LEGACY_LIST)
    documented = set(CUSTOMER_LEAVES) | set(LEGACY_LEAVES) | set(ERROR_LEAVES)
    assert documented - mapped - set(ON_PURPOSE) - REFUSALS == set()
    assert (mapped | set(ON_PURPOSE) | REFUSALS) - documented == set()
    assert not mapped & set(ON_PURPOSE)
    assert set(CUSTOMER_LEAVES) <= set(CUSTOMER_VIEW) | set(ON_PURPOSE)
    assert set(LEGACY_LEAVES) <= set(LEGACY_LIST) | set(ON_PURPOSE)
    assert len(CUSTOMER_VIEW) > 40
    assert len(LEGACY_LIST) > 90


def test_every_leaf_is_mapped_to_fields_of_the_schema() -> None:
    """A line names fields that exist."""
    types = executable(build_schema()).type_map
    for fields in (*CUSTOMER_VIEW.values(), *LEGACY_LIST.values(), *SUCCESSOR_ITEM.values()):
        for coordinate in fields.split():
            type_name, _, field = coordinate.partition(".")
            kind = types[type_name]
            assert isinstance(kind, GraphQLObjectType)
            assert field in kind.fields, coordinate


@pytest.mark.parametrize("leaf", CUSTOMER_VIEW)
def test_leaf_of_the_customer_view_is_shown_where_it_is_mapped_to(ask: Ask, leaf: str) -> None:
    """Changing the leaf changes the response at the mapped fields."""
    payload, path = CUSTOMER_LEAVES[leaf]
    before = ask(payload)
    after = ask(change(payload, path))
    expected = set(CUSTOMER_VIEW[leaf].split())
    assert any(expected <= fields for fields in changed_fields(before, after))


@pytest.mark.parametrize("leaf", LEGACY_LIST)
def test_leaf_of_the_legacy_list_is_shown_where_it_is_mapped_to(ask: Ask, leaf: str) -> None:
    """Changing the leaf changes the response at the mapped fields."""
    payload, path = LEGACY_LEAVES[leaf]
    before = ask(payload)
    after = ask(change(payload, path))
    expected = set(LEGACY_LIST[leaf].split())
    assert any(expected <= fields for fields in changed_fields(before, after))


@pytest.mark.parametrize("leaf", ON_PURPOSE)
def test_leaf_that_is_left_out_changes_no_field(ask: Ask, leaf: str) -> None:
    """Changing a leaf that is left out changes no field."""
    payload, path = (CUSTOMER_LEAVES | LEGACY_LEAVES | ERROR_LEAVES)[leaf]
    before = ask(payload)
    after = ask(change(payload, path))
    if leaf in {"status.code", "validationErrors"}:
        assert "errors" in after
    else:
        assert before == after


def test_code_of_a_documented_error_reaches_the_client(ask: Ask) -> None:
    """8015 is a null customer; 8003 is an error with its code."""
    nobody, invalid = map(ask, ERROR_DOCUMENTS)
    assert nobody["data"] == {"customer": None}
    assert "errors" not in nobody
    (error,) = invalid["errors"]
    assert error["extensions"]["upstream"] == {"name": "promotionData", "code": 8003}
