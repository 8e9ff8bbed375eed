import contextlib
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sandbox.documented_examples import document
from gateway.upstream.customer_view.payload import CustomerRestrictionLists, restrictions_field
from gateway.upstream.decoding.decode import (
    MalformedPayloadError,
    Refusal,
    SuccessorPage,
    UpstreamPage,
    decode_customer_page,
    decode_definition_page,
    decode_programs,
    decode_successor_page,
    read_refusal,
)
from gateway.upstream.decoding.drift import DriftKind
from gateway.upstream.decoding.json_text import parse_exactly
from gateway.upstream.decoding.lenient import Lenient
from gateway.upstream.definitions.payload import DefinitionPayload, DefinitionRules, RulesetPayload
from gateway.upstream.payload_fields import payload_fields
from gateway.upstream.programs.payload import ProgramPayload
from tests.support.examples import examples
from tests.support.payloads import (
    BROKEN,
    customer_item,
    definition_item,
    read_customer,
    read_definitions,
)
from tests.support.successor import full_item, successor_page
from tests.upstream.decoding.strategies import JSON_VALUES, mutated

DECODERS: dict[str, Callable[[bytes], Any]] = {
    "promotionData": decode_customer_page,
    "promotionsV2": decode_definition_page,
    "promotionById": decode_definition_page,
    "promotionsV3": decode_successor_page,
    "programs": decode_programs,
}
# What can be counted of each endpoint: a series, which any other would lack.
FIELDS = {
    endpoint: {
        *((at, DriftKind.DROPPED, path) for at, path in payload_fields().needed if at == endpoint),
        *((at, DriftKind.UNKNOWN, path) for at, path in payload_fields().enums if at == endpoint),
        *(
            (at, DriftKind(effect), path)
            for at, path, effect in payload_fields().undocumented
            if at == endpoint
        ),
    }
    for endpoint in payload_fields().endpoints
}
PAGES = [
    document("customer_345854019_issued_page_of_6"),
    document("customer_564332013_page_of_3"),
    document("program_973_user_created"),
    successor_page(full_item()),
]


def _check(answer: Any) -> None:
    """Assert that every leaf of every item is of its declared type, within its bounds."""
    assert isinstance(answer, UpstreamPage | SuccessorPage | Refusal)
    if isinstance(answer, UpstreamPage):
        assert answer.total is None or 0 <= answer.total < 2**31
        for item in answer.items:
            if item is not None:
                _check_values(item)


def _check_values(item: Any) -> None:
    if isinstance(item, DefinitionPayload):
        _check_value(item.rulesets, list[RulesetPayload] | None)
        _check_value(item.rules, DefinitionRules | None)
        item = msgspec.structs.replace(item, rulesets_json=None, rules_json=None)
    elif not isinstance(item, ProgramPayload):
        _check_value(
            restrictions_field.read(item.restrictions_json), CustomerRestrictionLists | None
        )
        item = msgspec.structs.replace(item, restrictions_json=None)
    _check_value(item, type(item))


def _check_value(part: Any, kind: Any) -> None:
    """Assert that encoding and reading a value returns it, as documented."""
    reader = Lenient()
    written = msgspec.json.encode(part)
    read = reader.value(parse_exactly(written), kind)
    # As values: JSON that is kept as text may spell a character as an escape or as itself.
    assert json.loads(msgspec.json.encode(read)) == json.loads(written)
    assert not reader.drift


def test_escaped_character_is_itself_wherever_it_stands() -> None:
    """Escapes in JSON that is kept as text are equal to their characters."""
    payload = deepcopy(document("program_973_user_created"))
    action = payload["data"][0]["rulesetInfos"][0]["rules"][0]["caseToActions"]["true"][0]
    action["mandatoryPropertiesValues"]["TargetRuleId"] = "\x7f"
    _decode(json.dumps(payload).encode())


def _decode(body: bytes) -> None:
    for endpoint, fields in FIELDS.items():
        decode = DECODERS[endpoint]
        with contextlib.suppress(MalformedPayloadError):
            page = decode(body)
            _check(page)
            drift = () if isinstance(page, Refusal) else page.drift
            assert {(endpoint, *key) for key in drift if "children." not in key[1]} <= fields
    assert isinstance(read_refusal(body), Refusal | None)


@examples(200, derandomize=True)
@given(st.binary(max_size=64))
def test_any_bytes_are_decoded_or_malformed(body: bytes) -> None:
    """No other error is ever raised."""
    _decode(body)


@examples(200, derandomize=True)
@given(JSON_VALUES)
def test_any_json_is_decoded_or_malformed(value: Any) -> None:
    """No other error is ever raised."""
    _decode(json.dumps(value).encode())


@examples(100, derandomize=True)
@given(st.one_of([mutated(page) for page in PAGES]))
def test_documented_page_with_one_node_replaced_is_decoded_or_malformed(payload: Any) -> None:
    """With any value in any place, decoded items have well-typed leaves."""
    _decode(json.dumps(payload).encode())


@pytest.mark.parametrize(
    ("read", "item"), [(read_customer, customer_item()), (read_definitions, definition_item())]
)
def test_item_with_one_node_replaced_costs_no_other_item(
    read: Callable[..., list[Any]], item: dict[str, Any]
) -> None:
    """An item decodes the same beside any other items."""
    (good,) = read(item)

    @examples(100, derandomize=True)
    @given(mutated(item))
    def check(changed: Any) -> None:
        before, found, behind = read(item, changed, item)
        assert before == behind == good
        assert read(changed, BROKEN) == [found, None]

    check()
