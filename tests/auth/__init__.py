"""Tests of gateway/auth."""
