"""One test for each inner part of a library that `gateway/execution/bridge.py` relies on."""

import re
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import strawberry
from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OverlappingFieldsCanBeMergedRule,
    VariableValues,
    build_schema,
    execute,
    get_argument_values,
    parse,
    validate,
)

import gateway
from gateway.execution import bridge


@strawberry.enum
class Colour(Enum):
    """An enum with two members."""

    RED = "r"
    GREEN = "g"


@strawberry.input(one_of=True)
class Key:
    """An input that is built from its fields by keyword."""

    by_name: strawberry.Maybe[str] = None
    number: strawberry.Maybe[int] = None


@strawberry.input
class Strict:
    """An input with a required field."""

    number: int


class Spy(strawberry.Info[Any, None]):
    """An info whose raw part a resolver shows."""


@strawberry.type
class Query:
    """A root with one field of each kind."""

    plain: int = 1

    @strawberry.field(metadata={"declaration": "declared"})  # type: ignore[untyped-decorator]  # Strawberry's
    def colours(self, some_key: Key, first_few: list[int]) -> list[Colour]:
        """Take an input and a list."""
        return [Colour.RED] if some_key.by_name else [Colour.GREEN] * len(first_few)

    @strawberry.field
    def spied(self, info: Spy) -> str:
        """Show what graphql-core's info has beyond Strawberry's."""
        raw = bridge.resolve_info(info)
        assert raw.operation.selection_set.selections
        assert isinstance(raw.fragments, dict)
        return f"{raw.parent_type.name}.{raw.field_name} {len(raw.field_nodes)}"

    @strawberry.field
    def strict(self, value: Strict) -> int:
        """Take an input with a required field."""
        return value.number


SCHEMA = strawberry.Schema(Query)
GRAPHQL: GraphQLSchema = bridge.graphql_schema(SCHEMA)
ROOT: Any = GRAPHQL.type_map["Query"]
COLOURS = ROOT.fields["colours"]
DOCUMENT = parse(
    "query Q($n: Int = 1) { ...F plain } fragment F on Query { spied plain @skip(if: false) }"
)
OPERATION: Any = DOCUMENT.definitions[0]
VARIABLE = OPERATION.variable_definitions[0]
NO_VALUES = VariableValues({}, {})

INNER_IMPORT = re.compile(
    r"(?:from|import) (?:graphql\.(?:execution|pyutils|language|type|utilities)\b"
    r"|graphql\.validation\."
    r"|strawberry\.(?:types|schema(?!\.config)|utils|annotation|extensions)\b)"
)
INNER_NAME = re.compile(
    r"strawberry-definition|__strawberry_definition__|_raw_info|schema\._schema\b"
)


def test_no_other_module_touches_inner_parts() -> None:
    """Neither by an import of an inner module nor by a name that Strawberry keeps to itself."""
    package = Path(gateway.__file__).parent
    for path in package.rglob("*.py"):
        text = path.read_text()
        if path != Path(bridge.__file__):
            assert not INNER_IMPORT.search(text), path
            assert not INNER_NAME.search(text), path


def test_a_strawberry_schema_has_a_graphql_schema() -> None:
    """``Schema._schema`` executes without Strawberry's own ``execute``."""
    assert isinstance(GRAPHQL, GraphQLSchema)
    assert execute(GRAPHQL, parse("{ plain }"), Query()) == ({"plain": 1}, None)


def test_an_element_has_its_strawberry_definition() -> None:
    """Types, fields and arguments have one; what graphql-core adds itself has none."""
    assert bridge.definition_of(COLOURS).python_name == "colours"
    assert bridge.definition_of(GRAPHQL.type_map["Int"]) is None
    assert bridge.python_name(COLOURS.args["someKey"]) == "some_key"
    assert bridge.python_name(COLOURS.args["firstFew"]) == "first_few"
    assert bridge.python_name(_input("Key").fields["byName"]) == "by_name"


def test_a_field_has_its_metadata() -> None:
    """What `declare.py` puts there is found again; ``__typename`` has none."""
    assert bridge.metadata_of(COLOURS)["declaration"] == "declared"
    typename = GRAPHQL.get_field(ROOT, "__typename")
    assert bridge.metadata_of(typename) == {}


