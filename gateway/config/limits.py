"""What one operation may ask for, and how it runs: bounds, and lines of the README's table."""

from typing import Annotated, Literal

from pydantic import Field

Executor = Annotated[
    Literal["compiled", "reference"],
    Field(
        description="compiled: an operation becomes Python functions, once; reference: graphql-core"
        " interprets it each time, 12 to 36 times slower.",
    ),
]
Tokens = Annotated[
    int,
    Field(
        ge=50,
        le=20_000,
        description="Words, numbers, texts and signs that a document may have, and values that its"
        " variables may have; comments are free.",
    ),
]
Depth = Annotated[int, Field(ge=1, le=50, description="Fields in one another, fragments spread.")]
IntrospectionDepth = Annotated[
    int, Field(ge=1, le=50, description="The same below `__schema` and `__type`.")
]
Aliases = Annotated[
    int, Field(ge=0, le=1000, description="Aliases in one operation, fragments spread.")
]
RootFields = Annotated[
    int, Field(ge=1, le=1000, description="Fields of one operation that are in no other.")
]
Directives = Annotated[int, Field(ge=0, le=1000, description="Directives in a document.")]
Fragments = Annotated[int, Field(ge=0, le=1000, description="Named fragments in a document.")]
JsonDepth = Annotated[
    int,
    Field(ge=2, le=50, description="Lists and objects in one another in an argument or variable."),
]
ListLength = Annotated[
    int, Field(ge=1, le=1000, description="`ids` of `nodes`, and identifiers of `customers`.")
]
Cost = Annotated[
    int,
    Field(
        ge=1,
        le=1_000_000_000,
        description="What an operation may cost: its leaves, and 100 for each upstream call that it"
        " can cause (`docs/cost.md`).",
    ),
]
AnswerLeaves = Annotated[
    int,
    Field(
        ge=100,
        le=100_000_000,
        description="Leaves that an answer may really have, and those of a batch together: fields"
        " that are neither objects nor lists.",
    ),
]
AnswerBytes = Annotated[
    int,
    Field(
        ge=1024,
        le=1024 * 1024 * 1024,
        description="The same of bytes: of the JSON in `data`.",
    ),
]
