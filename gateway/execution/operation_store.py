"""Parses and validates documents, each text once, and finds their operations."""

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    parse,
    specified_rules,
    validate,
)
from graphql import OverlappingFieldsCanBeMergedRule as GraphQLOverlappingFieldsRule
from graphql import ValuesOfCorrectTypeRule as GraphQLValuesOfCorrectTypeRule

from gateway.errors import (
    BadRequestError,
    BadUserInputError,
    GatewayError,
    QueryTooComplexError,
    ValidationFailedError,
)
from gateway.execution.bridge import ValidationAbortedError
from gateway.execution.cost import CostEstimator
from gateway.execution.deferral import has_defer, without_defer
from gateway.execution.deprecations import Deprecations
from gateway.execution.document_analysis import analyse
from gateway.execution.document_hash import sha256_of
from gateway.execution.documents import Document, DocumentCache, Operation
from gateway.execution.failures import (
    InputError,
    OperationRefusedError,
    refusal,
    refuse,
    refuse_syntax,
)
from gateway.execution.input_validation import OperationVariables, ValuesOfCorrectTypeRule
from gateway.execution.lexical_limits import check_text
from gateway.execution.limits import DEFAULT_LIMITS, Limits
from gateway.telemetry.tracing import span

_MAX_ERRORS = 20
_MAX_COMPARISONS = 20_000  # some 70 ms; 21 equal fragments of eight fields side by side take 7,000


class TooManyOverlapsError(GraphQLError):
    """More fields under one response key than are compared: QUERY_TOO_COMPLEX."""

    def __init__(self) -> None:
        super().__init__("Overlapping fields: too many to compare; select each field once.")


class OverlappingFieldsRule(GraphQLOverlappingFieldsRule):
    """The rule of the GraphQL specification (§5.3.2), with a smaller budget than graphql-core's.

    It compares fields pairwise: a few hundred repetitions would take longer than all the rest.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _MAX_COMPARISONS
        self._is_spent = False

    def enter_selection_set(
        self, selection_set: SelectionSetNode, _key: Any, parent: Any, *_args: Any
    ) -> None:
        """Compare the fields of one selection set, unless the budget is spent."""
        if self._is_spent:
            return
        try:
            super().enter_selection_set(selection_set, _key, parent, *_args)
        except ValidationAbortedError:
            if self.rule_context.remaining_complexity_budget >= 0:
                raise
            self._is_spent = True
            self.report_error(TooManyOverlapsError())


class NoFederationServiceRule(ValidationRule):
    """Refuses the field that has the schema as text, as introspection is refused."""

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Report `_service` of a subgraph."""
        if node.name.value == "_service" and self.context.get_field_def() is not None:
            self.report_error(
                GraphQLError("The schema is not shown here: _service needs introspection.", node)
            )


_REPLACED_RULES: dict[Any, Any] = {
    GraphQLValuesOfCorrectTypeRule: ValuesOfCorrectTypeRule,
    GraphQLOverlappingFieldsRule: OverlappingFieldsRule,
}
_HIDING_RULES = (NoSchemaIntrospectionCustomRule, NoFederationServiceRule)
_ERROR_CLASSES: dict[type[Exception], type[GatewayError]] = {
    InputError: BadUserInputError,
    TooManyOverlapsError: QueryTooComplexError,
}


class OperationStore:
    """Operations by their text, from a cache of the documents requested lately."""

    def __init__(
        self, schema: GraphQLSchema, *, introspection: bool, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.schema, self._limits = schema, limits
        rules = [_REPLACED_RULES.get(rule, rule) for rule in specified_rules]
        self._rules = rules if introspection else [*rules, *_HIDING_RULES]
        self._hide_suggestions = not introspection
        self._deprecations = Deprecations(schema)
        self.documents = DocumentCache()

    def get(self, text: str, name: str | None) -> Operation:
        """Return the operation of that name; without a name, the only one.

        Raise OperationRefusedError with QUERY_TOO_COMPLEX, GRAPHQL_PARSE_FAILED,
        GRAPHQL_VALIDATION_FAILED, BAD_USER_INPUT for a literal that is not of its type, or
        BAD_REQUEST for a name that is missing or not in the document.
        """
        document = self.documents.get(text)
        if document is None:
            try:
                with span("parse and validate"):
                    document = self.parse_and_validate(text)
            except OperationRefusedError as refused:
                refused.document = sha256_of(text)
                raise
        operations = document.operations
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
            if operation.name == name:
                return operation
        raise refuse(BadRequestError("operationName: it must name an operation of the document."))

    def parse_and_validate(self, text: str) -> Document:
        """Parse, analyse and validate a document, and store it.

        Raise OperationRefusedError as `get` does, except for names.
        """
        try:
            node = parse(check_text(text, self._limits), allow_empty_selection_sets=False)
            analyses = analyse(node, self._limits)
        except QueryTooComplexError as error:
            raise refuse(error) from None
        except GraphQLSyntaxError as error:
            raise refuse_syntax(error) from None
        self._validate(node)
        defers = has_defer(node, text)
        plain = without_defer(node) if defers else node
        operations = [
            Operation(
                plain,
                analysis,
                CostEstimator(self.schema, analysis, self._limits),
                OperationVariables(
                    self.schema,
                    analysis.definition.variable_definitions or (),
                    hides_names=self._hide_suggestions,
                ),
                self._limits,
                text,
                self._deprecations.uses_of(analysis),
                defers,
            )
            for analysis in analyses
        ]
        document = Document(text, operations)
        self.documents.put(text, document)
        return document

    def _validate(self, document: DocumentNode) -> None:
        errors = validate(
            self.schema,
            document,
            self._rules,
            max_errors=_MAX_ERRORS,
            hide_suggestions=self._hide_suggestions,
            allow_empty_selection_sets=False,
        )
        if errors:
            raise OperationRefusedError(
                [
                    refusal(
                        error,
                        _ERROR_CLASSES.get(type(error), ValidationFailedError),
                        suggests=not self._hide_suggestions,
                    )
                    for error in errors
                ]
            )
