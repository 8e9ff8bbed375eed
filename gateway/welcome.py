"""What `promotion-gateway dev` prints once it listens."""

from collections.abc import Mapping, Sequence

from gateway.server.explorer import Explorer

_FIRST_QUERY = """{
  customer(by: {externalId: "C-CURRENT"}) {
    promotions(first: 3) {
      totalCount
      nodes {
        promotion { name type validity }
        limits { pointsPerCustomer { kind max used remaining } }
      }
    }
  }
}"""


def welcome(gateway_url: str, sandbox_url: str, tokens: Sequence[Mapping[str, str]] = ()) -> str:
    """Return the URLs to open, the tokens to send if there are any, and a query to begin with."""
    explorer = "GraphiQL" if Explorer().is_built else "GraphQL (GraphiQL is not built)"
    return (
        f"{explorer}: {gateway_url}/graphql\n"
        f"Schema:   {gateway_url}/graphql/schema.graphql\n"
        f"Sandbox:  {sandbox_url}/__world lists its customers and programs\n"
        "          Mutations are allowed, and write to the sandbox alone (docs/writing.md)\n"
        f"{_tokens(tokens, sandbox_url)}"
        f"\nA first query to paste:\n\n{_FIRST_QUERY}\n\nEnd with Ctrl-C."
    )


def _tokens(tokens: Sequence[Mapping[str, str]], sandbox_url: str) -> str:
    if not tokens:
        return ""
    lines = [f"\n# {one['name']}: {one['purpose']}\n{one['token']}\n" for one in tokens]
    return (
        "\nTokens, to send as `Authorization: Bearer TOKEN` (in GraphiQL: Headers);"
        f" new ones are at {sandbox_url}/__tokens\n{''.join(lines)}"
    )
