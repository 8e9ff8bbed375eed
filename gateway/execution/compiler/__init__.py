"""From an operation to Python functions, compiled once."""
