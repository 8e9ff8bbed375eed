"""Pure functions from the upstream's values to the graph's."""
