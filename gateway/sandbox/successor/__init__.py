"""The successor of the legacy definitions: promotions of the new interface, under `/v3`."""
