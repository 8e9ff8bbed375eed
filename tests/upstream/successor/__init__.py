"""Tests of gateway/upstream/successor."""
