"""The endpoints beside the lists: one definition by its id, and the org's programs."""

import pytest

from tests.sandbox.client import SandboxClient, code, serving


def by_id(program_id: int, promotion_id: int) -> str:
    """Return the path of one definition."""
    return f"/api_gateway/loyalty/v1/programs/{program_id}/promotions/{promotion_id}/get"


def test_definition_is_found_without_a_source_type(sandbox: SandboxClient) -> None:
    """It is the list's item, in a body without `pageDetails`."""
    (listed,) = sandbox.definitions(9010)
    answer = sandbox.get(by_id(9010, listed["id"]))
    assert answer.json() == {
        "status": {"code": 200, "message": "success"},
        "validationErrors": None,
        "data": [listed],
    }


@pytest.mark.parametrize("source_type", ["UI", "CAMPAIGN", "PROMOTION_API"])
def test_definition_of_every_source_is_found(sandbox: SandboxClient, source_type: str) -> None:
    """Those that are not active, too."""
    for listed in sandbox.definitions(
        9005, sourceType=source_type, includeInactivePromotions="true"
    ):
        assert sandbox.get(by_id(9005, listed["id"])).json()["data"] == [listed]


def test_unknown_definition_and_program_are_refused(sandbox: SandboxClient) -> None:
    """4029 for a promotion that the program does not have, 2010 for no program."""
    assert code(sandbox.get(by_id(9010, 1))) == 4029
    assert code(sandbox.get(by_id(1, 1))) == 2010
    # Only the new interface has it.
    assert code(sandbox.get(by_id(9032, 90320001))) == 4029


def test_refusal_can_be_a_status() -> None:
    """The other body of legacy errors is answered here, too."""
    with serving(legacy_error_style="status", error_status=200) as client:
        body = client.get(by_id(1, 1)).json()
        assert body["status"]["code"] == 2010


def test_programs_of_the_org_are_named_by_one_call(sandbox: SandboxClient) -> None:
    """All programs of the world, as the old list names them; one is the default."""
    body = sandbox.get("/v2/organization/programs").json()
    names = {each["programId"]: each["programName"] for each in body["data"]}
    described = sandbox.get("/__world").json()["programs"]
    assert names == {each["programId"]: each["name"] for each in described}
    assert sandbox.definitions(9010)[0]["programName"] == names[9010]
    assert [each["programId"] for each in body["data"] if each["default"]] == [469]
    assert (body["warnings"], body["errors"]) == ([], [])


def test_authentication_is_required(sandbox: SandboxClient) -> None:
    """Without credentials both endpoints answer 401."""
    for path in ("/v2/organization/programs", by_id(9010, 90100001)):
        assert sandbox.get(path, auth=("x", "y")).status_code == 401


def test_calls_are_counted() -> None:
    """Each endpoint has its own name in the log of calls."""
    with serving() as client:
        client.get(by_id(9010, 90100001))
        client.get("/v2/organization/programs")
        client.unified()
        client.get("/v3/promotions/0")
        client.get("/v3/unifiedPromotions/health")
        log = client.get("/__calls").json()["log"]
    assert [call["endpoint"] for call in log] == [
        "promotionById",
        "programs",
        "promotionsV3",
        "promotionV3",
        "healthV3",
    ]
