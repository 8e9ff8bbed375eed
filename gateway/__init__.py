"""The promotion gateway: one GraphQL graph over two REST endpoints of a loyalty platform."""
