import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.sandbox.world import World
from tests.sandbox.client import LEGACY_BASICS, SandboxClient, serving
from tests.sandbox.faulty import faults, struck


@pytest.fixture(scope="module")
def own(world: World) -> Iterator[SandboxClient]:
    """Serve a sandbox whose faults these tests may change."""
    with serving(world=world) as client:
        yield client


def ten(client: SandboxClient, *texts: str, **parameters: Any) -> tuple[Any, Any]:
    """Return C-TEN's page as it is, and as it is under these faults."""
    genuine = client.customer("C-TEN", **parameters).json()
    with faults(client, *texts):
        answer = client.customer("C-TEN", **parameters)
        assert struck(client) == [1]
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return genuine, answer.json()


def forty(client: SandboxClient, *texts: str) -> tuple[Any, Any]:
    """Return program 9001's definitions as they are, and as they are under these faults."""
    genuine = client.legacy(9001, **LEGACY_BASICS).json()
    with faults(client, *texts):
        return genuine, client.legacy(9001, **LEGACY_BASICS).json()


def ids(payload: Any) -> list[int]:
    """List the promotion ids of a page."""
    return [promotion["promotionId"] for promotion in payload["promotions"]]


# --- shape ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["promotions", "customerId", "pageDetails"])
def test_key_is_missing_or_null(own: SandboxClient, key: str) -> None:
    """A key is gone or null, and all others are as they were."""
    genuine, spoiled = ten(own, f"missing={key}")
    assert spoiled == {name: value for name, value in genuine.items() if name != key}
    genuine, spoiled = ten(own, f"null={key}")
    assert spoiled == genuine | {key: None}


def test_key_is_missing_in_every_item_or_in_one(own: SandboxClient) -> None:
    """Keys are found at any depth; with an item named, only there."""
    _, spoiled = ten(own, "missing=kpi")
    assert '"kpi"' not in json.dumps(spoiled)
    genuine, spoiled = ten(own, "null=promotionId,item=3")
    genuine["promotions"][3]["promotionId"] = None
    assert spoiled == genuine
    genuine, spoiled = ten(own, "null=promotionId,item=99")
    assert spoiled == genuine


def test_definitions_can_be_spoiled_too(own: SandboxClient) -> None:
    """The legacy endpoint's items are found under its own name for them."""
    genuine, spoiled = forty(own, "missing=id,item=1")
    del genuine["data"][1]["id"]
    del genuine["data"][1]["rulesetInfos"]
    del spoiled["data"][1]["rulesetInfos"]  # their ids are gone as well
    assert spoiled == genuine


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
    """A number becomes an object, or another type that nobody expects there."""
    genuine, spoiled = ten(own, f"retype=programId,as={kind},item=0", programs="9001")
    genuine["promotions"][0]["programId"] = value
    assert spoiled == genuine


def test_all_leaves_change_at_once(own: SandboxClient) -> None:
    """The key `*` stands for every value that is neither object nor list."""
    _, spoiled = ten(own, "retype=*")
    assert spoiled["pageDetails"]["totalEntries"] == {"value": 10}
    assert spoiled["promotions"][0]["limits"]["numberOFTimesPerCustomer"].keys() == {"value"}
    assert spoiled["warnings"] == []


def test_enums_have_unknown_words(own: SandboxClient) -> None:
    """All enums' words become unknown, or those of one key, and nothing else does."""
    genuine, spoiled = ten(own, "unknown_enum")
    first = spoiled["promotions"][0]
    assert first["pointsOfferType"] == first["eventName"] == "SOMETHING_NEW"
    assert '"SOMETHING_NEW"' in json.dumps(first["promotionRestriction"])
    assert first["promotionName"] == genuine["promotions"][0]["promotionName"]
    genuine, spoiled = ten(own, "unknown_enum=pointsOfferType,item=0")
    genuine["promotions"][0]["pointsOfferType"] = "SOMETHING_NEW"
    assert spoiled == genuine
    _, spoiled = forty(own, "unknown_enum")
    assert {item["promotionStatus"] for item in spoiled["data"]} == {"SOMETHING_NEW"}


def test_list_stands_where_an_object_is_due(own: SandboxClient) -> None:
    """The genuine answer is the only item of a list."""
    genuine, spoiled = ten(own, "array")
    assert spoiled == [genuine]


# --- bytes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0.5, 1.0])
def test_json_is_cut_short(own: SandboxClient, at: float) -> None:
    """HTTP is satisfied with the answer, but its JSON does not end."""
    genuine = own.customer("C-TEN").content
    with faults(own, f"cut_json,at={at}"):
        spoiled = own.customer("C-TEN")
    assert spoiled.headers["content-length"] == str(len(spoiled.content))
    assert spoiled.content == genuine[: min(int(len(genuine) * at), len(genuine) - 1)]


