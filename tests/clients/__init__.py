"""Real clients and code generators against a gateway, over real HTTP."""