def test_a_field_has_its_function() -> None:
    """The function itself, and whether it takes ``info``."""
    spied = bridge.definition_of(ROOT.fields["spied"])
    colours = bridge.definition_of(COLOURS)
    assert bridge.method_of(colours)(Query(), Key(by_name=strawberry.Some("x")), []) == [Colour.RED]
    assert bridge.wants_info(spied)
    assert not bridge.wants_info(colours)
    assert not bridge.wants_info(bridge.definition_of(ROOT.fields["plain"]))


def test_an_object_type_has_its_class() -> None:
    """And a value of that class has the type's name."""
    assert bridge.view_class(ROOT) is Query
    assert bridge.object_type_name(Query()) == "Query"
    assert bridge.object_type_name(object()) is None
    assert bridge.has_object_definition(Query)
    assert not bridge.has_object_definition(Colour)


def test_an_enum_type_has_its_class() -> None:
    """And the class has the definitions of its values, whose description can be set."""
    assert bridge.enum_class(GRAPHQL.type_map["Colour"]) is Colour
    assert bridge.enum_class(ROOT) is None
    assert [value.name for value in bridge.enum_values(Colour)] == ["RED", "GREEN"]
    assert all(hasattr(value, "description") for value in bridge.enum_values(Colour))


def _input(name: str) -> GraphQLInputObjectType:
    kind = GRAPHQL.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    return kind


def test_an_input_type_has_its_class() -> None:
    """It is built by keyword; one with a conversion of its own is refused."""
    assert bridge.input_class(_input("Key")) is Key
    strict = _input("Strict")
    assert bridge.input_class(strict) is Strict
    definition = replace(bridge.definition_of(strict), from_input=lambda *_: None)
    converted = GraphQLInputObjectType(
        "Converted", {}, extensions={"strawberry-definition": definition}
    )
    with pytest.raises(TypeError, match="Converted is not built"):
        bridge.input_class(converted)


def test_an_input_is_known_to_be_one_of() -> None:
    """Strawberry does not set graphql-core's own attribute."""
    assert bridge.is_one_of(_input("Key"))
    assert not bridge.is_one_of(_input("Strict"))
    assert not bridge.is_one_of(ROOT)


def test_info_has_graphql_cores_own() -> None:
    """Which has the document, the fragments and the field's nodes."""
    result = execute(GRAPHQL, DOCUMENT, Query())
    assert isinstance(result, ExecutionResult)
    assert result.data == {"spied": "Query.spied 1", "plain": 1}


def test_arguments_are_converted_by_strawberry() -> None:
    """From coerced values by GraphQL name to instances by Python name."""
    coerced = {"someKey": {"byName": "x"}, "firstFew": [1, 2]}
    converted = bridge.convert_arguments(SCHEMA, bridge.definition_of(COLOURS), coerced)
    assert converted.keys() == {"some_key", "first_few"}
    assert isinstance(converted["some_key"], Key)
    assert converted["first_few"] == [1, 2]


def test_fields_are_collected_by_response_key() -> None:
    """First of an operation, then below the fields, with fragments and directives applied."""
    fragment: Any = DOCUMENT.definitions[1]
    fragments = {"F": bridge.FragmentDetails(fragment)}
    grouped, *_ = bridge.collect_fields(GRAPHQL, fragments, NO_VALUES, ROOT, OPERATION)
    assert list(grouped) == ["spied", "plain"]
    details = grouped["plain"]
    assert all(isinstance(each, bridge.FieldDetails) for each in details)
    assert [each.node.name.value for each in details] == ["plain", "plain"]
    nested: Any = parse("{ inner { plain } inner { other: plain } }").definitions[0]
    outer, *_ = bridge.collect_fields(GRAPHQL, {}, NO_VALUES, ROOT, nested)
    below, *_ = bridge.collect_subfields(GRAPHQL, {}, NO_VALUES, nested, ROOT, outer["inner"])
    assert list(below) == ["plain", "other"]


def test_a_variables_source_is_its_signature_and_its_value() -> None:
    """Values that are built from these are as good as graphql-core's own."""
    signature = bridge.get_variable_signature(GRAPHQL, VARIABLE)
    assert isinstance(signature, bridge.GraphQLVariableSignature)
    assert (signature.name, signature.type) == ("n", GRAPHQL.type_map["Int"])
    values = VariableValues({"n": bridge.VariableValueSource(signature, 7)}, {"n": 7})
    document = parse("query Q($n: Int!) { colours(someKey: {}, firstFew: [$n]) }")
    operation: Any = document.definitions[0]
    node = operation.selection_set.selections[0]
    arguments = {"firstFew": COLOURS.args["firstFew"]}
    field = type(COLOURS)(COLOURS.type, args=arguments)
    assert get_argument_values(field, node, values) == {"firstFew": [7]}
    unknown: Any = parse("query Q($n: Nothing) { plain }").definitions[0]
    refused = bridge.get_variable_signature(GRAPHQL, unknown.variable_definitions[0])
    assert isinstance(refused, GraphQLError)


