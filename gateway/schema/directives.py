"""The directives of operations that graphql-core does not add to a schema by itself."""

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLDeferDirective,
    GraphQLDirective,
    GraphQLNonNull,
    GraphQLString,
)

DEFER = GraphQLDirective(
    name=GraphQLDeferDirective.name,
    locations=GraphQLDeferDirective.locations,
    description="Sends the fragment after the rest of the response, to clients whose `Accept` has"
    " `multipart/mixed`. For all others, and with `if: false`, it changes nothing.",
    args={
        "if": GraphQLArgument(
            GraphQLNonNull(GraphQLBoolean),
            default_value=True,
            description="Whether the fragment is deferred.",
        ),
        "label": GraphQLArgument(
            GraphQLString,
            description="A name that the part has in the response, unique in the document.",
        ),
    },
)
