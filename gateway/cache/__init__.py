"""Caching in two levels, request coalescing and background refreshes; independent of promotions."""
