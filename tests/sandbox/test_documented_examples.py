import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

import gateway.sandbox
from gateway.sandbox.customer_payload import render_holding
from gateway.sandbox.documented_examples import document, read_item
from tests.sandbox.client import SandboxClient

DOCUMENTED = Path(gateway.sandbox.__file__).parent / "documented"
NOT_ENABLED = "-1"


@pytest.mark.parametrize("all_usage", [None, "true", "false"])
def test_first_page_of_two_is_the_documented_one(
    sandbox: SandboxClient, all_usage: str | None
) -> None:
    """The documented page of customer 555380204 is returned, whatever fetchAllUsage is."""
    answer = sandbox.customer("000003873354", limit=2, offset=0, fetchAllUsage=all_usage)
    assert answer.status_code == 200
    assert answer.json() == document("customer_555380204_page_of_2")


def test_answer_has_the_documented_key_order(sandbox: SandboxClient) -> None:
    """The bytes of the documented page, except for white space."""
    answer = sandbox.customer("000003873354", limit=2)
    assert answer.content == msgspec.json.encode(document("customer_555380204_page_of_2"))


@pytest.mark.parametrize(
    ("external_id", "name"),
    [
        ("documented-not-enrolled", "customer_345853998_not_enrolled"),
        ("documented-enrolled", "customer_345854019_enrolled"),
        ("documented-issued", "customer_345854019_issued_page_of_6"),
        ("documented-expired-only", "customer_345854019_expired_only"),
        ("documented-used", "customer_564332013_page_of_3"),
    ],
)
def test_documented_customer_is_answered_word_for_word(
    sandbox: SandboxClient, external_id: str, name: str
) -> None:
    """Each documented customer's page is the document's, with fetchAllUsage=true."""
    answer = sandbox.customer(external_id, limit=10, offset=0, fetchAllUsage="true")
    assert answer.json() == document(name)


def test_documented_mobile_request_is_answered_word_for_word(sandbox: SandboxClient) -> None:
    """The document's second example URL finds customer 564332013 (its page size is the default)."""
    answer = sandbox.customer(
        "919456430850", identifierName="mobile", promotionType="GENERIC", fetchAllUsage="true"
    )
    assert answer.json() == document("customer_564332013_page_of_3")


def test_customer_id_finds_the_issued_state(sandbox: SandboxClient) -> None:
    """Of the three documented states of 345854019, `id` finds the one with six promotions."""
    answer = sandbox.customer("345854019", identifierName="id", limit=10)
    assert answer.json() == document("customer_345854019_issued_page_of_6")


def test_documented_restrictions_that_are_not_enabled_need_all_usage(
    sandbox: SandboxClient,
) -> None:
    """Without fetchAllUsage the documented restrictions at -1 are left out, and nothing else."""
    plain = sandbox.promotions("documented-used")
    full = sandbox.promotions("documented-used", fetchAllUsage="true")
    for promotion in full:
        restrictions = promotion["promotionRestriction"]
        restrictions["redemptionRestrictions"] = [
            restriction
            for restriction in restrictions["redemptionRestrictions"]
            if restriction["maxLimit"] != NOT_ENABLED
        ]
    assert plain == full
    assert plain[0]["promotionRestriction"]["redemptionRestrictions"] == []


@pytest.mark.parametrize(
    ("position", "name"),
    [(0, "fragment_generic"), (1, "fragment_loyalty"), (2, "fragment_loyalty_earning")],
)
def test_fragment_is_part_of_a_complete_promotion(
    sandbox: SandboxClient, position: int, name: str
) -> None:
    """The documented fragments are parts of complete promotions."""
    promotion = sandbox.promotions("documented-fragments")[position]
    fragment = document(name)
    assert {key: promotion[key] for key in fragment} == fragment
    documented = document("customer_555380204_page_of_2")["promotions"][0]
    assert set(documented) <= set(promotion)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("error_8015_customer_not_found", {}),
        ("error_8003_invalid_source", {"source": "SHOP"}),
    ],
)
def test_error_body_is_the_documented_one(
    sandbox: SandboxClient, name: str, parameters: dict[str, Any]
) -> None:
    """The two documented error bodies are returned, as equal JSON."""
    assert sandbox.customer("nobody", **parameters).json() == document(name)


def test_documented_definitions_request_is_answered_word_for_word(sandbox: SandboxClient) -> None:
    """The document's example request for program 973 returns its example, in its key order."""
    answer = sandbox.legacy(973, limit=100, offset=0, sourceType="USER_CREATED")
    assert answer.status_code == 200
    assert answer.content == msgspec.json.encode(document("program_973_user_created"))


@pytest.mark.parametrize("path", sorted(DOCUMENTED.glob("customer_*.json")), ids=lambda p: p.stem)
def test_generated_payloads_are_written_as_the_documents_write(path: Path) -> None:
    """The renderer of generated promotions renders the documented facts to the documented bytes."""
    for item in msgspec.json.decode(path.read_bytes())["promotions"]:
        holding = replace(read_item(item), documented=None)
        rendered = render_holding(holding, all_usage=False, has_promotion_types=True)
        restrictions = item["promotionRestriction"]
        restrictions["redemptionRestrictions"] = [
            r for r in restrictions["redemptionRestrictions"] if r["maxLimit"] != NOT_ENABLED
        ]
        assert msgspec.json.encode(rendered) == msgspec.json.encode(item)


def test_documented_files_are_named_for_what_they_hold() -> None:
    """Each file is a customer's page, a fragment, an error or a program's definitions."""
    names = [path.name for path in DOCUMENTED.iterdir()]
    pattern = re.compile(r"(customer_\d+|fragment|error_\d{4}|program_\d+)_[a-z0-9_]+\.json")
    assert len(names) == 12
    assert all(pattern.fullmatch(name) for name in names)
