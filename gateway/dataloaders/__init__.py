"""Loaders, one a file, new for every request; answers are matched by id, never by position."""
