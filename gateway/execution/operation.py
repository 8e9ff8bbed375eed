"""From a text to an operation that may run; a text is parsed and validated once."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import ValuesOfCorrectTypeRule as TheirValuesOfCorrectTypeRule

from gateway.errors import BadRequestError
from gateway.execution.failures import (
    InputError,
    OperationRefusedError,
    refusal,
    refuse,
    refuse_syntax,
)
from gateway.execution.inputs import ValuesOfCorrectTypeRule, check_variables

_MOST_ERRORS = 20
_MOST_TOKENS = 10_000
_MOST_TEXTS = 512
_MOST_CHARACTERS = 512 * 1024  # of all texts kept; parsed, they take up to 130 times that


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document."""

    document: DocumentNode
    definition: OperationDefinitionNode
    hides_names: bool = False

    @property
    def name(self) -> str | None:
        """Give the operation's name, where it has one."""
        return self.definition.name.value if self.definition.name else None

    @property
    def is_query(self) -> bool:
        """Tell a query from a mutation or a subscription."""
        return self.definition.operation is OperationType.QUERY

    @property
    def variable_definitions(self) -> tuple[VariableDefinitionNode, ...]:
        """Give what the operation says of its variables."""
        return tuple(self.definition.variable_definitions or ())

    def check(self, schema: GraphQLSchema, variables: dict[str, Any]) -> None:
        """Make sure that the variables are of their types.

        Raises OperationRefusedError, with BAD_USER_INPUT and what is allowed.
        """
        errors = check_variables(
            schema, self.variable_definitions, variables, hides_names=self.hides_names
        )
        if errors:
            raise OperationRefusedError([refusal(error, "BAD_USER_INPUT") for error in errors])


class Operations:
    """Operations by their text: the last few hundred texts stay parsed and validated."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool) -> None:
        self.schema = schema
        rules = [
            ValuesOfCorrectTypeRule if rule is TheirValuesOfCorrectTypeRule else rule
            for rule in specified_rules
        ]
        self._rules = rules if introspection else [*rules, NoSchemaIntrospectionCustomRule]
        self._hide_suggestions = not introspection
        self._documents: OrderedDict[str, DocumentNode] = OrderedDict()
        self._characters = 0

    def get(self, text: str, name: str | None) -> Operation:
        """Give the operation of that name; without a name, the only one.

        Raises OperationRefusedError with GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED,
        BAD_USER_INPUT for a literal that is not of its type, or BAD_REQUEST for a name that is
        missing or not there.
        """
        document = self._documents.get(text)
        if document is None:
            document = self._read(text)
            self._keep(text, document)
        else:
            self._documents.move_to_end(text)
        return Operation(document, _choose(document, name), self._hide_suggestions)

    def _keep(self, text: str, document: DocumentNode) -> None:
        self._documents[text] = document
        self._characters += len(text)
        while len(self._documents) > _MOST_TEXTS or self._characters > _MOST_CHARACTERS:
            oldest, _ = self._documents.popitem(last=False)
            self._characters -= len(oldest)

    def _read(self, text: str) -> DocumentNode:
        try:
            document = parse(text, max_tokens=_MOST_TOKENS, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as error:
            raise refuse_syntax(error) from None
        errors = validate(
            self.schema,
            document,
            self._rules,
            max_errors=_MOST_ERRORS,
            hide_suggestions=self._hide_suggestions,
            allow_empty_selection_sets=False,
        )
        if errors:
            raise OperationRefusedError(
                [
                    refusal(
                        error,
                        "BAD_USER_INPUT"
                        if isinstance(error, InputError)
                        else "GRAPHQL_VALIDATION_FAILED",
                        suggests=not self._hide_suggestions,
                    )
                    for error in errors
                ]
            )
        return document


def _choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if name is None:
        if len(operations) == 1:
            return operations[0]
        raise refuse(
            BadRequestError("operationName: the document has several operations; name one.")
            if operations
            else BadRequestError("query: the document has no operation.")
        )
    for operation in operations:
        if operation.name is not None and operation.name.value == name:
            return operation
    raise refuse(BadRequestError("operationName: the document has no operation of this name."))
