"""Settings by subject; the source of the configuration's documentation."""
