"""Pure functions from the platform's values to the graph's."""
