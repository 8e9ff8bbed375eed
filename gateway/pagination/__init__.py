"""Relay cursors over limit/offset: pure, over a port that fetches one window."""
