"""DataLoaders, one a file, new for every request; results are matched by id, never by position."""
