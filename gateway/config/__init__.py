"""Settings by subject; `docs/configuration.md` is generated from them."""
