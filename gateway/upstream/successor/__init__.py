"""The successor of the legacy definitions: ``GET /v3/promotions``."""
