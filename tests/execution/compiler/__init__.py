"""Tests of gateway/execution/compiler."""
