import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.sandbox.world import World
from tests.sandbox.client import LEGACY_BASICS, SandboxClient, serving
from tests.sandbox.faulty import applied, faults


@pytest.fixture(scope="module")
def own(world: World) -> Iterator[SandboxClient]:
    """Serve a sandbox whose faults these tests may change."""
    with serving(world=world) as client:
        yield client


def ten(client: SandboxClient, *texts: str, **parameters: Any) -> tuple[Any, Any]:
    """Return C-TEN's page without and with these faults."""
    original = client.customer("C-TEN", **parameters).json()
    with faults(client, *texts):
        answer = client.customer("C-TEN", **parameters)
        assert applied(client) == [1]
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return original, answer.json()


def forty(client: SandboxClient, *texts: str) -> tuple[Any, Any]:
    """Return program 9001's definitions without and with these faults."""
    original = client.legacy(9001, **LEGACY_BASICS).json()
    with faults(client, *texts):
        return original, client.legacy(9001, **LEGACY_BASICS).json()


def ids(payload: Any) -> list[int]:
    """Return the promotion ids of a page."""
    return [promotion["promotionId"] for promotion in payload["promotions"]]


# --- shape ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["promotions", "customerId", "pageDetails"])
def test_key_is_missing_or_null(own: SandboxClient, key: str) -> None:
    """A key is missing or null, and all others are unchanged."""
    original, changed = ten(own, f"missing={key}")
    assert changed == {name: value for name, value in original.items() if name != key}
    original, changed = ten(own, f"null={key}")
    assert changed == original | {key: None}


def test_key_is_missing_in_every_item_or_in_one(own: SandboxClient) -> None:
    """Keys are found at any depth; with an item named, only there."""
    _, changed = ten(own, "missing=kpi")
    assert '"kpi"' not in json.dumps(changed)
    original, changed = ten(own, "null=promotionId,item=3")
    original["promotions"][3]["promotionId"] = None
    assert changed == original
    original, changed = ten(own, "null=promotionId,item=99")
    assert changed == original


def test_definitions_can_be_spoiled_too(own: SandboxClient) -> None:
    """The legacy endpoint's items are found under its own name for them."""
    original, changed = forty(own, "missing=id,item=1")
    del original["data"][1]["id"]
    del original["data"][1]["rulesetInfos"]
    del changed["data"][1]["rulesetInfos"]  # their ids are gone as well
    assert changed == original


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("object", {"value": 9001}),
        ("array", [9001]),
        ("text", "garbage"),
        ("number", 12345),
        ("boolean", True),
    ],
)
def test_type_changes(own: SandboxClient, kind: str, value: object) -> None:
    """A number becomes an object, or another unexpected type."""
    original, changed = ten(own, f"retype=programId,as={kind},item=0", programs="9001")
    original["promotions"][0]["programId"] = value
    assert changed == original


def test_all_leaves_change_at_once(own: SandboxClient) -> None:
    """The key `*` stands for every scalar."""
    _, changed = ten(own, "retype=*")
    assert changed["pageDetails"]["totalEntries"] == {"value": 10}
    assert changed["promotions"][0]["limits"]["numberOFTimesPerCustomer"].keys() == {"value"}
    assert changed["warnings"] == []


def test_enums_have_unknown_words(own: SandboxClient) -> None:
    """The values of all enums become unknown, or those of one key, and nothing else."""
    original, changed = ten(own, "unknown_enum")
    first = changed["promotions"][0]
    assert first["pointsOfferType"] == first["eventName"] == "SOMETHING_NEW"
    assert '"SOMETHING_NEW"' in json.dumps(first["promotionRestriction"])
    assert first["promotionName"] == original["promotions"][0]["promotionName"]
    original, changed = ten(own, "unknown_enum=pointsOfferType,item=0")
    original["promotions"][0]["pointsOfferType"] = "SOMETHING_NEW"
    assert changed == original
    _, changed = forty(own, "unknown_enum")
    assert {item["promotionStatus"] for item in changed["data"]} == {"SOMETHING_NEW"}


def test_list_stands_where_an_object_is_due(own: SandboxClient) -> None:
    """The original payload is the only item of a list."""
    original, changed = ten(own, "array")
    assert changed == [original]


# --- bytes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0.5, 1.0])
def test_json_is_cut_short(own: SandboxClient, at: float) -> None:
    """The HTTP response is complete, but its JSON is not."""
    original = own.customer("C-TEN").content
    with faults(own, f"cut_json,at={at}"):
        changed = own.customer("C-TEN")
    assert changed.headers["content-length"] == str(len(changed.content))
    assert changed.content == original[: min(int(len(original) * at), len(original) - 1)]