def test_json_is_deep(own: SandboxClient) -> None:
    """A hundred thousand levels stand in a key's place, or under a key of their own."""
    with faults(own, "deep"):
        assert b'"pageDetails":' + b"[" * 100_000 + b"]" * 100_000 in own.customer("C-TEN").content
    with faults(own, "deep=50,key=extra"):
        assert own.customer("C-TEN").content.startswith(b'{"extra":' + b"[" * 50 + b"]" * 50 + b",")


def test_integer_is_long(own: SandboxClient) -> None:
    """Five thousand digits stand in a number's place."""
    with faults(own, "digits=5000"):
        assert b'"totalEntries":' + b"9" * 5000 in own.customer("C-TEN").content
    with faults(own, "digits=20,key=customerId"):
        assert own.customer("C-TEN").json()["customerId"] == 10**20 - 1


def test_text_ends_with_half_a_surrogate_pair(own: SandboxClient) -> None:
    """The genuine text stays; the escape is behind it, and nothing that it could be paired with."""
    genuine, spoiled = ten(own, "surrogate=promotionName")
    names = [promotion["promotionName"] for promotion in genuine["promotions"]]
    assert [p["promotionName"] for p in spoiled["promotions"]] == [f"{n}\ud83d" for n in names]
    with faults(own, "surrogate"):
        assert rb'\ud83d","' in own.customer("C-TEN").content


def test_half_a_surrogate_pair_stands_in_texts_only(own: SandboxClient) -> None:
    """Whatever else is under that key is as it was."""
    genuine, spoiled = ten(own, "surrogate=promotionId")
    assert spoiled == genuine


def test_text_is_no_utf8(own: SandboxClient) -> None:
    """The body cannot be decoded as UTF-8."""
    with faults(own, "invalid_utf8"):
        answer = own.customer("C-TEN")
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()
    assert b'"description":"no UTF-8: \xff' in answer.content


# --- pages ------------------------------------------------------------------------------------


def test_page_is_another_customers(own: SandboxClient) -> None:
    """The whole page of somebody else comes, or the right page under a wrong customer id."""
    genuine, spoiled = ten(own, "other_customer=C-ONE")
    assert spoiled == own.customer("C-ONE").json()
    genuine, spoiled = ten(own, "other_customer,part=id")
    assert spoiled == genuine | {"customerId": genuine["customerId"] + 1}
    _, spoiled = ten(own, "other_customer")
    assert spoiled == own.customer("C-EVERYWHERE").json()


@pytest.mark.parametrize("told", [0, -1, 1_000_000_000])
def test_total_is_wrong(own: SandboxClient, told: int) -> None:
    """The total is another number, and the page is as it was."""
    genuine, spoiled = ten(own, f"totals={told}")
    genuine["pageDetails"]["totalEntries"] = told
    assert spoiled == genuine


def test_total_is_not_told(own: SandboxClient) -> None:
    """The total is null, or not there, for definitions as well."""
    genuine, spoiled = ten(own, "totals=null")
    assert spoiled["pageDetails"] == genuine["pageDetails"] | {"totalEntries": None}
    _, spoiled = forty(own, "totals=missing")
    assert "totalEntries" not in spoiled["pageDetails"]


def test_items_are_repeated_across_pages(own: SandboxClient) -> None:
    """A later page begins with the last item of the one before it; the first page is well."""
    genuine, spoiled = ten(own, "duplicates", limit=4, offset=4)
    before = own.customer("C-TEN", limit=4).json()
    assert ids(spoiled) == [ids(before)[-1], *ids(genuine)[:-1]]
    assert spoiled["pageDetails"] == genuine["pageDetails"]
    genuine, spoiled = ten(own, "duplicates", limit=4)
    assert spoiled == genuine


def test_limit_is_ignored(own: SandboxClient) -> None:
    """More items come than were asked for."""
    genuine, spoiled = ten(own, "ignore_limit", limit=3)
    assert len(ids(genuine)) == 3
    assert len(ids(spoiled)) == 10


def test_pages_are_short(own: SandboxClient) -> None:
    """Fewer items come than were asked for, and the page's details do not say so."""
    genuine, spoiled = ten(own, "short_pages=4")
    assert ids(spoiled) == ids(genuine)[:4]
    assert spoiled["pageDetails"] == genuine["pageDetails"]
    _, spoiled = forty(own, "short_pages=0")
    assert spoiled["data"] == []


@pytest.mark.parametrize(
    "text",
    ["array", "deep", "missing=errors", "other_customer", "short_pages", "duplicates", "totals=0"],
)
def test_refusals_are_left_as_they_are(own: SandboxClient, text: str) -> None:
    """A documented refusal goes out unchanged: there is no page to lie about."""
    genuine = own.customer("nobody").content
    with faults(own, text):
        assert own.customer("nobody").content == genuine
