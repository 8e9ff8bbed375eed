"""An HTTP/1.1 client for one origin, as small as the platform needs it (decision 11)."""