def test_what_may_be_a_list() -> None:
    """Any iterable that is neither a text nor a mapping."""
    lists: list[Any] = [[], (), {1}, iter([1])]
    others: list[Any] = ["text", b"bytes", {"a": 1}, 1, None]
    assert all(bridge.is_iterable(value) for value in lists)
    assert not any(bridge.is_iterable(value) for value in others)


def test_the_rule_of_overlapping_fields_has_a_budget() -> None:
    """It is spent as fields are compared, and its end is `ValidationAbortedError`."""
    left: list[int] = []

    class Rule(OverlappingFieldsCanBeMergedRule):
        """The rule with a small budget."""

        def __init__(self, context: Any) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = 3

        def enter_selection_set(self, *arguments: Any) -> None:
            """Note the end, and what is left."""
            with pytest.raises(bridge.ValidationAbortedError):
                super().enter_selection_set(*arguments)
            left.append(self.rule_context.remaining_complexity_budget)

    document = parse("{ " + "plain " * 6 + "}")
    validate(GRAPHQL, document, [Rule])
    assert left == [-1]


def test_the_executor_completes_fields_and_leaves_by_methods() -> None:
    """A subclass sees each value of a field, and each leaf with its type."""
    seen: list[Any] = []

    class Watching(Executor[Any]):
        """Notes what passes."""

        def execute_field(self, *arguments: Any) -> Any:
            """Note a field's value."""
            value = Executor.execute_field(self, *arguments)
            seen.append(value)
            return value

        def complete_leaf_value(self, return_type: Any, result: Any) -> Any:  # type: ignore[override]
            """Note a leaf's type."""
            seen.append(return_type.name)
            return Executor.complete_leaf_value(return_type, result)

    result = execute(GRAPHQL, parse("{ plain }"), Query(), executor_class=Watching)
    assert result == ({"plain": 1}, None)
    assert seen == ["Int", 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{ a "my \' secret" }', "Syntax Error: Expected Name, found String."),
        ("{ a(b: 1 23) }", "Syntax Error: Expected Name, found Int."),
        ("{ a(b: 1 2.3) }", "Syntax Error: Expected Name, found Float."),
        ('{ a(b: 1 """secret""") }', "Syntax Error: Expected Name, found BlockString."),
        ("secret", "Syntax Error: Unexpected Name."),
        (
            "query ($a: Int = $secret) { a }",
            "Syntax Error: Unexpected variable in constant value.",
        ),
        (r'{ a(b: "\q") }', "Syntax Error: Invalid character escape sequence:."),
    ],
)
def test_a_syntax_error_is_known_without_the_text_it_quotes(text: str, message: str) -> None:
    """Whichever token it is."""
    with pytest.raises(GraphQLSyntaxError) as raised:
        parse(text)
    assert bridge.without_quoted_text(raised.value.message) == message
    assert raised.value.message != message


def test_a_validation_error_is_known_without_its_suggestion() -> None:
    """Also one that graphql-core words in spite of `hide_suggestions`."""
    schema = build_schema("type Query { part: Part } type Part { name: String }")
    for text, message in (
        ("{ part }", "Field 'part' of type 'Part' must have a selection of subfields."),
        ("{ pert { name } }", "Cannot query field 'pert' on type 'Query'."),
    ):
        (error,) = validate(schema, parse(text))
        assert "Did you mean" in error.message
        assert bridge.without_suggestion(error.message) == message


def test_an_error_of_an_arguments_value_names_the_argument() -> None:
    """A null variable is found only when it is executed."""
    schema = build_schema("type Query { number(of: Int! = 1): Int }")
    document = parse("query Q($n: Int = 1) { number(of: $n) }")
    assert not validate(schema, document)
    result = execute(schema, document, variable_values={"n": None})
    assert isinstance(result, ExecutionResult)
    assert result.errors is not None
    assert bridge.argument_in(result.errors[0].message) == "of"
    assert bridge.argument_in("another 'of'") is None