def test_json_is_deep(own: SandboxClient) -> None:
    """A hundred thousand levels replace a key's value, or are added under a new key."""
    with faults(own, "deep"):
        assert b'"pageDetails":' + b"[" * 100_000 + b"]" * 100_000 in own.customer("C-TEN").content
    with faults(own, "deep=50,key=extra"):
        assert own.customer("C-TEN").content.startswith(b'{"extra":' + b"[" * 50 + b"]" * 50 + b",")


def test_integer_is_long(own: SandboxClient) -> None:
    """Five thousand digits replace a number."""
    with faults(own, "digits=5000"):
        assert b'"totalEntries":' + b"9" * 5000 in own.customer("C-TEN").content
    with faults(own, "digits=20,key=customerId"):
        assert own.customer("C-TEN").json()["customerId"] == 10**20 - 1


def test_text_ends_with_half_a_surrogate_pair(own: SandboxClient) -> None:
    """The original text is followed by the escape, and by nothing to pair it with."""
    original, changed = ten(own, "surrogate=promotionName")
    names = [promotion["promotionName"] for promotion in original["promotions"]]
    assert [p["promotionName"] for p in changed["promotions"]] == [f"{n}\ud83d" for n in names]
    with faults(own, "surrogate"):
        assert rb'\ud83d","' in own.customer("C-TEN").content


def test_half_a_surrogate_pair_stands_in_texts_only(own: SandboxClient) -> None:
    """Values of other types under that key are unchanged."""
    original, changed = ten(own, "surrogate=promotionId")
    assert changed == original


def test_text_is_no_utf8(own: SandboxClient) -> None:
    """The body cannot be decoded as UTF-8."""
    with faults(own, "invalid_utf8"):
        answer = own.customer("C-TEN")
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()
    assert b'"description":"no UTF-8: \xff' in answer.content


# --- pages ------------------------------------------------------------------------------------


def test_page_is_another_customers(own: SandboxClient) -> None:
    """The response is another customer's page, or the right page with a wrong customer id."""
    original, changed = ten(own, "other_customer=C-ONE")
    assert changed == own.customer("C-ONE").json()
    original, changed = ten(own, "other_customer,part=id")
    assert changed == original | {"customerId": original["customerId"] + 1}
    _, changed = ten(own, "other_customer")
    assert changed == own.customer("C-EVERYWHERE").json()


@pytest.mark.parametrize("told", [0, -1, 1_000_000_000])
def test_total_is_wrong(own: SandboxClient, told: int) -> None:
    """The total is another number, and the page is unchanged."""
    original, changed = ten(own, f"totals={told}")
    original["pageDetails"]["totalEntries"] = told
    assert changed == original


def test_total_is_not_told(own: SandboxClient) -> None:
    """The total is null or missing, for definitions too."""
    original, changed = ten(own, "totals=null")
    assert changed["pageDetails"] == original["pageDetails"] | {"totalEntries": None}
    _, changed = forty(own, "totals=missing")
    assert "totalEntries" not in changed["pageDetails"]


def test_items_are_repeated_across_pages(own: SandboxClient) -> None:
    """A later page starts with the last item of the previous one; the first page is unchanged."""
    original, changed = ten(own, "duplicates", limit=4, offset=4)
    before = own.customer("C-TEN", limit=4).json()
    assert ids(changed) == [ids(before)[-1], *ids(original)[:-1]]
    assert changed["pageDetails"] == original["pageDetails"]
    original, changed = ten(own, "duplicates", limit=4)
    assert changed == original


def test_limit_is_ignored(own: SandboxClient) -> None:
    """The page has more items than requested."""
    original, changed = ten(own, "ignore_limit", limit=3)
    assert len(ids(original)) == 3
    assert len(ids(changed)) == 10


def test_pages_are_short(own: SandboxClient) -> None:
    """The page has fewer items than requested, but its details are unchanged."""
    original, changed = ten(own, "short_pages=4")
    assert ids(changed) == ids(original)[:4]
    assert changed["pageDetails"] == original["pageDetails"]
    _, changed = forty(own, "short_pages=0")
    assert changed["data"] == []


@pytest.mark.parametrize(
    "text",
    ["array", "deep", "missing=errors", "other_customer", "short_pages", "duplicates", "totals=0"],
)
def test_refusals_are_left_as_they_are(own: SandboxClient, text: str) -> None:
    """A documented error is returned unchanged."""
    original = own.customer("nobody").content
    with faults(own, text):
        assert own.customer("nobody").content == original
