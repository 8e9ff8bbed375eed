"""The graph: one subject a file; each type is a view over one wire struct."""
