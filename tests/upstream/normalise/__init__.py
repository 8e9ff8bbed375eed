"""Tests of gateway/upstream/normalise."""
