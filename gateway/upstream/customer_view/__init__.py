"""The customer view: endpoint and payload."""
