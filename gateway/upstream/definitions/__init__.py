"""The legacy definitions: endpoint and payload."""
