"""The schema passes the lint rules: described, consistently named, Relay's conventions."""

import re

import pytest
from graphql import DocumentNode, build_ast_schema, parse

from gateway.schema.build import build_schema, executable, print_schema
from tests.schema.hygiene import RULES, Rule

SCHEMA = parse(print_schema())
# What the graph has on purpose, by rule.
ALLOWED = {
    # The platform's own id beside the graph's: `id` alone would be a client's cache key.
    "no_typename_prefix": {
        "Customer.customerId",
        "Enrolment.enrolmentId",
        "Program.programId",
        "Promotion.promotionId",
        "Rule.ruleId",
        "Ruleset.rulesetId",
        "TargetGroup.targetGroupId",
    },
    # The brand's, which is any text: of the others none is the platform's number either.
    "ids_are_ids": {"CustomerIdentifier.externalId"},
    # Relay's: an answer for each that was asked for, in its place, null where there is none.
    "lists_have_no_holes": {"Query.nodes", "Query.customers"},
    # `viewer` keeps a customer whose look-up fails: what is selected of them has the error.
    "roots_may_be_null": {"Query.nodes", "Query.customers", "Query.viewer"},
    # Computed here from dates, and no word of the platform's; words of which the platform has two
    # alone; a list whose companion is a list.
    "raw_words_have_a_companion": {
        "Promotion.validity",
        "PromotionActivity.combination",
        "Promotion.events",
    },
}
BAD = [
    ("described", "type Query { a: Int }", {"Query", "Query.a"}),
    ("described", '"Words." enum E { "no sentence" A "" B }', {"E.A", "E.B"}),
    ("described", '"W." type Q { "W." a(b: Int, "W." c: Int): Int }', {"Q.a(b)"}),
    ("described", '"W." input I { a: Int }', {"I.a"}),
    ("descriptions_stay_inside", '"GATEWAY_X." type Q { "docs/a." a("See b.md." b: I): Int }',
     {"Q", "Q.a", "Q.a(b)"}),
    ("descriptions_stay_inside", '"As a.graphql." schema { query: Q } "It." type Q { a: Int }',
     {"schema"}),
    ("names_in_their_case", "type query_page { A: Int b_c(D: Int): Int }",
     {"query_page", "query_page.A", "query_page.b_c", "query_page.b_c(D)"}),
    ("names_in_their_case", "enum E { lower TWO__LOW A_B }", {"E.lower", "E.TWO__LOW"}),
    ("no_kind_in_a_name", "type PageType { a: Int } enum EnumOf { A }", {"PageType", "EnumOf"}),
    ("no_kind_in_a_name", "type Query { getPage: Int getter: Int }", {"Query.getPage"}),
    ("no_typename_prefix", "type Page { pageSize: Int page: Int paged: Int }",
     {"Page.pageSize", "Page.page"}),
    ("no_twins", "type Query { userName: Int username: Int }", {"Query.username"}),
    ("no_unused_types", "type Query { a: Int } type B { c: C } enum C { D }", {"B", "C"}),
    ("no_unused_types", "type Query { a(i: I): Int } input I { a: E } enum E { A } scalar S",
     {"S"}),
    ("no_unused_types", "type Query { a: N } interface N { a: E } enum E { A } scalar S", {"S"}),
    ("no_unused_types", "type Query { a: N } interface N { a: U } type T implements N { a: T }",
     set()),
    ("id_is_a_node_s", "type A { id: ID! } type B implements Node { a: Int }", {"A", "B"}),
    ("id_is_a_node_s", "type C implements Node { id: ID }", {"C"}),
    ("ids_are_ids", "type A { userId: Int userIds: [String!] paid: Int }",
     {"A.userId", "A.userIds"}),
    ("connections_are_relay_s", "type AConnection { edges: [AEdge!] nodes: [A!]! pageInfo: Int }",
     {"AConnection.edges", "AConnection.pageInfo"}),
    ("connections_are_relay_s", "type AEdge { cursor: Int node: A! }", {"AEdge.cursor"}),
    ("connections_are_relay_s", "type PageInfo { endCursor: String startCursor: ID }",
     {"PageInfo.hasNextPage", "PageInfo.hasPreviousPage", "PageInfo.startCursor"}),
    ("connections_take_cursors", "type Q { a(first: Int, last: Int): AConnection }", {"Q.a"}),
    ("lists_have_no_holes", "type Q { a: [Int] b: [Int]! c: [Int!] }", {"Q.a", "Q.b"}),
    ("roots_may_be_null", "type Query { a: Int! b: Int }", {"Query.a"}),
    ("one_of_is_nullable", "input I @oneOf { a: Int! b: Int = 1 c: Int }", {"I.a", "I.b"}),
    ("raw_words_have_a_companion", "enum E { A UNKNOWN } type Q { a: E b: E! bName: Int }",
     {"Q.a"}),
    ("deprecations_say_why", 'type Q { a: Int @deprecated b: Int @deprecated(reason: "b") }',
     {"Q.a"}),
]  # fmt: skip
NAMED = {rule.__name__: rule for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_schema_keeps_the_rule(rule: Rule) -> None:
    """Except for listed exceptions, each of which is still needed."""
    assert set(rule(SCHEMA)) == ALLOWED.get(rule.__name__, set())


@pytest.mark.parametrize(("name", "language", "broken"), BAD)
def test_a_schema_that_breaks_a_rule_is_found(name: str, language: str, broken: set[str]) -> None:
    """Each rule reports its example, and nothing else in it."""
    assert set(NAMED[name](parse(language))) == broken


def test_each_rule_has_a_schema_that_breaks_it() -> None:
    """Each rule looks at something."""
    assert {name for name, _, _ in BAD} == NAMED.keys()


def test_the_schema_has_a_description_of_the_whole() -> None:
    """GraphiQL's first page: vocabulary, ids, paging, errors and cost; the SDL has it, too."""
    described = build_ast_schema(SCHEMA).description
    assert described == executable(build_schema()).description
    assert described is not None
    for subject in ("Vocabulary", "Ids", "Paging", "Errors", "Cost", "Changes"):
        assert f"**{subject}" in described
    known = {*re.findall(r"\w+", build_schema().as_str())}
    quoted = [code for code in described.split("`")[1::2] if not code.startswith("extensions.")]
    assert {word for code in quoted for word in re.findall(r"\w+", code)} <= known


def test_the_language_has_no_comments_for_descriptions() -> None:
    """Comments are not part of the introspected schema."""
    document: DocumentNode = SCHEMA
    assert document.loc is not None
    assert "#" not in document.loc.source.body
