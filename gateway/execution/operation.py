"""From a text to an operation that may run; a text is parsed and validated once."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

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
from graphql.validation import (
    OverlappingFieldsCanBeMergedRule as TheirOverlappingFieldsRule,
)
from graphql.validation import ValuesOfCorrectTypeRule as TheirValuesOfCorrectTypeRule

from gateway.errors import BadRequestError, QueryTooComplexError
from gateway.execution.cost import Cost, Price
from gateway.execution.failures import (
    InputError,
    OperationRefusedError,
    refusal,
    refuse,
    refuse_syntax,
)
from gateway.execution.guards import check_document, check_variables_size
from gateway.execution.inputs import ValuesOfCorrectTypeRule, check_variables
from gateway.execution.lexing import check_text
from gateway.execution.limits import DEFAULT_LIMITS, Limits
from gateway.execution.overlaps import OverlappingFieldsRule, TooManyOverlapsError

_MOST_ERRORS = 20
_MOST_TEXTS = 512
_MOST_CHARACTERS = 512 * 1024  # of all texts kept; parsed, they take up to 130 times that
_OUR_RULES: dict[Any, Any] = {
    TheirValuesOfCorrectTypeRule: ValuesOfCorrectTypeRule,
    TheirOverlappingFieldsRule: OverlappingFieldsRule,
}
_CODES = {InputError: "BAD_USER_INPUT", TooManyOverlapsError: QueryTooComplexError.code}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document."""

    document: DocumentNode
    definition: OperationDefinitionNode
    price: Price
    limits: Limits

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

    def check(self, schema: GraphQLSchema, variables: dict[str, Any]) -> Cost:
        """Make sure that the variables are of their types, and give what the operation may cost.

        Raises OperationRefusedError, with BAD_USER_INPUT or QUERY_TOO_COMPLEX and what is allowed.
        """
        try:
            check_variables_size(variables, self.limits)
        except QueryTooComplexError as error:
            raise refuse(error) from None
        errors = check_variables(schema, self.variable_definitions, variables)
        if errors:
            raise OperationRefusedError([refusal(error, "BAD_USER_INPUT") for error in errors])
        return self.price.of(variables)


class _Known(NamedTuple):
    """A valid document, and what is known of its operations."""

    document: DocumentNode
    prices: dict[str | None, Price]


class Operations:
    """Operations by their text: the last few hundred texts stay parsed and validated."""

    def __init__(
        self, schema: GraphQLSchema, *, introspection: bool, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.schema, self._limits = schema, limits
        rules = [_OUR_RULES.get(rule, rule) for rule in specified_rules]
        self._rules = rules if introspection else [*rules, NoSchemaIntrospectionCustomRule]
        self._hide_suggestions = not introspection
        self._documents: OrderedDict[str, _Known] = OrderedDict()
        self._characters = 0

    def get(self, text: str, name: str | None) -> Operation:
        """Give the operation of that name; without a name, the only one.

        Raises OperationRefusedError with QUERY_TOO_COMPLEX, GRAPHQL_PARSE_FAILED,
        GRAPHQL_VALIDATION_FAILED, BAD_USER_INPUT for a literal that is not of its type, or
        BAD_REQUEST for a name that is missing or not there.
        """
        known = self._documents.get(text)
        if known is None:
            known = _Known(self._read(text), {})
            self._keep(text, known)
        else:
            self._documents.move_to_end(text)
        chosen = _choose(known.document, name)
        price = known.prices.get(name)
        if price is None:
            price = known.prices[name] = Price(self.schema, known.document, chosen, self._limits)
        return Operation(known.document, chosen, price, self._limits)

    def _keep(self, text: str, known: _Known) -> None:
        self._documents[text] = known
        self._characters += len(text)
        while len(self._documents) > _MOST_TEXTS or self._characters > _MOST_CHARACTERS:
            oldest, _ = self._documents.popitem(last=False)
            self._characters -= len(oldest)

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
                    refusal(error, _CODES.get(type(error), "GRAPHQL_VALIDATION_FAILED"))
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
