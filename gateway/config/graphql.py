"""Settings of GraphQL: limits of an operation, persisted operations, and diagnostics."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from gateway.config.parsing import allow, split_words

_MAX_NAME = 64  # characters
_NO_NAMES = frozenset({"other", "none"})  # what metrics call all others, and those without a name


class LimitSettings(BaseSettings):
    """Limits of one operation; an operation above one of them does not run."""

    max_tokens: int = Field(
        2_000,
        ge=50,
        le=20_000,
        description="Lexical tokens of a document, and values of its variables; comments are not"
        " counted.",
    )
    max_depth: int = Field(
        15, ge=1, le=50, description="Query depth: nesting of fields, fragments included."
    )
    max_introspection_depth: int = Field(
        20, ge=1, le=50, description="Query depth below `__schema` and `__type`."
    )
    max_aliases: int = Field(
        30, ge=0, le=1000, description="Aliases of an operation, fragments included."
    )
    max_root_fields: int = Field(20, ge=1, le=1000, description="Root fields of an operation.")
    max_directives: int = Field(50, ge=0, le=1000, description="Directives in a document.")
    max_fragments: int = Field(50, ge=0, le=1000, description="Named fragments in a document.")
    max_json_depth: int = Field(
        10,
        ge=2,
        le=50,
        description="Input nesting depth: lists and objects in an argument or a variable.",
    )
    max_list_length: int = Field(
        20,
        ge=1,
        le=1000,
        description="Length of `nodes(ids:)`, `customers(by:)` and `_entities(representations:)`.",
    )
    max_scan_calls: int = Field(
        3,
        ge=1,
        le=20,
        description="Upstream calls, of 100 items each, that read a customer's whole list for"
        " `search`, `validity` and `orderBy`; a longer list is `LIST_TOO_LONG`.",
    )
    max_cost: int = Field(
        50_000,
        ge=1,
        le=1_000_000_000,
        description="Estimated cost of an operation: its leaves, and 100 for each upstream call"
        " that it can cause (`docs/cost.md`).",
    )
    max_answer_leaves: int = Field(
        250_000,
        ge=100,
        le=100_000_000,
        description="Leaf values in a response, of all operations of a batch together.",
    )
    max_answer_bytes: int = Field(
        10 * 1024 * 1024,
        ge=1024,
        le=1024 * 1024 * 1024,
        description="Size of the JSON of `data` in a response, of all operations of a batch"
        " together.",
    )
    executor: Literal["compiled", "reference"] = Field(
        "compiled",
        description="compiled generates Python functions for an operation once; reference"
        " interprets it each time with graphql-core, 12 to 36 times slower.",
    )


class DocumentSettings(BaseSettings):
    """Persisted operations, and what developers can see of the graph and of an operation."""

    apq: bool = Field(default=True, description="Whether automatic persisted queries are accepted.")
    trusted_documents: str = Field("", description="JSON manifest of trusted documents (a file).")
    trusted_documents_mode: Literal["allow", "only"] = Field(
        "allow",
        description="allow: any document runs; only: nothing but trusted documents runs.",
    )
    graphiql: bool = Field(
        default=False,
        description="Whether /graphql serves GraphiQL to browsers; true in `dev`.",
    )
    introspection: bool = Field(
        default=False,
        description="Whether introspection is allowed and validation errors have suggestions;"
        " GraphiQL needs it, and so does `GET /graphql/schema.graphql`; true in `dev`.",
    )
    writes: bool = Field(
        default=False,
        description="Whether mutations may write: enrol customers in promotions, issue these and"
        " withdraw them. Otherwise every mutation is FORBIDDEN, without a call; true in `dev`."
        " `GATEWAY_DEFINITIONS` decides whether the successor's promotions can be written.",
    )
    federation: bool = Field(
        default=False,
        description="Whether the graph is a subgraph of Apollo Federation 2: `_entities`, and with"
        " introspection `_service`.",
    )
    report_upstream: bool = Field(
        default=False,
        description="Whether responses have `extensions.upstream`, the upstream calls of the"
        " operation; true in `dev`.",
    )
    client_names: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        max_length=100,
        description="Names of clients that have series of their own in the metrics, as they send"
        " them in `apollographql-client-name` or `graphql-client-name`; all others are counted as"
        " `other`.",
        json_schema_extra=allow(
            "at most 100 comma-separated names, each of 1 to 64 characters, not `other` or `none`"
        ),
    )

    _names = field_validator("client_names", mode="before")(split_words)

    @field_validator("client_names")
    @classmethod
    def _validate_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if len(name) > _MAX_NAME or name in _NO_NAMES or not name.isprintable():
                raise ValueError(name)
        return value
