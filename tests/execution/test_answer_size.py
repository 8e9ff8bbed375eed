"""A response is bounded in leaves and bytes, and large ones yield to the event loop."""

import json
from typing import Any

import pytest

from gateway.answer_budget import AnswerBudget, leaves_of
from tests.execution.large import Change, LargePlatform, Made, executor_of, make
from tests.execution.lying import Gateway
from tests.support.examples import rarely

KIB, MIB = 1024, 1024 * 1024
BOTH = pytest.mark.parametrize("executor", ["compiled", "reference"])
PAGE = '{customer(by:{externalId:"000003873354"}){promotions(first:100){%s}}}'
ISSUES = (
    "enrolments{enrolmentId issues{issueId issuedAt expiresAt isExpired eventLogId redeemedCount"
    " redemptions{kind max used remaining isExhausted}}}"
)
RULES = "nodes{promotion{definition{rulesets{rules{%s}}}}}"
FRAGMENT = f" fragment I on CustomerPromotion{{{ISSUES}}}"

pytestmark = pytest.mark.anyio


def _page(selection: str) -> str:
    """Return an operation from a selection, with its fragment after it."""
    selection, fragment, rest = selection.partition(" fragment ")
    return PAGE % selection + fragment + rest


def _aliases(count: int, field: str) -> str:
    return " ".join(f"a{index}:{field}" for index in range(count))


def _many_issues(enrolments: int, issues: int) -> Change:
    def change(item: dict[str, Any]) -> None:
        if "promotionId" in item:
            item["customerPromotionTimelines"] = [
                {
                    "enrollmentId": index,
                    "issuedDetails": [{"issualId": number} for number in range(issues)],
                }
                for index in range(enrolments)
            ]

    return change


def _many_issues_of_one(issues: int) -> Change:
    """Return the change that gives the first promotion so many issues, and others none."""
    change, left = _many_issues(1, issues), [1]

    def change_one(item: dict[str, Any]) -> None:
        if left and "promotionId" in item:
            left.pop()
            change(item)

    return change_one


def _long_description(length: int) -> Change:
    def change(item: dict[str, Any]) -> None:
        item["description"] = "x" * length

    return change


def _long_rules(length: int) -> Change:
    def change(item: dict[str, Any]) -> None:
        for ruleset in item.get("rulesetInfos", ()):
            for rule in ruleset["rules"]:
                rule["exp"] = "x" * length
                rule["expJSON"] = json.dumps({"a": ["y" * length]})
                for actions in rule["caseToActions"].values():
                    for action in actions:
                        action["mandatoryPropertiesValues"] = {"A": ["z" * length]}

    return change


async def _make(
    executor: str,
    change: Change,
    text: str,
    budget: AnswerBudget,
    *,
    spoiling: float = 0,
    traces: bool = False,
) -> Made:
    """Execute an operation twice: the second time by generated functions."""
    gateway = Gateway(LargePlatform(change))
    gateway.begin(1, 0, spoiling)
    context, runner = gateway.context(), executor_of(executor)
    # Decoding the upstream responses is not measured.
    await make(runner, PAGE % (RULES % "name"), context, AnswerBudget())
    made = await make(runner, text, context, budget, traces=traces)
    fresh = AnswerBudget(budget.max_leaves, budget.max_bytes)
    again = await make(runner, text, context, fresh, traces=traces)
    assert (again.json, again.errors) == (made.json, made.errors)
    return made._replace(peak=max(made.peak, again.peak))


@BOTH
@pytest.mark.parametrize(
    ("change", "selection"),
    [
        (_long_description(4 * KIB), f"nodes{{promotion{{{_aliases(25, 'description')}}}}}"),
        (_long_description(4 * KIB), _aliases(25, "nodes{promotion{description}}")),
        (_long_description(4 * KIB), "edges{node{promotion{description}}} nodes{promotion{name}}"),
        (_long_rules(4 * KIB), RULES % "name expression expressionTree"),
        (_long_rules(2 * KIB), RULES % _aliases(8, "expressionTree")),
        (_long_rules(4 * KIB), RULES % "outcomes{actions{properties{value}}}"),
    ],
)  # fmt: skip
async def test_long_texts_take_little_more_memory_than_an_answer_may_have(
    executor: str, change: Change, selection: str
) -> None:
    """However often aliases, lists and shared definitions show them: some 10 MiB here."""
    budget = AnswerBudget(max_bytes=256 * KIB)
    made = await _make(executor, change, PAGE % selection, budget, traces=True)
    assert (made.json, made.codes) == (b"null", ["ANSWER_TOO_LARGE"])
    assert made.peak < 2 * MIB


