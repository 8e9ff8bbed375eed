"""The two documented payloads as they arrive, typed, and the pure normalising functions: no I/O."""
