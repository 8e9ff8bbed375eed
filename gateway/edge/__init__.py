"""What a request passes before GraphQL: CSRF, CORS, limits, the client's address, headers."""
