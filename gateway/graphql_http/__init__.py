"""GraphQL over HTTP: requests, responses, batching, persisted queries, the response cache."""
