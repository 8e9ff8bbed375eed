"""GraphQL over HTTP, probes and the explorer page."""
