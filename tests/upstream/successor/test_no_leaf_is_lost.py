"""Every leaf of the successor's payload is shown in the graph, or left out on purpose."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from tests.sandbox.client import NOW
from tests.support.graph import settings_for
from tests.support.http_client import TLS
from tests.support.httpx_transport import HttpxTransport
from tests.support.serving import serve
from tests.support.successor import successor_body
from tests.support.successor_leaves import ITEMS, SUCCESSOR_ITEM, SUCCESSOR_ON_PURPOSE
from tests.test_no_leaf_is_lost import change, changed_fields, first_leaves

LEAVES = first_leaves(ITEMS)
_ACTIONS = """actions { actionId name className description properties { name value }
  complexProperties }"""
LIST = f"""query List($program: ID!) {{ program(programId: $program) {{ programId
  promotions(first: 2, sources: [V3], includeInactive: true) {{ nodes {{
    promotionId programId name identifier description type typeName event eventName events
    eventNames startsAt endsAt isActive
    definition {{
      source sourceType status statusName updatedAt updatedBy createdAt createdBy timeZone category
      metadata {{ key value isBrandDefined }} issueWindow {{ opensAt closesAt }}
      limits {{ pointsPerEvent {{ kind max }} pointsPerCustomer {{ kind max }}
        timesPerCustomer {{ kind max }} pointsInPromotion {{ kind max }} }}
      restrictions {{ stage measure measureName scope scopeName limit {{ kind max }}
        window {{ type typeName unit unitName length startsAt endsAt anchorAt }} }}
      expiries {{ stage name basis basisName days expiresAt }}
      earningType earningTypeName isStackable isConsideredForRanking isExclusive isAlwaysApplied
      skipsEarnedDateCheckOnRedeem targetGroups {{ targetGroupId targetRuleIds }} targetRuleIds
      activities {{ activityId name groupId event eventName expression expressionTree startsAt
        endsAt
        combination {_ACTIONS}
        milestones {{ name description targetGroupId targetRuleIds target targetTypeName
          trackingTypeName {_ACTIONS} }} }}
    }} }} }} }} }}"""
Ask = Callable[[Any], Any]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Return a function that queries all fields of one item, whose body is read each time."""
    served = b""
    answers: dict[str, Any] = {}

    def platform(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=served)

    settings = settings_for("http://platform.invalid", definitions="v3")
    app = create_app(
        settings, transport=HttpxTransport(httpx.MockTransport(platform)), clock=lambda: NOW
    )
    with serve(app) as url, httpx.Client(base_url=url, trust_env=False, verify=TLS) as http:

        def answer(item: Any) -> Any:
            nonlocal served
            key = json.dumps(item)
            if key not in answers:
                served = successor_body(item)
                variables = {"program": str(item["metadata"]["programId"])}
                asked = {"query": LIST, "variables": variables}
                answers[key] = http.post("/graphql", json=asked).json()
            return answers[key]

        yield answer


def test_every_leaf_is_mapped_or_left_out_on_purpose() -> None:
    """A leaf without a line fails, and so does a line without a leaf."""
    mapped, left_out = set(SUCCESSOR_ITEM), set(SUCCESSOR_ON_PURPOSE)
    assert set(LEAVES) - mapped - left_out == set()
    assert (mapped | left_out) - set(LEAVES) == set()
    assert not mapped & left_out
    assert len(mapped) > 80


@pytest.mark.parametrize("leaf", SUCCESSOR_ITEM)
def test_a_leaf_is_shown_where_it_is_mapped_to(ask: Ask, leaf: str) -> None:
    """Changing the leaf changes the response at the mapped fields."""
    item, path = LEAVES[leaf]
    before, after = ask(item), ask(change(item, path))
    expected = set(SUCCESSOR_ITEM[leaf].split())
    assert any(expected <= fields for fields in changed_fields(before, after))


@pytest.mark.parametrize("leaf", SUCCESSOR_ON_PURPOSE)
def test_a_leaf_that_is_left_out_changes_no_field(ask: Ask, leaf: str) -> None:
    """Changing it changes nothing."""
    item, path = LEAVES[leaf]
    before = ask(item)
    assert before["data"]["program"]["promotions"]["nodes"]
    assert before["data"] == ask(change(item, path))["data"]
