"""What `promotion-gateway dev` prints once it listens."""

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


def welcome(gateway_url: str, sandbox_url: str) -> str:
    """Return the URLs to open, and a query to begin with."""
    explorer = "GraphiQL" if Explorer().is_built else "GraphQL (GraphiQL is not built)"
    return (
        f"{explorer}: {gateway_url}/graphql\n"
        f"Schema:   {gateway_url}/graphql/schema.graphql\n"
        f"Sandbox:  {sandbox_url}/__world lists its customers and programs\n"
        f"\nA first query to paste:\n\n{_FIRST_QUERY}\n\nEnd with Ctrl-C."
    )
