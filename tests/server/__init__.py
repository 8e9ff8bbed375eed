"""Tests of gateway/server."""
