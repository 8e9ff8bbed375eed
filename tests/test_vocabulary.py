"""docs/vocabulary.md and docs/migration.md: their queries run, and what they name exists."""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLEnumType, get_named_type

from gateway.migration import (
    CUSTOMER_PARAMETERS,
    DEFINITION_PARAMETERS,
    PayloadKey,
    customer_keys,
    definition_keys,
    successor_keys,
)
from gateway.schema.build import build_schema, executable
from gateway.upstream.normalise.enums import (
    EarningType,
    ExpiryBasis,
    WindowType,
    parse_enum,
    parse_window_unit,
)
from gateway.upstream.successor.words import parse_combination, parse_granularity
from tests.support.graph import Graph
from tests.upstream.decoding.contract import CUSTOMER, DEFINITION

ROOT = Path(__file__).parent.parent
VOCABULARY = (ROOT / "docs" / "vocabulary.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"```graphql\n(.*?)```\n\n```json\n(.*?)```", VOCABULARY, re.DOTALL | re.MULTILINE
)
TYPES = executable(build_schema()).type_map
KEYS = [*customer_keys(), *definition_keys(), *successor_keys()]


@pytest.mark.parametrize(("query", "shown"), EXAMPLES, ids=["is it on", "progress"])
def test_a_query_of_the_vocabulary_has_the_answer_below_it(
    by_default: Graph, query: str, shown: str
) -> None:
    """The nodes, to the letter."""
    assert by_default.ask(query)["customer"]["promotions"]["nodes"] == json.loads(shown)


def test_every_block_of_the_vocabulary_is_run() -> None:
    """No query stands there without its answer."""
    assert len(EXAMPLES) == VOCABULARY.count("```graphql") == VOCABULARY.count("```json") == 2


def find(path: str) -> Any:
    """Return the type at a path of fields, or a value of an enum; raise KeyError for neither."""
    name, *fields = path.split(".")
    kind: Any = TYPES[name]
    for field in fields:
        if isinstance(kind, GraphQLEnumType):
            return kind.values[field]
        kind = get_named_type(kind.fields[field].type)
    return kind


def test_every_field_of_the_vocabulary_exists() -> None:
    """`Type.field`, wherever it stands."""
    named = re.findall(r"`([A-Z]\w+(?:\.\w+)+)`", VOCABULARY)
    assert len(named) > 5
    for path in named:
        find(path)


@pytest.mark.parametrize("name", ["PromotionAvailability", "RestrictionStage", "LimitKind"])
def test_every_value_of_the_enums_that_are_explained_is_there(name: str) -> None:
    """A value that is added has to be explained."""
    kind = TYPES[name]
    assert isinstance(kind, GraphQLEnumType)
    assert {value for value in kind.values if f"`{value}`" not in VOCABULARY} == set()


WORDS = re.findall(r"^\| `(\w+)\.([A-Z_]+)` \| (.+?) \| (.+?) \|$", VOCABULARY, re.MULTILINE)
PARSERS: dict[str, tuple[Callable[[str], Any], Callable[[str], Any]]] = {
    "WindowType": (partial(parse_enum, WindowType), partial(parse_enum, WindowType)),
    "WindowUnit": (parse_window_unit, parse_window_unit),
    "EarningType": (partial(parse_enum, EarningType), partial(parse_enum, EarningType)),
    "ExpiryBasis": (partial(parse_enum, ExpiryBasis), partial(parse_enum, ExpiryBasis)),
    "ActivityCombination": (parse_combination, parse_combination),
}


def test_both_endpoints_words_have_a_row_for_each_value() -> None:
    """Of each enum that has rows; UNKNOWN has none."""
    listed: dict[str, set[str]] = {}
    for name, value, _, _ in WORDS:
        listed.setdefault(name, set()).add(value)
    assert listed.keys() >= PARSERS.keys() | {"RestrictionScope", "RestrictionMeasure"}
    for name, values in listed.items():
        kind = TYPES[name]
        assert isinstance(kind, GraphQLEnumType)
        assert values == kind.values.keys() - {"UNKNOWN"}


@pytest.mark.parametrize(("name", "value", "legacy", "successor"), WORDS)
def test_both_endpoints_words_mean_the_value(
    name: str, value: str, legacy: str, successor: str
) -> None:
    """Each word that stands there alone is read as the value of its row."""
    for cell, parse in zip((legacy, successor), PARSERS.get(name, ()), strict=False):
        for word in re.findall(r"(?<![\w`…])[A-Z_]{3,}(?![\w`…])", cell):
            assert parse(word).name == value
    if name == "RestrictionScope":
        (granularity,) = re.findall(r"[A-Z_]{4,}", successor)
        assert parse_granularity(granularity).name == value


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_field_of_the_migration_exists(key: PayloadKey) -> None:
    """The page names fields of the schema, and the list of errors."""
    for path in key.fields:
        if path not in {"errors", "totalCount"}:
            find(path)


@pytest.mark.parametrize(
    ("contract", "keys"),
    [(CUSTOMER, customer_keys()), (DEFINITION, definition_keys())],
    ids=["customer view", "legacy list"],
)
def test_every_key_that_is_read_has_a_row(contract: Any, keys: list[PayloadKey]) -> None:
    """Of each struct of the payloads, twins of dates aside."""
    listed = {name for key in keys for name in re.findall(r"\w+", key.path)}
    for part in contract.values():
        read = {name for name in (*part.left_out, *part.null) if not name.endswith("ISO")}
        assert read <= listed


def test_every_parameter_that_is_sent_has_a_row(graph: Graph) -> None:
    """Whatever the gateway asks the platform, the page says by which argument."""
    graph.ask("""{
      customer(by: {externalId: "C-TEN"}) { promotions(
        availability: AVAILABLE_TO_REDEEM, type: GENERIC, sourceType: UI, programIds: ["9001"]
      ) { totalCount } }
      program(programId: "9005") { promotions(
        includeInactive: true, eventName: "TransactionAdd", startRuleId: "1", promotionId: "1"
      ) { totalCount } }
    }""")
    sent = {part.partition("=")[0] for query in graph.queries() for part in query.split("&")}
    parameters = (*CUSTOMER_PARAMETERS, *DEFINITION_PARAMETERS)
    assert sent == {name for each in parameters for name in each.names}
