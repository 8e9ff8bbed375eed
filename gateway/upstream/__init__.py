"""The platform: transport, credentials, and its two endpoints behind one small port each."""
