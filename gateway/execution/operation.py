"""From a text to an operation that may run; a text is parsed and validated once."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql import OverlappingFieldsCanBeMergedRule as TheirOverlappingFieldsRule
from graphql import ValuesOfCorrectTypeRule as TheirValuesOfCorrectTypeRule

from gateway.errors import (
    BadRequestError,
    BadUserInputError,
    GatewayError,
    QueryTooComplexError,
    ValidationFailedError,
)
from gateway.execution.cost import CostEstimator
from gateway.execution.document_limits import check_document
from gateway.execution.documents import Document, DocumentCache, Operation, digest_of
from gateway.execution.failures import (
    InputError,
    OperationRefusedError,
    refusal,
    refuse,
    refuse_syntax,
)
from gateway.execution.input_validation import ValuesOfCorrectTypeRule
from gateway.execution.lexical_limits import check_text
from gateway.execution.limits import DEFAULT_LIMITS, Limits
from gateway.execution.overlapping_fields import OverlappingFieldsRule, TooManyOverlapsError

_MOST_ERRORS = 20
_OUR_RULES: dict[Any, Any] = {
    TheirValuesOfCorrectTypeRule: ValuesOfCorrectTypeRule,
    TheirOverlappingFieldsRule: OverlappingFieldsRule,
}
_KINDS: dict[type[Exception], type[GatewayError]] = {
    InputError: BadUserInputError,
    TooManyOverlapsError: QueryTooComplexError,
}


class Operations:
    """Operations by their text: the last few hundred texts stay parsed and validated."""

    def __init__(
        self, schema: GraphQLSchema, *, introspection: bool, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.schema, self._limits = schema, limits
        rules = [_OUR_RULES.get(rule, rule) for rule in specified_rules]
        self._rules = rules if introspection else [*rules, NoSchemaIntrospectionCustomRule]
        self._hide_suggestions = not introspection
        self.documents = DocumentCache()

    def get(self, text: str, name: str | None) -> Operation:
        """Return the operation of that name; without a name, the only one.

        Raises OperationRefusedError with QUERY_TOO_COMPLEX, GRAPHQL_PARSE_FAILED,
        GRAPHQL_VALIDATION_FAILED, BAD_USER_INPUT for a literal that is not of its type, or
        BAD_REQUEST for a name that is missing or not there.
        """
        document = self.documents.get(text)
        if document is None:
            document = Document(text, list(self._operations_of(self._read(text), text)))
            self.documents.put(text, document)
        return _choose(document.operations, name)

    def _operations_of(self, document: DocumentNode, text: str) -> Iterator[Operation]:
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                price = CostEstimator(self.schema, document, definition, self._limits)
                name = definition.name.value if definition.name else None
                digest = digest_of(text, name)
                hides = self._hide_suggestions
                yield Operation(document, definition, price, self._limits, hides, digest)

    def _read(self, text: str) -> DocumentNode:
        try:
            text = check_text(text, self._limits)
            document = parse(text, allow_empty_selection_sets=False)
            check_document(document, self._limits)
        except QueryTooComplexError as error:
            raise refuse(error) from None
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
                        _KINDS.get(type(error), ValidationFailedError),
                        suggests=not self._hide_suggestions,
                    )
                    for error in errors
                ]
            )
        return document


def _choose(operations: list[Operation], name: str | None) -> Operation:
    if name is None:
        if len(operations) == 1:
            return operations[0]
        raise refuse(
            BadRequestError(
                "operationName: it is required where a document has several operations."
            )
            if operations
            else BadRequestError("query: the document must have an operation.")
        )
    for operation in operations:
        if operation.name is not None and operation.name == name:
            return operation
    raise refuse(BadRequestError("operationName: it must name an operation of the document."))
