"""Tests of gateway/upstream/resilience."""