@pytest.mark.parametrize("executor", ["compiled", *rarely("reference")])
@pytest.mark.parametrize(
    ("change", "selection"),
    [
        (_many_issues(2, 40), f"nodes{{{ISSUES}}}"),
        (_many_issues(1, 20), f"nodes{{{ISSUES}}} edges{{node{{{ISSUES}}}}}"),
        (_many_issues(20, 2), f"... {{ a:nodes{{...I}} }} b:nodes{{...I}}{FRAGMENT}"),
    ],
)
async def test_long_lists_take_little_more_memory_than_an_answer_may_have(
    executor: str, change: Change, selection: str
) -> None:
    """However they are nested, and whatever they have been taken for in the cost."""
    budget = AnswerBudget(max_leaves=10_000)
    made = await _make(executor, change, _page(selection), budget, traces=True)
    assert (made.json, made.codes) == (b"null", ["ANSWER_TOO_LARGE"])
    assert made.peak < 6 * MIB


@pytest.mark.parametrize(
    "selection",
    [
        f"totalCount nodes{{id restrictions{{measure window{{unit}}}} {ISSUES}}}",
        "edges{cursor node{currentEnrolment{expiresAt} metadata{key value}}} nodes{id}",
        RULES % "expressionTree outcomes{actions{properties{name value}}}",
    ],
)
async def test_both_executors_refuse_from_the_same_leaf_and_byte_on(selection: str) -> None:
    """What counts is what is in the answer, whoever has made it."""
    change, text = _many_issues(1, 1), PAGE.replace("100", "20") % selection
    whole = await _make("reference", change, text, AnswerBudget())
    size, leaves = len(whole.json), leaves_of(whole.json)
    assert not whole.errors
    for executor in ("compiled", "reference"):
        enough = await _make(executor, change, text, AnswerBudget(leaves, size))
        assert (enough.json, enough.errors) == (whole.json, [])
        for budget in (AnswerBudget(leaves - 1, size), AnswerBudget(leaves, size - 1)):
            refused = await _make(executor, change, text, budget)
            assert (refused.json, refused.codes) == (b"null", ["ANSWER_TOO_LARGE"])


@pytest.mark.parametrize(
    ("change", "selection"),
    [
        (_many_issues(2, 60), f"nodes{{{ISSUES}}}"),
        (_many_issues_of_one(14_000), f"nodes{{{ISSUES}}}"),
        (_long_rules(40 * KIB), RULES % "name expression"),
    ],
)
async def test_others_come_in_between_while_a_large_answer_is_made(
    change: Change, selection: str
) -> None:
    """Each 40,000 leaves at the latest, within one item as well, and each 3 MiB of texts."""
    made = await _make("compiled", change, PAGE % selection, AnswerBudget())
    assert not made.errors
    turns = leaves_of(made.json) // 40_000 + len(made.json) // (3 * MIB)
    assert turns >= 2
    assert made.turns >= turns


async def test_an_answer_of_one_turn_costs_no_turn() -> None:
    """A page of 100 is made at once, as long as its lists are short."""
    selection = "nodes{id promotion{name description type} limits{pointsPerCustomer{max used}}}"
    made = await _make("compiled", lambda _: None, PAGE % selection, AnswerBudget())
    assert not made.errors
    assert made.turns == 0


async def test_what_goes_wrong_in_a_large_answer_is_the_same_by_turns() -> None:
    """Enrolments that cannot be shown, among such as take several turns."""
    selection = "nodes{nextExpiryAt enrolments{issues{issueId redemptions{used remaining}}}}"
    ours, theirs = [
        await _make(executor, _many_issues(1, 100), PAGE % selection, AnswerBudget(), spoiling=0.1)
        for executor in ("compiled", "reference")
    ]
    assert ours.turns > 0
    assert ours.errors
    assert ours.json == theirs.json
    assert sorted(map(str, ours.errors)) == sorted(map(str, theirs.errors))
